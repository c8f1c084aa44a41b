"""Networks of several protocols in one scenario: sessions end where the protocol changes, and gateways pass mail on."""

from __future__ import annotations

from dataclasses import replace

import pytest

import sim
from sim.gateway.losses import Loss
from sim.gateway.mappings import GATEWAYS
from sim.gateway.passing import Mapped
from sim.mail.address import Address
from sim.mail.path import Path
from sim.report.html import render
from sim.report.transcript import transcript
from sim.world.host.services import OPENERS
from sim.world.simulation import Simulation

TEXT = """
duration: 1 h
drain: 2 d
dialogues: true
network:
  nodes: [a, r, g, b, c]
  link_defaults: {{delay: 20 ms}}
  links: [{links}]
domains:
  a.example: {{mx: {{10: a}}, users: [ann]}}
  g.example: {{mx: {{10: g}}, users: [gus]}}
  b.example: {{mx: {{10: b}}, users: [bill, beth, Bill2]}}
  c.example: {{mx: {{10: c}}, users: [cid], lists: {{all: [bill@b.example, cid@c.example]}}}}
hosts: {hosts}
workload: {{messages_at: [{mail}]}}
architectures: {{direct: {{transfer: end-to-end}}}}
"""
LINE = ["a-r", "r-g", "g-b uucp", "b-c uucp"]


def world(*links, mail="", hosts="{}"):
    """A scenario of these links, each with the protocol behind its name; those that only tests know are put in."""
    said = []
    for link in links:
        ends, _, more = link.partition(" ")
        protocol, _, rest = more.partition(" ")
        said.append((ends.split("-"), protocol, rest))
    text = ", ".join(f"{{between: [{a}, {b}]{rest}}}" for (a, b), _, rest in said)
    scenario = sim.loads(TEXT.format(links=text, mail=mail, hosts=hosts))
    network = replace(
        scenario.network,
        links=tuple(
            replace(link, protocol=protocol or None)
            for link, (_, protocol, _) in zip(scenario.network.links, said, strict=True)
        ),
    )
    return replace(scenario, network=network)


@pytest.fixture(autouse=True)
def _uucp(monkeypatch):
    """A second protocol by which hosts pass mail on, which is SMTP under another name."""
    monkeypatch.setitem(OPENERS, "uucp", OPENERS["smtp"])


def facts(*links, to="bill@b.example", by="ann@a.example", hosts="{}"):
    """All facts of one message from a."""
    mail = f"{{at: 1 s, from: {by}, to: [{to}]}}"
    scenario = world(*links, mail=mail, hosts=hosts)
    return Simulation(scenario, scenario.architectures["direct"], 0, 1).run()


def hops(found, message_id=1):
    """Who passed a message on to whom by which protocol, in order."""
    return [(it.from_host, it.to_host, it.protocol) for it in found.attempts if it.message_id == message_id]


def ends(found, message_id=1):
    """What became of a message's copies, by recipient."""
    return {copy.recipient: copy.outcome for copy in found.copies if copy.message_id == message_id}


@pytest.mark.slow
def test_a_session_ends_where_the_protocol_changes():
    """SMTP goes to the gateway in one session, UUCP from neighbour to neighbour."""
    found = facts(*LINE, to="cid@c.example")
    assert (hops(found), ends(found)) == (
        [("a", "g", "smtp"), ("g", "b", "uucp"), ("b", "c", "uucp")],
        {"cid@c.example": "delivered"},
    )


def test_one_protocol_over_all_links_is_as_an_architectures():
    """Where all links say what the architecture says nothing is otherwise."""
    links = ["a-r smtp", "r-g smtp", "g-b smtp"]
    with_protocol, without = (facts(*(link[: len(link) - cut] for link in links)) for cut in (0, 5))
    assert with_protocol == without
    assert (with_protocol.addresses, with_protocol.losses) == ([], [])


def test_one_other_protocol_over_all_links_is_spoken():
    """Where all links have one protocol there is no gateway, and hosts speak that."""
    assert hops(facts("a-g uucp", "g-b uucp"))[0][2] == "uucp"


def test_mail_goes_by_the_link_that_is_up():
    """Of parallel links the other one's protocol is spoken while the first is down."""
    found = facts("a-g", "a-g uucp , delay: 30 ms", "g-b uucp")
    assert hops(found)[0] == ("a", "g", "smtp")
    found = facts("a-g smtp , down: [{from: 0 s, to: 1 h}]", "a-g uucp , delay: 30 ms", "g-b uucp")
    assert hops(found) == [("a", "g", "uucp"), ("g", "b", "uucp")]


@pytest.mark.slow
def test_what_a_gateway_leaves_out_is_counted_and_named():
    """A file has no envelope: its sender is lost, and what he asked for."""
    mail = "{at: 1 s, from: ann@a.example, to: [bill@b.example, gus@g.example]}"
    result = sim.run(world("a-g", "g-b ftp", mail=mail))
    losses = result.losses[["message_id", "host", "from_protocol", "to_protocol", "what"]]
    assert losses.to_numpy().tolist() == [[1, "g", "smtp", "ftp", "service reverse-path"]]
    assert result.measures["gateway_losses"].to_list() == [1.0]
    assert sim.run(world("a-g", "g-b", mail=mail)).measures["gateway_losses"].isna().to_list() == [True]
    assert "<li>g under direct, from smtp to ftp: service reverse-path (1)</li>" in render(result)
    said = transcript(result, 1).splitlines()
    assert [line for line in said if line.startswith("#   ")] == [
        "#   bill@b.example: to bill@b.example, from ann@a.example",
        "#   gus@g.example: to gus@g.example, from ann@a.example",
        "#   bill@b.example: to bill@b.example, from ann@a.example",
        "#   left out: service reverse-path",
    ]


def test_a_copy_stays_itself_whatever_its_address_becomes(monkeypatch):
    """Addresses are written as the network has them; the ledger knows the copy by its first one."""

    def respelt(passing, seam):
        paths = tuple(Path(Address(seam.hosts["b"].upper() + "ill2", "b.example")) for _ in passing.forward_paths)
        return Mapped(passing._replace(forward_paths=paths, content=b"Subject: other\r\n\r\n"))

    monkeypatch.setitem(GATEWAYS, ("smtp", "uucp"), respelt)
    found = facts(*LINE, to="bill@b.example, beth@b.example")
    assert ends(found) == {"bill@b.example": "delivered", "beth@b.example": "delivered"}
    assert sorted((it.recipient, it.address, it.protocol) for it in found.addresses) == [
        ("beth@b.example", "Bill2@b.example", "uucp"),
        ("beth@b.example", "beth@b.example", "smtp"),
        ("bill@b.example", "Bill2@b.example", "uucp"),
        ("bill@b.example", "bill@b.example", "smtp"),
    ]


def test_copies_for_several_networks_part_at_the_gateway(monkeypatch):
    """Each goes on as a message of its network."""
    monkeypatch.setitem(
        GATEWAYS,
        ("uucp", "smtp"),
        lambda passing, _: Mapped(passing._replace(content=b"Subject: u\r\n\r\n"), [Loss("text", "body")]),
    )
    found = facts("a-g uucp", "g-b uucp", "g-c", to="bill@b.example, cid@c.example, beth@b.example")
    assert set(ends(found).values()) == {"delivered"}
    assert sorted(hops(found)) == [("a", "g", "uucp"), ("g", "b", "uucp"), ("g", "c", "smtp")]
    assert [(it.message_id, it.what) for it in found.losses] == [(1, "text body")]


@pytest.mark.parametrize("others", ["", ", cid@c.example"])
def test_what_the_other_network_has_nothing_for_is_lost_there(monkeypatch, others):
    """A message that can be nothing there ends at the gateway: lost, and counted."""
    monkeypatch.setitem(GATEWAYS, ("smtp", "uucp"), lambda *_: Mapped(None, [Loss("report", "of it")]))
    found = facts("a-g", "g-b uucp", "b-c smtp", to=f"bill@b.example{others}")
    [copy] = [copy for copy in found.copies if copy.recipient == "bill@b.example"]
    assert (copy.outcome, copy.reason) == ("lost", "gateway g: uucp has no such message")
    assert [it.what for it in found.losses] == ["report of it"]


@pytest.mark.parametrize("others", ["", ", beth@b.example", ", cid@c.example"])
def test_an_address_that_cannot_be_written_comes_back(monkeypatch, others):
    """Its sender has a report, across the gateway."""

    def picky(passing, _):
        refused = [(path, "no such name there") for path in passing.forward_paths if path.mailbox.local == "bill"]
        return Mapped(passing, (), refused)

    monkeypatch.setitem(GATEWAYS, ("smtp", "uucp"), picky)
    found = facts("a-g", "g-b uucp", "b-c smtp", to=f"bill@b.example{others}")
    [copy] = [copy for copy in found.copies if copy.recipient == "bill@b.example"]
    assert (copy.outcome, copy.reason) == ("bounced", "554 5.6.3 no such name there")
    assert ends(found, 2) == {"ann@a.example": "delivered"}


def test_a_report_crosses_the_gateway_too():
    """What is refused beyond comes back the same way, mapped again."""
    found = facts(*LINE, to="nobody@c.example")
    assert ends(found) == {"nobody@c.example": "bounced"}
    assert (hops(found, 2), ends(found, 2)) == (
        [("b", "g", "uucp"), ("g", "a", "smtp")],
        {"ann@a.example": "delivered"},
    )


def test_what_the_sender_asked_for_may_be_left_out(monkeypatch):
    """A network without parameters gets none."""
    seen = []

    def bare(passing, _):
        seen.append((passing.parameters, passing.recipient_parameters))
        return Mapped(passing._replace(parameters=(), recipient_parameters=()))

    monkeypatch.setitem(GATEWAYS, ("smtp", "uucp"), bare)
    asked = "{at: 1 s, from: ann@a.example, to: bill@b.example, asks: {notify: success, envelope_id: E}}"
    scenario = world(*LINE, mail=asked)
    found = Simulation(scenario, scenario.architectures["direct"], 0, 1).run()
    [(parameters, each)] = seen
    assert ("ENVID" in dict(parameters), dict(each[0])["NOTIFY"]) == (True, "SUCCESS")
    assert [copy.outcome for copy in found.copies] == ["delivered"]


def test_a_loop_over_gateways_ends():
    """Two hosts that name each other by two protocols are found by their trace fields."""
    hosts = "{g: {routes: {c.example: b}}, b: {routes: {c.example: g}}}"
    found = facts(
        "a-g",
        "g-b uucp",
        "g-b smtp , delay: 1 s",
        "b-c uucp , down: [{from: 0 s, to: 3 d}]",
        hosts=hosts,
        to="cid@c.example",
    )
    assert ends(found) == {"cid@c.example": "bounced"}


def test_a_crash_of_the_gateway_loses_nothing():
    """What it had taken goes on when it is back."""
    hosts = "{g: {down: [{from: 1.08 s, to: 10 min}]}}"
    found = facts(*LINE, hosts=hosts)
    assert ends(found) == {"bill@b.example": "delivered"}


@pytest.mark.parametrize(
    ("to", "settings"),
    [
        ("b!c!cid@g.example", "bang_paths: yes"),
        ("b!c.example!cid@g.example", "bang_paths: yes"),
        ("cid%c.example@g.example", "percent_hack: yes"),
        ("'@g.example,@b.example:cid@c.example'", "source_routes: honour"),
    ],
)
def test_routes_in_addresses_lead_through_gateways(to, settings):
    """A bang path, a percent address and a source route name the gateway, and what is beyond it."""
    found = facts(*LINE, to=to, hosts=f"{{defaults: {{{settings}}}}}")
    assert [copy.outcome for copy in found.copies] == ["delivered"]
    assert hops(found) == [("a", "g", "smtp"), ("g", "b", "uucp"), ("b", "c", "uucp")]


def test_the_address_at_every_hop_is_written_down():
    """A bang path loses its first host at each."""
    found = facts(*LINE, to="b!c!cid@g.example", hosts="{defaults: {bang_paths: yes}}")
    assert [it.address for it in found.addresses] == ["b!c!cid@g.example", "c!cid@b", "cid@c"]
    assert {it.recipient for it in found.addresses} == {"b!c!cid@g.example"}
