"""BITNET in a run: files of cards, stored and forwarded over lines of 9,600 bit/s."""

from __future__ import annotations

import pytest

import sim
from sim.scenario.errors import ScenarioError

TEXT = """
duration: 1 h
drain: 2 d
network:
  nodes: [cuny, yale, mit]
  link_defaults: {{rate: 9600 bit/s, delay: 10 ms, carrier: bsc}}
  links: [{{between: [cuny, yale]{line}}}, {{between: [yale, mit]}}]
domains:
  cuny.example: {{mx: {{10: cuny}}, users: [ann]}}
  mit.example: {{mx: {{10: mit}}, users: [bob]}}
hosts: {{defaults: {{mta: rscs}}}}
workload: {{messages_at: [{mail}]}}
architectures:
  bitnet: {{transfer: {transfer}, protocol: nje}}
"""
MAIL = "{{at: {at} s, from: ann@cuny.example, to: {to}@mit.example, size: {size} kB}}"


def result(*mail, line="", transfer="store-and-forward"):
    """A run in which ann writes these: when, to whom, how many kB."""
    written = ", ".join(MAIL.format(at=at, to=to, size=size) for at, to, size in mail)
    return sim.run(sim.loads(TEXT.format(mail=written, line=line, transfer=transfer)))


def test_a_file_is_stored_at_every_host():
    """10 kB take more than 8 s of each line."""
    found = result((1, "bob", 10))
    [copy] = found.copies.itertuples()
    assert (copy.outcome, copy.path, copy.hops) == ("delivered", "cuny>yale>mit", 2)
    assert 2 * 10_000 * 8 / 9600 < copy.transfer_s < 3 * 10_000 * 8 / 9600
    assert found.attempts["protocol"].unique().tolist() == ["nje"]


def test_the_smallest_goes_first():
    """While one is on the line the others wait, and are not served in the order in which they came."""
    found = result((1, "bob", 20), (2, "bob", 40), (3, "bob", 1))
    assert found.copies.sort_values("ended_s")["message_id"].to_list() == [1, 3, 2]


def test_who_is_not_there_is_reported_by_the_last_host():
    """The file is taken all the same."""
    found = result((1, "nobody", 1))
    assert found.copies["outcome"].to_list() == ["bounced", "delivered"]
    assert found.copies["reason"].to_list()[0] == "550 5.1.1 User unknown"


def test_a_line_that_is_down_is_tried_again_after_five_minutes():
    """With all that waits for it."""
    found = result((1, "bob", 1), (2, "bob", 2), line=", down: [{from: 0 s, to: 6 min}]")
    assert found.copies["outcome"].to_list() == ["delivered", "delivered"]
    failed, first, *_ = found.attempts[found.attempts["from_host"] == "cuny"].sort_values("started_s").itertuples()
    assert (failed.outcome, first.outcome) == ("connect-timeout", "accepted")
    assert first.started_s == pytest.approx(failed.ended_s + 300)


def test_files_are_not_sent_past_hosts():
    """Every host on the way stores them."""
    with pytest.raises(ScenarioError, match="nje where the transfer is end-to-end: allowed is store-and-forward"):
        result((1, "bob", 1), transfer="end-to-end")
