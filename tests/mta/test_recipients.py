"""Source routes, percent addresses, users who are elsewhere, and what VRFY and EXPN tell, under each policy."""

from __future__ import annotations

import pytest

from sim.mail.address import Address, parse_address
from sim.mail.path import NULL_PATH, Path, parse_forward_path
from sim.mta.server.recipients import Directory
from sim.protocol.smtp.replies import S252_CANNOT_VERIFY
from sim.scenario.spec import Domain, Host

DOMAINS = (
    Domain(
        name="b.example",
        mx=((10, "b"),),
        users=("bob", "Sam Smith", "andr\u00e9"),
        lists={"staff": ("bob@b.example",), "amis": ("andr\u00e9@b.example",)},
        forwards={"gone": "gone@c.example", "alias": "bob@b.example", "loin": "andr\u00e9@c.example"},
        moved={"left": "left@c.example", "parti": "andr\u00e9@c.example"},
    ),
    Domain(name="d.example", mx=((10, "b"),), users=("bob", "dan"), moved={"andr\u00e9": "a@c.example"}),
)
RECORDS = {"b.example": ((10, "b"),), "d.example": ((10, "b"),), "c.example": ((10, "c"),), "b": ((0, "b"),)}


def directory(domains=DOMAINS, *, relays=True, **settings) -> Directory:
    """Whom b knows."""
    return Directory(Host(name="b", **settings), domains, RECORDS.get, relays=relays)


def judged(path: str, **settings) -> tuple[int, str]:
    """Code and text of the reply to a forward-path."""
    reply = directory(**settings).rcpt_reply(parse_forward_path(path))
    return reply.code, reply.text


@pytest.mark.parametrize(
    ("policy", "path", "relays", "code"),
    [
        ("strip", "<@x.example:bob@b.example>", True, 250),
        ("strip", "<@x.example:eve@b.example>", True, 550),
        ("strip", "<@b.example:x@c.example>", False, 554),
        ("reject", "<@x.example:bob@b.example>", True, 550),
        ("reject", "<bob@b.example>", True, 250),
        ("honour", "<@c.example:bob@b.example>", True, 250),
        ("honour", "<@c.example:bob@b.example>", False, 554),
        ("honour", "<@x.example:bob@b.example>", True, 550),
        ("honour", "<@b,@b.example:bob@b.example>", False, 250),
        ("honour", "<@B,@c.example:eve@b.example>", True, 250),
        ("honour", "<@b:eve@b.example>", True, 550),
    ],
)
def test_source_routes(policy: str, path: str, relays: bool, code: int):
    """Stripped (RFC 5321), followed to its first foreign host (RFC 821), or not taken."""
    assert judged(path, source_routes=policy, relays=relays)[0] == code


@pytest.mark.parametrize(
    ("path", "hack", "code"),
    [
        ("<bob%b.example@d.example>", True, 250),
        ("<bob%b.example%d.example@b>", True, 250),
        ("<x%c.example@b.example>", True, 250),
        ("<x%no.example@b.example>", True, 550),
        ("<bob%b.example@d.example>", False, 550),
        ("<c.example!x@b.example>", True, 550),
        ("<c.example!x@b.example>", False, 550),
    ],
)
def test_percent_addresses(path: str, hack: bool, code: int):
    """They mean another address only where they are to; `a!b@c` is always a user of c (RFC 976)."""
    assert judged(path, percent_hack=hack)[0] == code


def test_a_percent_address_is_no_way_round_the_relay_policy():
    """What it means is what is judged."""
    assert judged("<x%c.example@b.example>", percent_hack=True, relays=False)[0] == 554


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("<gone@b.example>", (251, "User not local; will forward to <gone@c.example>")),
        ("<GONE@B.example>", (251, "User not local; will forward to <gone@c.example>")),
        ("<loin@b.example>", (250, "Ok")),
        ("<left@b.example>", (551, "User not local; please try <left@c.example>")),
        ("<parti@b.example>", (550, "User has moved")),
        ("<gone@d.example>", (550, "No such user here")),
    ],
)
def test_users_who_are_elsewhere(path: str, found: tuple[int, str]):
    """Mail is passed on (251), or the new address is told (551); not where US-ASCII cannot write it (RFC 5321 3.4)."""
    assert judged(path) == found


def test_who_passes_nothing_on_promises_nothing():
    """Mail for a user who forwards his is taken where it stays, by a 250 and no 251; who has moved is told of."""
    found = directory(relays=False)
    asked = [found.rcpt_reply(parse_forward_path(f"<{user}@b.example>")) for user in ("gone", "loin", "left")]
    assert [reply.code for reply in asked] == [250, 250, 551]
    assert found.verify("gone").text == "<gone@b.example>"


@pytest.mark.parametrize(
    ("path", "settings", "meant"),
    [
        ("<bob@b.example>", {}, "<bob@b.example>"),
        ("<gone@b.example>", {}, "<gone@b.example>"),
        ("<bob%b.example@d.example>", {}, "<bob%b.example@d.example>"),
        ("<bob%b.example@d.example>", {"percent_hack": True}, "<bob@b.example>"),
        ("<x%y%z@b>", {"percent_hack": True}, "<x%y@z>"),
        ("<@b:x%y@b>", {"source_routes": "honour", "percent_hack": True}, "<@b:x@y>"),
        ("<@x:x%y@b>", {"source_routes": "honour", "percent_hack": True}, "<@x:x%y@b>"),
        ("<>", {"percent_hack": True}, "<>"),
        ("<a!c!x@b.example>", {}, "<a!c!x@b.example>"),
        ("<a!c!x@b.example>", {"bang_paths": True}, "<c!x@a>"),
        ("<b!a.example!x@b.example>", {"bang_paths": True}, "<x@a.example>"),
        ("<b!bob@b>", {"bang_paths": True}, "<bob@b.example>"),
        ("<nobody@b>", {"bang_paths": True}, "<nobody@b.example>"),
        ("<!x@b.example>", {"bang_paths": True}, "<!x@b.example>"),
        ("<a!x%y@b.example>", {"bang_paths": True, "percent_hack": True}, "<a!x@y>"),
    ],
)
def test_rewriting(path: str, settings: dict[str, object], meant: str):
    """Percent addresses and bang paths are followed where they are to be, but not before the end of a route that is honoured."""
    parsed = NULL_PATH if path == "<>" else parse_forward_path(path)
    assert str(directory(**settings).canonical_path(parsed)) == meant


def test_forwards():
    """A user's other address is known in upper case and lower; nobody else has one."""
    known = directory()
    assert str(known.forward(Address("GONE", "B.example"))) == "gone@c.example"
    assert known.forward(Address("bob", "b.example")) is None
    assert directory(domains=()).forward(Address("gone", "b.example")) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("dan", "250 <dan@d.example>"),
        ("<dan>", "250 <dan@d.example>"),
        (" Dan@d.example ", "250 <Dan@d.example>"),
        ('"dan"@d.example', "250 <dan@d.example>"),
        ('"Sam Smith"', '250 <"Sam Smith"@b.example>'),
        ("staff", "250 <staff@b.example>"),
        ("bob", "553 <bob@b.example>\n<bob@d.example>"),
        ("postmaster", "250 <postmaster@b.example>"),
        ("MAILER-DAEMON", "250 <MAILER-DAEMON@b.example>"),
        ("gone", "251 User not local; will forward to <gone@c.example>"),
        ("left@b.example", "551 User not local; please try <left@c.example>"),
        ("loin", "252 The answer has non-ASCII characters: ask with SMTPUTF8"),
        ("eve", "550 No such user here"),
        ("eve@b.example", "550 No such user here"),
        ("x@c.example", "252 Cannot verify the user, but will take mail for this user and try"),
        ("Bob Smith", "501 Syntax: VRFY user or user@domain"),
        ("<>", "501 Syntax: VRFY user or user@domain"),
        ("a@", "501 Syntax: VRFY user or user@domain"),
        ("@", "501 Syntax: VRFY user or user@domain"),
    ],
)
def test_verification(text: str, found: str):
    """RFC 5321 section 3.5: the one mailbox, the choices where there are several, or why there is none."""
    reply = directory().verify(text)
    assert f"{reply.code} {reply.text}" == found


def test_verification_of_a_percent_address():
    """The mailbox that it means is what is verified."""
    assert directory(percent_hack=True).verify("dan%d.example@b.example").lines == ("<dan@d.example>",)


def test_a_host_without_domains_has_a_postmaster():
    """At the host itself (RFC 5321 section 4.5.1)."""
    assert directory(domains=()).verify("Postmaster").lines == ("<Postmaster@b>",)


@pytest.mark.parametrize(
    ("asked", "text", "code", "lines"),
    [
        ("verify", "andr\u00e9@b.example", 250, ("<andr\u00e9@b.example>",)),
        ("verify", "andr\u00e9", 553, ("<andr\u00e9@b.example>", "<andr\u00e9@d.example>")),
        ("verify", "parti", 551, ("User not local; please try <andr\u00e9@c.example>",)),
        ("expand", "amis", 250, ("<andr\u00e9@b.example>",)),
    ],
)
def test_answers_in_utf8(asked: str, text: str, code: int, lines: tuple[str, ...]):
    """They are for clients that read UTF-8; the others are told no more than that (RFC 6531 section 3.7.4.2)."""
    answer = getattr(directory(), asked)
    assert (answer(text, utf8=True).code, answer(text, utf8=True).lines) == (code, lines)
    blind = answer(text)
    assert (blind.code, blind.enhanced) == ((550, "5.1.6") if text == "parti" else (252, "2.6.8"))


def test_a_host_relays_to_whom_it_is_told():
    """A path without a route is judged by its domain, as ever."""
    assert [
        directory(relays=relays).rcpt_reply(Path(parse_address("x@c.example"))).code for relays in (True, False)
    ] == [
        250,
        554,
    ]


@pytest.mark.parametrize("relays", [True, False])
@pytest.mark.parametrize("domain", ["c.example", "nosuch.example", "[192.0.2.9]", "none.example"])
def test_verification_elsewhere_says_what_rcpt_says(domain: str, relays: bool):
    """VRFY of a foreign address is refused where RCPT is, in the same words; where mail would be taken it gets 252."""
    records = {**RECORDS, "none.example": ((0, "."),)}
    found = Directory(Host(name="b"), DOMAINS, records.get, relays=relays)
    reply = found.rcpt_reply(Path(parse_address(f"x@{domain}")))
    assert found.verify(f"x@{domain}") == (S252_CANNOT_VERIFY if reply.positive else reply)


@pytest.mark.parametrize("text", ["staff", "STAFF", '"staff"', "<staff>", "staff@b.example", '<"staff"@B.example>'])
def test_a_list_by_any_spelling(text: str):
    """Quotes, brackets, case and the domain make no other list of it (RFC 5321 section 4.1.2)."""
    assert directory().expand(text).lines == ("<bob@b.example>",)


@pytest.mark.parametrize("text", ["my staff", "a@", "<>"])
def test_what_is_no_list_name(text: str):
    """501, as for VRFY."""
    assert directory().expand(text).code == 501


def test_a_list_whose_name_needs_quotes():
    """It is found by them, and written with them where there are several of the name."""
    domains = [Domain(name=f"{one}.example", mx=(), users=(), lists={"my list": ("a@x",)}) for one in "ab"]
    found = Directory(Host(name="b"), domains, RECORDS.get)
    assert found.expand('"My List"').lines == ('<"my list"@a.example>', '<"my list"@b.example>')
    assert found.expand('"my list"@b.example').lines == ("<a@x>",)


OWN = {"[192.0.2.1]": "[192.0.2.001]", "[IPv6:2001:db8::1]": "[ipv6:2001:DB8:0::1]"}


@pytest.mark.parametrize(("own", "spelling"), OWN.items())
def test_own_address_literals_are_local(own: str, spelling: str):
    """Their users are those of the host's domains (RFC 1123 section 5.2.17), however they are spelt; others' are not."""
    found = directory(relays=False, percent_hack=True)
    mail = [f"<{who}@{spelling}>" for who in ("bob", "dan", "postmaster", "gone", "dan%d.example", "eve")]
    mail += [f"<@{spelling}:dan@d.example>", "<dan@[192.0.2.2]>"]
    asked = [parse_forward_path(path) for path in mail]
    assert {found.rcpt_reply(path).code for path in asked[:6]} == {554}
    found.add_literal(own)
    assert [found.rcpt_reply(path).code for path in asked] == [250, 250, 250, 250, 250, 550, 250, 554]
    assert found.verify(f"dan@{spelling}").lines == ("<dan@d.example>",)


@pytest.mark.parametrize("own", OWN)
def test_routes_through_own_literals(own: str):
    """A route that is honoured ends where the host itself stands in it."""
    found = directory(relays=False, source_routes="honour")
    found.add_literal(own)
    assert found.rcpt_reply(parse_forward_path(f"<@{own}:dan@d.example>")).code == 250


def test_a_host_without_domains_takes_its_postmaster_at_a_literal():
    """And nobody else."""
    found = directory(domains=())
    found.add_literal("[192.0.2.1]")
    assert [found.rcpt_reply(parse_forward_path(f"<{who}@[192.0.2.1]>")).code for who in ("Postmaster", "bob")] == [
        250,
        550,
    ]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("<ANDR\u00c9@b.example>", 250),
        ("<andre\u0301@b.example>", 250),
        ('"Andr\u00e9"@B.Example', 250),
        ('"bob"@b.example', 250),
        (r'"\b\ob"@b.example', 250),
        ('"SAM\\ smith"@b.example', 250),
        ('"Sam  Smith"@b.example', 550),
        ("<andre@b.example>", 550),
        ("<LOIN@b.example>", 250),
    ],
)
def test_forms_of_one_local_part(path: str, code: int):
    """Case, quotes, backslashes and Unicode forms make no other user; spaces and accents do."""
    path = path if path.startswith("<") else f"<{path}>"
    assert directory().rcpt_reply(parse_forward_path(path, utf8=True)).code == code
