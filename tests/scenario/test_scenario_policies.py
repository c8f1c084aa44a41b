"""Policies and collecting in a scenario file."""

from __future__ import annotations

import jsonschema
import pytest
from ruamel.yaml import YAML

from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.products.base import ErrorLimits
from sim.scenario.schema import schema
from sim.scenario.show import show
from sim.scenario.spec import Collects
from sim.scenario.spec.policies import NO_POLICIES, Greylist, Policies, Rate, Refusal

TEXT = """
network: {{nodes: [a, b], links: [{{between: [a, b]}}]}}
workload: {{poisson: {{rate: 1 /h}}}}
hosts: {{defaults: {{policies: {{sessions_at_once: 3}}}}, a: {{{}}}}}
"""

EVERYTHING = r"""policies: {greylist: {delay: 10 min, window: 1 h, lifetime: 7 d, whitelist_after: 0},
  refuse: [{at: rcpt, code: 451, probability: 0.1, during: [{from: 1 h, to: 2 h}]}, {at: dot, code: 554, text: no},
           {at: data, code: 421, enhanced: 4.3.2, text: "bo\u00eete\npleine"}],
  sessions: {count: 10, per: 1 min}, messages: {count: 100, per: 1 h}, sessions_at_once: 2, spool: 10 MB,
  recipients: {count: 9, per: 1 h, counts: tries, code: 452, enhanced: 4.5.3, text: slow}, messages_per_session: 5,
  errors: {soft_limit: 1, hard_limit: 0, delay: 5 s}, greeting_delay: 6 s,
  unknown_users: bounce, null_mx_senders: reject}, collects: {from: b, every: 30 min}"""


def host(said: str):
    """Host a with these settings."""
    return loads(TEXT.format(said)).architectures["end-to-end"].hosts["a"]


def test_everything_is_read():
    """Times in seconds, sizes in bytes."""
    assert host(EVERYTHING).policies == Policies(
        greylist=Greylist(delay=600.0, window=3600.0, lifetime=7 * 86400.0, whitelist_after=0),
        refuse=(
            Refusal(at="rcpt", code=451, probability=0.1, during=((3600.0, 7200.0),)),
            Refusal(at="dot", code=554, text="no"),
            Refusal(at="data", code=421, enhanced="4.3.2", text="bo\u00eete\npleine"),
        ),
        sessions=Rate(count=10, per=60.0),
        messages=Rate(count=100, per=3600.0),
        recipients=Rate(count=9, per=3600.0, counts="tries", code=452, enhanced="4.5.3", text="slow"),
        sessions_at_once=2,
        messages_per_session=5,
        errors=ErrorLimits(soft_limit=1, hard_limit=0, delay=5.0),
        greeting_delay=6.0,
        spool=10_000_000,
        unknown_users="bounce",
        null_mx_senders="reject",
    )
    assert host(EVERYTHING).collects == Collects(source="b", every=1800.0)
    assert host("collects: {from: b, by: turn, hold: yes}").collects == Collects(source="b", by="turn", hold=True)


@pytest.mark.parametrize(
    ("said", "bits"), [("", (24, 64)), ("key: network, ipv4cidr: 20", (20, 64)), ("key: address", (32, 128))]
)
def test_a_greylist_counts_networks_of_so_many_bits(said: str, bits: tuple[int, int]):
    """postgrey's, where nothing is said; by address all bits count."""
    greylist = host(f"policies: {{greylist: {{{said}}}}}").policies.greylist
    assert (greylist.ipv4cidr, greylist.ipv6cidr) == bits


def test_what_asking_will_bring_is_noted():
    """TURN proves nothing, and who is no MX of a domain holds nothing for it; each is said once."""
    text = TEXT.format("collects: {from: b, by: turn}")
    domains = "domains: {a.example: {mx: a}, b.example: {mx: b}}"
    assert loads(text).notes == loads(text + domains).notes
    assert [note[:48] for note in loads(text).notes] == [
        "a collects its mail by TURN, and so may anyone w",
        "a asks b for its mail in vain: none of its domai",
    ]
    domains = "domains: {a.example: {mx: {10: a, 20: b}}, b.example: {mx: b}}"
    assert len(loads(text + domains).notes) == 1


@pytest.mark.parametrize(
    "said",
    [
        EVERYTHING,
        "collects: {from: b, by: turn, hold: yes}",
        "policies: {greylist: {}}",
        "policies: {greylist: {key: address}}",
        "policies: {greylist: {key: network, ipv4cidr: 16, ipv6cidr: 48}}",
        "policies: {refuse: {at: mail, code: 450, probability: 0}}",
        "",
    ],
)
def test_what_is_shown_means_the_same(said: str):
    """A round trip, and a file that the schema knows."""
    text = TEXT.format(said)
    scenario = loads(text)
    assert loads(show(scenario)) == scenario
    jsonschema.validate(YAML(typ="safe").load(text), schema())


def test_none_takes_policies_away():
    """The defaults' do not hold then."""
    assert (host("policies: none").policies, host("").policies) == (NO_POLICIES, Policies(sessions_at_once=3))
    assert host("collects: none").collects is None


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        (
            "policies: {greylist: {delay: 1 h, window: 10 min}}",
            "a window that closes before the delay is over (1 h, 10 min)",
        ),
        ("policies: {greylist: {ipv4cidr: 33}}", "allowed is a whole number of at least 0 and at most 32"),
        ("policies: {greylist: {key: subnet}}", "unknown key (subnet): allowed are network, address"),
        (
            "policies: {greylist: {key: address, ipv4cidr: 24, ipv6cidr: 64}}",
            "a network where the address counts (ipv4cidr: 24, ipv6cidr: 64): allowed is key: network with it",
        ),
        (
            "policies: {refuse: {at: helo, code: 250}}",
            "not a refusal at helo (250): allowed are codes from 400 to 599; RFC 5321 section 4.3.2 has 421, 502, 504, 550",
        ),
        (
            "policies: {refuse: {at: rcpt, code: 550, enhanced: 4.7.1}}",
            "of another class than its reply code (550, 4.7.1): allowed is 5.x.y",
        ),
        (
            "policies: {refuse: {at: rcpt, code: 550, enhanced: 5.7}}",
            "not an enhanced status code of a refusal (5.7): allowed is e.g. 4.7.1",
        ),
        (
            "policies: {refuse: {at: rcpt, code: 550, text: %s}}" % ("x" * 497),
            "a line too long for a reply (497 octets): allowed are 496",
        ),
        (
            "policies: {sessions: {count: 1, per: 1 min, code: 220}}",
            "not a refusal at connect (220): allowed are codes from 400 to 599; RFC 5321 section 4.3.2 has 421, 554 there",
        ),
        (
            "policies: {messages: {count: 1, per: 1 min, enhanced: 5.7.1}}",
            "of another class than its reply code (450, 5.7.1)",
        ),
        (
            "policies: {refuse: {at: quit, code: 451}}",
            "unknown place (quit): allowed are connect, helo, mail, rcpt, data, dot",
        ),
        (
            "policies: {refuse: {at: rcpt, code: 451, during: [{from: 2 h, to: 1 h}]}}",
            "ends before it begins (2 h, 1 h)",
        ),
        ("policies: {graylist: {}}", "did you mean greylist?"),
        ("collects: {from: c, every: 1 h}", "scenario:4:75: unknown host (c)"),
        ("collects: {from: a, every: 1 h}", "a host that collects from itself (a): name the host that holds its mail"),
        ("collects: {every: 1 h}", "from is missing"),
        ("collects: {from: b, by: pop}", "unknown way to collect (pop): allowed are etrn, turn, atrn"),
        (
            "collects: {from: b, by: atrn}",
            "scenario:4:82: atrn without a login (a): it comes after AUTH (RFC 2645); set login",
        ),
        (
            "login: {name: me, password: x}, collects: {from: b, by: atrn}",
            "scenario:4:114: atrn with a login that b does not know (me): set accounts there",
        ),
    ],
)
def test_mistakes_are_named(said: str, mistake: str):
    """What is wrong, and what is allowed."""
    with pytest.raises(ScenarioError) as caught:
        loads(TEXT.format(said))
    assert mistake in str(caught.value)
