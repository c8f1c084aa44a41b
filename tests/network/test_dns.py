"""MX records."""

from __future__ import annotations

import pytest

from sim.network.dns import Dns, NoAnswerError, Resolver
from sim.network.links.timeline import Timeline
from sim.scenario import spec

DOMAINS = {"Mit.example": spec.Domain(name="Mit.example", mx=((20, "BBN"), (10, "MIT"), (10, "AMES")), users=())}
DOMAINS["bbn"] = spec.Domain(name="bbn", mx=(), users=())
DOMAINS["void.example"] = spec.Domain(name="void.example", mx=(), users=())
DNS = Dns(DOMAINS, ["BBN", "MIT", "AMES"])


@pytest.mark.parametrize("name", ["mit.example", "MIT.EXAMPLE", "mit.example."])
def test_records_come_best_first_whatever_the_case(name):
    """Lowest preference first, equal ones in the order of the file."""
    assert DNS.mx(name) == ((10, "MIT"), (10, "AMES"), (20, "BBN"))


@pytest.mark.parametrize("name", ["bbn", "BBN"])
def test_a_host_is_its_own_mx(name):
    """A name without records that is a host's has an implicit MX."""
    assert DNS.mx(name) == ((0, "BBN"),)


@pytest.mark.parametrize("name", ["void.example", "nowhere.example"])
def test_an_unknown_domain_has_no_answer(name):
    """Neither records nor a host: no such domain."""
    assert DNS.mx(name) is None


def test_an_a_record_counts_where_there_is_no_mx_record():
    """It is an implicit MX of preference 0, before a host of the domain's name; at the times at which there is no other."""
    removed = (spec.MxChange(at=10.0, mx=(), a="MIT"), spec.MxChange(at=20.0, mx=((5, "AMES"),), a="MIT"))
    domains = {
        "bbn": spec.Domain(name="bbn", mx=(), users=(), a="MIT"),
        "x.example": spec.Domain(name="x.example", mx=((10, "BBN"),), users=(), a="MIT", changes=removed),
        "y.example": spec.Domain(name="y.example", mx=((10, "gone."),), users=(), a="MIT"),
        "z.example": spec.Domain(name="z.example", mx=(), users=(), cname="x.example"),
    }
    dns = Dns(domains, ["BBN", "MIT", "AMES"])
    assert [dns.mx("bbn"), dns.exchangers("bbn"), dns.mx_ever("bbn")] == [
        ((0, "MIT"),),
        ((0, "MIT"),),
        (((0, "MIT"),),),
    ]
    for name in ("x.example", "z.example"):
        assert [dns.mx(name, at) for at in (0.0, 10.0, 20.0)] == [((10, "BBN"),), ((0, "MIT"),), ((5, "AMES"),)]
        assert [dns.exchangers(name, at) for at in (0.0, 10.0, 20.0)] == [
            ((10, "BBN"),),
            ((10, "BBN"),),
            ((5, "AMES"),),
        ]
        assert dns.mx_ever(name) == (((10, "BBN"),), ((5, "AMES"),))
    assert dns.mx("y.example") == ((10, "gone."),)


def test_an_alias_leads_to_its_domains_records():
    """CNAME is followed, and a chain of them, too; one that leads nowhere is no domain."""
    domains = {
        "real.example": spec.Domain(name="real.example", mx=((10, "BBN"),), users=()),
        "alias.example": spec.Domain(name="alias.example", mx=(), users=(), cname="Real.example"),
        "far.example": spec.Domain(name="far.example", mx=(), users=(), cname="alias.example"),
        "lost.example": spec.Domain(name="lost.example", mx=(), users=(), cname="nowhere.example"),
        "round.example": spec.Domain(name="round.example", mx=(), users=(), cname="round.example"),
    }
    dns = Dns(domains, ["BBN"])
    assert [dns.mx(f"{name}.example") for name in ("alias", "far", "lost", "round")] == [((10, "BBN"),)] * 2 + [
        None
    ] * 2


OUT = Timeline([(100.0, 5000.0)])


def test_a_resolver_remembers_answers_for_their_time():
    """While the DNS is out, what was heard within the hour still holds; then there is no answer."""
    resolver = Resolver(DNS, OUT)
    assert resolver.mx("bbn", 50.0) == ((0, "BBN"),)
    assert resolver.mx("bbn", 3649.0) == ((0, "BBN"),)
    with pytest.raises(NoAnswerError, match="bbn"):
        resolver.mx("bbn", 3650.0)
    assert resolver.mx("bbn", 5000.0) == ((0, "BBN"),)


def test_a_resolver_remembers_that_there_is_no_domain():
    """For ten minutes (RFC 2308)."""
    resolver = Resolver(DNS, OUT)
    assert resolver.mx("nowhere.example", 99.0) is None
    assert resolver.mx("nowhere.example", 698.0) is None
    with pytest.raises(NoAnswerError):
        resolver.mx("nowhere.example", 699.0)


def test_a_resolver_knows_nothing_that_it_was_not_asked():
    """Nor what it was told before its host went down."""
    resolver = Resolver(DNS, OUT)
    resolver.mx("bbn", 50.0)
    resolver.forget()
    for name in ("bbn", "mit.example"):
        with pytest.raises(NoAnswerError):
            resolver.mx(name, 100.0)


def test_without_outages_a_resolver_is_the_dns():
    """It answers the same at all times, and need not ask twice."""
    resolver = Resolver(DNS)
    assert resolver.mx("mit.example", 1.0) == DNS.mx("mit.example")
    assert (resolver.knows("mit.example", 1e9), resolver.knows("bbn", 1e9)) == (True, False)


def test_a_resolver_that_forgets_asks_again():
    """Where asking takes time, an answer that could be no other one lives no longer than its TTL either."""
    resolver = Resolver(DNS, forgets=True)
    resolver.mx("bbn", 0.0)
    assert [resolver.knows("bbn", now) for now in (3599.0, 3600.0)] == [True, False]
    assert resolver.heard("bbn") == ((0, "BBN"),)
    assert resolver.heard("mit.example") is None


MOVED = {
    "Mit.example": spec.Domain(
        name="Mit.example",
        mx=((10, "MIT"),),
        users=(),
        ttl=300.0,
        changes=(
            spec.MxChange(at=1000.0, mx=((20, "BBN"), (10, "AMES"))),
            spec.MxChange(at=5000.0, mx=((10, "BBN"),)),
        ),
    ),
    "alias.example": spec.Domain(name="alias.example", mx=(), users=(), cname="mit.example"),
}
MOVING = Dns(MOVED, ["BBN", "MIT", "AMES"], spec.NameService(ttl=60.0, negative_ttl=30.0))


@pytest.mark.parametrize("name", ["mit.EXAMPLE.", "alias.example"])
def test_records_change(name):
    """From the time of the change on, for an alias as for its domain."""
    assert [MOVING.mx(name, now) for now in (999.0, 1000.0, 5000.0)] == [
        ((10, "MIT"),),
        ((10, "AMES"), (20, "BBN")),
        ((10, "BBN"),),
    ]
    assert MOVING.mx_ever(name) == (((10, "MIT"),), ((10, "AMES"), (20, "BBN")), ((10, "BBN"),))


def test_old_answers_live_on():
    """A host goes by what it has heard until its TTL is over, whatever has changed meanwhile."""
    resolver = Resolver(MOVING)
    assert [resolver.mx("mit.example", now) for now in (900.0, 1199.0, 1200.0)] == [
        ((10, "MIT"),),
        ((10, "MIT"),),
        ((10, "AMES"), (20, "BBN")),
    ]


@pytest.mark.parametrize(
    ("name", "ttl"), [("Mit.example", 300.0), ("alias.example", 300.0), ("BBN", 60.0), ("nowhere.example", 30.0)]
)
def test_who_says_how_long_an_answer_lives(name, ttl):
    """The domain, also for its aliases; else the name service, with a time of its own for names that do not exist."""
    assert MOVING.ttl(name) == ttl


def test_an_answer_without_time_to_live_is_asked_for_each_time():
    """TTL 0 (RFC 1035 section 3.2.1)."""
    domains = {"x.example": spec.Domain(name="x.example", mx=((10, "BBN"),), users=(), ttl=0.0)}
    resolver = Resolver(Dns(domains, ["BBN"]), OUT)
    assert resolver.mx("x.example", 99.0) == ((10, "BBN"),)
    with pytest.raises(NoAnswerError):
        resolver.mx("x.example", 100.0)
