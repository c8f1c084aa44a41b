"""What a host answers to each command, and whom it knows."""

from __future__ import annotations

import pytest

from sim.mail.address import Address, parse_address
from sim.mail.path import NULL_PATH, Path
from sim.mta.directory import Directory
from sim.mta.mx import is_home
from sim.mta.reception import RECIPIENT_LIMIT, Reception
from sim.scenario.spec import Domain, Host, Postfix

DOMAINS = {
    "b.example": Domain(
        name="b.example",
        mx=((10, "b"), (20, "c")),
        users=("Ann", "bob"),
        lists={"staff": ("bob@b.example", "cy@c.example")},
    ),
    "d.example": Domain(name="d.example", mx=((10, "b"),), users=("bob",)),
    "c.example": Domain(name="c.example", mx=((10, "c"),), users=("cy",)),
}
RECORDS = {name: domain.mx for name, domain in DOMAINS.items()}


def directory(host: str = "b") -> Directory:
    """Whom a host of these domains knows."""
    homes = [domain for domain in DOMAINS.values() if is_home(domain.mx, host)]
    return Directory(host, homes, RECORDS.get)


def session(**settings) -> Reception:
    """B's end of a session that has been greeted."""
    reception = Reception(Host(name="b", **settings), directory())
    reception.greet(busy=False)
    return reception


def codes(reception: Reception, text: str) -> list[int]:
    """The reply codes to what a client writes (last lines of replies)."""
    answer = reception.read(text.replace("\n", "\r\n").encode()).decode()
    return [int(line[:3]) for line in answer.split("\r\n") if line[3:4] == " "]


def test_a_whole_transaction():
    """Greeting to QUIT, with the mail in hand at its 250."""
    reception = session()
    assert codes(reception, "EHLO a\nMAIL FROM:<x@y.example>\nRCPT TO:<bob@b.example>\nDATA\n") == [250, 250, 250, 354]
    assert codes(reception, "Hi\n.\n") == [250]
    [mail] = reception.accepted
    assert (str(mail.reverse_path), mail.content, mail.protocol) == ("<x@y.example>", b"Hi\r\n", "ESMTP")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("VRFY bob@b.example", 250),
        ("VRFY ann", 250),
        ("VRFY bob", 553),
        ("VRFY nobody", 550),
        ("VRFY cy@c.example", 252),
        ("EXPN staff", 250),
        ("EXPN staff@b.example", 250),
        ("EXPN nobody", 550),
        ("NOOP", 250),
        ("HELP", 214),
        ("TURN", 502),
        ("RSET", 250),
        ("QUIT", 221),
        ("BOGUS", 500),
        ("DATA", 503),
    ],
)
def test_answers_outside_a_transaction(line: str, code: int):
    """RFC 5321 section 4.3.2, for a host that knows its users."""
    assert codes(session(), f"EHLO a\n{line}\n")[1:] == [code]


def test_reset_forgets_the_transaction():
    """After RSET the old recipients are gone: DATA is out of sequence."""
    text = "EHLO a\nMAIL FROM:<>\nRCPT TO:<bob@b.example>\nRSET\nDATA\n"
    assert codes(session(), text)[-2:] == [250, 503]


def test_hello_forgets_the_transaction():
    """A second EHLO is a RSET (RFC 5321 section 4.1.4)."""
    text = "EHLO a\nMAIL FROM:<>\nRCPT TO:<bob@b.example>\nHELO a\nDATA\n"
    assert codes(session(), text)[-2:] == [250, 503]


def test_declared_size_beyond_the_limit_is_refused_at_mail():
    """RFC 1870: SIZE lets the server refuse before the data."""
    assert codes(session(size_limit=100), "EHLO a\nMAIL FROM:<> SIZE=101\n")[-1] == 552


def test_undeclared_size_beyond_the_limit_is_refused_at_the_dot():
    """A client that says nothing about size finds out at the end."""
    reception = session(size_limit=100)
    codes(reception, "HELO a\nMAIL FROM:<>\nRCPT TO:<bob@b.example>\nDATA\n")
    assert codes(reception, "x" * 200 + "\n.\n") == [552]
    assert reception.accepted == []


def test_too_many_recipients_are_put_off():
    """Beyond the limit 452, the ones before it stand (RFC 5321 section 4.5.3.1.10)."""
    reception = session()
    codes(reception, "EHLO a\nMAIL FROM:<>\n")
    found = codes(reception, "RCPT TO:<bob@b.example>\n" * (RECIPIENT_LIMIT + 1))
    assert (found[-2:], found.count(250)) == ([250, 452], RECIPIENT_LIMIT)


def test_a_message_that_goes_round_is_refused():
    """Postfix's hopcount_limit: more Received fields than that are a loop (RFC 5321 section 6.3)."""
    reception = session(mta=Postfix(hopcount_limit=3))
    codes(reception, "EHLO a\nMAIL FROM:<>\nRCPT TO:<bob@b.example>\nDATA\n")
    assert codes(reception, "Received: x\n" * 3 + "\nbody\n.\n") == [554]


def test_busy_host_refuses_in_its_greeting():
    """The session limit is told with 421."""
    assert Reception(Host(name="b"), directory()).greet(busy=True).startswith(b"421 ")


def test_commands_are_counted():
    """Each command costs the host its service time, so they are counted."""
    reception = session()
    codes(reception, "EHLO a\nNOOP\nNOOP\n")
    assert reception.commands == 3


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        ("ann@b.example", 250),
        ("ANN@B.EXAMPLE", 250),
        ("cy@c.example", 250),
        ("eve@b.example", 550),
        ("x@no.example", 550),
    ],
)
def test_recipients(recipient: str, code: int):
    """Own users and other domains' mail are taken; unknown users and domains are not."""
    assert directory().judge(Path(parse_address(recipient))).code == code


def test_null_forward_path_is_no_recipient():
    """There is nobody at <>."""
    assert directory().judge(NULL_PATH).code == 550


def test_every_host_has_a_postmaster():
    """With and without a domain, in upper or lower case (RFC 5321 section 4.5.1)."""
    paths = [Path(Address(local, domain)) for local in ("Postmaster", "postmaster") for domain in ("", "b.example")]
    assert [directory().judge(path).code for path in paths] == [250] * 4


def test_a_backup_host_is_no_home():
    """C is an MX of b.example, but its mailboxes are at b."""
    assert not directory("c").is_local(parse_address("bob@b.example"))


def test_expansion_names_the_members():
    """A line for each (RFC 5321 section 3.5.1)."""
    assert directory().expand("Staff").lines == ("<bob@b.example>", "<cy@c.example>")


def test_a_list_of_one_name_in_two_domains_is_ambiguous():
    """553 with the choices."""
    domains = {
        name: Domain(name=name, mx=((10, "b"),), users=("u",), lists={"all": (f"u@{name}",)})
        for name in ("one.example", "two.example")
    }
    records = {name: domain.mx for name, domain in domains.items()}
    reply = Directory("b", domains.values(), records.get).expand("all")
    assert (reply.code, reply.lines) == (553, ("<all@one.example>", "<all@two.example>"))


@pytest.mark.parametrize("local", ["staff", "STAFF", "owner-staff"])
def test_lists_and_their_owners_are_recipients(local: str):
    """Mail to both is taken."""
    assert directory().judge(Path(parse_address(f"{local}@b.example"))).code == 250
