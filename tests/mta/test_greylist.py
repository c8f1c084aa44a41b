"""Greylists: what strangers are known by, and what a host forgets again."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.path import NULL_PATH
from sim.mta.server import ttl_cache
from sim.mta.server.greylist import Greylist, network_of
from sim.mta.server.policy import AccessPolicy, ClientPolicy
from sim.scenario.spec import policies
from sim.scenario.spec.policies import Policies, Rate

HOUR, DAY = 3600.0, 86400.0


@pytest.mark.parametrize(
    ("client", "bits", "network"),
    [
        ("192.0.2.77", (24, 64), "192.0.2.0/24"),
        ("192.0.2.77", (32, 64), "192.0.2.77/32"),
        ("192.0.2.77", (0, 64), "0.0.0.0/0"),
        ("2001:db8:1:2:3::4", (24, 64), "2001:db8:1:2::/64"),
        ("2001:db8:1:2:3::4", (24, 48), "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", (24, 64), "192.0.2.0/24"),
        ("fe80::1%eth0", (24, 64), "fe80::/64"),
        ("mx", (24, 64), "mx"),
    ],
)
def test_a_client_s_network(client: str, bits: tuple[int, int], network: str):
    """So many bits of its address; a host that has none is a network of its own."""
    assert network_of(client, *bits) == network


@pytest.mark.parametrize(
    ("bits", "second", "wait"),
    [
        ({}, "192.0.2.9", 0.0),
        ({}, "192.0.3.1", 300.0),
        ({"ipv4cidr": 32, "ipv6cidr": 128}, "192.0.2.9", 300.0),
        ({"ipv4cidr": 23}, "192.0.3.1", 0.0),
    ],
)
def test_who_comes_again_from_a_neighbour_is_known_by_its_network(bits: dict, second: str, wait: float):
    """Networks of 24 bits by default, as postgrey has it; by address each is a stranger."""
    greylist = Greylist(policies.Greylist(**bits))
    assert greylist.wait(("192.0.2.1", "a", "b"), 0.0) == 300.0
    assert greylist.wait((second, "a", "b"), 300.0) == wait


def test_trust_is_an_address_s_own_and_ends():
    """Its neighbour is no friend; who has not come for a lifetime begins anew."""
    greylist = Greylist(policies.Greylist(whitelist_after=1, lifetime=DAY))
    for at in (0.0, 300.0):
        greylist.wait(("192.0.2.1", "a", "b"), at)
    strangers = [("192.0.2.1", 301.0), ("192.0.2.2", 302.0), ("192.0.2.1", DAY), ("192.0.2.1", 2 * DAY + 1)]
    assert [greylist.wait((client, "x", str(at)), at) for client, at in strangers] == [0.0, 300.0, 0.0, 300.0]


class Unforgetting:
    """postgrey without its maintenance: first and last time of each triplet (smtpd_access_policy)."""

    def __init__(self, how: policies.Greylist) -> None:
        self.how, self.db = how, {}

    def wait(self, triplet: tuple[str, str, str], now: float) -> float:
        """What is said."""
        how = self.how
        first, last = self.db.get(triplet, (now, now))
        if last - first < how.delay:
            first = now if now - first > how.window else first
        elif now - last > how.lifetime:
            first = now
        self.db[triplet] = first, now
        return max(how.delay - (now - first), 0.0)


@given(
    gaps=st.lists(st.sampled_from([0, 1, 299, 300, 301, 900, 901, 2000, 5000]), max_size=40),
    who=st.lists(st.sampled_from("abc"), min_size=40, max_size=40),
)
def test_what_is_forgotten_makes_no_difference(gaps: list[int], who: list[str]):
    """Everybody hears what one would say who forgot nothing."""
    how = policies.Greylist(window=900.0, lifetime=2000.0, whitelist_after=0)
    greylist, other, now = Greylist(how), Unforgetting(how), 0.0
    for gap, sender in zip(gaps, who, strict=False):
        now += gap
        triplet = ("c", sender, "r")
        assert greylist.wait(triplet, now) == other.wait(triplet, now)


def grown(act: Callable[[int], object], count: int) -> int:
    """Bytes that are held when something was done so many times, beyond those after a tenth of them."""
    tracemalloc.start()
    try:
        for number in range(count // 10):
            act(number)
        before = tracemalloc.get_traced_memory()[0]
        for number in range(count // 10, count):
            act(number)
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_forged_senders_are_forgotten_after_the_window():
    """One a second for nearly three hours takes no more than one a second for the first 17 minutes, which is one window."""
    greylist = Greylist(policies.Greylist(window=1000.0))
    assert grown(lambda second: greylist.wait(("192.0.2.1", f"forged-{second}", "b"), float(second)), 10_000) < 300_000


@pytest.mark.slow
@pytest.mark.parametrize("apart", [0.0, 1e9])
def test_memory_is_bounded_whoever_comes(monkeypatch: pytest.MonkeyPatch, apart: float):
    """However many forge senders and addresses and pass, at one time or through all time; and who only connects."""
    monkeypatch.setattr(ttl_cache, "MOST", 50)
    greylist = Greylist(policies.Greylist(delay=1.0, whitelist_after=1))
    rate = Rate(count=1, per=60.0)
    access = AccessPolicy(Policies(sessions=rate, messages=rate), lambda: 0.0, lambda: 0)

    def come(number: int) -> None:
        client, now = f"{number % 250}.{number // 250}.0.1", number * apart
        for later in (0.0, 1.0):
            greylist.wait((client, f"a{number}", "b"), now + later)
        session = ClientPolicy(access, client, lambda: now)
        session.connection()
        session.mail(NULL_PATH, ())
        session.guess()
        session.close()

    network_of.cache_clear()
    assert grown(come, 10_000) < 1_500_000


def test_the_oldest_goes_first(monkeypatch: pytest.MonkeyPatch):
    """Where there is too much; what is set again is young."""
    monkeypatch.setattr(ttl_cache, "MOST", 2)
    memory = ttl_cache.TtlCache[str, int](HOUR)
    for key in "abac":
        memory.set(key, 1, 0.0)
    assert [memory.get(key, 0.0) for key in "abc"] == [(0.0, 1), None, (0.0, 1)]
