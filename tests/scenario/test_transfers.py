"""Ways of transfer that are a name for routes and MX records."""

from __future__ import annotations

import pytest

from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.show import show
from sim.scenario.spec import DAY
from sim.scenario.spec.replicas import Replicas

NETWORK = "network: {nodes: [a, b, c, hub, top], links: [{between: [a, hub]}, {between: [b, hub]}, {between: [c, top]}, {between: [hub, top]}]}"


def architecture(text: str, more: str = ""):
    """The one architecture of a scenario, which loads back from what is shown of it."""
    scenario = loads(f"{NETWORK}\n{more}\narchitectures: {{it: {{{text}}}}}")
    assert loads(show(scenario)) == scenario
    return scenario.architectures["it"]


def routes(text: str, more: str = "") -> dict[str, dict[str, str]]:
    """The routes of each host that has some."""
    return {name: dict(host.routes) for name, host in architecture(text, more).hosts.items() if host.routes}


def problem(text: str) -> str:
    """What is wrong with an architecture."""
    with pytest.raises(ScenarioError) as raised:
        architecture(text)
    return raised.value.problems[0].message


def test_a_hub_is_between_all_its_spokes():
    """Every other host sends everything to it; it goes by the MX records, which name the spokes."""
    every = {"*": "hub"}
    assert routes("transfer: hub-and-spoke, via: hub") == {"a": every, "b": every, "c": every, "top": every}


def test_hubs_of_hubs_are_a_tree():
    """Mail goes up as far as it must, and then down by the hubs of the recipient's host."""
    found = routes("transfer: hub-and-spoke, via: {a: hub, b: hub, hub: top}")
    assert found["a"] == {"*": "hub"}
    assert found["hub"] == {"*": "top", "a.example": "a", "b.example": "b"}
    assert found["top"] == {"a.example": "hub", "b.example": "hub"}
    assert found["c"] == {"a.example": "top", "b.example": "top", "hub.example": "top"}


def test_a_smart_host_is_on_the_way_out_only():
    """What comes in goes by the MX records."""
    assert routes("transfer: smart-host, via: {a: hub}") == {"a": {"*": "hub"}}


def test_what_the_file_says_of_routes_goes_before():
    """A host's own route for a domain stays."""
    found = routes("transfer: smart-host, via: hub", "hosts: {a: {routes: {b.example: b}}}")
    assert found["a"] == {"*": "hub", "b.example": "b"}


def test_a_backup_is_the_worst_mx_of_each_domain():
    """That of its own domains it is already; those that take no mail have none."""
    more = "domains: {a.example: {mx: {10: a, 20: b}}, hub.example: {mx: hub}, n.example: {mx: none}, x.example: {cname: a.example}}"
    found = architecture("transfer: backup-mx, via: hub", more).domains
    assert {name: domain.mx for name, domain in found.items()} == {"a.example": ((10, "a"), (20, "b"), (30, "hub"))}


def test_two_hosts_may_back_each_other_up():
    """Each is behind the other."""
    found = architecture("transfer: backup-mx, via: {a: b, b: a}").domains
    assert {name: domain.mx for name, domain in found.items()} == {
        "a.example": ((10, "a"), (20, "b")),
        "b.example": ((10, "b"), (20, "a")),
    }


def test_a_backup_stays_when_records_change():
    """It is behind the new hosts as well, and behind the host of an A record, but not where there are no records."""
    more = "domains: {a: {changes: [{at: 1 h, mx: {5: b}}, {at: 2 h, mx: removed, a: c}]}, c.example: {a: c}}"
    found = architecture("transfer: backup-mx, via: hub", more).domains
    assert [change.mx for change in found["a"].changes] == [((5, "b"), (15, "hub")), ()]
    assert (found["a"].mx, found["c.example"].mx) == (((0, "a"), (10, "hub")), ((0, "c"), (10, "hub")))


def test_sessions_go_the_whole_way():
    """To whoever is next, over as many links as lie between."""
    assert architecture("transfer: hub-and-spoke, via: hub").transfer == "end-to-end"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "transfer: hub-and-spoke, via: hub, protocol: nje",
            "nje by way of others (hub-and-spoke): allowed is smtp",
        ),
        ("transfer: hub-and-spoke", "hub-and-spoke by way of nobody: needed is e.g. via: hub"),
        (
            "transfer: end-to-end, via: hub",
            "a way where the transfer is end-to-end: allowed is one with hub-and-spoke, smart-host, backup-mx",
        ),
        ("transfer: smart-host, via: {a: a}", "a host by way of itself (a): allowed is another host"),
        (
            "transfer: smart-host, via: {c: a, a: b, b: a}",
            "a way that goes round (a -> b -> a): allowed is one with an end",
        ),
    ],
)
def test_what_makes_no_sense_is_said(text, said):
    """With what is allowed."""
    assert problem(text) == said


@pytest.mark.parametrize("text", ["via: nobody", "via: {a: nobody}", "via: {nobody: a}"])
def test_hosts_must_be_there(text):
    """On either side."""
    assert problem(f"transfer: smart-host, {text}").startswith("unknown host (nobody): allowed are")


def test_an_epidemic_has_no_limit():
    """Its hosts keep what they pass on, and a session spans one link."""
    found = architecture("transfer: epidemic, replicas: {ttl: 2 d, buffer: 5 MB}")
    assert (found.transfer, found.replicas) == ("store-and-forward", Replicas(ttl=2 * DAY, buffer=5_000_000))


def test_spray_and_wait_has_some_copies():
    """Six where nothing is said, as in The ONE's default settings."""
    found = [architecture(f"transfer: spray-and-wait{more}").replicas for more in ("", ", replicas: {copies: 4}")]
    assert found == [Replicas(copies=6), Replicas(copies=4)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "transfer: epidemic, protocol: nje",
            "replicas where hosts speak nje: allowed is smtp, behind an exchange of summary vectors",
        ),
        ("transfer: epidemic, replicas: {copies: 3}", "an epidemic of 3 copies: allowed is spray-and-wait, or 0"),
        (
            "transfer: end-to-end, replicas: {}",
            "replicas where the transfer is end-to-end: allowed are they with store-and-forward, epidemic, spray-and-wait",
        ),
    ],
)
def test_replicas_that_make_no_sense_are_said(text, said):
    """With what is allowed."""
    assert problem(text) == said
