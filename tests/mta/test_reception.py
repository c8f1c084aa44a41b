"""What a host answers to each command, and whom it knows."""

from __future__ import annotations

import pytest

from sim.mail.address import Address, parse_address
from sim.mail.path import NULL_PATH, Path
from sim.mta.queue.mx import is_home
from sim.mta.server.error_limits import RECIPIENT_OVERSHOOT_LIMIT
from sim.mta.server.reception import Reception
from sim.mta.server.recipients import Directory
from sim.mta.server.transactions import RECIPIENT_LIMIT
from sim.protocol.smtp import LocalProtocolError, replies
from sim.scenario.products.base import ErrorLimits
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
    return Directory(Host(name=host), homes, RECORDS.get)


def errors(limit: int) -> ErrorLimits:
    """So many end the session, and no reply is held back."""
    return ErrorLimits(soft_limit=0, hard_limit=limit, delay=0.0)


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
    assert directory().rcpt_reply(Path(parse_address(recipient))).code == code


def test_null_forward_path_is_no_recipient():
    """There is nobody at <>."""
    assert directory().rcpt_reply(NULL_PATH).code == 550


def test_every_host_has_a_postmaster():
    """With and without a domain, in upper or lower case (RFC 5321 section 4.5.1)."""
    paths = [Path(Address(local, domain)) for local in ("Postmaster", "postmaster") for domain in ("", "b.example")]
    assert [directory().rcpt_reply(path).code for path in paths] == [250] * 4


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
    reply = Directory(Host(name="b"), domains.values(), records.get).expand("all")
    assert (reply.code, reply.lines) == (553, ("<all@one.example>", "<all@two.example>"))


@pytest.mark.parametrize("local", ["staff", "STAFF", "owner-staff"])
def test_lists_and_their_owners_are_recipients(local: str):
    """Mail to both is taken."""
    assert directory().rcpt_reply(Path(parse_address(f"{local}@b.example"))).code == 250


def asked(**settings) -> Reception:
    """B's end of a session that asks about mail, greeted."""
    reception = Reception(Host(name="b"), directory(), offers=True, **settings)
    reception.greet(busy=False)
    return reception


TRANSACTION = "MAIL FROM:<>\nRCPT TO:<bob@b.example>\nDATA\nHi\n.\n"


def test_a_host_that_is_asked_holds_the_answer_back():
    """Everything up to the final dot is answered, nothing behind it; the mail is offered and nobody's yet."""
    reception = asked()
    assert codes(reception, f"EHLO a\n{TRANSACTION}NOOP\n") == [250, 250, 250, 354]
    assert (reception.offered.content, reception.accepted) == (b"Hi\r\n", [])


def test_a_positive_decision_takes_custody():
    """Its reply goes out, with the answers to what stood behind the dot."""
    reception = asked()
    reception.read(f"EHLO a\n{TRANSACTION}NOOP\n".replace("\n", "\r\n").encode())
    mail = reception.offered
    assert reception.decide(replies.S250_QUEUED) == b"250 2.0.0 Ok: queued\r\n250 2.0.0 Ok\r\n"
    assert (reception.accepted, reception.offered) == ([mail], None)


def test_a_negative_decision_keeps_nothing():
    """The refusal goes out and nothing is accepted."""
    reception = asked()
    codes(reception, f"EHLO a\n{TRANSACTION}")
    assert reception.decide(replies.E451_LOCAL_ERROR).startswith(b"451 ")
    assert (reception.accepted, reception.in_transaction) == ([], False)


def test_there_is_nothing_to_decide_without_mail():
    """A caller's mistake is told."""
    with pytest.raises(LocalProtocolError, match="no mail is offered"):
        asked().decide(replies.S250_QUEUED)


def test_errors_end_the_session_at_the_limit():
    """The last error's reply, then 421; what comes behind is not answered."""
    reception = asked(error_limits=errors(3))
    assert codes(reception, "BOGUS\n" * 5) == [500, 500, 500, 421]
    assert reception.is_over


def test_a_refused_message_is_an_error():
    """The decision counts like any other refusal."""
    reception = asked(error_limits=errors(1))
    codes(reception, f"EHLO a\n{TRANSACTION}")
    assert [line[:3] for line in reception.decide(replies.E451_LOCAL_ERROR).splitlines()] == [b"451", b"421"]


def test_recipients_far_beyond_the_limit_are_errors():
    """As many as the limit again are put off without counting; the next one counts (Postfix)."""
    reception = asked(error_limits=errors(2))
    codes(reception, "EHLO a\nMAIL FROM:<>\n")
    found = codes(reception, "RCPT TO:<bob@b.example>\n" * (RECIPIENT_LIMIT + RECIPIENT_OVERSHOOT_LIMIT + 5))
    assert (found.count(250), found.count(452), found[-1]) == (RECIPIENT_LIMIT, RECIPIENT_OVERSHOOT_LIMIT + 2, 421)


def test_the_host_may_end_the_session_at_any_time():
    """With 421, once."""
    reception = asked()
    assert reception.close(replies.E421_TIMEOUT).startswith(b"421 ")
    assert (reception.is_over, reception.close(replies.E421_TIMEOUT)) == (True, b"")


def test_a_transaction_is_open_from_mail_to_the_dot():
    """What a server that stops has to wait for."""
    reception = session()
    found = []
    for line in ("EHLO a\n", "MAIL FROM:<>\n", "RCPT TO:<bob@b.example>\n", "DATA\n", ".\n"):
        codes(reception, line)
        found.append(reception.in_transaction)
    assert found == [False, True, True, True, False]


@pytest.mark.parametrize(
    ("host", "recipient", "code"),
    [
        ("b", "bob@b.example", 250),
        ("b", "cy@c.example", 554),
        ("b", "x@no.example", 554),
        ("c", "bob@b.example", 250),
        ("c", "bob@d.example", 554),
    ],
)
def test_a_host_that_relays_for_nobody(host: str, recipient: str, code: int):
    """Its own users, and the domains that it is an MX of, best or not."""
    homes = [domain for domain in DOMAINS.values() if is_home(domain.mx, host)]
    closed = Directory(Host(name=host), homes, RECORDS.get, relays=False)
    assert closed.rcpt_reply(Path(parse_address(recipient))).code == code


def test_judgements_are_not_remembered_without_end(monkeypatch):
    """A peer that asks for any number of addresses costs no memory."""
    monkeypatch.setattr("sim.mta.server.recipients._MOST_REMEMBERED", 10)
    knows = directory()
    for number in range(100):
        knows.rcpt_reply(Path(Address(str(number), f"{number}.example")))
    assert (knows._replies.cache_info().currsize, knows._is_home.cache_info().currsize) == (10, 10)
    assert knows.is_local(Address("postmaster", ""))
