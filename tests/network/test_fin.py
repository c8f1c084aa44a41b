"""The FIN behind a server's last reply: it is a packet, and tells of what was lost before it."""

from __future__ import annotations

import pytest
from alone import connect
from hypothesis import given
from hypothesis import strategies as st
from picky import line


class Program:
    """A server's program that closes behind its next reply, or does not."""

    def __init__(self, *, is_over):
        self.is_over = is_over


def last_reply(back, *, closes, rtt=0.1):
    """A connection after its server's second and last reply, how long that took, and how many packets were sent again."""
    program = Program(is_over=False)
    connection = connect([line(rtt)], [back], program=program)
    connection.open(0.0)
    now = connection.accepted_at
    for to_server in (True, False, True):
        now = connection.send(now, 40, to_server=to_server)
    program.is_over = closes
    return connection, connection.send(now, 60, to_server=False) - now, connection.retransmissions


@given(rtt=st.floats(0.02, 0.9))
def test_a_fin_reveals_the_lost_reply_before_it(rtt):
    """Its selective acknowledgement is back after a round trip; RACK waits a quarter of one, and sends the reply again."""
    _, took, _ = last_reply(line(rtt, 3), closes=True, rtt=rtt)
    assert took == pytest.approx(1.75 * rtt, abs=0.01 + 0.05 * rtt)


def test_a_reply_without_a_fin_behind_it_waits_for_the_timer():
    """Nothing tells of it: 300 ms, where a round trip takes 100."""
    _, took, _ = last_reply(line(0.1, 3), closes=False)
    assert took > 0.3


def test_a_reply_whose_fin_is_lost_too_waits_for_the_timer():
    """Both of them lost: the probe sends the FIN again, and that tells."""
    _, took, _ = last_reply(line(0.1, 3, 4), closes=True)
    assert took > 0.3


@pytest.mark.parametrize("drops", [(), (3,)])
def test_the_servers_fin_goes_out_once(drops):
    """SYN-ACK, two replies, FIN and the acknowledgement of the client's FIN; and what is sent again."""
    back = line(0.1, *drops)
    connection, _, again = last_reply(back, closes=True)
    connection.close(1.0)
    assert back.seen == 5 + again
