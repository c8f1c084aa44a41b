"""A records: where mail goes without MX records, and where it does not go with some (RFC 5321 section 5.1)."""

from __future__ import annotations

import pytest

from sim.scenario.products.base import Product
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim
from sim.scenario.products.haraka import Haraka
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.spec import DAY, NULL_MX, Domain, MxChange
from tests.world.worlds import message, run, scenario

HOUR = 3600.0
SENDER = Domain(name="a.example", mx=((0, "a"),), users=("u1",))


def name(value: object) -> str:
    """What a test is called by."""
    return type(value).__name__ if isinstance(value, Product) else ""


def facts_of(
    product: Product | None = None, at: float = 0.0, web: dict | None = None, to: str = "u1@x.example", **records
):
    """A message to x.example from a, where b is an MX host and w a web server that does not listen to mail."""
    product = product or Postfix(maximal_queue_lifetime=DAY)
    domain = Domain(name="x.example", users=("u1",), **{"mx": (), **records})
    hosts = {"a": {"mta": product}, "w": {"listening": None} if web is None else web}
    return run(
        scenario(
            "a-b b-w",
            message(at, "u1@a.example", to),
            hosts=hosts,
            domains={"a.example": SENDER, "x.example": domain},
            duration=10 * DAY,
            drain=20 * DAY,
        )
    )


@pytest.mark.parametrize(
    "product", [Postfix(), Exim(), Sendmail(), Qmail(), OpenSmtpd(), Exchange(), Haraka()], ids=name
)
def test_a_web_server_refuses_mail_until_it_expires(product: Product):
    """A reset is the answer to each SYN, a round trip later; nothing says that it is for good."""
    facts = facts_of(product, a="w")
    mine = [attempt for attempt in facts.attempts if attempt.message_id == 1]
    assert {(attempt.to_host, attempt.outcome) for attempt in mine} == {("w", "connection-refused")}
    assert max(attempt.ended_s - attempt.started_s for attempt in mine) == pytest.approx(0.04, abs=0.003)
    assert len(mine) > 5
    assert (facts.copies[0].outcome, facts.copies[0].ended_s >= DAY) == ("bounced", True)


def test_the_host_of_an_a_record_takes_mail_where_it_listens():
    """It is an implicit MX of preference 0, and keeps the mailboxes."""
    facts = facts_of(a="w", web={})
    assert (facts.copies[0].outcome, facts.copies[0].path) == ("delivered", "a>w")


@pytest.mark.parametrize("web", [{}, None])
def test_with_mx_records_the_a_record_counts_for_nothing(web: dict | None):
    """Also where none of the MX hosts answers."""
    facts = facts_of(a="w", mx=((10, "b"),), web=web)
    assert facts.copies[0].path == "a>b"
    gone = facts_of(a="w", mx=((10, "gone.example."),), web=web)
    assert (gone.copies[0].outcome, gone.copies[0].attempts) == ("bounced", 1)


@pytest.mark.parametrize(
    ("product", "reason"),
    [
        (
            Postfix(),
            "550 5.4.4 Host or domain name not found. Name service error for name=gone.example type=A: Host not found",
        ),
        (Exim(), "550 5.0.0 all relevant MX records point to non-existent hosts"),
        (Sendmail(), "550 5.1.2 Host unknown (Name server: gone.example: host not found)"),
        (Qmail(), "550 5.4.4 Sorry, I couldn't find a mail exchanger or IP address. (#5.4.4)"),
        (OpenSmtpd(), "550 5.1.2 No MX found for domain"),
        (Haraka(), "550 5.4.4 no MX host of the domain has an address"),
    ],
    ids=name,
)
def test_mx_records_that_name_nobody_are_an_error_for_good(product: Product, reason: str):
    """In the product's words; a host beside them takes the mail."""
    nobody = (10, "gone.example.")
    assert facts_of(product, mx=(nobody,)).copies[0].reason == reason
    assert facts_of(product, mx=(nobody, (20, "b"))).copies[0].path == "a>b"
    assert facts_of(product, mx=(nobody, (10, "b"))).copies[0].path == "a>b"


def test_a_null_mx_goes_before_the_a_record():
    """The domain takes no mail (RFC 7505)."""
    assert facts_of(a="w", mx=NULL_MX).copies[0].reason == "556 5.1.10 Recipient address has null MX"


def test_a_domain_without_records_does_not_exist():
    """Neither MX nor A, nor a host's name."""
    assert facts_of(to="u1@y.example").copies[0].reason.startswith("550 5.1.2")


@pytest.mark.parametrize(("at", "path"), [(0.0, "a>b"), (2 * HOUR, "a"), (4 * HOUR, "a>b")])
def test_mail_goes_to_the_a_record_while_the_mx_record_is_missing(at: float, path: str):
    """And to the MX host again once that is named: what has waited meanwhile arrives, too."""
    changes = (MxChange(at=HOUR, mx=(), a="w"), MxChange(at=3 * HOUR, mx=((10, "b"),), a="w"))
    facts = facts_of(at=at, mx=((10, "b"),), a="w", ttl=0.0, changes=changes)
    assert facts.copies[0].outcome == "delivered"
    assert ({attempt.to_host for attempt in facts.attempts} == {"b"}) == (path == "a>b")
    assert facts.copies[0].path == "a>b"


def test_a_host_that_an_a_record_leads_to_by_chance_keeps_no_mailboxes():
    """It takes mail, as all hosts of a run relay, and finds that the DNS leads to itself."""
    changes = (MxChange(at=HOUR, mx=(), a="w"),)
    facts = facts_of(at=2 * HOUR, mx=((10, "b"),), a="w", ttl=0.0, changes=changes, web={})
    assert (facts.copies[0].outcome, facts.copies[0].path, "5.4.6" in facts.copies[0].reason) == (
        "bounced",
        "a>w",
        True,
    )


def test_users_of_a_domain_whose_mail_goes_nowhere_write_all_the_same():
    """From where their mail is kept when it has an MX record, or from the first host."""
    for records, first in (({"mx": ((10, "gone.example."),)}, "a"), ({"mx": ((10, "b"),), "a": "w"}, "b")):
        changes = (MxChange(at=HOUR, mx=(), a="w"),) if "a" in records else ()
        domain = Domain(name="x.example", users=("u1",), changes=changes, **records)
        spec = scenario(
            "a-b b-w",
            message(2 * HOUR, "u1@x.example", "u1@a.example"),
            domains={"a.example": SENDER, "x.example": domain},
            duration=DAY,
        )
        assert run(spec).copies[0].path.split(">")[0] == first
