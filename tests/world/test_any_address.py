"""Mail to and from whatever address somebody writes: the hosts' policies say what becomes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from worlds import message, run, scenario

from sim.scenario.load import loads
from sim.scenario.spec import Address, Domain

STAR = "a-b b-c c-d"
ADDRESSES = {"d": {"addresses": (Address(ip="192.0.2.4"), Address(ip="2001:db8::4"))}}
BOTH = ("honour", True)
NEITHER = ("strip", False)


def sent(sender: str, *recipients: str, routes: str = "strip", percent: bool = False, **settings):
    """What a run makes of one message over a line of four hosts, the last with addresses: the facts."""
    hosts = {"*": {"source_routes": routes, "percent_hack": percent, **settings}, **ADDRESSES}
    spec = scenario(STAR, message(0, "u1@a", "u1@b"), hosts=hosts, dialogues=True)
    own = replace(spec.workload[0].messages[0], sender=sender, recipients=recipients)
    return run(replace(spec, workload=(replace(spec.workload[0], messages=(own,)),)))


def fates(facts):
    """The path and outcome of each copy that users wrote."""
    return [(copy.path, copy.outcome) for copy in facts.copies if copy.message_id == 1]


def said(facts, *beginnings: str) -> list[str]:
    """Lines of the clients that begin with one of these."""
    return [line.line for line in facts.dialogues if line.direction == ">" and line.line.startswith(beginnings)]


@pytest.mark.parametrize(
    ("text", "wire", "policies", "path"),
    [
        ("u1@d.example", "<u1@d.example>", NEITHER, "a>d"),
        ('"u1"@d.example', "<u1@d.example>", NEITHER, "a>d"),
        ("u1 (Gérard (né) Florin) @D.Example", "<u1@D.Example>", NEITHER, "a>d"),
        ("Gérard Florin <u1@d.example>", "<u1@d.example>", NEITHER, "a>d"),
        ("Gérard\n Florin <u1@d.example>", "<u1@d.example>", NEITHER, "a>d"),
        ("u1@192.0.2.4", "<u1@[192.0.2.4]>", NEITHER, "a>d"),
        ("U1@[IPv6:2001:DB8:0::4]", "<U1@[IPv6:2001:DB8:0::4]>", NEITHER, "a>d"),
        ("<@b.example,@c.example:u1@d.example>", "<@b.example,@c.example:u1@d.example>", BOTH, "a>b>c>d"),
        ("<@b.example,@c.example:u1@d.example>", "<u1@d.example>", NEITHER, "a>d"),
        ("<@[192.0.2.4],@c:u1@b.example>", "<@[192.0.2.4],@c:u1@b.example>", BOTH, "a>d>c>b"),
        ("<@b.example,@b,@a:u2@a.example>", "<@b.example,@b,@a:u2@a.example>", BOTH, "a>b>a"),
        ("<u1 % d.example % c.example @ b.example>", "<u1%d.example%c.example@b.example>", BOTH, "a>b>c>d"),
        ('"u1%[192.0.2.4]%c.example"@b.example', '<"u1%[192.0.2.4]%c.example"@b.example>', BOTH, "a>b>c>d"),
        ("<@c:u1%d.example@b.example>", "<@c:u1%d.example@b.example>", BOTH, "a>c>b>d"),
        ("<@c:u1%d.example@b.example>", "<u1%d.example@b.example>", ("strip", True), "a>b>d"),
    ],
)
def test_an_address_that_leads_to_a_user(text, wire, policies, path):
    """Comments and names are the header's; the wire has the path, and each host on it does as its policies say."""
    routes, percent = policies
    facts = sent("u1@a.example", text, routes=routes, percent=percent)
    assert said(facts, "RCPT TO")[0].removeprefix("RCPT TO:") == wire
    assert fates(facts) == [(path, "delivered")]


@pytest.mark.parametrize(
    ("text", "routes", "path", "reason"),
    [
        ("ghost@d.example", "honour", "a", "550 5.1.1 No such user here"),
        ('""@d.example', "honour", "a", "550 5.1.1 No such user here"),
        ("u1@nowhere.example", "honour", "a", "550 5.1.2 Host or domain name not found"),
        ("u1@[192.0.2.9]", "honour", "a", "expired: 4.4.1 no route to host"),
        ("ghost@[192.0.2.4]", "honour", "a", "550 5.1.1 No such user here"),
        ("<@nowhere.example:u1@d.example>", "honour", "a", "550 5.1.2 Host or domain name not found"),
        ("<@b,@nowhere.example:u1@d.example>", "honour", "a", "550 5.1.2 No such domain"),
        ("<@b,@[192.0.2.9]:u1@d.example>", "honour", "a>b", "expired: 4.4.1 no route to host"),
        ("<@b.example:u1@d.example>", "reject", "a", "550 5.7.1 Source routes are not taken"),
        ("<@a.example:u2@a.example>", "reject", "a", "550 5.7.1 Source routes are not taken"),
        ("u1%d.example@b.example", "honour", "a", "550 5.1.1 No such user here"),
        ("u2%b.example@a.example", "honour", "a", "550 5.1.1 User unknown"),
    ],
)
def test_an_address_that_leads_nowhere(text, routes, path, reason):
    """It comes back, and its writer hears why: he had a report."""
    facts = sent("u1@a.example", text, routes=routes)
    [copy, report] = sorted(facts.copies, key=lambda copy: copy.message_id)
    assert (copy.path, copy.outcome, copy.reason) == (path, "bounced", reason)
    assert (report.recipient, report.outcome) == ("u1@a.example", "delivered")


@pytest.mark.parametrize(
    ("sender", "wire", "policies", "back"),
    [
        ("Gérard <u1@A.example>", "<u1@A.example>", NEITHER, [("u1@A.example", "a", "delivered")]),
        ("ghost@a.example", "<ghost@a.example>", NEITHER, [("ghost@a.example", "a", "expired")]),
        ("u1@nowhere.example", "<u1@nowhere.example>", NEITHER, [("u1@nowhere.example", "a", "expired")]),
        ("u1@[192.0.2.4]", "<u1@[192.0.2.4]>", NEITHER, [("u1@[192.0.2.4]", "d", "delivered")]),
        ("u1@[192.0.2.9]", "<u1@[192.0.2.9]>", NEITHER, [("u1@[192.0.2.9]", "a", "expired")]),
        ("<@d,@c:u1@a.example>", "<@d,@c:u1@a.example>", BOTH, [("u1@a.example", "a>d>c>a", "delivered")]),
        ("<@d,@c:u1@a.example>", "<@d,@c:u1@a.example>", NEITHER, [("u1@a.example", "a", "delivered")]),
        ("<@d,@c:u1@a.example>", "<@d,@c:u1@a.example>", ("reject", False), [("u1@a.example", "a", "delivered")]),
        ("u1%d.example@a.example", "<u1%d.example@a.example>", BOTH, [("u1%d.example@a.example", "a>d", "delivered")]),
    ],
)
def test_any_address_may_write(sender, wire, policies, back):
    """The writer's host is that of his address, else the first; reports go back by the path as hosts take it."""
    routes, percent = policies
    facts = sent(sender, "ghost@b.example", routes=routes, percent=percent)
    assert said(facts, "MAIL FROM")[0].split(" SIZE=")[0].removeprefix("MAIL FROM:") == wire
    reports = [copy for copy in facts.copies if copy.message_id != 1]
    assert [(copy.recipient, copy.path, copy.outcome) for copy in reports] == back


def test_the_header_has_what_was_written():
    """In US-ASCII, as far as names and comments go."""
    facts = sent("Gérard <u1@a.example>", "u1 (le chef) @ d.example", "@b.example:u2@d.example")
    assert said(facts, "From:", "To:", " ")[:3] == [
        "From: =?utf-8?q?G=C3=A9rard?= <u1@a.example>",
        "To: u1 (le chef) @ d.example,",
        " <@b.example:u2@d.example>",
    ]


def test_a_literal_goes_to_its_address():
    """Of a host's addresses it is the one that is written, whatever its product prefers."""
    for literal, ip in (("[192.0.2.4]", "192.0.2.4"), ("[IPv6:2001:db8::4]", "2001:db8::4")):
        facts = sent("u1@a.example", f"u1@{literal}")
        assert [attempt.to_address for attempt in facts.attempts] == [ip]


def test_a_literal_is_the_mailbox_of_whichever_domain_has_it():
    """RFC 1123 section 5.2.17: a host's own address is its own; a user of any of its domains is there."""
    domains = {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
        "one.example": Domain(name="one.example", mx=((0, "b"),), users=("u1",)),
        "two.example": Domain(name="two.example", mx=((0, "b"),), users=("u2",), lists={"all": ("u1@one.example",)}),
    }
    hosts = {"b": {"addresses": (Address(ip="192.0.2.2"),)}}
    letters = [message(0, "u1@a", f"{local}@[192.0.2.2]") for local in ("u2", "all", "postmaster")]
    facts = run(scenario("a-b", *letters, hosts=hosts, domains=domains))
    assert {copy.recipient: copy.outcome for copy in facts.copies} == {
        "u2@[192.0.2.2]": "delivered",
        "all@[192.0.2.2]": "delivered",
        "u1@one.example": "delivered",
        "postmaster@[192.0.2.2]": "delivered",
    }


NAMED = """
network: {nodes: [a, New York, c], links: [{between: [a, New York]}, {between: [New York, c]}]}
hosts: {defaults: {source_routes: honour}}
domains: {a.example: {mx: a, users: [ann]}, c.example: {mx: c, users: [cid]}}
architectures: {e: {transfer: end-to-end}}
workload: {messages_at: [{at: 0 s, from: ann@a.example, to: "<@new-york,@c:ghost@c.example>"}]}
"""


def test_a_report_comes_back_by_a_host_of_any_name():
    """A route notes what a host calls itself, which the name service knows."""
    assert [(copy.recipient, copy.path, copy.outcome) for copy in run(loads(NAMED)).copies] == [
        ("ghost@c.example", "a>New York", "bounced"),
        ("ann@a.example", "New York>a", "delivered"),
    ]


def test_a_domain_in_any_script():
    """RFC 6531: such mail asks for SMTPUTF8, and U-labels are looked up as A-labels (RFC 5891 section 5.5)."""
    text = """
network: {nodes: [a, b], links: [{between: [a, b]}]}
hosts: {defaults: {source_routes: honour}}
domains: {a.example: {mx: a, users: [ann]}, xn--caf-dma.example: {mx: b, users: [bob]}}
dialogues: yes
architectures: {e: {transfer: end-to-end}}
workload:
  messages_at:
    - {at: 0 s, from: gérard@CAFÉ.example, to: bob@café.example}
    - {at: 1 s, from: ann@a.example, to: ["<@café.example:ann@a.example>", rené@café.example]}
"""
    facts = run(loads(text))
    assert [(copy.recipient, copy.path, copy.outcome) for copy in facts.copies if copy.message_id < 3] == [
        ("bob@café.example", "b", "delivered"),
        ("ann@a.example", "a>b>a", "delivered"),
        ("rené@café.example", "a", "bounced"),
    ]
    assert said(facts, "RCPT TO")[0] == "RCPT TO:<@café.example:ann@a.example>"
    assert all(line.endswith("SMTPUTF8") for line in said(facts, "MAIL FROM:<"))


def test_a_domain_is_one_in_any_case():
    """Its mail goes in one session, as a message to any of its users."""
    facts = sent("u1@a.example", "u1@d.example", "u2@D.Example")
    assert [attempt.recipients for attempt in facts.attempts] == [2]


def test_a_route_that_goes_round_ends_by_its_hops():
    """Every host honours it, and one has counted enough (RFC 5321 section 6.3)."""
    there_and_back = ",".join(["@b,@a"] * 40)
    [copy, report] = sorted(
        sent("u1@a.example", f"<{there_and_back}:u1@b.example>", routes="honour").copies, key=lambda one: one.message_id
    )
    assert (copy.outcome, copy.reason.partition(":")[0]) == ("bounced", "554 5.4.0 Error")
    assert (report.recipient, report.outcome) == ("u1@a.example", "delivered")
