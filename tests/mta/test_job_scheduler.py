"""Postfix's preemptive scheduler, held against the examples of its SCHEDULER_README."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sim.mta.queue.scheduler import Scheduler
from sim.scenario.products.postfix import Postfix


def slots_of(cost=5, loan=3, discount=50, minimum=3) -> Postfix:
    """What preemption costs, as Postfix has it."""
    return Postfix(
        default_delivery_slot_cost=cost,
        default_delivery_slot_loan=loan,
        default_delivery_slot_discount=discount,
        default_minimum_delivery_slots=minimum,
    )


NO_LOAN = slots_of(cost=2, loan=0, discount=0, minimum=1)


def anywhere(_: str) -> bool:
    """No destination is full."""
    return True


def order(scheduler: Scheduler[str], now: float = 0.0) -> str:
    """All entries in the order in which they go."""
    found = []
    while (selected := scheduler.select(now)) is not None:
        found.append(selected[1])
    return "".join(found)


def filled(slots: Postfix, *totals: int) -> Scheduler[str]:
    """Jobs 1, 2, ... with so many entries, each to a destination of its own."""
    scheduler: Scheduler[str] = Scheduler(slots, anywhere)
    for number, total in enumerate(totals, 1):
        scheduler.add(0.0, [(f"{number}/{entry}", str(number)) for entry in range(total)])
    return scheduler


def test_without_preemption_jobs_go_first_in_first_out():
    """A slot cost of 1 would give every delivery away, so it turns preemption off."""
    assert order(filled(slots_of(cost=1), 4, 1, 1)) == "111123"


def test_slots_are_earned_before_they_are_used():
    """SCHEDULER_README: ten recipients, then two messages of two, at a slot cost of 2."""
    assert order(filled(NO_LOAN, 10, 2, 2)) == "11112211113311"


def test_a_discount_lets_small_messages_in_sooner():
    """The same with half of the slots in advance, which are paid back afterwards."""
    assert order(filled(slots_of(cost=2, loan=0, discount=50, minimum=1), 10, 2, 2)) == "11221111331111"


def test_small_jobs_are_not_preempted():
    """With the defaults, a message of less than 3 x 5 entries is delivered at one go."""
    assert order(filled(slots_of(), 14, 1)) == "1" * 14 + "2"
    assert order(filled(slots_of(), 15, 1)) == "12" + "1" * 14


def test_a_loan_is_paid_back():
    """With the defaults a big message lets small ones in early, and then no more until it has earned five times as much."""
    sequence = order(filled(slots_of(), 100, 1, 1, 1))
    assert sequence[:14] == "12111113111114"


def test_preemption_is_recursive():
    """A job that preempts may be preempted itself."""
    scheduler = filled(NO_LOAN, 40, 10)
    taken = [scheduler.select(0.0)[1] for _ in range(24)]
    scheduler.add(0.0, [("3/0", "3")])
    assert "".join(taken) + order(scheduler) == "1" * 20 + "2222" + "3" + "222222" + "1" * 20


def test_the_older_job_for_its_size_goes_first():
    """Age for each entry decides: a message of two entries passes one of one that is less than half as old."""
    scheduler: Scheduler[str] = Scheduler(NO_LOAN, anywhere)
    scheduler.add(0.0, [(f"1/{entry}", "1") for entry in range(10)])
    scheduler.add(0.0, [("2/0", "2"), ("2/1", "2")])
    scheduler.add(60.0, [("3/0", "3")])
    assert order(scheduler, 100.0) == "1111221131111"


def test_a_full_destination_blocks_its_jobs_only():
    """Jobs behind a blocked one go, and do not preempt it."""
    full = {"a"}
    scheduler: Scheduler[str] = Scheduler(slots_of(), lambda hop: hop not in full)
    scheduler.add(0.0, [("a", "1"), ("a", "1"), ("b", "1")])
    scheduler.add(0.0, [("a", "2")])
    scheduler.add(0.0, [("c", "3")])
    assert order(scheduler) == "13"
    assert (scheduler.waits_for("a"), scheduler.waits_for("c"), len(scheduler.by_number)) == (True, False, 2)
    full.clear()
    assert order(scheduler) == "112"
    assert len(scheduler.by_number) == 0


def test_destinations_of_a_job_take_turns():
    """No destination of a message waits for all the entries of another (qmgr_peer_select)."""
    scheduler: Scheduler[str] = Scheduler(slots_of(), anywhere)
    scheduler.add(0.0, [("a", "1"), ("a", "2"), ("b", "3"), ("b", "4")])
    assert order(scheduler) == "1324"


def test_a_dead_destination_loses_its_entries():
    """What waits for it leaves the list, in order; the rest of its jobs goes on."""
    scheduler: Scheduler[str] = Scheduler(slots_of(), anywhere)
    scheduler.add(0.0, [("a", "1"), ("b", "2"), ("a", "3")])
    scheduler.add(0.0, [("a", "4")])
    assert scheduler.drop("a") == ["1", "3", "4"]
    assert (order(scheduler), scheduler.drop("a")) == ("2", [])


def test_clear_takes_everything():
    """After a crash nothing waits."""
    scheduler = filled(slots_of(), 2, 1)
    assert (list(scheduler.clear()), len(scheduler.by_number), order(scheduler)) == (["1", "1", "2"], 0, "")


def test_blocked_candidates_do_not_preempt():
    """A small job whose destination is full is no candidate."""
    scheduler: Scheduler[str] = Scheduler(NO_LOAN, lambda hop: hop != "full")
    scheduler.add(0.0, [(f"1/{entry}", "1") for entry in range(6)])
    scheduler.add(0.0, [("full", "2")])
    scheduler.add(0.0, [("3/0", "3")])
    assert order(scheduler) == "1131111"


@given(st.lists(st.integers(1, 60), min_size=1, max_size=9), st.integers(1, 5), st.integers(0, 3), st.integers(0, 100))
def test_everything_goes_exactly_once(totals: list[int], cost: int, loan: int, discount: int):
    """Whatever preempts what, each entry goes, and goes once."""
    slots = slots_of(cost=cost, loan=loan, discount=discount, minimum=1)
    found = Counter(order(filled(slots, *totals)))
    assert found == {str(number): total for number, total in enumerate(totals, 1)}


@given(st.lists(st.integers(1, 60), min_size=1, max_size=9), st.integers(2, 5))
def test_preemption_slows_nobody_beyond_its_bound(totals: list[int], cost: int):
    """SCHEDULER_README: at a slot cost of k a message takes no longer than k/(k-1) times what it took without."""
    sequence = order(filled(slots_of(cost=cost, loan=0, discount=0, minimum=1), *totals))
    assert sequence.rindex("1") + 1 <= totals[0] * cost / (cost - 1)


class Naive(Scheduler[str]):
    """Looks at every destination each time."""

    def _first_ready(self):
        """The first of the first jobs of all destinations that have room."""
        ready = (self._first(hop) for hop in list(self._by_hop) if self._has_room(hop))
        return min((job for job in ready if job is not None), key=lambda job: job.place, default=None)


@given(
    st.lists(
        st.one_of(
            st.lists(st.sampled_from("abcdef"), min_size=1, max_size=8),
            st.sampled_from(["go", "go", "go", "drop a", "drop b"]),
            st.tuples(st.sampled_from("abcdef"), st.booleans()),
        ),
        max_size=60,
    ),
    st.sampled_from([slots_of(cost=1), NO_LOAN, slots_of(minimum=1)]),
)
def test_the_next_is_found_as_if_all_were_looked_at(steps, slots):
    """Whatever comes, goes, is dropped, and has room or has none any more."""
    full: set[str] = set()
    ours, naive = (kind(slots, lambda hop: hop not in full) for kind in (Scheduler, Naive))
    for number, step in enumerate(steps):
        if isinstance(step, list):
            for scheduler in (ours, naive):
                scheduler.add(0.0, [(hop, f"{number}{hop}{nth}") for nth, hop in enumerate(step)], number % 3)
        elif isinstance(step, tuple):
            (full.discard if step[1] else full.add)(step[0])
        elif step == "go":
            assert ours.select(0.0) == naive.select(0.0)
        else:
            assert ours.drop(step[-1]) == naive.drop(step[-1])
    full.clear()
    assert order(ours) == order(naive)


def test_thousands_of_destinations_cost_no_more_each_than_a_few():
    """With a recipient limit of 1 each recipient is one (qmgr_message.c)."""
    asked = Counter()

    def room(hop: str) -> bool:
        asked[hop] += 1
        return True

    scheduler: Scheduler[str] = Scheduler(slots_of(), room)
    for number in range(3000):
        scheduler.add(0.0, [(f"r{number}", "x")])
    assert (len(order(scheduler)), asked.total() < 4 * 3000) == (3000, True)
