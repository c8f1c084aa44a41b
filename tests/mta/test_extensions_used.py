"""What the client does with what a server offers, and what it does where an extension is missing."""

from __future__ import annotations

import base64
from email.header import decode_header

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_transmission import CONTENT, path, script

from sim.mail.content import longest_line
from sim.mail.path import parse_path
from sim.mail.seven_bit import encoded_header
from sim.mta.client.envelope import NOT_CONVERTIBLE, Mailing, fit, needs_smtputf8
from sim.mta.client.transmission import Transmission
from sim.mta.queue.failure import Failure
from sim.scenario.products import PRODUCTS
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim
from sim.scenario.products.haraka import Haraka
from sim.scenario.products.jsms import Jsms
from sim.scenario.products.mmdf import Mmdf
from sim.scenario.products.nullmailer import Nullmailer
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.rfc5321 import Rfc5321
from sim.scenario.products.rscs import Rscs
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.stalwart import Stalwart
from sim.scenario.products.x400 import X400
from sim.scenario.products.zonemta import ZoneMta
from sim.scenario.spec import Host

EVERYTHING = (
    "PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "DSN", "DELIVERBY", "FUTURERELEASE", "MT-PRIORITY", "CHUNKING",
    "BINARYMIME", "STARTTLS", "AUTH",
)  # fmt: skip
TEXT = b"Subject: x\r\n\r\n" + "é\r\n".encode()
BINARY = b"MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\n"


def client(
    *recipients: str,
    content: bytes = CONTENT,
    uses: tuple[str, ...] = EVERYTHING,
    login=None,
    mta=None,
    parameters=(),
    recipient_parameters=(),
    **options,
):
    """A's side of a session about one message; a host that uses whatever there is."""
    host = Host(name="a", uses=uses, login=login, mta=mta or Postfix())
    mailing = Mailing(
        path("s@a.example"),
        [path(r) for r in recipients or ("u@b.example",)],
        content,
        parameters,
        recipient_parameters,
    )
    return Transmission(host, mailing, **options)


def offer(*keywords: str) -> bytes:
    """An EHLO reply."""
    lines = ["b", *keywords]
    return b"".join([f"250{'-' if n < len(lines) else ' '}{line}\r\n".encode() for n, line in enumerate(lines, 1)])


def envelope(sender: Transmission, *offered: str) -> str:
    """The flight behind EHLO, to a server with PIPELINING that offers these."""
    return script(sender, b"220 b\r\n", offer("PIPELINING", *offered))[1]


@pytest.mark.parametrize(
    ("parameters", "offered", "said"),
    [
        ((("RET", "HDRS"), ("ENVID", "x1")), ("DSN",), " RET=HDRS ENVID=x1"),
        ((("RET", "HDRS"), ("ENVID", "x1")), (), ""),
        ((("SIZE", "1"),), ("SIZE",), f" SIZE={len(CONTENT)}"),
        ((("BY", "60;R"),), ("DELIVERBY",), " BY=60;R"),
        ((("BY", "60;N"),), (), ""),
        ((("MT-PRIORITY", "-3"),), ("MT-PRIORITY",), " MT-PRIORITY=-3"),
        ((("MT-PRIORITY", "-3"),), (), ""),
        ((("AUTH", "<>"),), ("AUTH PLAIN",), " AUTH=<>"),
        ((("AUTH", "<>"),), (), ""),
        ((("BODY", "7BIT"),), ("8BITMIME",), " BODY=7BIT"),
        ((("BODY", "7BIT"),), (), ""),
        ((("BODY", "8BITMIME"),), ("8BITMIME",), " BODY=8BITMIME"),
        ((("BODY", "8BITMIME"),), (), ""),
        ((("SMTPUTF8", None),), ("SMTPUTF8",), " SMTPUTF8"),
        ((("HOLDFOR", "60"),), ("FUTURERELEASE",), ""),
    ],
)
def test_parameters_go_where_they_are_known(parameters, offered: tuple[str, ...], said: str):
    """What the next host does not offer is left out; SIZE is what it is here; the time to wait for is over."""
    first = envelope(client(parameters=parameters), *offered).split("\r\n")[0]
    assert first == f"MAIL FROM:<s@a.example>{said}"


def test_what_the_host_does_not_use_is_not_said():
    """An extension needs both sides."""
    sender = client(uses=("PIPELINING",), parameters=(("RET", "HDRS"),))
    assert envelope(sender, "DSN", "SIZE").startswith("MAIL FROM:<s@a.example>\r\nRCPT TO:<u@b.example>\r\nDATA")


@pytest.mark.parametrize(
    ("offered", "said"),
    [
        (("DSN",), ["<u@b.example> NOTIFY=NEVER ORCPT=rfc822;u@b.example", "<v@b.example>"]),
        ((), ["<u@b.example>", "<v@b.example>"]),
    ],
)
def test_each_recipient_has_its_own_parameters(offered: tuple[str, ...], said: list[str]):
    """NOTIFY goes with its RCPT, and ORCPT is added where DSN is in use (RFC 3461 section 5.2.1)."""
    sender = client("u@b.example", "v@b.example", recipient_parameters=((("NOTIFY", "NEVER"),), ()))
    lines = envelope(sender, *offered).split("\r\n")
    assert [line.removeprefix("RCPT TO:") for line in lines if line.startswith("RCPT")] == said
    assert sender.reports is bool(offered)


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"parameters": (("SMTPUTF8", None),)}, "5.6.7", 553),
        ({"parameters": (("BY", "60;R"),)}, "5.4.7", 554),
        ({"content": "Subject: é\r\n\r\nx\r\n".encode(), "mta": Rfc5321()}, "5.6.3", 554),
        ({"content": b"Subject: x\r\n\r\n" + b"x" * 999 + b"\r\n", "mta": Exim()}, "5.6.0", 554),
        (
            {"content": b"Subject: \xe9\r\n" + BINARY, "parameters": (("BODY", "BINARYMIME"),)},
            "5.6.3",
            554,
        ),
    ],
)
def test_what_cannot_go_is_not_offered(asked, status: str, code: int):
    """Where nothing can be left out or converted, the message has failed for good, and the session ends."""
    sender = client(**asked)
    flights = script(sender, b"220 b\r\n", offer("PIPELINING"), b"221 bye\r\n")
    assert flights == ["EHLO a\r\n", "QUIT\r\n"]
    assert (sender.failure.code, sender.failure.enhanced, sender.failure.permanent) == (code, status, True)


LABELLED = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
PASS, MARKED, ENCODED, ALL = "pass", "marked", "encoded", "all"


EIGHT_BITS = [
    (Postfix(), MARKED),
    (Postfix(disable_mime_output_conversion=True), PASS),
    (Exim(), PASS),
    (Sendmail(), MARKED),
    (Qmail(), PASS),
    (OpenSmtpd(), PASS),
    (Exchange(), MARKED),
    (Haraka(), PASS),
    (Stalwart(), PASS),
    (ZoneMta(), PASS),
    (Nullmailer(), PASS),
    (Jsms(), ENCODED),
    (Rfc5321(), ALL),
    (Rscs(), PASS),
    (X400(), ALL),
    (Mmdf(), PASS),
]


def test_no_product_is_left_out_of_the_table():
    """Each of the program's products says what it does with eight bits."""
    assert {type(mta) for mta, _ in EIGHT_BITS} == set(PRODUCTS.values())


@pytest.mark.parametrize(("mta", "kind"), EIGHT_BITS)
def test_eight_bits_where_nothing_carries_them(mta, kind: str):
    """A header, what is no MIME, and a part that is marked: converted by some, sent as it is by others."""
    header = "Subject: é\r\n\r\nx\r\n".encode()
    sent = [
        fitted if isinstance(fitted := fit(mailing(one), (), mta), Failure) else fitted.content
        for one in (header, TEXT, LABELLED + b"\xc3\xa9\r\n")
    ]
    assert sent[0] == (NOT_CONVERTIBLE if kind == ALL else encoded_header(header) if kind == ENCODED else header)
    assert sent[1].isascii() == (kind in (ENCODED, ALL))
    assert sent[2].isascii() == (kind != PASS)


def mailing(content: bytes, parameters=()) -> Mailing:
    """A message for somebody, with what its client asked for."""
    return Mailing(path("s@a.example"), [path("u@b.example")], content, parameters)


@pytest.mark.parametrize("mta", [Postfix(), Sendmail(), Postfix(smtp_line_length_limit=100)])
@given(line=st.binary(min_size=1, max_size=5000).map(lambda octets: octets.hex().encode()))
def test_lines_that_are_too_long_are_folded(mta, line: bytes):
    """None is too long for the next host then, and unfolded they are what they were."""
    content = fit(mailing(b"Subject: x\r\n\r\n" + line + b"\r\n"), (), mta).content
    assert longest_line(content) <= mta.line_limit
    assert content.replace(mta.fold_mark + b"\r\n ", b"") == b"Subject: x\r\n\r\n" + line + b"\r\n"


@pytest.mark.parametrize("mta", [Exim(message_linelength_limit=0), Postfix(smtp_line_length_limit=0), Qmail()])
def test_lines_that_nobody_finds_too_long(mta):
    """They go as they are."""
    content = b"Subject: x\r\n\r\n" + b"x" * 5000 + b"\r\n"
    assert fit(mailing(content), (), mta).content == content


@pytest.mark.parametrize(
    ("mta", "uses", "verb"),
    [
        (Qmail(), (), "HELO"),
        (Nullmailer(), (), "HELO"),
        (Nullmailer(), ("AUTH",), "EHLO"),
        (Qmail(), ("STARTTLS",), "EHLO"),
        (Postfix(), (), "EHLO"),
    ],
)
def test_who_asks_for_extensions(mta, uses: tuple[str, ...], verb: str):
    """The qmail and nullmailer clients do not, unless they are to use one."""
    assert script(client(uses=uses, mta=mta), b"220 b\r\n")[0] == f"{verb} a\r\n"


MARKED = b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
PART = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\n\xe9\r\n--x--\r\n"
)
RAW = b"Subject: \xe9\r\n\r\nhello\r\n"
WIDE = b"X: y\r\n\r\n\xe9\r\n"
PLAIN = b"X: y\r\n\r\nhello\r\n"
EIGHT = (("BODY", "8BITMIME"),)
SAYS_8BITMIME = [
    # what it is, and whether its client said so: who says BODY=8BITMIME
    (MARKED + b"\xe9\r\n", (), (Postfix(), Exchange(), Jsms(), Rfc5321())),
    (MARKED + b"hello\r\n", (), (Postfix(),)),
    (PART, (), (Postfix(), Exchange(), Jsms(), Rfc5321())),
    (RAW, (), (Exchange(), Jsms(), Rfc5321())),
    (WIDE, (), (Exchange(), Jsms(), Rfc5321())),
    (PLAIN, (), ()),
    (PLAIN + b"Content-Transfer-Encoding: 8bit\r\n", (), ()),
    (WIDE, EIGHT, (Postfix(), Sendmail(), Exchange(), Jsms(), Rfc5321())),
    (PLAIN, EIGHT, (Postfix(),)),
]


@pytest.mark.parametrize(("content", "asked", "who"), SAYS_8BITMIME)
def test_who_says_that_the_body_has_eight_bits(content: bytes, asked: tuple, who: tuple):
    """Each client by its source: most say nothing, Postfix goes by MIME's marks, sendmail by what it was told."""
    for mta in (
        Postfix(),
        Exim(),
        Sendmail(),
        OpenSmtpd(),
        Exchange(),
        Haraka(),
        Stalwart(),
        ZoneMta(),
        Jsms(),
        Rfc5321(),
    ):
        fitted = fit(mailing(content, asked), ("8BITMIME",), mta)
        assert (type(mta), fitted.parameters == EIGHT, fitted.content) == (type(mta), mta in who, content)


@pytest.mark.parametrize(("mta", "says"), [(Postfix(), True), (Sendmail(), True), (Rfc5321(), True), (Exim(), False)])
def test_who_passes_on_that_the_body_has_seven_bits(mta, says: bool):
    """BODY=7BIT, where its client said so."""
    seven = (("BODY", "7BIT"),)
    assert (fit(mailing(PLAIN, seven), ("8BITMIME",), mta).parameters == seven) == says


def _part(field: bytes) -> bytes:
    """A message of one part, whose header has such a field."""
    start = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nX: "
    return start + field + b"\r\n\r\nhi\r\n--x--\r\n"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (RAW, b"Subject: =?unknown-8bit?q?=E9?=\r\n\r\nhello\r\n"),
        (b"A: \xe9 b \xe9\r\n\r\n", b"A: =?unknown-8bit?q?=E9_b_=E9?=\r\n\r\n"),
        (b"From: J\xf6rg <j@a>\r\n\r\n", b"From: =?unknown-8bit?q?J=F6rg?= <j@a>\r\n\r\n"),
        (b"A: x\r\n \xe9\r\nB: y\r\n\r\n", b"A: x\r\n =?unknown-8bit?q?=E9?=\r\nB: y\r\n\r\n"),
        (_part(b"\xe9; x\r\nA: b\r\nA: c"), _part(b"=?unknown-8bit?q?=E9=3B?= x\r\nA: b\r\nA: c")),
    ],
)
def test_jsms_encodes_a_header(raw: bytes, said: bytes):
    """Words of an unknown character set (eightnegotiate without charset8), for a server of seven bits."""
    assert fit(mailing(raw), (), Jsms()).content == said


@given(st.binary(min_size=1).filter(lambda octets: not octets.isascii()))
def test_an_encoded_header_says_what_the_raw_one_did(octets: bytes):
    """Octet for octet, in lines of 76 characters at most; what is in the body stays."""
    value = octets.translate(None, b"\r\n\0 \t:?=_")
    content = b"Subject: " + value + b"\r\n\r\nbody\r\n"
    encoded = encoded_header(content)
    header, _, body = encoded.partition(b"\r\n\r\n")
    assert (header.isascii(), body) == (True, b"body\r\n")
    assert max(map(len, header.split(b"\r\n"))) <= 85
    said = decode_header(header.decode().removeprefix("Subject: "))
    assert b"".join([part if isinstance(part, bytes) else part.encode() for part, _ in said]) == value


def test_eight_bits_are_converted_for_a_server_of_seven():
    """Without 8BITMIME the mail data goes as quoted-printable, and SIZE is what goes (RFC 6152 section 3)."""
    sender = client(content=LABELLED + "é\r\n".encode())
    flights = script(
        sender, b"220 b\r\n", offer("PIPELINING", "SIZE"), b"250 ok\r\n250 ok\r\n354 go\r\n", b"250 ok\r\n221 bye\r\n"
    )
    assert "BODY" not in flights[1]
    assert "=C3=A9" in flights[2]
    assert f"SIZE={len(flights[2].removesuffix('.' + chr(13) + chr(10) + 'QUIT' + chr(13) + chr(10)))}" in flights[1]


def test_binary_mail_goes_in_a_chunk():
    """BODY=BINARYMIME with BDAT, octet for octet (RFC 3030 section 3)."""
    sender = client(content=BINARY, parameters=(("BODY", "BINARYMIME"),))
    flight = envelope(sender, "CHUNKING", "BINARYMIME")
    assert "BODY=BINARYMIME\r\n" in flight
    assert flight.endswith(f"BDAT {len(BINARY)} LAST\r\n{BINARY.decode()}")


def test_binary_mail_is_converted_where_it_cannot_go():
    """Without BINARYMIME the octets go in base64."""
    sender = client(content=BINARY, parameters=(("BODY", "BINARYMIME"),))
    flight = envelope(sender, "CHUNKING")
    assert "BODY" not in flight
    assert base64.b64encode(b"\0\n").decode() in flight


def test_a_chunk_rides_with_the_envelope():
    """One flight for all of a small message; QUIT waits, since a recipient may have to be offered again."""
    sender = client()
    flights = script(
        sender, b"220 b\r\n", offer("PIPELINING", "CHUNKING"), b"250 ok\r\n250 ok\r\n250 taken\r\n", b"221 bye\r\n"
    )
    assert flights[1:] == [
        f"MAIL FROM:<s@a.example>\r\nRCPT TO:<u@b.example>\r\nBDAT {len(CONTENT)} LAST\r\n{CONTENT.decode()}",
        "QUIT\r\n",
    ]
    assert (sender.round_trips, sender.replies[path("u@b.example")].code) == (2, 250)


def test_a_large_chunk_waits_for_a_recipient():
    """100 kB are not sent to a server that wants no recipient."""
    sender = client(content=b"x" * 98 + b"\r\n" + b"y" * 100_000 + b"\r\n")
    flights = script(sender, b"220 b\r\n", offer("PIPELINING", "CHUNKING"), b"250 ok\r\n550 no\r\n", b"221 bye\r\n")
    assert flights[1:] == ["MAIL FROM:<s@a.example>\r\nRCPT TO:<u@b.example>\r\n", "QUIT\r\n"]


@pytest.mark.parametrize(("mta", "limit"), [(Exim(), 8192), (Exchange(), 65_536)])
def test_how_much_rides_with_the_envelope(mta, limit: int):
    """A whole message up to the product's own size; of what is larger, the rest waits for the replies."""
    line = b"y" * 62 + b"\r\n"
    for content, rides in ((line * (limit // 64 - 1), True), (line * (limit // 64), False)):
        assert ("LAST" in envelope(client(content=b"X: y\r\n\r\n" + content, mta=mta), "CHUNKING")) == rides


def test_a_large_chunk_follows_the_envelope():
    """Where one is accepted, it goes, and the wait for its reply is that of the mail data."""
    sender = client(content=(b"y" * 68 + b"\r\n") * 1000 + b"\r\n")
    flights = script(sender, b"220 b\r\n", offer("PIPELINING", "CHUNKING"), b"250 ok\r\n250 ok\r\n")
    assert flights[2].startswith("BDAT 70002 LAST\r\n")
    assert sender.timeout() == Postfix().smtp_data_done_timeout


def test_a_refused_chunk_leaves_its_recipients_refused():
    """A 4yz to BDAT LAST decides for those who were accepted."""
    sender = client("u@b.example", "v@b.example")
    script(
        sender,
        b"220 b\r\n",
        offer("PIPELINING", "CHUNKING"),
        b"250 ok\r\n550 no\r\n250 ok\r\n452 full\r\n",
        b"221 x\r\n",
    )
    assert [reply.code for reply in sender.replies.values()] == [550, 452]


def test_a_chunk_that_was_overtaken_is_of_no_account():
    """Every recipient refused: the reply to BDAT says nothing new."""
    sender = client()
    flights = script(
        sender, b"220 b\r\n", offer("PIPELINING", "CHUNKING"), b"250 ok\r\n550 no\r\n503 what\r\n", b"221 x\r\n"
    )
    assert (flights[-1], sender.replies[path("u@b.example")].code) == ("QUIT\r\n", 550)


def test_chunks_in_lockstep():
    """CHUNKING without PIPELINING: BDAT in the place of DATA and the dot."""
    sender = client()
    flights = script(
        sender, b"220 b\r\n", offer("CHUNKING"), b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n", b"221 bye\r\n"
    )
    assert [flight.split()[0] for flight in flights] == ["EHLO", "MAIL", "RCPT", "BDAT", "QUIT"]


@pytest.mark.parametrize("code", [452, 552])
def test_recipients_beyond_the_limit_follow(code: int):
    """Those who were too many go in a transaction of their own, behind the first one's 250 (RFC 5321 4.5.3.1.10)."""
    sender = client("u@b.example", "v@b.example", "w@b.example")
    flights = script(
        sender,
        b"220 b\r\n",
        offer("PIPELINING"),
        f"250 ok\r\n250 ok\r\n{code} too many\r\n{code} too many\r\n354 go\r\n".encode(),
        b"250 first\r\n",
        f"250 ok\r\n250 ok\r\n{code} too many\r\n354 go\r\n".encode(),
        b"250 second\r\n",
        b"250 ok\r\n550 no such user\r\n503 no\r\n",
        b"221 bye\r\n",
    )
    assert [flight.count("RCPT") for flight in flights] == [0, 3, 0, 2, 0, 1, 0]
    assert [reply.text for reply in sender.replies.values()] == ["first", "second", "no such user"]
    assert sender.round_trips == 6


def test_excess_recipients_stay_deferred_where_the_message_is_refused():
    """Nothing follows a message that was not taken."""
    sender = client("u@b.example", "v@b.example")
    flights = script(
        sender,
        b"220 b\r\n",
        offer("PIPELINING"),
        b"250 ok\r\n250 ok\r\n452 many\r\n354 go\r\n",
        b"451 no\r\n",
        b"221 x\r\n",
    )
    assert flights[-1] == "QUIT\r\n"
    assert [reply.code for reply in sender.replies.values()] == [452, 451]


def test_excess_recipients_follow_a_chunk():
    """The same with BDAT."""
    sender = client("u@b.example", "v@b.example")
    flights = script(
        sender,
        b"220 b\r\n",
        offer("PIPELINING", "CHUNKING"),
        b"250 ok\r\n250 ok\r\n452 many\r\n250 first\r\n",
        b"250 ok\r\n250 ok\r\n250 second\r\n",
        b"221 x\r\n",
    )
    assert [flight.count("BDAT") for flight in flights] == [0, 1, 1, 0]
    assert [reply.text for reply in sender.replies.values()] == ["first", "second"]


def test_tls_comes_first():
    """STARTTLS where it is offered; the caller shakes hands; then EHLO again, and what counts is the second offer."""
    sender = client()
    flights = script(sender, b"220 b\r\n", offer("STARTTLS", "PIPELINING"), b"220 go\r\n")
    assert (flights[1:], sender.wants_tls) == (["STARTTLS\r\n", ""], True)
    sender.secured()
    assert (sender.write(), sender.wants_tls) == (b"EHLO a\r\n", False)
    sender.read(offer("SIZE"))
    assert sender.write().startswith(b"MAIL FROM:<s@a.example> SIZE=")
    assert sender.round_trips == 4


def test_refused_tls_is_done_without():
    """A server that cannot do it just now gets its mail in the clear."""
    sender = client()
    flights = script(sender, b"220 b\r\n", offer("STARTTLS", "PIPELINING"), b"454 not now\r\n")
    assert flights[2].startswith("MAIL FROM")


def test_refused_hello_behind_tls_is_a_failure_of_the_site():
    """EHLO and HELO both."""
    sender = client()
    script(sender, b"220 b\r\n", offer("STARTTLS"), b"220 go\r\n")
    sender.secured()
    sender.write()
    sender.read(b"554 no\r\n")
    sender.write()
    sender.read(b"554 no\r\n")
    assert (sender.write(), sender.failure.code) == (b"QUIT\r\n", 554)


def encoded(text: str) -> str:
    """Base64."""
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("offered", "replies", "said"),
    [
        (
            "PLAIN LOGIN CRAM-MD5",
            [b"235 ok\r\n"],
            [f"AUTH PLAIN {encoded(chr(0) + 'tim' + chr(0) + 'tanstaaftanstaaf')}"],
        ),
        (
            "LOGIN CRAM-MD5",
            # RFC 2195 section 2.
            [b"334 " + encoded("<1896.697170952@postoffice.reston.mci.net>").encode() + b"\r\n", b"235 ok\r\n"],
            ["AUTH CRAM-MD5", encoded("tim b913a602c7eda7a495b4e6e7334d3890")],
        ),
        (
            "login",
            [b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n", b"235 ok\r\n"],
            ["AUTH LOGIN", encoded("tim"), encoded("tanstaaftanstaaf")],
        ),
    ],
)
def test_a_client_proves_who_it_is(offered: str, replies: list[bytes], said: list[str]):
    """PLAIN first, then CRAM-MD5, then LOGIN, right behind EHLO; then the mail."""
    sender = client(login=("tim", "tanstaaftanstaaf"))
    flights = script(sender, b"220 b\r\n", offer("PIPELINING", f"AUTH {offered}"), *replies)
    assert flights[1:-1] == [f"{line}\r\n" for line in said]
    assert flights[-1].startswith("MAIL FROM")


@pytest.mark.parametrize(
    ("offered", "replies", "status"),
    [
        ("PLAIN", [b"535 5.7.8 no\r\n"], "4.7.8"),
        ("PLAIN", [b"334 \r\n", b"501 cancelled\r\n"], "4.7.8"),
        ("LOGIN", [b"535 no\r\n"], "4.7.8"),
        ("LOGIN", [b"334 VXNlcm5hbWU6\r\n", b"535 no\r\n"], "4.7.8"),
        ("CRAM-MD5", [b"454 later\r\n"], "4.7.8"),
        ("CRAM-MD5", [b"334 ???\r\n", b"501 cancelled\r\n"], "4.7.8"),
        ("GSSAPI", [], "4.7.0"),
    ],
)
def test_failed_proof_puts_mail_off(offered: str, replies: list[bytes], status: str):
    """As in Postfix: the message is not refused for a wrong password, it waits."""
    sender = client(login=("tim", "secret"))
    flights = script(sender, b"220 b\r\n", offer("PIPELINING", f"AUTH {offered}"), *replies, b"221 bye\r\n")
    assert (flights[-1], sender.replies) == ("QUIT\r\n", {})
    assert (sender.failure.enhanced, sender.failure.permanent) == (status, False)


def test_no_proof_is_given_where_none_is_asked_for():
    """A server without AUTH gets the mail all the same."""
    assert envelope(client(login=("tim", "secret"))).startswith("MAIL FROM")


def test_lmtp_has_a_reply_for_each_recipient():
    """LHLO; after the dot one reply for each RCPT that was accepted, in their order (RFC 2033 section 4.2)."""
    sender = client("u@b.example", "v@b.example", "w@b.example", lmtp=True, uses=("PIPELINING",))
    flights = script(
        sender,
        b"220 b LMTP\r\n",
        offer("PIPELINING"),
        b"250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n",
        b"250 mine\r\n",
        b"452 full\r\n221 bye\r\n",
    )
    assert (flights[0], flights[2].split("\r\n")[-2]) == ("LHLO a\r\n", "QUIT")
    assert {str(p): (r.code, r.text) for p, r in sender.replies.items()} == {
        "<u@b.example>": (250, "mine"),
        "<v@b.example>": (550, "no"),
        "<w@b.example>": (452, "full"),
    }
    assert sender.done


@pytest.mark.parametrize("pipelining", [(), ("PIPELINING",)])
def test_lmtp_with_chunks(pipelining: tuple[str, ...]):
    """The last chunk gets the replies."""
    sender = client("u@b.example", "v@b.example", lmtp=True)
    envelope_replies = [b"250 ok\r\n250 ok\r\n250 ok\r\n"] if pipelining else [b"250 ok\r\n"] * 3
    script(
        sender, b"220 b\r\n", offer("CHUNKING", *pipelining), *envelope_replies, b"250 one\r\n450 two\r\n", b"221 x\r\n"
    )
    assert [reply.text for reply in sender.replies.values()] == ["one", "two"]
    assert sender.done


def test_paths_beyond_ascii_need_smtputf8():
    """The local part or the domain, of the sender or of a recipient."""
    plain, utf8 = parse_path("<u@b.example>"), parse_path("<é@b.example>", utf8=True)
    assert [needs_smtputf8(plain, [plain]), needs_smtputf8(utf8, [plain]), needs_smtputf8(plain, [plain, utf8])] == [
        False,
        True,
        True,
    ]


def test_an_address_beyond_ascii_goes_with_smtputf8():
    """MAIL has SMTPUTF8, and the addresses are in UTF-8 (RFC 6531 section 3.4)."""
    host = Host(name="a", uses=EVERYTHING)
    utf8 = parse_path("<é@b.example>", utf8=True)
    asked = ((("ORCPT", "utf-8;x"),),)
    sender = Transmission(host, Mailing(utf8, [utf8], CONTENT, (("SMTPUTF8", None),), asked))
    flight = envelope(sender, "SMTPUTF8", "DSN")
    assert flight.startswith("MAIL FROM:<é@b.example> SMTPUTF8\r\nRCPT TO:<é@b.example> ORCPT=utf-8;x\r\n")
