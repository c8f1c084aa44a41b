"""Host error against message error, for every product: which reply at which command backs off whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from worlds import message, run, scenario

from sim.scenario.products import PRODUCTS
from sim.scenario.products.base import Product
from sim.scenario.products.tables import KINDS, PLACES
from sim.scenario.spec import Domain, Interval, Weather
from sim.scenario.spec.policies import Policies, Refusal

FACTS = [
    # Whether the reply to a command that opens the session is about the host or about the mail.
    ("postfix", "5yz", "greeting", "h>", "smtp_proto.c: smtp_skip_5xx_greeting makes a 4yz of it"),
    ("postfix", "5yz", "hello", "-", "smtp_trouble.c, smtp_bulk_fail: a hard error is bounced, and throttles nothing"),
    ("exim", "5yz", "greeting", "->", "transports/smtp.c: DEFER while there is another host, else FAIL"),
    ("exim", "4yz", "hello", "h>", "transports/smtp.c, smtp_setup_conn: yield DEFER, a record of the host"),
    ("sendmail", "5yz", "greeting", "->", "deliver.c: not MCIS_OPEN, next MX site; usersmtp.c: unavailable"),
    ("qmail", "5yz", "greeting", "m", "qmail-remote.c, smtp: Z, and it does not return"),
    ("qmail", "5yz", "hello", "m", "qmail-remote.c: Z, my name was rejected"),
    ("opensmtpd", "5yz", "greeting", "h>", "mta_session.c, MTA_BANNER: mta_error, whatever the digit"),
    ("opensmtpd", "5yz", "hello", "h>", "mta_session.c, MTA_HELO: mta_error"),
    ("haraka", "5yz", "greeting", "-", "hmail.js: a 5yz at any command but EHLO and RSET bounces"),
    ("haraka", "4yz", "greeting", "m", "hmail.js: temp_fail, and no further MX"),
    ("stalwart", "5yz", "greeting", "->", "delivery.rs: read_greeting, continue 'next_host"),
    ("zonemta", "5yz", "greeting", "-", "sender.js: err.temporary is false from 500 on"),
    ("nullmailer", "5yz", "hello", "-", "smtp.cc, docmd: ERR_MSG_PERMFAIL; send.cc: bounce_msg"),
    # Whether the next host is tried when one has put the mail off.
    ("postfix", "4yz", "rcpt", "m>", "smtp_trouble.c, smtp_rcpt_fail: kept for a backup server"),
    ("exim", "4yz", "mail", "m>", "transports/smtp.c: message_defer, and the loop runs on"),
    ("sendmail", "4yz", "mail", "m>", "deliver.c: EX_TEMPFAIL, try next MX site"),
    ("qmail", "4yz", "rcpt", "m", "qmail-remote.c: one session that was opened is the last"),
    ("opensmtpd", "4yz", "mail", "m", "mta_session.c: mta_flush_task TEMPFAIL"),
    ("haraka", "4yz", "dot", "m", "hmail.js: temp_fail"),
    ("stalwart", "4yz", "rcpt", "m", "delivery.rs: continue 'next_domain"),
    # What an end without an answer counts as.
    ("postfix", "broken", "dot", "h>", "smtp_trouble.c, smtp_stream_except: THROTTLE"),
    ("exim", "silence", "mail", "m>", "transports/smtp.c: a timeout after MAIL is a message error"),
    ("exim", "broken", "mail", "h>", "transports/smtp.c: ERRNO_SMTPCLOSED is none, but after the end of data"),
    ("exim", "silence", "data", "h>", "transports/smtp.c: a timeout after DATA is the host's"),
    ("exim", "broken", "dot", "m>", "transports/smtp.c: a connection that is dropped after the final dot"),
    ("qmail", "broken", "dot", "m", "qmail-remote.c, dropped: Z"),
    ("haraka", "broken", "rcpt", "m>", "hmail.js: on close, try_deliver"),
    ("opensmtpd", "broken", "mail", "h", "mta_session.c, mta_error: mta_route_error, and the task TEMPFAIL"),
]


@pytest.mark.parametrize(
    ("name", "kind", "place", "sign", "source"), FACTS, ids=[f"{f[0]}, {f[1]} at {f[2]}" for f in FACTS]
)
def test_what_the_sources_say(name: str, kind: str, place: str, sign: str, source: str):
    """The tables agree with each product's own source."""
    assert PRODUCTS[name]().failure_table.sign(kind, place) == sign, source


def refusing(place: str, code: int) -> dict:
    """A host that answers so all day."""
    return {"policies": Policies(refuse=(Refusal(at=place, code=code),))}


TROUBLES = {
    ("silence", "connect"): {"weather": Weather(down=(Interval(start=0.0, end=90_000.0),))},
    ("4yz", "greeting"): refusing("connect", 450),
    ("5yz", "greeting"): refusing("connect", 554),
    ("4yz", "hello"): refusing("helo", 450),
    ("5yz", "hello"): refusing("helo", 550),
    ("4yz", "mail"): refusing("mail", 451),
    ("5yz", "mail"): refusing("mail", 550),
    ("4yz", "rcpt"): refusing("rcpt", 451),
    ("5yz", "rcpt"): refusing("rcpt", 550),
    ("4yz", "dot"): refusing("data", 451),
    ("5yz", "dot"): refusing("data", 554),
}
KEEPS_HOSTS = {"exim", "exchange", "rfc5321", "rscs", "mmdf", "zonemta"}
"""These keep new mail from a host that has failed once; the others try it for each message, or need more failures."""

CASES = [(name, *trouble) for name in PRODUCTS for trouble in TROUBLES]


def meets(product: Product, trouble: dict, *mail, backup: bool):
    """What host a does with mail for b, with c behind it or alone; nothing is tried again within the time."""
    exchangers = ((0, "b"), (10, "c")) if backup else ((0, "b"),)
    domains = {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
        "b.example": Domain(name="b.example", mx=exchangers, users=("u1", "u2")),
    }
    hosts = {"a": {"mta": product}, "b": trouble}
    return run(scenario("a-b a-c b-c", *mail, hosts=hosts, domains=domains, duration=4000.0, drain=0.0))


@pytest.mark.parametrize(("name", "kind", "place"), CASES, ids=[f"{c[0]}, {c[1]} at {c[2]}" for c in CASES])
def test_who_waits_and_what_is_tried_next(name: str, kind: str, place: str):
    """The next host is tried where the table has >, mail comes back at once where it has -, else it waits."""
    product, trouble = PRODUCTS[name](), TROUBLES[kind, place]
    sign = product.failure_table.sign(kind, place)
    first = message(0.0, "u1@a", "u1@b")
    assert ("c" in {fact.to_host for fact in meets(product, trouble, first, backup=True).attempts}) == (">" in sign)
    alone = meets(product, trouble, first, backup=False)
    assert (alone.copies[0].outcome == "bounced") == (sign[0] == "-")
    if sign[0] == "-":
        return
    later = alone.deferrals[0].time_s + 30.0
    both = meets(product, trouble, first, message(later, "u1@a", "u2@b"), backup=False)
    tried = [fact.message_id for fact in both.attempts if later <= fact.started_s < later + 1.0]
    # New mail sets off nullmailer's whole queue, the oldest first.
    new = [1] if name == "nullmailer" and place == "connect" else [1, 2] if name == "nullmailer" else [2]
    assert tried == ([] if sign[0] == "h" and name in KEEPS_HOSTS else new)


def reader_table() -> str:
    """All tables as one, for people."""
    lines = ["| product | what became of it | " + " | ".join(PLACES) + " |", "|---" * (len(PLACES) + 2) + "|"]
    for kind_of in PRODUCTS.values():
        table = kind_of().failure_table
        for kind in KINDS:
            signs = " | ".join(table.sign(kind, place).strip(".") for place in PLACES)
            lines.append(f"| {kind_of.title} | {kind} | {signs} |")
    return "\n".join(lines)


def test_the_readers_table_is_true():
    """tests/FAULTS.md prints what the hosts do."""
    assert reader_table() in (Path(__file__).parents[1] / "FAULTS.md").read_text(encoding="utf-8")
