"""Delivery reports as their senders want them, over several hosts (RFC 3461)."""

from __future__ import annotations

import pytest
from asked import ALL, FEW, KNOWS_ALL, KNOWS_FEW, Mail, send

from sim.scenario.load import loads
from sim.scenario.products.base import Product
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim
from sim.scenario.products.haraka import Haraka
from sim.scenario.products.nullmailer import Nullmailer
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.rfc5321 import Rfc5321
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.stalwart import Stalwart
from sim.scenario.spec import Domain
from sim.world.simulation import Simulation

CHAIN = "a-b b-c"
WHOLE, HEADER = "message/rfc822", "text/rfc822-headers"
SUCCESS = (("NOTIFY", "SUCCESS"),)
NEVER = (("NOTIFY", "NEVER"),)
DELAY = (("NOTIFY", "DELAY"),)


def over(hosts: dict, *mails: Mail, **settings):
    """Send over the chain a, b, c, one link at a time."""
    return send(CHAIN, *mails, hosts=hosts, transfer="store-and-forward", **settings)


def test_what_was_asked_for_goes_all_the_way():
    """RET, ENVID, NOTIFY and ORCPT cross two hosts that know DSN; ORCPT is added by the first."""
    mail = Mail({"u1@c.example": SUCCESS}, (("RET", "HDRS"), ("ENVID", "x+2B1")))
    outcome = over({"*": KNOWS_ALL}, mail)
    wanted = [line for line in outcome.said("MAIL") if "ENVID" in line]
    assert [line.partition(" RET")[2] for line in wanted] == ["=HDRS ENVID=x+2B1"] * 2
    assert [line.split(" ", 2)[2] for line in outcome.said("RCPT") if "ORCPT" in line] == [
        "NOTIFY=SUCCESS ORCPT=rfc822;u1@c.example"
    ] * 2


def test_delivery_is_reported_by_the_last_host():
    """NOTIFY=SUCCESS: one report, from where the mailbox is, with the names that the sender gave."""
    asked = (("NOTIFY", "SUCCESS,FAILURE"), ("ORCPT", "rfc822;alias@x.example"))
    [report] = over({"*": KNOWS_ALL}, Mail({"u1@c.example": asked}, (("ENVID", "x+2B1"),))).reports
    assert (report.message["Reporting-MTA"], report.message["Original-Envelope-Id"]) == ("dns; c", "x+1")
    [recipient] = report.recipients
    assert (
        recipient["Action"],
        recipient["Status"],
        recipient["Original-Recipient"],
        recipient["Final-Recipient"],
    ) == (
        "delivered",
        "2.1.5",
        "rfc822; alias@x.example",
        "rfc822; u1@c.example",
    )


@pytest.mark.parametrize(
    ("hosts", "reporter"),
    [
        ({"*": KNOWS_ALL, "b": KNOWS_FEW}, "a"),
        ({"*": KNOWS_ALL, "c": KNOWS_FEW}, "b"),
        ({"*": KNOWS_ALL, "a": {"extensions": ALL, "uses": FEW}}, "a"),
    ],
)
def test_the_last_host_that_knows_reports_passing_mail_on(hosts: dict, reporter: str):
    """The next host lacks DSN: "relayed", and nothing more (RFC 3461 section 5.2.2)."""
    [report] = over(hosts, Mail({"u1@c.example": SUCCESS})).reports
    assert (report.message["Reporting-MTA"], report.recipients[0]["Action"]) == (f"dns; {reporter}", "relayed")


def test_no_success_is_reported_unasked():
    """Usual mail, and mail that asks for failures alone, arrives in silence."""
    mails = [Mail({"u1@c.example": ()}), Mail({"u2@c.example": (("NOTIFY", "FAILURE"),)})]
    outcome = over({"*": KNOWS_ALL, "c": KNOWS_FEW}, *mails)
    assert (outcome.reports, set(outcome.fates().values())) == ([], {"delivered"})


@pytest.mark.parametrize("asked", [NEVER, SUCCESS, DELAY])
def test_failures_are_reported_only_where_they_are_wanted(asked):
    """NEVER, or a NOTIFY without FAILURE: no report, and the books say that nobody was told."""
    outcome = over({"*": KNOWS_ALL}, Mail({"nobody@c.example": asked}))
    assert (outcome.reports, outcome.fates()["nobody@c.example"]) == ([], "expired")


def test_one_report_for_those_who_want_it():
    """Two recipients fail, one of them in silence."""
    mail = Mail({"nobody@c.example": NEVER, "none@c.example": (("NOTIFY", "FAILURE"),)})
    outcome = over({"*": KNOWS_ALL}, mail)
    assert [[one["Final-Recipient"] for one in report.recipients] for report in outcome.reports] == [
        ["rfc822; none@c.example"]
    ]
    assert outcome.fates()["none@c.example"] == "bounced"


@pytest.mark.parametrize(
    ("product", "ret", "returned"),
    [
        # Whole, or not, where the sender does not say.
        (Postfix(), (), WHOLE),
        (Exim(), (), WHOLE),
        (Exim(bounce_return_body=False), (), HEADER),
        (Sendmail(), (), WHOLE),
        (Qmail(), (), WHOLE),
        (OpenSmtpd(), (), HEADER),
        (Exchange(), (), WHOLE),
        (Haraka(), (), HEADER),
        (Nullmailer(), (), HEADER),
        (Rfc5321(), (), HEADER),
        # As he says, if the product can.
        (Postfix(), (("RET", "HDRS"),), HEADER),
        (OpenSmtpd(), (("RET", "FULL"),), WHOLE),
        (Stalwart(), (("RET", "FULL"),), HEADER),
        # And no more than the product returns at all.
        (Postfix(bounce_size_limit=20), (("RET", "FULL"),), HEADER),
        (Postfix(bounce_size_limit=0), (), WHOLE),
        (Exim(bounce_return_size_limit=20), (("RET", "FULL"),), HEADER),
    ],
)
def test_what_comes_back_of_the_message(product: Product, ret, returned: str):
    """RET=FULL asks for all of it (RFC 3461 section 4.3); without RET the product decides, and so it does on the size."""
    hosts = {"*": {**KNOWS_ALL, "mta": product}}
    [report] = over(hosts, Mail({"nobody@c.example": ()}, ret)).reports
    assert (report.returned, report.recipients[0]["Action"]) == (returned, "failed")


def test_good_news_returns_no_body():
    """RET is for failures."""
    [report] = over({"*": KNOWS_ALL}, Mail({"u1@c.example": SUCCESS}, (("RET", "FULL"),))).reports
    assert report.returned == "text/rfc822-headers"


def test_nobody_is_told_about_a_report():
    """A null reverse-path gets no report, whatever was asked for."""
    mails = [Mail({"u1@c.example": SUCCESS}, sender="<>"), Mail({"nobody@c.example": ()}, sender="<>")]
    outcome = over({"*": KNOWS_ALL, "c": KNOWS_FEW}, *mails)
    assert outcome.reports == []


def test_reports_are_on_the_books():
    """Each is a message with a null reverse-path and a copy that ends."""
    outcome = over({"*": KNOWS_ALL}, Mail({"u1@c.example": SUCCESS}))
    [report] = [fact for fact in outcome.facts.messages if fact.sender == "<>"]
    assert [copy.outcome for copy in outcome.facts.copies if copy.message_id == report.message_id] == ["delivered"]


def test_a_list_is_where_mail_arrives():
    """Delivery to the list is reported; what goes on to its members asks for nothing (RFC 3461 section 5.2.7.3)."""
    domains = {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1", "u2")),
        "c.example": Domain(
            name="c.example", mx=((0, "c"),), users=("u1",), lists={"staff": ("u1@c.example", "u2@a.example")}
        ),
    }
    outcome = over({"*": KNOWS_ALL}, Mail({"staff@c.example": SUCCESS}, (("ENVID", "x1"),)), domains=domains)
    [report] = outcome.reports
    assert (report.recipients[0]["Final-Recipient"], report.recipients[0]["Action"]) == (
        "rfc822; staff@c.example",
        "delivered",
    )
    assert [line for line in outcome.said("RCPT") if "u2@a" in line] == ["RCPT TO:<u2@a.example>"] * 2


def test_delivery_at_home_is_reported_too():
    """No hop at all."""
    [report] = over({"*": KNOWS_ALL}, Mail({"u2@a.example": SUCCESS})).reports
    assert (report.message["Reporting-MTA"], report.recipients[0]["Action"]) == ("dns; a", "delivered")


def test_mail_that_needs_smtputf8_comes_back_where_it_cannot_go():
    """The second hop lacks it: 5.6.7, reported, and never downgraded (RFC 6531 section 3.2)."""
    outcome = over({"*": KNOWS_ALL, "c": KNOWS_FEW}, Mail({"u1@c.example": ()}, (("SMTPUTF8", None),)))
    [report] = outcome.reports
    assert (report.recipients[0]["Status"], report.message["Reporting-MTA"]) == ("5.6.7", "dns; b")
    assert [(attempt.outcome, attempt.reply_code) for attempt in outcome.facts.attempts if attempt.to_host == "c"] == [
        ("refused", 553)
    ]


def test_a_sender_beyond_ascii_gets_his_report():
    """The report to such an address needs SMTPUTF8 itself, and has it."""
    domains = {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1", "u2", "josé")),
        "c.example": Domain(name="c.example", mx=((0, "c"),), users=("u1",)),
    }
    mail = Mail({"nobody@c.example": ()}, (("SMTPUTF8", None),), sender="<josé@a.example>")
    outcome = over({"*": KNOWS_ALL}, mail, domains=domains)
    [report] = outcome.reports
    assert report.recipients[0]["Status"] == "5.1.1"
    assert ["SMTPUTF8" in line for line in outcome.said("MAIL FROM:<>")] == [True]


def test_eight_bits_are_converted_on_the_way():
    """A last hop without 8BITMIME gets quoted-printable."""
    marked = b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xc3\xa9\r\n"
    seven = {"extensions": ("PIPELINING",), "uses": FEW}
    outcome = over({"c": seven}, Mail({"u1@c.example": ()}, content=marked))
    [content] = outcome.world.hosts["c"].custody.mailboxes["u1@c.example"]
    assert (content.isascii(), b"=C3=A9" in content) == (True, True)


def test_a_report_names_hosts_as_they_call_themselves():
    """In US-ASCII, whatever a scenario calls the host that refused."""
    spec = loads("""
network: {nodes: [a, ¡], links: [{between: [a, ¡]}]}
domains: {a.example: {mx: a, users: [u1]}, b.example: {mx: ¡, users: [u1]}}
workload: {messages_at: [{at: 1 s, from: u1@a.example, to: nobody@b.example}]}
architectures: {x: {transfer: end-to-end}}
""")
    world = Simulation(spec, spec.architectures["x"], 0, 1)
    world.hosts["a"].custody.mailboxes = {}
    world.run()
    [content] = world.hosts["a"].custody.mailboxes["u1@a.example"]
    assert (content.isascii(), b"Remote-MTA: dns; host" in content) == (True, True)


def test_a_scenario_file_can_ask_for_a_report():
    """Success, asked for in `messages_at`, is reported by the last host."""
    text = """
        duration: 1 h
        network: {nodes: [a, b], links: [{between: [a, b], rate: 1 Mbit/s, delay: 10 ms}]}
        workload:
          messages_at:
            - {at: 0 s, from: u1@a.example, to: u1@b.example, asks: {notify: success, envelope_id: QQ}}
        architectures: {direct: {transfer: end-to-end, hosts: {b: {down: [{from: 10 min, to: 20 min}]}}}}
    """
    spec = loads(text)
    facts = Simulation(spec, spec.architectures["direct"], 0, 1).run()
    assert [(copy.recipient, copy.outcome) for copy in facts.copies] == [
        ("u1@b.example", "delivered"),
        ("u1@a.example", "delivered"),
    ]
    assert [fact.sender for fact in facts.messages] == ["u1@a.example", "<>"]


def test_what_was_asked_for_waits_with_the_message():
    """A host that is down when its user writes takes the wishes with the mail, once it is back."""
    text = """
        duration: 1 h
        dialogues: true
        hosts: {a: {down: [{from: 0 s, to: 5 min}]}}
        network: {nodes: [a, b], links: [{between: [a, b], rate: 1 Mbit/s, delay: 10 ms}]}
        workload:
          messages_at:
            - {at: 0 s, from: u1@a.example, to: u1@b.example, asks: {return: headers}}
        architectures: {direct: {transfer: end-to-end}}
    """
    spec = loads(text)
    facts = Simulation(spec, spec.architectures["direct"], 0, 1).run()
    said = [line.line for line in facts.dialogues if line.line.startswith("MAIL")]
    assert [line.split()[-1] for line in said] == ["RET=HDRS"]
