"""Postfix's queue manager: places, dead destinations, and the drain of a real one's queue."""

from __future__ import annotations

import csv
import heapq
from collections import Counter

import pytest

from sim.mta.queue.failure import Failure
from sim.mta.queue.queue_manager import QueueManager
from sim.scenario.products.base import Product
from sim.scenario.products.delays import Delays
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.nullmailer import Nullmailer
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix

DOWN = Failure(0, "4.4.1", "connection timed out")


def manager(process: int = 100, destination: int = 20, **settings) -> QueueManager[str]:
    """Nothing is under way."""
    limits = {"default_process_limit": process, "default_destination_concurrency_limit": destination}
    return QueueManager(Postfix(**limits, **settings))


def starts(queue: QueueManager[str], now: float = 0.0) -> list[str]:
    """All that may start now."""
    found = []
    while (selected := queue.next(now)) is not None:
        found.append(selected[1])
    return found


def kill(queue: QueueManager[str], hop: str, now: float = 0.0) -> list[str]:
    """Let deliveries fail until the destination is dead; gives what is put off then."""
    for _ in range(3):
        assert queue.take(hop, now)
    return [dropped for _ in range(3) for dropped in queue.leave(hop, now, DOWN)]


def test_each_destination_has_its_limit():
    """A full destination does not keep others from their places."""
    queue = manager(10, 1)
    assert [queue.take(hop, 0.0) for hop in ("a", "a", "b")] == [True, False, True]


def test_the_host_has_its_limit():
    """default_process_limit is for all together."""
    queue = manager(2, 10)
    assert [queue.take(hop, 0.0) for hop in ("a", "b", "c")] == [True, True, False]


def test_those_that_wait_go_first_in_first_out():
    """Messages of one delivery keep their order, whatever their destinations."""
    queue = manager(1)
    queue.take("a", 0.0)
    for name in ("a1", "b1", "a2"):
        queue.enter([(name[0], name)], 0.0)
    order, hop = [], "a"
    for _ in range(3):
        queue.leave(hop, 1.0)
        hop, name = queue.next(1.0)
        order.append(name)
    assert order == ["a1", "b1", "a2"]


def test_a_success_lets_two_in():
    """The window opens by one with each delivery, so two may start when one is over."""
    queue = manager()
    for _ in range(5):
        queue.take("a", 0.0)
    queue.enter([("a", str(number)) for number in range(9)], 0.0)
    assert starts(queue) == []
    queue.leave("a", 1.0)
    assert starts(queue, 1.0) == ["0", "1"]


def test_next_may_be_asked_for_one_destination():
    """Who takes over a connection: the one whose turn it is, if he goes there."""
    queue = manager(1)
    queue.take("a", 0.0)
    queue.enter([("b", "b1")], 0.0)
    queue.enter([("a", "a1")], 0.0)
    queue.leave("a", 1.0)
    assert queue.next(1.0, only="a") is None
    assert queue.next(1.0, only="b") == ("b", "b1")


def test_a_dead_destination_puts_off_all_that_waits_for_it():
    """What waits is handed back at once, what comes later is suspended, others are not concerned."""
    queue = manager(process=5, destination=3)
    for _ in range(3):
        queue.take("a", 0.0)
    queue.enter([("a", "a1"), ("b", "b1"), ("a", "a2")], 0.0)
    dropped = [list(queue.leave("a", 1.0, DOWN)) for _ in range(3)]
    assert dropped == [[], ["a1", "a2"], []]
    reason = queue.suspended("a", 300.0)
    assert reason is not None
    assert (reason.text, reason.enhanced) == ("delivery temporarily suspended: connection timed out", "4.4.1")
    assert (queue.take("a", 300.0), starts(queue, 300.0)) == (False, ["b1"])


def test_a_dead_destination_gets_another_chance():
    """After minimal_backoff_time mail is tried again."""
    queue = manager()
    kill(queue, "a")
    assert (queue.suspended("a", 299.0) is None, queue.suspended("a", 300.0)) == (False, None)
    assert queue.take("a", 300.0)


def test_flush_forgets_dead_destinations():
    """`postqueue -f` lets everything be tried at once."""
    queue = manager()
    kill(queue, "a")
    queue.flush()
    assert (queue.suspended("a", 1.0), queue.take("a", 1.0)) == (None, True)


def test_a_message_failure_is_good_news_of_the_destination():
    """A refused message does not close the window: the destination talks."""
    queue = manager()
    for _ in range(40):
        assert queue.take("a", 0.0)
        queue.leave("a", 0.0)
    assert queue.suspended("a", 0.0) is None


def test_a_rate_delay_says_when_it_goes_on():
    """default_destination_rate_delay: the next delivery starts so long after the last one ended."""
    queue = manager(default_destination_rate_delay=10.0)
    queue.take("a", 0.0)
    assert queue.resumes_at("a") is None
    queue.enter([("a", "a1")], 0.0)
    queue.leave("a", 1.0)
    assert (queue.resumes_at("a"), starts(queue, 10.0), starts(queue, 11.0)) == (11.0, [], ["a1"])
    assert manager().resumes_at("a") is None


def test_a_crash_forgets_what_waits():
    """What waited is handed back; what was under way still leaves."""
    queue = manager(1)
    queue.take("a", 0.0)
    queue.enter([("a", "a1"), ("b", "b1")], 0.0)
    assert list(queue.clear()) == ["a1", "b1"]
    queue.leave("a", 1.0)
    assert (queue.take("b", 1.0), starts(queue)) == (True, [])


def test_a_crash_forgets_dead_destinations():
    """The queue manager knows nothing after a restart."""
    queue = manager()
    kill(queue, "a")
    assert list(queue.clear()) == []
    assert queue.suspended("a", 1.0) is None


def test_a_big_message_lets_small_ones_pass():
    """The scheduler's slots are the queue manager's."""
    queue: QueueManager[str] = manager(1)
    queue.enter([("list", "1")] * 15, 0.0)
    queue.enter([("one", "2")], 0.0)
    order = []
    while (selected := queue.next(0.0)) is not None:
        order.append(selected[1])
        queue.leave(selected[0], 0.0)
    assert "".join(order) == "12" + "1" * 14


def drain(messages: int, *, cached: bool) -> list[tuple[float, bool]]:
    """When each of so many messages is delivered to one destination that is back, and whether on a used connection.

    A new connection takes 0.51 s a message and a used one 0.307 s, as measured at a round trip of 100 ms. A connection
    that is kept goes to the next delivery.
    """
    queue: QueueManager[int] = manager()
    for number in range(messages):
        queue.enter([("a", number)], 0.0)
    under_way: list[tuple[float, int, bool]] = []
    idle, now = 0, 0.0
    done: list[tuple[float, bool]] = []
    while len(done) < messages or under_way:
        while queue.next(now) is not None:
            reused = idle > 0 and queue.started.uses_connections
            idle -= reused
            done.append((now + (0.307 if reused else 0.51), reused))
            heapq.heappush(under_way, (done[-1][0], len(done), cached and queue.started.keeps_connections))
        now, _, kept = heapq.heappop(under_way)
        idle += kept
        queue.leave("a", now)
    return sorted(done)


def measured_drain(shared, cached: str) -> tuple[list[float], int]:
    """When a real Postfix delivered each of 200 messages, since the first, and on how many connections."""
    with (shared / "truth" / "drain.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["cache_on_demand"] == cached]
    times = [float(row["t_since_up_s"]) for row in rows]
    return [time - times[0] for time in times], len({row["connection"] for row in rows})


@pytest.mark.parametrize(("cached", "compared"), [("yes", 200), ("no", 194)])
def test_a_queue_drains_as_a_real_postfix_drains_it(shared, cached: str, compared: int):
    """200 messages wait when the destination comes back: each is delivered when it was, on as many connections.

    Without the cache the last few came late, some of them with another queue run.
    """
    measured, connections = measured_drain(shared, cached)
    found = drain(200, cached=cached == "yes")
    times = [end - found[0][0] for end, _ in found]
    assert sum(not reused for _, reused in found) == connections
    assert times[compared - 1] == pytest.approx(measured[compared - 1], rel=0.025)
    errors = sorted(abs(time - goal) for time, goal in zip(times[:compared], measured, strict=False))
    assert errors[compared // 2] < 0.08


def test_the_first_waves_are_five_ten_and_twenty(shared):
    """Each good delivery lets two follow, up to the limit of 20: the same waves as measured without the cache."""
    measured = Counter(round(time / 0.51) for time in measured_drain(shared, "no")[0])
    found = drain(200, cached=False)
    waves = Counter(round((end - found[0][0]) / 0.51) for end, _ in found)
    assert [waves[wave] for wave in range(10)] == [5, 10, 20, 20, 20, 20, 20, 20, 20, 20]
    assert [measured[wave] for wave in range(10)] == pytest.approx([waves[wave] for wave in range(10)], abs=1)


@pytest.mark.parametrize(
    "product", [Exchange(MaxPerDomainOutboundConnections=2), Delays(destination_concurrency_limit=2)]
)
def test_other_products_have_plain_limits(product: Product):
    """As many at a time as the parameter says from the start, whatever fails; nothing is put off or preempted."""
    queue = QueueManager(product)
    for _ in range(100):
        assert [queue.take("a", 0.0) for _ in range(3)] == [True, True, False]
        assert [queue.leave("a", 0.0, DOWN) for _ in range(2)] == [(), ()]
    assert queue.suspended("a", 0.0) is None
    queue.take("a", 0.0)
    queue.enter([("a", f"many {n}") for n in range(50)], 0.0)
    queue.enter([("a", "one")], 0.0)
    order = []
    while (selected := queue.next(0.0)) is not None:
        order.append(selected[1])
        queue.leave("a", 0.0)
    assert order == [*(f"many {n}" for n in range(50)), "one"]


def test_a_process_limit_of_one():
    """Nullmailer sends one message at a time."""
    queue = QueueManager(Nullmailer())
    assert [queue.take(hop, 0.0) for hop in ("a", "b")] == [True, False]


def test_opensmtpd_opens_one_connection_until_it_gets_through_and_then_one_every_five_seconds():
    """A route that is new is validated first (mta.c: mta_find_route); maxconn_per_route and conndelay_route bound the rest."""
    idle: set[str] = set()
    queue = QueueManager(OpenSmtpd(), idle=idle)
    assert [queue.take("a", 0.0) for _ in range(2)] == [True, False]
    queue.enter([("a", str(n)) for n in range(9)], 0.0)
    assert (starts(queue, 5.0), queue.resumes_at("a")) == ([], 5.0)
    queue.leave("a", 5.0)
    opened = {at: starts(queue, at) for at in (5.0, 7.0, 10.0, 15.0, 20.0, 25.0, 30.0)}
    assert [len(found) for found in opened.values()] == [1, 0, 1, 1, 1, 1, 0]
    idle.add("a")
    queue.leave("a", 31.0)
    assert len(starts(queue, 31.0)) == 1
