"""MX records, null MX and aliases in a scenario file."""

from __future__ import annotations

import pytest

from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.show import show
from sim.scenario.spec import DAY, HOUR, NULL_MX

TEXT = """
network: {{nodes: [a, b], links: [{{between: [a, b]}}]}}
domains:
  a.example: {{mx: a, users: [ann]}}
  x.example: {{{}}}
workload: {{messages_at: [{{at: 0 s, from: ann@a.example, to: {}}}]}}
"""


@pytest.mark.parametrize("said", ["mx: none", "mx: {0: .}"])
def test_a_null_mx_is_read_and_shown(said: str):
    """Either way of writing it; the domain has no users, and anybody may be written to in vain."""
    scenario = loads(TEXT.format(said, "whoever@x.example"))
    assert (scenario.domains["x.example"].mx, scenario.domains["x.example"].users) == (NULL_MX, ())
    assert loads(show(scenario)) == scenario


@pytest.mark.parametrize(
    ("said", "mx", "a", "changes"),
    [
        ("a: b", (), "b", []),
        ("mx: a, a: b", ((10, "a"),), "b", []),
        ("mx: {10: gone.example., 20: a}", ((10, "gone.example."), (20, "a")), "", []),
        ("mx: a, a: b, changes: [{at: 1 h, mx: removed}]", ((10, "a"),), "b", [((), "b")]),
        ("mx: a, changes: [{at: 1 h, mx: removed, a: b}]", ((10, "a"),), "", [((), "b")]),
        ("a: b, changes: [{at: 1 h, a: a}, {at: 2 h, mx: b}]", (), "b", [((), "a"), (((10, "b"),), "a")]),
    ],
)
def test_a_records_are_read_and_shown(said: str, mx: tuple, a: str, changes: list):
    """Beside MX records, instead of them, and in the course of time; what a change does not say stays."""
    scenario = loads(TEXT.format(said, "u1@x.example"))
    domain = scenario.domains["x.example"]
    assert (domain.mx, domain.a, [(change.mx, change.a) for change in domain.changes]) == (mx, a, changes)
    assert loads(show(scenario)) == scenario


def test_an_alias_has_the_users_of_its_domain():
    """And its mail goes the same way."""
    scenario = loads(TEXT.format("cname: A.example", "ann@x.example"))
    assert (scenario.domains["x.example"].cname, scenario.domains["x.example"].users) == ("a.example", ("ann",))
    assert loads(show(scenario)) == scenario


@pytest.mark.parametrize(
    ("said", "host"),
    [("mx: none", "a"), ("mx: none, submission: b", "b"), ("mx: a, submission: b", "b"), ("mx: b", "")],
)
def test_a_domain_says_where_its_mail_is_handed_in(said: str, host: str):
    """At the host that it names; else at its best MX, or, where it takes no mail, at the first host."""
    scenario = loads(TEXT.format(said, "ann@a.example"))
    assert scenario.domains["x.example"].submission == host
    assert loads(show(scenario)) == scenario


def test_an_alias_of_a_domain_that_takes_no_mail_takes_none():
    """It has no users, and anybody may be written to in vain."""
    text = TEXT.format("mx: none", "whoever@y.example").replace("workload", "  y.example: {cname: x.example}\nworkload")
    scenario = loads(text)
    assert (scenario.domains["y.example"].mx, scenario.domains["y.example"].users) == (NULL_MX, ())
    assert loads(show(scenario)) == scenario


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ("mx: a, submission: c", "x.yaml:5:34: unknown host (c): allowed are a, b"),
        ("a: c", "x.yaml:5:18: unknown host (c): allowed are a, b"),
        ("mx: {10: gone..}", "unknown host (gone..)"),
        ("mx: a, changes: [{at: 1 h}]", "x.yaml:5:32: a change of nothing: allowed are mx, a, or both"),
        (
            "mx: a, changes: [{at: 1 h, mx: removed}]",
            "x.yaml:5:46: no MX record and no A record from then on (x.example): allowed is removed with a: HOST",
        ),
        ("cname: a.example, a: b", "an alias with an A record (x.example): allowed is cname or a"),
        ("mx: none, users: 3", "x.yaml:5:32: users in a domain that takes no mail (mx: none): leave them out"),
        ("cname: a.example, mx: b", "x.yaml:5:22: an alias with MX records (x.example): allowed is cname or mx"),
        ("cname: y.example", "unknown domain (y.example)"),
        ("cname: x.example", "an alias of an alias (x.example): name the domain that it stands for"),
        ("mx: []", "no MX host (nothing listed): allowed is e.g. {10: HOST}, or none for a domain that takes no mail"),
    ],
)
def test_mistakes_are_named(said: str, mistake: str):
    """Where it is, what is wrong, what is allowed."""
    with pytest.raises(ScenarioError) as caught:
        loads(TEXT.format(said, "ann@a.example"), file="x.yaml")
    assert mistake in str(caught.value)


@pytest.mark.parametrize("source", ["{poisson: {rate: 1/h}}", "{constant: {every: 1 min}}"])
def test_somebody_must_be_there_to_write(source: str):
    """A source that draws its people needs a domain with users."""
    network = "network: {nodes: [a, b], links: [{between: [a, b]}]}"
    with pytest.raises(ScenarioError, match="nobody writes: no domain has users"):
        loads(f"{network}\ndomains: {{a.example: {{mx: none}}}}\nworkload: {source}\n")


ZONES = """
network: {{nodes: [a, b], links: [{{between: [a, b]}}], dns: {{ttl: 2 h, negative_ttl: 5 min, lookup: 20 ms}}}}
domains:
  a.example: {{mx: a, users: [ann]}}
  x.example: {{{}}}
  alias.example: {{cname: x.example}}
architectures:
  plain: {{transfer: end-to-end}}
  other: {{transfer: end-to-end, domains: {{{}}}}}
"""


def test_records_live_and_change():
    """A TTL of its own, or the network's; changes in order of time, whatever the order in the file."""
    said = "mx: a, ttl: 5 min, changes: [{at: 2 d, mx: {10: a, 20: b}}, {at: 1 d, mx: b}]"
    scenario = loads(ZONES.format(said, ""))
    domain = scenario.domains["x.example"]
    assert (scenario.domains["a.example"].ttl, domain.ttl) == (2 * HOUR, 300.0)
    assert [(change.at, change.mx) for change in domain.changes] == [
        (DAY, ((10, "b"),)),
        (2 * DAY, ((10, "a"), (20, "b"))),
    ]
    assert (scenario.network.dns.negative_ttl, scenario.network.dns.lookup) == (300.0, 0.02)
    assert loads(show(scenario)) == scenario


@pytest.mark.parametrize(
    ("own", "mx", "ttl", "changed"),
    [
        ("mx: {5: b, 9: a}", ((5, "b"), (9, "a")), 2 * HOUR, True),
        ("ttl: 0 s", ((10, "a"),), 0.0, True),
        ("changes: []", ((10, "a"),), 2 * HOUR, False),
        ("", ((10, "a"),), 2 * HOUR, True),
    ],
)
def test_an_architecture_may_have_other_records(own, mx, ttl, changed):
    """What it does not say is as in the others; users, lists and the like are everywhere the same."""
    said = "mx: a, users: [xia], changes: [{at: 1 d, mx: b}]"
    scenario = loads(ZONES.format(said, f"X.example: {{{own}}}"))
    found = scenario.architectures["other"].domains["x.example"]
    assert (found.mx, found.ttl, bool(found.changes), found.users) == (mx, ttl, changed, ("xia",))
    assert scenario.architectures["plain"].domains == {}
    assert scenario.domains["x.example"].mx == ((10, "a"),)
    assert loads(show(scenario)) == scenario


def test_all_mistakes_about_records_come_out_at_once():
    """Each at its line and column: hosts that are not there, times that are none, what an architecture cannot say."""
    text = """
network:
  nodes: [alpha, beta]
  links: [{between: [alpha, beta]}]
  dns: {ttl: -1 h, negative_ttl: 5, lookup: often}
domains:
  a.example: {mx: {10: alpha, 20: bta}, ttl: -5 min}
  b.example: {mx: alpha, changes: [{at: 1 d, mx: gamma}, {at: 1 d, mx: beta}, {at: 2 d, mx: none}, {mx: beta}]}
  n.example: {mx: none, changes: [{at: 1 d, mx: alpha}]}
  c.example: {cname: b.example, ttl: 1 h, changes: []}
  d.example: {mx: alpha}
architectures:
  e:
    transfer: end-to-end
    domains:
      a.example: {mx: {10: bet, x: alpha}, users: 3}
      b.example: {mx: none}
      n.example: {mx: alpha}
      c.example: {ttl: 1 h}
      q.example: {mx: alpha}
      d.example: {mx: delta, changes: [{at: 1 d, mx: epsilon}]}
      D.example: {ttl: 1 h}
"""
    with pytest.raises(ScenarioError) as caught:
        loads(text, file="x.yaml")
    assert str(caught.value).splitlines() == [
        "x.yaml:5:14: a duration cannot be negative (-1 h): allowed is 0 or more",
        "x.yaml:5:34: a duration needs a unit (5): allowed are s, ms, min, h, d, w, y, as in 30 s",
        "x.yaml:5:45: not a duration (often): allowed are s, ms, min, h, d, w, y, as in 30 s",
        "x.yaml:7:35: unknown host (bta): allowed are alpha, beta; did you mean beta?",
        "x.yaml:7:46: a duration cannot be negative (-5 min): allowed is 0 or more",
        "x.yaml:8:50: unknown host (gamma): allowed are alpha, beta",
        "x.yaml:8:63: two changes at one time (1 d): allowed is one at each",
        "x.yaml:8:93: a change from or to a domain that takes no mail (mx: none): allowed are MX hosts before and after",
        "x.yaml:8:100: at is missing: needed is at",
        "x.yaml:9:35: a change from or to a domain that takes no mail (mx: none): allowed are MX hosts before and after",
        "x.yaml:10:22: an alias with a TTL (c.example): allowed is cname or ttl",
        "x.yaml:10:22: an alias with changes of MX records (c.example): allowed is cname or changes",
        "x.yaml:16:28: unknown host (bet): allowed are alpha, beta; did you mean beta?",
        "x.yaml:16:33: not a preference (x): allowed is a whole number from 0 to 65535, as in {10: HOST}",
        "x.yaml:16:51: not a mapping (3): allowed is a mapping of names",
        "x.yaml:17:23: whether a domain takes mail is the same in all architectures (b.example): allowed are MX hosts of a domain that has some",
        "x.yaml:18:23: whether a domain takes mail is the same in all architectures (n.example): allowed are MX hosts of a domain that has some",
        "x.yaml:19:7: an alias has no records of its own (c.example): name the domain that it stands for",
        "x.yaml:20:7: unknown domain (q.example): allowed are a.example, b.example, n.example, c.example, d.example; did you mean n.example?",
        "x.yaml:21:23: unknown host (delta): allowed are alpha, beta; did you mean beta?",
        "x.yaml:21:54: unknown host (epsilon): allowed are alpha, beta",
        "x.yaml:22:7: this domain is there twice (D.example): upper and lower case are the same",
    ]
