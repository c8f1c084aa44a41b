"""Which hosts take mail for a domain (RFC 5321 section 5.1)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim.mta.queue.mx import LOOPS_BACK, NO_SUCH_DOMAIN, TAKES_NO_MAIL, candidates, home_hosts, is_home


def keep(_: list[str]) -> None:
    """A shuffle that leaves the order alone."""


def test_lower_preference_first():
    """The order of the records does not matter, their preferences do."""
    assert candidates([(20, "b"), (10, "a"), (30, "c")], "x", keep) == ["a", "b", "c"]


def test_equal_preferences_are_shuffled_among_themselves():
    """The caller's shuffle sees each level of several hosts, and no other."""
    seen = []

    def reverse(hosts: list[str]) -> None:
        seen.append(tuple(hosts))
        hosts.reverse()

    assert candidates([(10, "a"), (10, "b"), (20, "c")], "x", reverse) == ["b", "a", "c"]
    assert seen == [("a", "b")]


def test_own_level_and_worse_are_left_out():
    """A backup host hands on to better ones only."""
    assert candidates([(10, "a"), (20, "b"), (20, "me"), (30, "c")], "me", keep) == ["a"]


def test_best_host_of_all_is_a_loop():
    """A host that is itself the best and does not know the domain as its own has nobody to hand it to."""
    assert candidates([(10, "me"), (20, "b")], "me", keep) == LOOPS_BACK


def test_unknown_domain_is_permanent():
    """No such domain: 5.1.2, and no further try."""
    assert candidates(None, "me", keep) == NO_SUCH_DOMAIN
    assert NO_SUCH_DOMAIN.permanent


def test_homes_are_the_hosts_of_best_preference():
    """Mailboxes are kept where the preference is best; a backup host is no home."""
    records = [(10, "a"), (10, "b"), (20, "c")]
    assert [is_home(records, host) for host in "abc"] == [True, True, False]


def test_unknown_domain_has_no_home():
    """Without records nobody keeps the mailboxes."""
    assert not is_home(None, "a")


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abcdef")), min_size=1, unique_by=lambda record: record[1])
)
def test_candidates_are_exactly_the_better_ones(records: list[tuple[int, str]]):
    """Whoever is offered is strictly better than our own level, in order, once."""
    found = candidates(records, "c", keep)
    preference = {host: level for level, host in records}
    better = [host for host in preference if "c" not in preference or preference[host] < preference["c"]]
    if not better:
        assert found == LOOPS_BACK
    else:
        assert sorted(found) == sorted(better)
        assert [preference[host] for host in found] == sorted(preference[host] for host in found)


def test_a_null_mx_is_permanent():
    """RFC 7505: the domain takes no mail, and nobody keeps its mailboxes."""
    assert candidates([(0, ".")], "me", keep) == TAKES_NO_MAIL
    assert (TAKES_NO_MAIL.diagnostic, TAKES_NO_MAIL.permanent) == ("556 5.1.10 Recipient address has null MX", True)
    assert (home_hosts([(0, ".")]), is_home([(0, ".")], ".")) == ([], False)
