"""Python's libraries for IMAP against a served host: imaplib, imapclient, imap-tools and aioimaplib."""

from __future__ import annotations

import asyncio
import imaplib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from aioimaplib import aioimaplib
from imap_tools import AND, MailBoxStartTls, MailBoxUnencrypted, MailMessageFlags
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError
from mailbox_host import MailboxHost, mailbox_host, message

pytestmark = pytest.mark.slow


@pytest.fixture
def host(tmp_path: Path) -> Iterator[MailboxHost]:
    """A host with no mail."""
    with mailbox_host(tmp_path / "mail") as found:
        yield found


@pytest.fixture
def secure(tmp_path: Path, server_side: ssl.SSLContext) -> Iterator[MailboxHost]:
    """A host with a certificate."""
    with mailbox_host(tmp_path / "mail", tls=server_side) as found:
        yield found


@pytest.fixture
def client(host: MailboxHost) -> Iterator[IMAPClient]:
    """Imapclient, logged in, with three messages in INBOX."""
    host.fill(3)
    with IMAPClient("127.0.0.1", host.imap, ssl=False) as found:
        found.login("alice", "secret")
        found.select_folder("INBOX")
        yield found


@pytest.fixture
def box(host: MailboxHost) -> Iterator[MailBoxUnencrypted]:
    """Imap-tools, logged in, with three messages in INBOX."""
    host.fill(3)
    with MailBoxUnencrypted("127.0.0.1", host.imap).login("alice", "secret") as found:
        yield found


class TestImaplib:
    """Python's own."""

    def test_logs_in_by_cram_md5(self, host: MailboxHost):
        """AUTHENTICATE with a challenge (RFC 2195)."""
        with imaplib.IMAP4("127.0.0.1", host.imap) as client:
            assert client.login_cram_md5("alice", "secret")[0] == "OK"

    def test_logs_in_by_plain(self, host: MailboxHost):
        """AUTHENTICATE whose first answer waits for the server's `+`."""
        with imaplib.IMAP4("127.0.0.1", host.imap) as client:
            assert client.authenticate("PLAIN", lambda _: b"\0alice\0secret")[0] == "OK"

    def test_is_refused_with_a_wrong_password(self, host: MailboxHost):
        """And may go on with the right one."""
        with imaplib.IMAP4("127.0.0.1", host.imap) as client:
            with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
                client.login("alice", "wrong")
            assert client.login("alice", "secret")[0] == "OK"

    def test_begins_tls(self, secure: MailboxHost, client_side: ssl.SSLContext):
        """STARTTLS, after which the capabilities are asked for anew and passwords may be said."""
        with imaplib.IMAP4("localhost", secure.imap) as client:
            client.starttls(client_side)
            assert ("LOGINDISABLED" in client.capabilities, client.login("alice", "secret")[0]) == (False, "OK")

    def test_sees_what_lmtp_delivers(self, host: MailboxHost):
        """At once, with the trace fields on top and every octet below."""
        host.deliver(message(1))
        [content] = host.contents()
        assert (content.endswith(message(1)), content.startswith(b"Return-Path: <bob@example.test>\r\n")) == (
            True,
            True,
        )

    def test_appends_and_fetches_every_octet(self, host: MailboxHost):
        """What is appended comes back as it was, size and all."""
        host.fill(1)
        with host.login() as client:
            assert client.fetch("1", "(RFC822.SIZE)")[1] == [b"1 (RFC822.SIZE %d)" % len(message(1))]
        assert host.contents() == [message(1)]

    def test_stores_flags_and_expunges(self, host: MailboxHost):
        """Of three messages the one in the middle goes; EXPUNGE names its number."""
        host.fill(3)
        with host.login() as client:
            assert client.store("2", "+FLAGS", r"(\Deleted)")[1] == [rb"2 (FLAGS (\Deleted))"]
            assert client.expunge()[1] == [b"2"]
        assert host.contents() == [message(1), message(3)]

    @pytest.mark.parametrize(
        ("criteria", "found"),
        [
            (("ALL",), b"1 2 3"),
            (("SUBJECT", '"note 2"'), b"2"),
            (("UNSEEN", "NOT", "SUBJECT", '"note 2"'), b"1 3"),
            (("SENTSINCE", "1-Dec-2026"), b""),
            (("OR", "HEADER", "Message-ID", "<1@", "3"), b"1 3"),
            (("LARGER", "100000"), b""),
            (("TEXT", '"From the start"'), b"1 2 3"),
        ],
    )
    def test_searches(self, host: MailboxHost, criteria: tuple[str, ...], found: bytes):
        """What matches, by number."""
        host.fill(3)
        with host.login() as client:
            assert client.search(None, *criteria)[1] == [found]

    def test_copies_within_an_account(self, host: MailboxHost):
        """To a mailbox whose name has letters beyond US-ASCII, in modified UTF-7; without it there is TRYCREATE."""
        host.fill(2)
        with host.login() as client:
            assert (client.copy("1:2", "Entw&APw-rfe")[0], b"TRYCREATE" in client.copy("1", "no")[1][0]) == ("NO", True)
            assert (client.create("Entw&APw-rfe")[0], client.copy("1:2", "Entw&APw-rfe")[0]) == ("OK", "OK")
        assert host.contents("Entw&APw-rfe") == [message(1), message(2)]

    def test_asks_for_parts(self, host: MailboxHost):
        """Header fields, the text, and a piece of it."""
        host.fill(1)
        with host.login() as client:
            items = "(BODY.PEEK[HEADER.FIELDS (SUBJECT)] BODY.PEEK[TEXT]<0.4>)"
            found = [each[1] for each in client.fetch("1", items)[1] if isinstance(each, tuple)]
        assert found == [b"Subject: note 1\r\n\r\n", b"From"]

    def test_keeps_its_place_by_uid(self, host: MailboxHost):
        """UIDs do not change when messages before them go."""
        host.fill(3)
        with host.login() as client:
            client.store("1", "+FLAGS", r"(\Deleted)")
            client.expunge()
            assert client.uid("FETCH", "3", "(RFC822.SIZE)")[1] == [b"2 (UID 3 RFC822.SIZE %d)" % len(message(3))]

    def test_lists_and_subscribes(self, host: MailboxHost):
        """LIST names all mailboxes, LSUB those on the user's list."""
        with host.login() as client:
            client.create("work")
            client.subscribe("work")
            names = sorted(line.rpartition(b" ")[2] for line in client.list()[1])
            assert (b"work" in names, b"INBOX" in names) == (True, True)
            assert [line.rpartition(b" ")[2] for line in client.lsub()[1]] == [b"work"]


class TestImapclient:
    """Imapclient, whose parser is strict."""

    def test_knows_what_the_server_can_do(self, client: IMAPClient):
        """What it has methods for."""
        wanted = {b"IMAP4REV1", b"IDLE", b"UIDPLUS", b"MOVE", b"ENABLE", b"NAMESPACE", b"ID", b"UNSELECT"}
        assert wanted - set(client.capabilities()) == set()

    def test_is_refused_with_a_wrong_password(self, host: MailboxHost):
        """As a LoginError."""
        with (
            IMAPClient("127.0.0.1", host.imap, ssl=False) as client,
            pytest.raises(LoginError, match="AUTHENTICATIONFAILED"),
        ):
            client.login("alice", "wrong")

    def test_begins_tls(self, secure: MailboxHost, client_side: ssl.SSLContext):
        """STARTTLS, with a certificate that it checks."""
        with IMAPClient("localhost", secure.imap, ssl=False) as client:
            client.starttls(client_side)
            client.login("alice", "secret")
            assert client.select_folder("INBOX")[b"EXISTS"] == 0

    def test_selects(self, client: IMAPClient):
        """Every response that SELECT has to give, read into values."""
        found = client.select_folder("INBOX")
        assert (found[b"EXISTS"], found[b"UIDNEXT"], rb"\*" in found[b"PERMANENTFLAGS"]) == (3, 4, True)
        assert found[b"HIGHESTMODSEQ"] > 0

    def test_reads_the_envelope(self, client: IMAPClient):
        """Date, subject and addresses."""
        found = client.fetch([2], ["ENVELOPE"])[2][b"ENVELOPE"]
        assert (found.subject, found.message_id, str(found.from_[0])) == (
            b"note 2",
            b"<2@example.test>",
            "Bob <bob@example.test>",
        )

    def test_reads_the_structure_of_a_multipart(self, client: IMAPClient):
        """A text and an attachment, as a tree."""
        top = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=z\r\n\r\n--z\r\n\r\nhello\r\n"
        content = top + b"--z\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF\r\n--z--\r\n"
        client.append("INBOX", content)
        found = client.fetch([4], ["BODYSTRUCTURE"])[4][b"BODYSTRUCTURE"]
        assert (found.is_multipart, [part[1] for part in found[0]], found[1]) == (True, [b"plain", b"pdf"], b"mixed")

    def test_moves(self, host: MailboxHost, client: IMAPClient):
        """MOVE: the message is in the other mailbox, and no longer in the first."""
        client.create_folder("Archive")
        client.move([2], "Archive")
        assert (client.search(), host.contents("Archive")) == ([1, 3], [message(2)])

    def test_flags_and_searches_for_them(self, client: IMAPClient):
        """Of the standard's flags and of the user's own."""
        client.add_flags([1, 3], [rb"\Flagged", b"$Later"])
        client.remove_flags([1], [b"$Later"])
        assert (client.search("FLAGGED"), client.search(["KEYWORD", "$Later"])) == ([1, 3], [3])

    def test_searches_for_letters_of_any_script(self, client: IMAPClient):
        """CHARSET UTF-8, the words as a literal."""
        client.append("INBOX", "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nGr\u00fc\u00dfe\r\n".encode())
        assert client.search(["SUBJECT", "gr\u00fc\u00dfe"], charset="UTF-8") == [4]

    def test_makes_renames_and_deletes_mailboxes(self, client: IMAPClient):
        """Names of any letters; those below go along."""
        for name in ("B\u00fccher", "B\u00fccher/neu", "\u53f0\u5317"):
            client.create_folder(name)
        client.rename_folder("B\u00fccher", "Bestand")
        client.delete_folder("\u53f0\u5317")
        names = {name for _, _, name in client.list_folders()}
        assert names - {"INBOX", "Drafts", "Sent", "Trash", "Junk", "Archive"} == {"Bestand", "Bestand/neu"}

    def test_has_a_namespace(self, client: IMAPClient):
        """The user's own, whose delimiter is that of LIST."""
        delimiter = client.list_folders()[0][1].decode()
        assert client.namespace().personal == (("", delimiter),)

    def test_expunges_by_uid(self, client: IMAPClient):
        """UID EXPUNGE takes only what it names (RFC 4315)."""
        client.delete_messages([1, 2])
        client.uid_expunge([2])
        assert client.search() == [1, 3]

    def test_fetches_what_has_changed(self, client: IMAPClient):
        """CHANGEDSINCE (RFC 7162)."""
        since = client.select_folder("INBOX")[b"HIGHESTMODSEQ"]
        client.add_flags([2], [rb"\Seen"])
        assert list(client.fetch([1, 2, 3], ["FLAGS"], [f"CHANGEDSINCE {since}"])) == [2]

    def test_asks_for_status(self, client: IMAPClient):
        """Of a mailbox that is not selected."""
        client.create_folder("work")
        client.append("work", message(1))
        assert client.folder_status("work") == {b"MESSAGES": 1, b"RECENT": 1, b"UIDNEXT": 2, b"UNSEEN": 1} | {
            b"UIDVALIDITY": client.folder_status("work", "UIDVALIDITY")[b"UIDVALIDITY"]
        }

    def test_waits_for_news(self, host: MailboxHost, client: IMAPClient):
        """IDLE: what is delivered meanwhile is told."""
        client.idle()
        host.deliver(message(4))
        assert (4, b"EXISTS") in client.idle_check(timeout=10)
        client.idle_done()
        assert client.search() == [1, 2, 3, 4]

    def test_says_who_it_is(self, client: IMAPClient):
        """ID (RFC 2971)."""
        assert client.id_({"name": "test"}) is not None

    def test_enables(self, client: IMAPClient):
        """ENABLE names what is on now."""
        client.unselect_folder()
        assert client.enable("CONDSTORE") == [b"CONDSTORE"]

    def test_asks_for_quotas(self, client: IMAPClient):
        """GETQUOTAROOT gives INBOX's root (RFC 9208)."""
        assert client.get_quota_root("INBOX")[0].mailbox == "INBOX"

    def test_cannot_select_what_is_not_there(self, client: IMAPClient):
        """NO, and then nothing is selected."""
        with pytest.raises(IMAPClientError, match="NONEXISTENT"):
            client.select_folder("nowhere")


class TestImapTools:
    """Imap-tools, which reads messages by the standard library's parser."""

    def test_fetches_messages(self, box: MailBoxUnencrypted):
        """Subjects in order, and then they have been seen."""
        assert [each.subject for each in box.fetch()] == ["note 1", "note 2", "note 3"]
        assert [each.flags for each in box.fetch(mark_seen=False)] == [("\\Seen",)] * 3

    def test_fetches_in_bulk_and_headers_only(self, box: MailBoxUnencrypted):
        """All at once, the last one first; without bodies."""
        found = list(box.fetch(bulk=True, reverse=True, headers_only=True, mark_seen=False))
        assert [(each.uid, each.text) for each in found] == [("3", ""), ("2", ""), ("1", "")]

    def test_searches(self, box: MailBoxUnencrypted):
        """By its builder of criteria."""
        assert box.uids(AND(subject="note 2", seen=False)) == ["2"]

    def test_flags_moves_copies_and_deletes(self, host: MailboxHost, box: MailBoxUnencrypted):
        """Each by UID."""
        box.folder.create("done")
        box.flag(["1"], MailMessageFlags.ANSWERED, True)
        box.copy(["1"], "done")
        box.move(["2"], "done")
        box.delete(["3"])
        assert (host.contents(), host.contents("done")) == ([message(1)], [message(1), message(2)])
        assert host.flags("done") == [(rb"\Answered",), ()]

    def test_manages_folders(self, box: MailBoxUnencrypted):
        """Set, status, rename, delete."""
        box.folder.create("one")
        box.folder.rename("one", "two")
        assert ([each.name for each in box.folder.list(search_args="tw*")], box.folder.status("two")["MESSAGES"]) == (
            ["two"],
            0,
        )
        box.folder.delete("two")
        assert box.folder.exists("two") is False

    def test_appends(self, host: MailboxHost, box: MailBoxUnencrypted):
        """With a flag and a date."""
        box.append(message(9), "INBOX", flag_set=[MailMessageFlags.SEEN])
        assert (host.contents()[3], host.flags()[3]) == (message(9), (rb"\Seen",))

    def test_waits_for_news(self, host: MailboxHost, box: MailBoxUnencrypted):
        """IDLE for as long as there is nothing."""
        with box.idle as idle:
            host.deliver(message(4))
            assert b"* 4 EXISTS" in idle.poll(timeout=10)

    def test_begins_tls(self, secure: MailboxHost, client_side: ssl.SSLContext):
        """STARTTLS before the login."""
        with MailBoxStartTls("localhost", secure.imap, ssl_context=client_side).login("alice", "secret") as box:
            assert box.uids() == []


class TestAioimaplib:
    """Aioimaplib, which reads responses as they trickle in."""

    def run(self, host: MailboxHost, what) -> object:
        """Let a coroutine work with a client that has logged in."""

        async def session() -> object:
            client = aioimaplib.IMAP4("127.0.0.1", host.imap, timeout=20)
            await client.wait_hello_from_server()
            await client.login("alice", "secret")
            await client.select("INBOX")
            found = await what(client)
            await client.logout()
            # It leaves that to the garbage collector.
            client.protocol.transport.close()
            return found

        return asyncio.run(session())

    def test_fetches_every_octet(self, host: MailboxHost):
        """Of a message of 300 kB."""
        host.fill(1, size=300_000)

        async def fetch(client: aioimaplib.IMAP4) -> object:
            return bytes((await client.fetch("1", "(BODY.PEEK[])")).lines[1])

        assert self.run(host, fetch) == message(1, 300_000)

    def test_searches_by_uid(self, host: MailboxHost):
        """UID SEARCH."""
        host.fill(3)

        async def search(client: aioimaplib.IMAP4) -> object:
            return (await client.uid_search("SUBJECT", '"note 3"')).lines[0]

        assert self.run(host, search) == b"3"

    def test_waits_for_news(self, host: MailboxHost):
        """IDLE, mail that comes, DONE."""

        async def wait(client: aioimaplib.IMAP4) -> object:
            idle = await client.idle_start(timeout=20)
            await asyncio.to_thread(host.deliver, message(1))
            pushed = await client.wait_server_push()
            client.idle_done()
            await asyncio.wait_for(idle, 10)
            return pushed

        assert b"1 EXISTS" in self.run(host, wait)

    def test_moves_and_expunges(self, host: MailboxHost):
        """MOVE where it is offered."""
        host.fill(2)

        async def move(client: aioimaplib.IMAP4) -> object:
            await client.create("away")
            return (await client.move("1", "away")).result

        assert (self.run(host, move), host.contents(), host.contents("away")) == ("OK", [message(2)], [message(1)])

    def test_appends(self, host: MailboxHost):
        """A literal that waits for the server's `+`."""

        async def append(client: aioimaplib.IMAP4) -> object:
            return (await client.append(message(1))).result

        assert (self.run(host, append), host.contents()) == ("OK", [message(1)])
