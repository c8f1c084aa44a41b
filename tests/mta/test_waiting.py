"""Who waits for a host, and that finding out costs no more where many wait."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mta.queue.entry import Copy, Entry
from sim.mta.queue.queue_runs import QueueRuns
from sim.scenario.products.exim import Exim, EximRetry
from sim.scenario.products.host_retry import OF_HOST, Waiting
from sim.scenario.products.sendmail import Sendmail

HOPS = st.sampled_from(["a", "b", f"b{OF_HOST}192.0.2.1", f"b{OF_HOST}192.0.2.2"])
MESSAGES = st.sampled_from("123456")
STEPS = st.lists(st.one_of(st.tuples(MESSAGES, HOPS), st.tuples(MESSAGES, st.none())), max_size=40)


def calls(work):
    """How many functions a piece of work calls, Python's and C's."""
    counted = [0]

    def count(_, event, __):
        counted[0] += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted[0]


def entry(queue_id, size=0):
    """A message of so many bytes in the queue."""
    return Entry(queue_id, None, bytes(size), 0.0, [], 0.0, 0.0)


@given(STEPS)
def test_messages_stand_in_the_order_in_which_they_began_to_wait(steps):
    """For a host are those that wait for it or for an address of it, whatever others they have waited for before."""
    waiting, plain = Waiting(), {}
    for message, hop in steps:
        if hop is None:
            assert list(waiting.forget(message)) == list(plain.pop(message, {}))
        else:
            waiting.add(message, hop)
            plain.setdefault(message, {})[hop] = None
    for host in "ab":
        expected = [one for one, hops in plain.items() if any(hop.partition(OF_HOST)[0] == host for hop in hops)]
        assert list(waiting.for_host(host)) == expected


def test_the_next_one_for_a_host_is_found_as_fast_among_many():
    """With 100 or 10,000 messages for another host before it, as many functions are called."""

    def among(many):
        retry = EximRetry(Exim(), lambda: 0.5)
        for number in range(many):
            retry.tried("far", f"{number}", 0.0, began=0.0, now=0.0, outcome="host")
        retry.tried("near", "last", 0.0, began=0.0, now=0.0, outcome="host")
        return calls(lambda: retry.next_waiting("near", "none"))

    assert among(100) == among(10_000)


@pytest.mark.parametrize("product", [Sendmail(), Exim(), Exim(queue_run_in_order=True)])
def test_a_queue_run_takes_a_message_as_fast_from_many(product):
    """Sendmail's heap grows by the logarithm; Exim's draw asks once."""

    def of(many):
        runs = QueueRuns(product, lambda: 0.5)
        for number in range(many):
            runs.find(entry(f"{number}", number % 7))
        runs.begin()
        return calls(runs.next)

    assert of(10_000) <= of(100) + 2


def test_sendmail_takes_the_least_number_first_and_of_equals_the_one_found_first():
    """A message that has grown since it was found stands behind others."""
    runs = QueueRuns(Sendmail(), lambda: 0.5)
    grown = entry("grown")
    for found in (entry("b", 2), grown, entry("a", 1), entry("c", 2)):
        runs.find(found)
    grown.content = bytes(3)
    runs.begin()
    assert [runs.next().queue_id for _ in range(4)] == ["a", "b", "c", "grown"]


@given(st.lists(st.booleans(), min_size=1, max_size=9), st.lists(st.booleans(), min_size=9, max_size=9))
def test_copies_that_are_done_with_go_whatever_stands_between_them(done, there):
    """The others stay in their order; a copy that is no longer there is none to miss."""
    copies = [Copy(1, None, f"{number}", 0.0, 0.0, ()) for number in range(len(done))]
    gone = [copy for copy, over in zip(copies, done, strict=True) if over]
    message = entry("1")
    message.copies = [copy for copy, still in zip(copies, there, strict=False) if still]
    left = [copy for copy in message.copies if copy not in gone]
    if gone:
        message.drop(gone)
        assert message.copies == left
