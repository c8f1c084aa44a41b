"""Which messages a queue manager lets in, and in which order."""

from __future__ import annotations

from sim.mta.queue.queue_manager import ActiveQueue


def full(limit: int = 1) -> ActiveQueue[str]:
    """An active queue with no room left."""
    queue: ActiveQueue[str] = ActiveQueue(limit)
    for _ in range(limit):
        assert queue.admit("first", new=True)
    return queue


def test_a_full_active_queue_lets_nobody_in():
    """qmgr_message_active_limit: the next one waits until one leaves."""
    queue = full()
    assert not queue.admit("next", new=True)
    assert list(queue.imports()) == []
    queue.leave()
    assert (list(queue.imports()), queue.count) == (["next"], 1)


def test_new_mail_goes_before_deferred_mail_while_the_queue_is_full():
    """One place at a time comes free: all new messages have it first."""
    queue = full()
    queue.admit("d1", new=False)
    queue.admit("n1", new=True)
    queue.admit("n2", new=True)
    order = []
    for _ in range(3):
        queue.leave()
        order += queue.imports()
    assert order == ["n1", "n2", "d1"]


def test_scans_alternate_while_there_is_room():
    """Where many leave at once, new and deferred mail take turns."""
    queue = full(7)
    for name in ("n1", "n2", "n3", "n4"):
        queue.admit(name, new=True)
    for name in ("d1", "d2"):
        queue.admit(name, new=False)
    for _ in range(7):
        queue.leave()
    assert list(queue.imports()) == ["n1", "d1", "n2", "d2", "n3", "n4"]


def test_nobody_overtakes_those_that_wait():
    """A message that comes while others wait to be let in goes behind them."""
    queue = full()
    queue.admit("d1", new=False)
    queue.leave()
    assert not queue.admit("d2", new=False)
    assert list(queue.imports()) == ["d1"]


def test_clear_forgets_all():
    """After a crash."""
    queue = full()
    queue.admit("d1", new=False)
    queue.clear()
    assert (queue.count, list(queue.imports())) == (0, [])
