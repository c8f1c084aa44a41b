"""In which order products try the addresses of a domain's hosts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mta.queue.mx import Candidate, in_order
from sim.scenario.products import PRODUCTS
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim
from sim.scenario.products.haraka import Haraka
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.stalwart import Stalwart

V4, V6 = 4, 6


def host(name: str, preference: int, *versions: int) -> list[Candidate]:
    """A host's addresses, of the given versions."""
    return [Candidate(name, preference, f"{name}{number}", version) for number, version in enumerate(versions)]


def tried(found: list[Candidate]) -> str:
    """Hosts and IP versions, in order."""
    return " ".join(f"{one.host}{one.version}" for one in found)


def backwards(some: list[Candidate]) -> None:
    """A shuffle that can be told from none."""
    some.reverse()


TWO_AND_ONE = [*host("x", 10, V4, V6), *host("y", 10, V4, V6), *host("z", 20, V4, V6)]


@pytest.mark.parametrize(
    ("product", "order"),
    [
        (Postfix(smtp_mx_address_limit=0), "y6 y4 x6 x4 z6 z4"),
        (Postfix(smtp_mx_address_limit=0, smtp_address_preference="ipv6"), "y6 x6 y4 x4 z6 z4"),
        (Postfix(smtp_mx_address_limit=0, smtp_address_preference="ipv4"), "y4 x4 y6 x6 z4 z6"),
        (Postfix(smtp_mx_address_limit=0, smtp_randomize_addresses=False), "x4 x6 y4 y6 z4 z6"),
        (Postfix(inet_protocols="ipv4"), "y4 x4 z4"),
        (Postfix(inet_protocols="ipv6"), "y6 x6 z6"),
        (Exim(), "y6 x6 y4 x4 z6 z4"),
        (Exim(disable_ipv6=True), "y4 x4 z4"),
        (Haraka(), "y6 x6 y4 x4 z6 z4"),
        (Haraka(inet_prefer="v4"), "y4 x4 y6 x6 z4 z6"),
        (Sendmail(), "x6 x4 y6 y4 z6 z4"),
        (Qmail(), "x4 y4 z4"),
        (OpenSmtpd(), "x4 x6 y4 y6 z4 z6"),
        (Stalwart(), "x4 x6 y4 y6 z4 z6"),
        (Exchange(), "x4 x6 y4 y6 z4 z6"),
    ],
)
def test_each_product_has_its_own_order(product, order: str):
    """Two hosts of one preference and a worse one, each with an address of both kinds; the sources stand there."""
    assert tried(in_order(TWO_AND_ONE, product, backwards)) == order


@pytest.mark.parametrize(
    ("fours", "sixes", "kept"),
    [(4, 8, (2, 3)), (1, 8, (1, 4)), (8, 2, (3, 2)), (8, 0, (5, 0)), (8, 8, (2, 3)), (2, 2, (2, 2))],
)
def test_postfix_lets_neither_family_crowd_the_other_out(fours: int, sixes: int, kept: tuple[int, int]):
    """smtp_balance_inet_protocols: of five addresses at least two are of each kind, where there are so many."""
    found = in_order(host("x", 10, *[V6] * sixes, *[V4] * fours), Postfix(smtp_randomize_addresses=False), backwards)
    assert (sum(one.version == V4 for one in found), sum(one.version == V6 for one in found)) == kept


@given(
    st.sampled_from([kind() for kind in PRODUCTS.values()]),
    st.lists(st.tuples(st.integers(0, 3), st.lists(st.sampled_from([V4, V6]), max_size=4)), max_size=5),
    st.randoms(use_true_random=False),
)
def test_nobody_tries_a_worse_host_first_or_an_address_twice(product, hosts, random):
    """Whatever the preferences and the addresses; and all are tried, but for a limit and unknown families."""
    hosts = sorted(hosts, key=lambda one: one[0])
    some = [one for number, (preference, kinds) in enumerate(hosts) for one in host(f"h{number}", preference, *kinds)]
    found = in_order(some, product, random.shuffle)
    assert [one.preference for one in found] == sorted(one.preference for one in found)
    fit = [one for one in some if one.version in product.families]
    most = product.mx_address_limit if product.balances_families else len(fit)
    assert (len(found), {*found} <= {*fit}) == (min(len(fit), most), True)
    assert len({*found}) == len(found)
