"""CSNET's telephone calls in a run: submissions to a relay, in windows."""

from __future__ import annotations

import sim

TEXT = """
duration: 1 h
drain: 2 d
network:
  nodes: [upenn, relay, purdue]
  link_defaults: {carrier: dial-up}
  links: [{between: [upenn, relay]}, {between: [relay, purdue], windows: every 6 h for 1 h}]
domains:
  upenn.example: {mx: {10: upenn}, users: [ann]}
  purdue.example: {mx: {10: purdue}, users: [bob]}
hosts: {defaults: {mta: mmdf}}
workload: {messages_at: [{at: 2 h, from: ann@upenn.example, to: bob@purdue.example, size: 2 kB}]}
architectures:
  csnet: {transfer: store-and-forward, protocol: phonenet}
"""


def test_mail_goes_by_the_relay_when_it_calls():
    """It waits there for the window."""
    found = sim.run(sim.loads(TEXT.replace("duration: 1 h", "duration: 3 h")))
    [copy] = found.copies.itertuples()
    assert (copy.outcome, copy.path) == ("delivered", "upenn>relay>purdue")
    assert copy.ended_s >= 6 * 3600
    assert found.attempts["protocol"].unique().tolist() == ["phonenet"]
