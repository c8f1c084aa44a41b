"""Programs that others wrote submit mail to a served host (RFC 6409), and it is in the mailboxes at once."""

from __future__ import annotations

import email
import re
import smtplib
import ssl
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from interop_servers import run, swaks_status
from live_host import Peer
from mailbox_host import SCENARIO, MailboxHost, mailbox_host, message, until

# Each serves a host of its own, and most run another program.
pytestmark = pytest.mark.slow

ALICE, BOB = "alice@example.test", "bob@example.test"
BARE = b"Subject: hi\r\n\r\n.hello\r\n"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[MailboxHost]:
    """A host where alice and bob have mailboxes."""
    with mailbox_host(tmp_path / "mail") as found:
        yield found


@pytest.fixture
def secure(tmp_path: Path, server_side: ssl.SSLContext) -> Iterator[MailboxHost]:
    """The same with a certificate."""
    with mailbox_host(tmp_path / "mail", tls=server_side) as found:
        yield found


def arrived(host: MailboxHost) -> bytes:
    """The one message in alice's INBOX."""
    [content] = host.contents()
    return content


class TestSmtplib:
    """Python's own client."""

    @pytest.fixture
    def client(self, host: MailboxHost) -> Iterator[smtplib.SMTP]:
        """A session in which bob has logged in."""
        with smtplib.SMTP("127.0.0.1", host.submission, "me.example", timeout=10) as client:
            client.login("bob", "pw")
            yield client

    @pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
    def test_logs_in(self, host: MailboxHost, mechanism: str):
        """By each mechanism; the trace says ESMTPA (RFC 3848)."""
        with smtplib.SMTP("127.0.0.1", host.submission, "me.example", timeout=10) as client:
            client.ehlo()
            assert client.esmtp_features["auth"].split() == ["PLAIN", "LOGIN", "CRAM-MD5"]
            client.user, client.password = "bob", "pw"
            way = getattr(client, f"auth_{mechanism.lower().replace('-', '_')}")
            assert client.auth(mechanism, way)[0] == 235
            client.sendmail(BOB, [ALICE], message(1))
        content = arrived(host)
        assert (content.endswith(message(1)), b" with ESMTPA id " in content) == (True, True)

    def test_does_not_submit_without_a_login(self, host: MailboxHost):
        """MAIL gets 530 (RFC 6409 section 4.3), whoever it is from."""
        with smtplib.SMTP("127.0.0.1", host.submission, timeout=10) as client:
            with pytest.raises(smtplib.SMTPSenderRefused) as refused:
                client.sendmail(BOB, [ALICE], message(1))
            assert (refused.value.smtp_code, refused.value.smtp_error) == (530, b"5.7.0 Authentication required")
            assert (client.docmd("MAIL FROM:<>")[0], client.docmd(f"RCPT TO:<{ALICE}>")[0], client.noop()[0]) == (
                530,
                503,
                250,
            )

    def test_is_refused_with_a_wrong_password(self, host: MailboxHost):
        """535, and the right one is taken behind it; a second login is out of place (RFC 4954 section 4)."""
        with smtplib.SMTP("127.0.0.1", host.submission, timeout=10) as client:
            with pytest.raises(smtplib.SMTPAuthenticationError, match="535"):
                client.login("bob", "wrong")
            assert client.login("bob", "pw")[0] == 235
            assert client.docmd("AUTH", "PLAIN AGJvYgBwdw==")[0] == 503

    def test_offers_what_a_submission_server_has_to(self, client: smtplib.SMTP):
        """RFC 6409 section 7: AUTH and what is usual, and never ETRN."""
        offered = set(client.esmtp_features)
        assert ({"auth", "pipelining", "8bitmime", "enhancedstatuscodes", "size"} - offered, "etrn" in offered) == (
            set(),
            False,
        )
        assert client.docmd("ETRN example.test")[0] == 502

    def test_date_and_message_id_are_added(self, client: smtplib.SMTP, host: MailboxHost):
        """Where they are missing (RFC 6409 section 8), and the message is as it was below."""
        client.sendmail(BOB, [ALICE], BARE)
        content = arrived(host)
        fields = email.message_from_bytes(content)
        assert content.endswith(BARE)
        assert re.fullmatch(r"<\d+\.[0-9a-f]{16}@a>", fields["Message-ID"])
        assert parsedate_to_datetime(fields["Date"]).year >= 2024

    def test_what_is_there_stays(self, client: smtplib.SMTP, host: MailboxHost):
        """A message that has both gets neither."""
        client.sendmail(BOB, [ALICE], message(1))
        fields = email.message_from_bytes(arrived(host))
        assert (fields.get_all("Date"), fields.get_all("Message-ID")) == (
            ["Mon, 30 Nov 2026 10:00:01 +0000"],
            ["<1@example.test>"],
        )

    def test_two_submissions_have_two_names(self, client: smtplib.SMTP, host: MailboxHost):
        """No Message-ID is given twice."""
        for _ in range(3):
            client.sendmail(BOB, [ALICE], BARE)
        assert len({email.message_from_bytes(content)["Message-ID"] for content in host.contents()}) == 3

    @pytest.mark.parametrize(
        ("sender", "code"),
        [
            (BOB, 250),
            ("Bob@Example.Test", 250),
            ("", 250),
            ("bob@elsewhere.example", 250),
            (ALICE, 550),
            ("bob@pc", 554),
        ],
    )
    def test_writes_in_its_own_name(self, client: smtplib.SMTP, sender: str, code: int):
        """And in no other user's (RFC 6409 section 6.1), nor from half a domain (section 4.2)."""
        assert client.mail(sender)[0] == code

    def test_writes_to_several(self, client: smtplib.SMTP, host: MailboxHost):
        """Who is unknown is refused, the others get it."""
        assert list(client.sendmail(BOB, [ALICE, "eve@example.test", BOB], BARE)) == ["eve@example.test"]
        assert len(host.contents()) == 1

    def test_relays_for_nobody_else(self, client: smtplib.SMTP):
        """The host has no queue: what it cannot deliver it does not take."""
        client.mail(BOB)
        assert client.rcpt("x@elsewhere.example")[0] in {550, 554}

    def test_begins_tls(self, secure: MailboxHost, client_side: ssl.SSLContext):
        """STARTTLS, then AUTH; the trace says ESMTPSA."""
        with smtplib.SMTP("localhost", secure.submission, timeout=10) as client:
            client.starttls(context=client_side)
            client.login("bob", "pw")
            client.sendmail(BOB, [ALICE], BARE)
            assert "starttls" not in client.esmtp_features
        assert b" with ESMTPSA id " in arrived(secure)

    def test_a_login_ends_with_starttls(self, secure: MailboxHost, client_side: ssl.SSLContext):
        """What was proved in the clear counts no more (RFC 3207 section 4.2)."""
        with smtplib.SMTP("localhost", secure.submission, timeout=10) as client:
            client.login("bob", "pw")
            client.starttls(context=client_side)
            client.ehlo()
            assert client.mail(BOB)[0] == 530

    def test_any_octets(self, client: smtplib.SMTP, host: MailboxHost):
        """Dots, 8-bit text, no header, and no text at all come through."""
        for content in (b"\r\n.\r\n..\r\n", b"Subject: \xc3\xbc\r\n\r\n\xff\x80\r\n", b"no header\r\n", b""):
            client.sendmail(BOB, [ALICE], content, ["BODY=8BITMIME"])
        assert [
            content.endswith(end)
            for content, end in zip(
                host.contents(),
                [b"\r\n\r\n.\r\n..\r\n", b"\r\n\r\n\xff\x80\r\n", b"\r\n\r\nno header\r\n", b"@a>\r\n\r\n"],
                strict=True,
            )
        ] == [True] * 4


SWAKS = ("--from", BOB, "--to", ALICE, "--helo", "me.example", "--timeout", "10s")
LOGIN = ("-au", "bob", "-ap", "pw")


class TestSwaks:
    """Swaks, which shows each step's exit status."""

    @pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
    @pytest.mark.parametrize("tls", [(), ("-tls",)])
    def test_submits(self, secure: MailboxHost, mechanism: str, tls: tuple[str, ...]):
        """By each mechanism, with TLS and without."""
        assert swaks_status(f"127.0.0.1:{secure.submission}", *SWAKS, *tls, "-a", mechanism, *LOGIN) == 0
        assert b"This is a test mailing" in arrived(secure)

    @pytest.mark.parametrize(
        ("options", "status"),
        [
            ((), 23),  # MAIL was refused
            (("-a", "PLAIN", "-au", "bob", "-ap", "x"), 28),
            (("-a", "CRAM-MD5", "-au", "eve", "-ap", "x"), 28),
            (("-a", "PLAIN", *LOGIN, "--from", ALICE), 23),
            (("-a", "PLAIN", *LOGIN, "--to", "eve@example.test"), 24),
            (("-a", "PLAIN", *LOGIN, "--to", "x@elsewhere.example"), 24),
        ],
    )
    def test_is_refused(self, host: MailboxHost, options: tuple[str, ...], status: int):
        """Without a login, with a wrong one, in another's name, to nobody."""
        assert swaks_status(f"127.0.0.1:{host.submission}", *SWAKS, *options) == status

    @pytest.mark.parametrize("stage", ["CONNECT", "FIRST-EHLO", "AUTH", "MAIL", "RCPT", "DATA"])
    def test_goes_early(self, host: MailboxHost, stage: str):
        """Nothing is delivered by a session that breaks off before its message has ended."""
        swaks_status(f"127.0.0.1:{host.submission}", *SWAKS, "-a", "PLAIN", *LOGIN, "--drop-after", stage)
        with host.login() as client:
            assert client.select("INBOX")[1] == [b"0"]


def curl(port: int, *options: object, data: Path) -> int:
    """Curl's exit status."""
    who = ("--mail-from", BOB, "--mail-rcpt", ALICE, "--user", "bob:pw", "--upload-file", data)
    return run("curl", "-s", "--max-time", 10, f"smtp://localhost:{port}/me.example", *who, *options).returncode


class TestCurl:
    """Curl."""

    @pytest.mark.parametrize("login", ["AUTH=*", "AUTH=PLAIN", "AUTH=LOGIN", "AUTH=CRAM-MD5"])
    def test_submits(self, host: MailboxHost, tmp_path: Path, login: str):
        """By each mechanism, in two turns (it gives no initial response)."""
        (tmp_path / "message").write_bytes(message(1))
        assert curl(host.submission, "--login-options", login, data=tmp_path / "message") == 0
        assert arrived(host).endswith(message(1))

    def test_gives_its_initial_response(self, secure: MailboxHost, tmp_path: Path, authorities: Path):
        """--sasl-ir, under TLS with a certificate that it checks."""
        (tmp_path / "message").write_bytes(BARE)
        options = ("--sasl-ir", "--ssl-reqd", "--cacert", authorities)
        assert curl(secure.submission, *options, data=tmp_path / "message") == 0
        assert b" with ESMTPSA id " in arrived(secure)

    def test_is_refused(self, host: MailboxHost, tmp_path: Path):
        """Exit status 67: login denied; 55: MAIL was refused, in another's name."""
        (tmp_path / "message").write_bytes(BARE)
        assert curl(host.submission, "--user", "bob:wrong", data=tmp_path / "message") == 67
        assert curl(host.submission, "--mail-from", ALICE, data=tmp_path / "message") == 55


def msmtp(host: MailboxHost, *options: str, data: bytes = b"Subject: hi\n\n.hello\n") -> tuple[int, bytes]:
    """Msmtp's exit status, and what it said."""
    server = ("--host=localhost", f"--port={host.submission}", "--user=bob", f"--from={BOB}", "--passwordeval=echo pw")
    found = run("msmtp", "--file=/dev/null", *server, *options, ALICE, data=data)
    return found.returncode, found.stderr


class TestMsmtp:
    """Msmtp."""

    @pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5"])
    def test_submits(self, host: MailboxHost, mechanism: str):
        """By each mechanism."""
        assert msmtp(host, "--tls=off", f"--auth={mechanism}") == (0, b"")
        assert arrived(host).endswith(b"Subject: hi\r\n\r\n.hello\r\n")

    def test_over_tls(self, secure: MailboxHost, authorities: Path):
        """STARTTLS, with a certificate that it checks, and a mechanism by its own choice."""
        assert msmtp(secure, "--tls=on", f"--tls-trust-file={authorities}", "--auth=on") == (0, b"")
        assert b" with ESMTPSA id " in arrived(secure)

    def test_is_refused(self, host: MailboxHost):
        """Exit status 77 (EX_NOPERM) with a wrong password; 65 (EX_DATAERR) without a login."""
        assert msmtp(host, "--tls=off", "--auth=plain", "--passwordeval=echo x")[0] == 77
        assert msmtp(host, "--tls=off", "--auth=off")[0] == 65


class TestOthers:
    """nmap and s-nail."""

    def test_nmap_reads_the_offers(self, host: MailboxHost):
        """smtp-commands lists them."""
        scan = ("-Pn", "-sT", "-n", "-p", host.submission, "--script", "+smtp-commands", "127.0.0.1")
        said = run("nmap", *scan).stdout
        assert [word for word in (b"AUTH PLAIN LOGIN CRAM-MD5", b"PIPELINING", b"8BITMIME") if word not in said] == []

    def test_s_nail_submits(self, host: MailboxHost, tmp_path: Path):
        """With AUTH PLAIN; it writes Date and Message-ID itself."""
        url = f"smtp://bob:pw@127.0.0.1:{host.submission}"
        options = [f"-S{one}" for one in ("v15-compat", "nosave", f"mta={url}", "smtp-auth=plain", f"from={BOB}")]
        found = run("s-nail", "-:/", *options, "-s", "hi", ALICE, data=b".hello\n", HOME=str(tmp_path))
        assert (found.returncode, arrived(host).endswith(b"\r\n\r\n.hello\r\n")) == (0, True), found.stderr


class TestHostilePeers:
    """Who has not logged in gets nowhere, whatever he writes."""

    @pytest.mark.parametrize(
        "octets",
        [
            b"MAIL FROM:<bob@example.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\nSubject: x\r\n\r\n.\r\n",
            b"AUTH PLAIN\r\n*\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n.\r\n",
            b"AUTH PLAIN =\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nBDAT 1 LAST\r\nx",
            b"AUTH PLAIN AGJvYgB4\r\nSEND FROM:<bob@example.test>\r\nSOML FROM:<>\r\nSAML FROM:<>\r\n",
            b"RCPT TO:<alice@example.test>\r\nDATA\r\n",
            b"AUTH CRAM-MD5\r\nYm9iIA==\r\nMAIL FROM:<bob@example.test> AUTH=bob\r\n",
        ],
    )
    def test_no_mail_without_a_login(self, host: MailboxHost, octets: bytes):
        """Not one 2xx that begins a transaction, nor a 354."""
        with Peer(host.submission) as peer:
            peer.write(b"EHLO me.example\r\n" + octets + b"QUIT\r\n")
            codes = peer.rest()
        assert {code for code in codes[2:-1] if code not in {334, 421}} <= {500, 501, 502, 503, 530, 535, 555}
        with host.login() as client:
            assert client.select("INBOX")[1] == [b"0"]

    def test_passwords_in_the_clear_from_afar(self, tmp_path: Path, server_side: ssl.SSLContext):
        """Where the host says so, a password needs TLS even on loopback."""
        scenario = SCENARIO.replace("accounts:", "auth: {clear: false}, accounts:")
        with mailbox_host(tmp_path / "mail", tls=server_side, scenario=scenario) as host, Peer(host.submission) as peer:
            peer.write(b"EHLO me.example\r\nAUTH PLAIN AGJvYgBwdw==\r\nMAIL FROM:<>\r\nQUIT\r\n")
            assert peer.rest()[2:] == [538, 530, 221]


def test_a_submission_is_in_the_mailbox_at_its_250(host: MailboxHost):
    """And another session is told of it: POP3's next, IMAP's at NOOP."""
    with host.login() as reader, smtplib.SMTP("127.0.0.1", host.submission, timeout=10) as client:
        client.login("bob", "pw")
        client.sendmail(BOB, [ALICE], BARE)
        until(lambda: reader.noop()[0] == "OK" and reader.response("EXISTS")[1][-1] == b"1")
