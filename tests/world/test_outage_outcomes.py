"""What becomes of a session when its link goes down in the middle: by the measurements of tests/MEASURED.md."""

from __future__ import annotations

import pytest

from sim.scenario.load import loads
from sim.world.simulation import simulate

SCENARIO = """
duration: 1 s
drain: 1 h
network:
  nodes: [a, b]
  links:
    - {{between: [a, b], rate: 1 Mbit/s, delay: 50 ms, down: [{{from: {down} ms, to: {up} ms}}]}}
hosts:
  defaults:
    service_time: 0.25 ms
    mta: {{postfix: {{queue_run_delay: 5 s, minimal_backoff_time: 5 s, maximal_backoff_time: 40 s, {timers}}}}}
domains:
  a.example: {{mx: [a], users: [ann]}}
  b.example: {{mx: [b], users: [bob]}}
workload:
  messages_at: [{{at: 0 s, from: ann@a.example, to: bob@b.example, size: {size}}}]
architectures: {{direct: {{transfer: end-to-end, routing: static}}}}
"""


def after(down, length, *, size="200 kB", timers="default_process_limit: 100"):
    """The outcomes of the attempts, when the last ended (s), and how often the message arrived."""
    up = down + length * 1000
    scenario = loads(SCENARIO.format(down=down, up=up, size=size, timers=timers))
    facts = simulate(scenario, "direct", 0)
    (copy,) = facts.copies
    return [fact.outcome for fact in facts.attempts], copy.ended_s, copy.outcome == "delivered", copy.duplicates


@pytest.mark.parametrize(("down", "end"), [(230, 164.3), (820, 112.4), (1660, 105.4)])
def test_an_outage_of_100_s_is_outlived(down, end):
    """One connection; the end within 10% of the measured one."""
    outcomes, ended, delivered, duplicates = after(down, 100)
    assert (outcomes, delivered, duplicates) == (["accepted"], True, 0)
    assert ended == pytest.approx(end, rel=0.1)


def test_a_writer_that_is_blocked_for_three_minutes_gives_up():
    """Down at 1.24 s, the next retransmission would come after 188 s: Postfix stops writing after 180 s, and tries again."""
    outcomes, ended, delivered, duplicates = after(1240, 100)
    assert (outcomes, delivered, duplicates) == (["timeout", "accepted"], True, 0)
    assert ended == pytest.approx(224.6, rel=0.1)


def test_what_tcp_holds_is_delivered_although_the_program_has_given_up():
    """A body of 20 kB is in the socket at once: the kernel brings it after the timeout, and the retry brings it again."""
    outcomes, _, delivered, duplicates = after(450, 20, size="20 kB", timers="smtp_data_done_timeout: 10 s")
    assert outcomes[0] == "timeout"
    assert (delivered, duplicates) == (True, 1)
