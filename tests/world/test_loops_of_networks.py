"""Mail that two hosts send each other ends, whatever they speak; and so does mail for whom no link leads to."""

from __future__ import annotations

import pytest

import sim

LOOP = """
duration: 1 h
drain: 5 d
network: {nodes: [a, b, c], links: [{between: [a, b]}, {between: [b, c]}]}
hosts: {a: {routes: {c.example: b}}, b: {routes: {c.example: a}}}
workload: {messages_at: [{at: 0 s, from: u1@a.example, to: u1@c.example}]}
architectures: {only: {transfer: store-and-forward, protocol: PROTOCOL}}
"""


@pytest.mark.parametrize("protocol", ["smtp", "nje", "uucp", "phonenet", "x400"])
def test_mail_that_goes_round_comes_to_an_end(protocol: str):
    """By the Received fields that each host leaves, or X.400's trace; and it is told."""
    result = sim.run(sim.loads(LOOP.replace("PROTOCOL", protocol)))
    copy = result.copies.iloc[0]
    assert (copy.outcome, "hops" in copy.reason or "loop" in copy.reason) == ("bounced", True)


@pytest.mark.parametrize("unreachable", ["silent", "icmp"])
def test_hosts_that_nothing_joins(unreachable: str):
    """A smart host on an island: its mail is given up when it is too old, and nothing else happens."""
    text = f"""
network: {{unreachable: {unreachable}, nodes: [a, b, c], links: [{{between: [b, c]}}]}}
workload: {{messages_at: [{{at: 0 s, from: u1@a.example, to: u1@c.example}}]}}
architectures: {{only: {{transfer: smart-host, via: b}}}}
drain: 1 d
"""
    assert list(sim.run(sim.loads(text)).copies.outcome) != ["delivered"]
