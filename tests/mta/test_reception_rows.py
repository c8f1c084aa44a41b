"""What a host answers beyond plain mail: chunks, TLS, AUTH, ETRN, ATRN, TURN, SEND and its like, HELP, LMTP, and junk."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import get_args

import pytest

from sim.mta.queue.mx import local_domains
from sim.mta.server.reception import Reception
from sim.mta.server.recipients import Directory
from sim.mta.server.transactions import AcceptedMail, with_word
from sim.protocol.sasl import cram_md5
from sim.protocol.smtp import BadCommand, Client, Command, LocalProtocolError, replies
from sim.protocol.smtp.replies import Reply
from sim.scenario.products.base import ErrorLimits
from sim.scenario.spec import Domain, Host

DOMAINS = {
    "b.example": Domain(name="b.example", mx=((10, "b"), (20, "c")), users=("bob", "ben")),
    "c.example": Domain(name="c.example", mx=((10, "c"), (20, "b")), users=("cy",)),
    "sub.c.example": Domain(name="sub.c.example", mx=((10, "c"), (20, "b")), users=("cy",)),
    "a.example": Domain(name="a.example", mx=((10, "a"),), users=("ann",)),
}
RECORDS = {name: domain.mx for name, domain in DOMAINS.items()}
ACCOUNTS = {"bob": "secret", "cy@c.example": "geheim", "ü": "schlüssel"}
ENVELOPE = "MAIL FROM:<x@y.example>\nRCPT TO:<bob@b.example>\n"


class Held:
    """Mail that waits: node -> messages."""

    def __init__(self, waiting: dict[str, int], *, starts: bool = True) -> None:
        self.waiting = waiting
        self.starts = starts
        self.started: list[str] = []

    def count(self, nodes: Sequence[str]) -> int:
        """How many wait for these nodes."""
        return sum(self.waiting.get(node, 0) for node in nodes) if nodes else sum(self.waiting.values())

    def start(self, node: str) -> bool:
        """Note that a node's mail is asked for."""
        self.started.append(node)
        return self.starts


def errors(limit: int) -> ErrorLimits:
    """So many end the session, and no reply is held back."""
    return ErrorLimits(soft_limit=0, hard_limit=limit, delay=0.0)


def session(*extensions: str, options: dict | None = None, **settings) -> Reception:
    """B's end of a session that has been greeted; it offers these extensions."""
    host = Host(name="b", extensions=extensions, **settings)
    directory = Directory(
        host, local_domains(DOMAINS.values(), lambda name: [RECORDS[name]])["b"], lambda name: RECORDS.get(name.lower())
    )
    reception = Reception(host, directory, **(options or {}))
    reception.greet(busy=False)
    return reception


def said(reception: Reception, text: str | bytes) -> list[str]:
    """The replies to what a client writes, one text each."""
    octets = text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode()
    lines = reception.read(octets).decode().split("\r\n")[:-1]
    found, begun = [], []
    for line in lines:
        begun.append(line)
        if line[3:4] == " ":
            found.append("\n".join(begun))
            begun = []
    return found


def codes(reception: Reception, text: str | bytes) -> list[int]:
    """The reply codes to what a client writes."""
    return [int(reply[:3]) for reply in said(reception, text)]


def base64(text: str | bytes) -> str:
    """What AUTH's dialogue carries."""
    return b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def test_every_event_has_a_row():
    """A host that had no answer to an event would leave its client waiting for ever."""
    assert set(get_args(Command)) | {BadCommand} == set(Reception._ANSWERS)


def test_chunks_are_answered_one_by_one():
    """250 with the octets of each, and the last one takes custody of them all (RFC 3030)."""
    reception = session("CHUNKING")
    said(reception, "EHLO a\n" + ENVELOPE)
    assert said(reception, b"BDAT 4\r\nHi\r\nBDAT 6 LAST\r\nthere.") == ["250 4 octets received", "250 Ok: queued"]
    assert reception.accepted[0].content == b"Hi\r\nthere."


def test_an_empty_last_chunk_ends_the_mail():
    """BDAT 0 LAST."""
    reception = session("CHUNKING")
    said(reception, "EHLO a\n" + ENVELOPE)
    assert codes(reception, b"BDAT 4\r\nHi\r\nBDAT 0 LAST\r\n") == [250, 250]
    assert reception.accepted[0].content == b"Hi\r\n"


def test_chunks_beyond_the_limit_are_refused():
    """552 to the chunk that is too much; the transaction is over then (RFC 3030 section 2)."""
    reception = session("CHUNKING", size_limit=100)
    said(reception, "EHLO a\n" + ENVELOPE)
    octets = b"BDAT 60\r\n" + b"x" * 60 + b"BDAT 60\r\n" + b"x" * 60 + b"BDAT 2 LAST\r\nxx"
    assert codes(reception, octets) == [250, 552, 503]
    assert codes(reception, "RSET\n" + ENVELOPE + "BDAT 200 LAST\n" + "x" * 200) == [250, 250, 250, 552]
    assert reception.accepted == []


def test_chunks_that_go_round_are_refused():
    """The count of Received fields is over the whole mail data."""
    reception = session("CHUNKING")
    said(reception, "EHLO a\n" + ENVELOPE)
    field = b"Received: x\r\n" * 30
    size = len(field)
    octets = b"BDAT %d\r\n%sBDAT %d LAST\r\n%s" % (size, field, size, field)
    assert codes(reception, octets) == [250, 554]


def test_a_host_that_is_asked_is_asked_about_chunks_too():
    """The last chunk is the final dot's equal."""
    reception = session("CHUNKING", options={"offers": True})
    said(reception, "EHLO a\n" + ENVELOPE)
    assert (codes(reception, b"BDAT 4\r\nHi\r\n"), reception.holds_mail_data) == ([250], True)
    assert (codes(reception, b"BDAT 0 LAST\r\n"), reception.offered.content) == ([], b"Hi\r\n")
    reception.decide(replies.S250_QUEUED)
    assert (len(reception.accepted), reception.holds_mail_data) == (1, False)


def test_tls_begins_the_session_anew():
    """220, then nothing that was said before counts, what came behind it least of all (CVE-2011-0411)."""
    reception = session("STARTTLS")
    assert codes(reception, "EHLO a\nSTARTTLS\nMAIL FROM:<evil@y.example>\n") == [250, 220]
    assert reception.wants_tls
    reception.secured()
    assert (reception.wants_tls, codes(reception, "MAIL FROM:<x@y.example>\n")) == (False, [503])
    assert said(reception, "EHLO a\nSTARTTLS\n") == ["250 b greets a", "503 Bad sequence of commands"]
    said(reception, ENVELOPE + "DATA\n")
    said(reception, "Hi\n.\n")
    assert reception.accepted[0].protocol == "ESMTPS"


def test_tls_that_cannot_be_had():
    """454, and the session goes on in the clear."""
    reception = session("STARTTLS", options={"tls": False})
    assert (codes(reception, "EHLO a\nSTARTTLS\nNOOP\n"), reception.wants_tls) == ([250, 454, 250], False)


def test_no_handshake_without_starttls():
    """A caller's mistake is told."""
    with pytest.raises(LocalProtocolError, match="TLS was not asked for"):
        session("STARTTLS").secured()


def proving(*lines: str, challenge: bytes = b"<1@b>") -> tuple[list[int], Reception]:
    """The codes to an AUTH dialogue, and the host's side after it."""
    reception = session("AUTH", accounts=ACCOUNTS, options={"challenge": lambda: challenge})
    said(reception, "EHLO a\n")
    return [code for line in lines for code in codes(reception, line + "\n")], reception


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("AUTH PLAIN " + base64("\0bob\0secret"),), [235]),
        (("AUTH PLAIN " + base64("bob\0bob\0secret"),), [235]),
        (("AUTH PLAIN", base64("\0bob\0secret")), [334, 235]),
        (("AUTH PLAIN " + base64("\0ü\0schlüssel"),), [235]),
        (("AUTH PLAIN " + base64("\0bob\0wrong"),), [535]),
        (("AUTH PLAIN " + base64("\0eve\0secret"),), [535]),
        (("AUTH PLAIN " + base64("eve\0bob\0secret"),), [535]),
        (("AUTH PLAIN " + base64("bob"),), [501]),
        (("AUTH PLAIN =",), [501]),
        (("AUTH PLAIN !!!",), [501]),
        (("AUTH PLAIN", "*"), [334, 501]),
        (("AUTH LOGIN", base64("bob"), base64("secret")), [334, 334, 235]),
        (("AUTH LOGIN " + base64("bob"), base64("secret")), [334, 235]),
        (("AUTH LOGIN", base64("bob"), base64("wrong")), [334, 334, 535]),
        (("AUTH LOGIN", base64(b"\xff")), [334, 501]),
        (("AUTH LOGIN", base64("eve"), base64("")), [334, 334, 535]),
        (("AUTH CRAM-MD5", base64(cram_md5("bob", "secret", b"<1@b>"))), [334, 235]),
        (("AUTH CRAM-MD5", base64(cram_md5("bob", "wrong", b"<1@b>"))), [334, 535]),
        (("AUTH CRAM-MD5", base64(cram_md5("bob", "secret", b"<2@b>"))), [334, 535]),
        (("AUTH CRAM-MD5", base64(cram_md5("eve", "", b"<1@b>"))), [334, 535]),
        (("AUTH CRAM-MD5 " + base64("bob x"),), [501]),
        (("AUTH CRAM-MD5", base64("bob")), [334, 535]),
        (("AUTH NTLM",), [504]),
        (("AUTH",), [501]),
        (("AUTH PLAIN " + base64("\0bob\0wrong"), "AUTH PLAIN " + base64("\0bob\0secret")), [535, 235]),
        (("AUTH PLAIN " + base64("\0bob\0secret"), "AUTH PLAIN " + base64("\0bob\0secret")), [235, 503]),
    ],
)
def test_auth(lines: tuple[str, ...], expected: list[int]):
    """RFC 4954 section 4, with RFC 4616, RFC 2195 and what everybody means by LOGIN."""
    found, reception = proving(*lines)
    assert (found, bool(reception.user)) == (expected, 235 in expected)


def test_auth_leaves_its_letter_in_the_trace():
    """ESMTPA (RFC 3848)."""
    _, reception = proving("AUTH PLAIN " + base64("\0bob\0secret"))
    said(reception, ENVELOPE + "DATA\n")
    said(reception, ".\n")
    assert (reception.accepted[0].protocol, reception.user) == ("ESMTPA", "bob")


def test_challenges_are_the_same_in_every_run_unless_told():
    """A simulation repeats itself; a socket must not."""
    asked = [said(session("AUTH"), "EHLO a\nAUTH CRAM-MD5\n")[1] for _ in range(2)]
    assert asked[0] == asked[1] == "334 " + base64("<2@b>")
    assert said(proving(challenge=b"<other@b>")[1], "AUTH CRAM-MD5\n") == ["334 " + base64("<other@b>")]


def test_a_mechanism_that_the_machine_lets_pass():
    """The offer may name more than this host can do."""
    reception = session("AUTH")
    said(reception, "EHLO a\n")
    reception._machine._offers = (("AUTH", "PLAIN NTLM"),)
    assert codes(reception, "AUTH NTLM\n") == [504]


@pytest.mark.parametrize(
    ("node", "held", "reply"),
    [
        ("c.example", Held({"c.example": 3}), "253 OK, 3 pending messages for node c.example started"),
        ("@c.example", Held({"@c.example": 3}), "253 OK, 3 pending messages for node @c.example started"),
        ("c.example", Held({}), "251 OK, no messages waiting for node c.example"),
        ("c.example", Held({"c.example": 3}, starts=False), "458 Unable to queue messages for node c.example"),
        ("c.example", None, "458 Unable to queue messages for node c.example"),
        ("b.example", Held({}), "459 Node b.example not allowed: no mail is held for it here"),
        ("nowhere.example", Held({}), "459 Node nowhere.example not allowed: no mail is held for it here"),
        ("#queue", Held({}), "459 Node #queue not allowed: no such queue here"),
        ("a b", Held({}), "501 Syntax: ETRN <domain>, ETRN @<domain> or ETRN #<queue>"),
    ],
)
def test_etrn(node: str, held: Held | None, reply: str):
    """RFC 1985 section 5.3, for a domain that the host is a backup of; 459 for others."""
    reception = session("ETRN", options={"held_mail": held})
    assert said(reception, f"EHLO a\nETRN {node}\n")[1:] == [reply]
    assert (reply[:3] == "253") <= (held is not None and held.started == [node])


PROOF = {"bob": "\0bob\0secret", "cy": "\0cy@c.example\0geheim"}


@pytest.mark.parametrize(
    ("who", "domains", "held", "code", "nodes"),
    [
        ("bob", "c.example", Held({"c.example": 1}), 250, ("c.example",)),
        ("bob", "c.example,sub.c.example", Held({"sub.c.example": 1}), 250, ("c.example", "sub.c.example")),
        ("bob", "", Held({"c.example": 1}), 250, ()),
        ("bob", "", Held({}), 453, None),
        ("bob", "b.example", Held({}), 450, None),
        ("bob", "c.example,a.example", Held({"c.example": 1}), 450, None),
        ("bob", "c.example", None, 451, None),
        ("cy", "", Held({"@c.example": 1}), 250, ("@c.example",)),
        ("cy", "C.example", Held({"C.example": 1}), 250, ("C.example",)),
        ("cy", "sub.c.example", Held({"sub.c.example": 1}), 250, ("sub.c.example",)),
        ("cy", "b.example", Held({"b.example": 1}), 450, None),
        ("cy", "xc.example", Held({"xc.example": 1}), 450, None),
    ],
)
def test_atrn(who: str, domains: str, held: Held | None, code: int, nodes: tuple[str, ...] | None):
    """RFC 2645: what a user may have goes to him; a login that is an address has its own domain's mail only."""
    reception = session("AUTH", "ATRN", accounts=ACCOUNTS, options={"held_mail": held})
    lines = f"EHLO a\nAUTH PLAIN {base64(PROOF[who])}\nATRN {domains}\n"
    assert (codes(reception, lines)[2], reception.turn_nodes) == (code, nodes)
    if nodes is None:
        assert codes(reception, "NOOP\n") == [250]


def test_atrn_needs_proof():
    """530 before AUTH, and roles stay as they are."""
    reception = session("AUTH", "ATRN", options={"held_mail": Held({"c.example": 1})})
    assert (codes(reception, "EHLO a\nATRN c.example\n")[1], reception.turn_nodes) == (530, None)


def test_roles_are_swapped():
    """After the 250 a client's machine goes on, on the same connection, with nothing that was sent too early."""
    reception = session("TURN", options={"held_mail": Held({})})
    assert codes(reception, "HELO c\nTURN\nNOOP\n") == [250, 250]
    assert (reception.turn_nodes, reception.in_transaction) == (("c",), False)
    client = reception.reverse_roles()
    assert isinstance(client, Client)
    client.receive_data(b"220 c ready\r\n")
    assert (client.next_event().code, reception.is_over) == (220, True)


@pytest.mark.parametrize(
    ("extensions", "held", "code"),
    [((), Held({}), 502), (("TURN",), None, 502), (("TURN", "AUTH"), Held({}), 530), (("AUTH",), Held({}), 502)],
)
def test_turn_is_refused(extensions: tuple[str, ...], held: Held | None, code: int):
    """Unless the host is told to offer it; and where clients can prove who they are, they must."""
    assert codes(session(*extensions, options={"held_mail": held}), "EHLO a\nTURN\n")[1] == code


def test_turn_after_proof():
    """With AUTH the mail is for whom HELO named."""
    reception = session("TURN", "AUTH", accounts=ACCOUNTS, options={"held_mail": Held({})})
    assert codes(reception, f"EHLO c\nAUTH PLAIN {base64(PROOF['bob'])}\nTURN\n")[2] == 250
    assert reception.turn_nodes == ("c",)


@pytest.mark.parametrize("verb", ["SOML", "SAML"])
@pytest.mark.parametrize(("esmtp", "hello"), [(True, "EHLO"), (False, "HELO")])
def test_soml_and_saml_are_mail(verb: str, esmtp: bool, hello: str):
    """Nobody is logged in at a simulated host, so both put mail into the mailbox (RFC 821 section 3.4)."""
    reception = session("SOML", "SAML", esmtp=esmtp)
    text = f"{hello} a\n{ENVELOPE.replace('MAIL', verb)}DATA\n"
    assert codes(reception, text) == [250, 250, 250, 354]
    assert (codes(reception, "Hi\n.\n"), len(reception.accepted)) == ([250], 1)


def test_send_finds_nobody():
    """450 for each recipient who is known; the next MAIL is mail again."""
    reception = session("SEND")
    send = ENVELOPE.replace("MAIL", "SEND") + "RCPT TO:<eve@b.example>\nDATA\nRSET\n"
    assert codes(reception, "EHLO a\n" + send + ENVELOPE) == [250, 250, 450, 550, 503, 250, 250, 250]


@pytest.mark.parametrize("verb", ["SEND", "SOML", "SAML"])
def test_an_old_host_that_does_not_offer_them(verb: str):
    """RFC 821 lets a host know them and not do them: 502."""
    assert codes(session(esmtp=False), f"HELO a\n{verb} FROM:<x@y.example>\n")[1] == 502


@pytest.mark.parametrize(("policy", "found"), [("answer", [250, 550]), ("evade", [252, 252]), ("refuse", [502, 502])])
def test_policy_of_vrfy_and_expn(policy: str, found: list[int]):
    """Told, not told (RFC 5321 section 7.3), or not implemented."""
    assert codes(session(vrfy=policy, expn=policy), "EHLO a\nVRFY bob\nEXPN staff\n")[1:] == found


@pytest.mark.parametrize(
    ("extensions", "settings", "topic", "reply"),
    [
        ((), {}, "", "214 Commands: HELO EHLO MAIL RCPT DATA RSET VRFY EXPN HELP NOOP QUIT; see RFC 5321"),
        (("CHUNKING", "AUTH", "SEND"), {}, "", "214 Commands: HELO EHLO MAIL RCPT DATA RSET VRFY EXPN HELP NOOP QUIT BDAT AUTH SEND; see RFC 5321"),
        (("CHUNKING", "SEND"), {"esmtp": False}, "", "214 Commands: HELO MAIL RCPT DATA RSET VRFY EXPN HELP NOOP QUIT SEND; see RFC 821"),
        ((), {}, " mail", "214 Syntax: MAIL FROM:<reverse-path> [parameters]"),
        (("CHUNKING",), {}, " BDAT", "214 Syntax: BDAT <size> [LAST]"),
        ((), {}, " BDAT", "504 Command parameter not implemented"),
        ((), {}, " xyzzy", "504 Command parameter not implemented"),
    ],
)  # fmt: skip
def test_help(extensions: tuple[str, ...], settings: dict, topic: str, reply: str):
    """The commands that this host knows, or how one of them is written."""
    assert said(session(*extensions, **settings), f"HELP{topic}\n") == [reply]


LMTP = {"lmtp": True}
TWO = ENVELOPE + "RCPT TO:<eve@b.example>\nRCPT TO:<ben@b.example>\nDATA\n"


def test_lmtp_greets_with_lhlo():
    """HELO and EHLO are unknown (RFC 2033 section 4.1)."""
    host = Host(name="b")
    reception = Reception(host, Directory(Host(name="b"), (), RECORDS.get), lmtp=True)
    assert reception.greet(busy=False) == b"220 b LMTP ready\r\n"
    assert codes(reception, "EHLO a\nHELO a\nLHLO a\nVRFY nobody\n") == [500, 500, 250, 550]
    assert said(reception, "HELP\n")[0].startswith("214 2.0.0 Commands: LHLO MAIL ")


def test_lmtp_answers_for_each_recipient():
    """As many replies to the final dot as recipients were accepted."""
    reception = session(options=LMTP)
    assert codes(reception, "LHLO a\n" + TWO) == [250, 250, 250, 550, 250, 354]
    assert (codes(reception, "Hi\n.\nNOOP\n"), len(reception.accepted)) == ([250, 250, 250], 1)
    assert reception.accepted[0].protocol == "LMTP"


def test_lmtp_refuses_for_each_recipient():
    """552 as often, counted as one error."""
    reception = session(size_limit=10, options={**LMTP, "error_limits": errors(3)})
    codes(reception, "LHLO a\n" + TWO)
    assert (codes(reception, "x" * 20 + "\n.\n"), reception._errors.errors) == ([552, 552], 2)


def test_lmtp_refuses_for_each_recipient_before_it_leaves():
    """At the error limit 421 comes behind the last of them."""
    reception = session(size_limit=10, options={**LMTP, "error_limits": errors(2)})
    codes(reception, "LHLO a\n" + TWO)
    assert codes(reception, "x" * 20 + "\n.\n") == [552, 552, 421]


def deciding(text: str = TWO) -> Reception:
    """A host that is asked about LMTP mail for bob and ben."""
    reception = session("DSN", options={**LMTP, "offers": True, "error_limits": errors(9)})
    said(reception, "LHLO a\n" + text)
    said(reception, "Hi\n.\n")
    return reception


def test_lmtp_decides_for_each_recipient():
    """Custody is of those whose reply is positive, with their parameters."""
    reception = deciding(TWO.replace("ben@b.example>", "ben@b.example> NOTIFY=NEVER"))
    assert reception.decide(replies.E451_LOCAL_ERROR, replies.S250_QUEUED) == (
        b"451 Requested action aborted: local error in processing\r\n250 Ok: queued\r\n"
    )
    [mail] = reception.accepted
    assert ([str(path) for path in mail.forward_paths], mail.recipient_parameters) == (
        ["<ben@b.example>"],
        ((("NOTIFY", "NEVER"),),),
    )


@pytest.mark.parametrize(("verdict", "kept"), [(replies.S250_QUEUED, 2), (replies.E451_LOCAL_ERROR, 0)])
def test_lmtp_decides_for_all_recipients(verdict: Reply, kept: int):
    """One verdict stands for them all."""
    reception = deciding()
    assert reception.decide(verdict).count(str(verdict.code).encode()) == 2
    assert sum(len(mail.forward_paths) for mail in reception.accepted) == kept


def test_lmtp_keeps_nothing_where_all_are_refused():
    """Two verdicts, both negative."""
    reception = deciding()
    reception.decide(replies.E451_LOCAL_ERROR, replies.E452_NO_STORAGE)
    assert (reception.accepted, reception._errors.errors) == ([], 3)


def test_the_number_of_verdicts_is_checked():
    """A caller's mistake is told."""
    with pytest.raises(LocalProtocolError, match="3 verdicts for 2 recipients"):
        deciding().decide(*[replies.S250_QUEUED] * 3)


@pytest.mark.parametrize(
    ("arguments", "options", "word"),
    [
        (("SMTP", True, False), {}, "SMTP"),
        (("ESMTP", False, False), {}, "ESMTP"),
        (("ESMTP", True, False), {}, "ESMTPS"),
        (("ESMTP", False, True), {}, "ESMTPA"),
        (("ESMTP", True, True), {}, "ESMTPSA"),
        (("ESMTP", False, False), {"lmtp": True}, "LMTP"),
        (("ESMTP", True, True), {"lmtp": True}, "LMTPSA"),
        (("ESMTP", False, False), {"utf8": True}, "UTF8SMTP"),
        (("ESMTP", True, True), {"utf8": True}, "UTF8SMTPSA"),
        (("ESMTP", True, False), {"utf8": True, "lmtp": True}, "UTF8LMTPS"),
    ],
)
def test_with_words(arguments: tuple[str, bool, bool], options: dict[str, bool], word: str):
    """RFC 3848 and RFC 6531 section 4.3."""
    assert with_word(*arguments, **{"lmtp": False, "utf8": False, **options}) == word


def test_utf8_mail_says_so():
    """SMTPUTF8 on MAIL, and its mark in the trace."""
    reception = session("SMTPUTF8")
    said(reception, "EHLO a\nMAIL FROM:<ü@y.example> SMTPUTF8\nRCPT TO:<bob@b.example>\nDATA\n")
    said(reception, "Hi\n.\n")
    assert reception.accepted[0].protocol == "UTF8SMTP"


def test_parameters_are_carried():
    """What the next host has to know, as it was said."""
    reception = session("DELIVERBY", "FUTURERELEASE", "AUTH", "MT-PRIORITY")
    said(reception, "EHLO a\n" + ENVELOPE.replace(">\nR", "> BY=120;N HOLDFOR=60 AUTH=<> MT-PRIORITY=3\nR") + "DATA\n")
    said(reception, ".\n")
    assert reception.accepted[0].parameters == (
        ("BY", "120;N"),
        ("HOLDFOR", "60"),
        ("AUTH", "<>"),
        ("MT-PRIORITY", "3"),
    )


@pytest.mark.parametrize("junk", ["NOOP", "RSET", "EHLO a", "HELP", "VRFY bob", "EXPN staff", "ETRN c.example"])
def test_junk_beyond_its_limit_is_an_error(junk: str):
    """Postfix's smtpd_junk_command_limit: it is answered as ever, and counts (each refused one does anyway)."""
    reception = session("ETRN", options={"junk_limit": 5, "error_limits": errors(10), "held_mail": Held({})})
    said(reception, "EHLO a\n")
    found = codes(reception, f"{junk}\n" * 30)
    assert (found[-1], len(found)) == (421, 11 if junk.startswith("EXPN") else 15)


def test_empty_chunks_are_junk():
    """BDAT 0 moves no mail either; chunks that do are none."""
    reception = session("CHUNKING", options={"junk_limit": 2, "error_limits": errors(3)})
    said(reception, "EHLO a\n" + ENVELOPE)
    assert codes(reception, b"BDAT 1\r\nx" * 10 + b"BDAT 0\r\n" * 10) == [250] * 10 + [250] * 4 + [421]


def test_mail_forgives_junk():
    """The count begins anew with each message, as Postfix's does."""
    reception = session(options={"junk_limit": 5, "error_limits": errors(1), "offers": True})
    for _ in range(3):
        codes(reception, "EHLO a\n" + "NOOP\n" * 4 + ENVELOPE + "DATA\n.\n")
        reception.decide(replies.S250_QUEUED)
    assert (reception._errors.errors, reception.is_over) == (0, False)


def test_mail_is_shared():
    """Those named, and nothing where nobody is."""
    paths = tuple("abc")
    mail = AcceptedMail(None, paths, b"", "a", "LMTP")
    assert mail.shared([True, False, True])[0].forward_paths == ("a", "c")
    assert mail.shared([False] * 3) == []


def test_auth_may_wait_for_tls():
    """A host that says so offers none in the clear, and says 538 to it; behind TLS it takes it (RFC 4954 section 4)."""
    reception = session("AUTH", "ATRN", "STARTTLS", accounts=ACCOUNTS, clear_auth=False)
    assert said(reception, "EHLO a\n") == ["250-b greets a\n250 STARTTLS"]
    proof = "AUTH PLAIN AGJvYgBzZWNyZXQ=\n"
    assert [text[:3] for text in said(reception, f"{proof}ATRN c.example\nSTARTTLS\n")] == ["538", "500", "220"]
    reception.secured()
    assert said(reception, "EHLO a\n") == ["250-b greets a\n250-AUTH PLAIN LOGIN CRAM-MD5\n250 ATRN"]
    assert said(reception, proof)[0][:3] == "235"
