"""Programs for IMAP that others wrote, against a served host: what they fetch, move, mark and synchronize."""

from __future__ import annotations

import re
import shlex
import signal
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from interop_servers import run, tool
from mailbox_host import MailboxHost, mailbox_host, message, until

pytestmark = pytest.mark.slow


@pytest.fixture
def host(tmp_path: Path) -> Iterator[MailboxHost]:
    """A host where alice has three messages."""
    with mailbox_host(tmp_path / "mail") as found:
        found.fill(3)
        yield found


@pytest.fixture
def secure(tmp_path: Path, server_side: ssl.SSLContext) -> Iterator[MailboxHost]:
    """The same with a certificate."""
    with mailbox_host(tmp_path / "mail", tls=server_side) as found:
        found.fill(3)
        yield found


def on_disk(folder: Path) -> list[bytes]:
    """The messages of a Maildir as they would be on the wire, sorted."""
    files = [file for place in ("new", "cur") for file in (folder / place).iterdir()]
    return sorted(file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for file in files)


def letters(folder: Path) -> list[str]:
    """The flags that the names of a Maildir's files say, sorted."""
    return sorted(file.name.partition(":2,")[2] for place in ("new", "cur") for file in (folder / place).iterdir())


class TestCurl:
    """Curl, by URL and by command."""

    def curl(self, host: MailboxHost, path: str, *options: object) -> bytes:
        """What it prints, asked with alice's login."""
        url = f"imap://alice:secret@127.0.0.1:{host.imap}/{path}"
        found = run("curl", "-sS", "--max-time", 20, *options, url)
        assert found.returncode == 0
        return found.stdout

    @pytest.mark.parametrize("where", ["INBOX;UID=2", "INBOX;MAILINDEX=2"])
    def test_fetches_a_message(self, host: MailboxHost, where: str):
        """By its UID and by its number, every octet."""
        assert self.curl(host, where) == message(2)

    def test_fetches_a_section(self, host: MailboxHost):
        """Header fields alone."""
        section = "INBOX;UID=2;SECTION=HEADER.FIELDS%20(SUBJECT)"
        assert self.curl(host, section) == b"Subject: note 2\r\n\r\n"

    def test_fetches_many_in_one_session(self, host: MailboxHost):
        """A range in the URL."""
        assert self.curl(host, "INBOX;MAILINDEX=[1-3]") == message(1) + message(2) + message(3)

    def test_searches(self, host: MailboxHost):
        """By the query of the URL."""
        assert self.curl(host, "INBOX?SUBJECT%20%22note%203%22") == b"* SEARCH 3\r\n"

    def test_lists(self, host: MailboxHost):
        """The mailboxes, where the URL names none."""
        assert b'"/" INBOX\r\n' in self.curl(host, "")

    def test_appends(self, host: MailboxHost, tmp_path: Path):
        """An upload is an APPEND."""
        (tmp_path / "note").write_bytes(message(9))
        self.curl(host, "INBOX", "-T", tmp_path / "note")
        assert host.contents()[3] == message(9)

    @pytest.mark.parametrize(
        ("command", "said"),
        [
            ("EXAMINE INBOX", b"* 3 EXISTS"),
            ("STATUS INBOX (MESSAGES UIDNEXT)", b"* STATUS INBOX (MESSAGES 3 UIDNEXT 4)"),
            ("NAMESPACE", b'* NAMESPACE (("" "/")) NIL NIL'),
            ("CREATE work", b""),
            ('LIST "" INBOX', b'* LIST (\\HasNoChildren) "/" INBOX'),
        ],
    )
    def test_says_what_it_is_told(self, host: MailboxHost, command: str, said: bytes):
        """Its own commands, and the untagged data that they bring."""
        assert said in self.curl(host, "", "-X", command)

    def test_stores_flags(self, host: MailboxHost):
        """Curl prints the new flags."""
        assert self.curl(host, "INBOX", "-X", r"STORE 1 +FLAGS (\Flagged)") == b"* 1 FETCH (FLAGS (\\Flagged))\r\n"

    @pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
    def test_logs_in(self, host: MailboxHost, mechanism: str):
        """By each mechanism."""
        assert self.curl(host, "INBOX;UID=1", "--login-options", f"AUTH={mechanism}") == message(1)

    def test_begins_tls(self, secure: MailboxHost, authorities: Path):
        """STARTTLS, with a certificate that it checks."""
        options = ("--ssl-reqd", "--cacert", authorities)
        assert self.curl(secure, "INBOX;UID=1", *options) == message(1)

    def test_is_refused(self, host: MailboxHost):
        """With a wrong password: its status says that the login was denied."""
        assert run("curl", "-s", f"imap://alice:wrong@127.0.0.1:{host.imap}/").returncode == 67


class Mbsync:
    """Isync's mbsync with alice's mailboxes on one side and Maildirs on the other."""

    def __init__(self, host: MailboxHost, folder: Path, options: str) -> None:
        self.near = folder / "near"
        self.near.mkdir()
        self._file = folder / "mbsyncrc"
        self._file.write_text(
            f"IMAPStore far\nHost localhost\nPort {host.imap}\nUser alice\nPass secret\n{options}\n\n"
            f"MaildirStore near\nPath {self.near}/\nInbox {self.near}/INBOX\nSubFolders Verbatim\n\n"
            "Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nRemove Both\nExpunge Both\nSyncState *\n"
        )

    def __call__(self) -> bytes:
        """Synchronize; gives its counts, for the far and the near side: messages added, changed and gone."""
        found = run("mbsync", "-V", "-c", self._file, "-a")
        assert (found.returncode, found.stderr.replace(b"Maildir notice", b"")) == (
            0,
            found.stderr.replace(b"Maildir notice", b""),
        )
        return found.stdout


PLAIN = "SSLType None"


@pytest.fixture
def mbsync(host: MailboxHost, tmp_path: Path) -> Mbsync:
    """Mbsync in the clear."""
    tool("mbsync")
    return Mbsync(host, tmp_path, PLAIN)


class TestMbsync:
    """Isync's mbsync, both ways."""

    def test_fetches_every_octet(self, host: MailboxHost, mbsync: Mbsync):
        """Of all mailboxes."""
        host.fill(2, "work")
        mbsync()
        # It writes a field of its own into what it has yet to see at the other end, and nothing else.
        own = re.compile(rb"X-TUID: .*\r\n")
        assert [own.sub(b"", each) for each in on_disk(mbsync.near / "INBOX")] == [message(each) for each in (1, 2, 3)]
        assert len(on_disk(mbsync.near / "work")) == 2

    def test_transfers_nothing_twice(self, mbsync: Mbsync):
        """The second run finds all in its place."""
        mbsync()
        before = sorted(file.name for file in mbsync.near.rglob("*:2,*"))
        said = mbsync()
        assert (b"Copying" in said, sorted(file.name for file in mbsync.near.rglob("*:2,*"))) == (False, before)

    def test_uploads(self, host: MailboxHost, mbsync: Mbsync):
        """What is new on this side is appended, once, with its flags."""
        mbsync()
        (mbsync.near / "INBOX/cur/1.new.here:2,FS").write_bytes(message(9).replace(b"\r\n", b"\n"))
        mbsync()
        mbsync()
        kept = re.sub(rb"X-TUID: .*\r\n", b"", host.contents()[3])
        assert (len(host.contents()), kept, host.flags()[3]) == (4, message(9), (rb"\Flagged", rb"\Seen"))

    def test_brings_flags_both_ways(self, host: MailboxHost, mbsync: Mbsync):
        """A flag set there is seen here, and one set here there."""
        mbsync()
        with host.login() as client:
            client.store("1", "+FLAGS", r"(\Answered)")
        file = next(file for file in (mbsync.near / "INBOX").rglob("*:2,*") if b"note 3" in file.read_bytes())
        file.rename(file.parent.parent / "cur" / f"{file.name.partition(':')[0]}:2,S")
        mbsync()
        assert (letters(mbsync.near / "INBOX"), host.flags()) == (["", "R", "S"], [(rb"\Answered",), (), (rb"\Seen",)])

    def test_brings_deletions_both_ways(self, host: MailboxHost, mbsync: Mbsync):
        """One is expunged there, another is removed here: one is left."""
        mbsync()
        with host.login() as client:
            client.store("1", "+FLAGS", r"(\Deleted)")
            client.expunge()
        next(file for file in (mbsync.near / "INBOX").rglob("*:2,*") if b"note 3" in file.read_bytes()).unlink()
        mbsync()
        assert (host.contents(), len(on_disk(mbsync.near / "INBOX"))) == ([message(2)], 1)

    def test_makes_mailboxes_both_ways(self, host: MailboxHost, mbsync: Mbsync):
        """A Maildir here becomes a mailbox there, its message with it."""
        for place in ("new", "cur", "tmp"):
            (mbsync.near / "plans" / place).mkdir(parents=True)
        (mbsync.near / "plans/new/1.new.here").write_bytes(message(5).replace(b"\r\n", b"\n"))
        mbsync()
        assert re.sub(rb"X-TUID: .*\r\n", b"", host.contents("plans")[0]) == message(5)

    @pytest.mark.parametrize("options", ["PipelineDepth 1", "DisableExtension LITERAL+ UIDPLUS MOVE NAMESPACE"])
    def test_works_with_less(self, host: MailboxHost, tmp_path: Path, options: str):
        """In lockstep, and without the extensions: UIDs of what is uploaded are found by its own header field."""
        mbsync = Mbsync(host, tmp_path, f"{PLAIN}\n{options}")
        mbsync()
        (mbsync.near / "INBOX/cur/1.new.here:2,").write_bytes(message(9).replace(b"\r\n", b"\n"))
        mbsync()
        mbsync()
        assert len(host.contents()) == 4

    def test_begins_tls(self, secure: MailboxHost, tmp_path: Path, authorities: Path):
        """STARTTLS, with a certificate that it checks."""
        mbsync = Mbsync(secure, tmp_path, f"SSLType STARTTLS\nCertificateFile {authorities}")
        mbsync()
        assert len(on_disk(mbsync.near / "INBOX")) == 3


class Fetchmail:
    """Fetchmail's command for alice's INBOX, which puts what it fetches into a file."""

    def __init__(self, host: MailboxHost, folder: Path) -> None:
        self.kept = folder / "kept"
        self._folder = folder
        self._file = folder / "fetchmailrc"
        self._port = host.imap

    def command(self, options: str, *, way: str = "password") -> list[object]:
        """What to run."""
        self._file.write_text(
            f"poll localhost protocol imap port {self._port} auth {way}\n"
            f'user alice password secret {options} mda "cat >> {self.kept}; echo >> {self.kept}"\n'
        )
        self._file.chmod(0o600)
        own = [f"--{name}={self._folder / name}" for name in ("pidfile", "idfile")]
        return ["-f", self._file, "--nosyslog", "--nodetach", *own]

    def __call__(self, options: str, *, way: str = "password") -> int:
        """Fetch; gives its status: 0 where there was mail, 1 where there was none."""
        return run("fetchmail", *self.command(options, way=way)).returncode

    def subjects(self) -> list[str]:
        """Of what it has fetched."""
        return re.findall(r"^Subject: (.*)$", self.kept.read_text(), re.MULTILINE) if self.kept.exists() else []


@pytest.fixture
def fetchmail(host: MailboxHost, tmp_path: Path) -> Fetchmail:
    """Fetchmail for a host in the clear."""
    tool("fetchmail")
    return Fetchmail(host, tmp_path)


class TestFetchmail:
    """Fetchmail by IMAP."""

    def test_fetches_and_deletes(self, host: MailboxHost, fetchmail: Fetchmail):
        """As by default: then there is nothing left."""
        assert (fetchmail("sslproto ''"), fetchmail.subjects()) == (0, ["note 1", "note 2", "note 3"])
        assert (host.contents(), fetchmail("sslproto ''")) == ([], 1)

    def test_keeps(self, host: MailboxHost, fetchmail: Fetchmail):
        """What it has fetched is marked as seen, and not fetched again."""
        assert (fetchmail("keep sslproto ''"), host.flags()) == (0, [(rb"\Seen",)] * 3)
        assert (fetchmail("keep sslproto ''"), len(fetchmail.subjects())) == (1, 3)

    def test_fetches_another_mailbox(self, host: MailboxHost, fetchmail: Fetchmail):
        """By its option."""
        host.fill(1, "work")
        assert (fetchmail("folder work sslproto ''"), fetchmail.subjects()) == (0, ["note 1"])

    @pytest.mark.parametrize("way", ["password", "cram-md5", "any"])
    def test_logs_in(self, fetchmail: Fetchmail, way: str):
        """By LOGIN and by AUTHENTICATE."""
        assert fetchmail("sslproto ''", way=way) == 0

    def test_begins_tls(self, secure: MailboxHost, tmp_path: Path):
        """STARTTLS, as a condition; it wants a name where the certificate has only others."""
        fetchmail = Fetchmail(secure, tmp_path)
        assert (fetchmail("no sslcertck sslproto tls1.2+"), len(fetchmail.subjects())) == (0, 3)

    def test_waits_for_news(self, host: MailboxHost, fetchmail: Fetchmail):
        """IDLE: what comes while it waits is fetched at once."""
        command = [tool("fetchmail"), *map(str, fetchmail.command("idle sslproto ''"))]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            try:
                until(lambda: len(fetchmail.subjects()) == 3)
                host.deliver(message(4))
                until(lambda: fetchmail.subjects()[3:] == ["note 4"])
            finally:
                running.send_signal(signal.SIGTERM)
                running.wait(20)


class TestGetmail:
    """Getmail 6."""

    @pytest.fixture
    def rc(self, host: MailboxHost, tmp_path: Path) -> dict[str, dict[str, object]]:
        """Its sections."""
        # It hands nothing to a Maildir where it runs as root.
        sink = f"cat >> {tmp_path}/kept"
        return {
            "retriever": {
                "type": "SimpleIMAPRetriever",
                "server": "127.0.0.1",
                "port": host.imap,
                "username": "alice",
                "password": "secret",
            },
            "destination": {
                "type": "MDA_external",
                "path": "/bin/sh",
                "arguments": ("-c", sink),
                "allow_root_commands": "true",
                "unixfrom": "false",
            },
            "options": {"read_all": "false", "delivered_to": "false", "received": "false"},
        }

    def fetch(self, folder: Path, rc: Mapping[str, Mapping[str, object]]) -> list[str]:
        """Run it; gives the subjects of all that it has fetched so far."""
        sections = [
            "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in keys.items())]) for name, keys in rc.items()
        ]
        (folder / "getmailrc").write_text("\n".join(sections) + "\n")
        found = run("getmail", f"--getmaildir={folder}", f"--rcfile={folder}/getmailrc", PATH="/usr/bin:/bin")
        assert (found.returncode, found.stderr) == (0, b"")
        return re.findall(r"^Subject: (.*)$", (folder / "kept").read_text(), re.MULTILINE)

    def test_fetches_what_is_new(self, host: MailboxHost, tmp_path: Path, rc: dict[str, dict[str, object]]):
        """By UID, and the second time only what has come since."""
        tool("getmail")
        assert self.fetch(tmp_path, rc) == ["note 1", "note 2", "note 3"]
        host.deliver(message(4))
        assert self.fetch(tmp_path, rc) == ["note 1", "note 2", "note 3", "note 4"]

    def test_deletes(self, host: MailboxHost, tmp_path: Path, rc: dict[str, dict[str, object]]):
        """Where it is told to."""
        tool("getmail")
        rc["options"]["delete"] = "true"
        assert (len(self.fetch(tmp_path, rc)), host.contents()) == (3, [])

    def test_moves_what_it_has_fetched(self, host: MailboxHost, tmp_path: Path, rc: dict[str, dict[str, object]]):
        """To another mailbox of the server."""
        tool("getmail")
        host.fill(0, "done")
        rc["options"]["delete"] = "true"
        rc["retriever"]["move_on_delete"] = "done"
        assert (len(self.fetch(tmp_path, rc)), len(host.contents("done")), host.contents()) == (3, 3, [])


class TestMutt:
    """Mutt in batch: the keys that it is given, on a terminal that nobody sees."""

    def mutt(self, host: MailboxHost, folder: Path, keys: str) -> None:
        """Open INBOX, press keys, and quit."""
        settings = [
            f'set folder="imap://127.0.0.1:{host.imap}/"',
            "set imap_user=alice imap_pass=secret ssl_starttls=no ssl_force_tls=no",
            "set quit=yes delete=yes confirmcreate=no confirmappend=no copy=no move=no sleep_time=0 mark_old=no",
            "set wait_key=no auto_tag=no imap_list_subscribed=no",
        ]
        (folder / "muttrc").write_text("\n".join(settings) + "\n")
        push = f'push "{keys}<sync-mailbox><quit>"'
        command = [tool("mutt"), "-n", "-F", folder / "muttrc", "-f", f"imap://127.0.0.1:{host.imap}/INBOX", "-e", push]
        shown = run("script", "-qec", shlex.join(map(str, command)), "/dev/null", TERM="xterm", HOME=str(folder))
        assert shown.returncode == 0

    def test_reads(self, host: MailboxHost, tmp_path: Path):
        """A message that was displayed has been seen."""
        self.mutt(host, tmp_path, "<display-message><exit>")
        assert host.flags() == [(rb"\Seen",), (), ()]

    def test_flags_what_matches(self, host: MailboxHost, tmp_path: Path):
        """By pattern, several at once."""
        self.mutt(host, tmp_path, "<tag-pattern>~s 'note [13]'<enter><tag-prefix><flag-message>")
        assert [rb"\Flagged" in flags for flags in host.flags()] == [True, False, True]

    def test_deletes(self, host: MailboxHost, tmp_path: Path):
        """And purges when it leaves."""
        self.mutt(host, tmp_path, "<delete-pattern>~s 'note 2'<enter>")
        assert host.contents() == [message(1), message(3)]

    def test_saves_to_a_mailbox(self, host: MailboxHost, tmp_path: Path):
        """Which it makes first: COPY, and the original deleted."""
        self.mutt(host, tmp_path, "<save-message>=kept<enter>")
        assert (host.contents(), host.contents("kept")) == ([message(2), message(3)], [message(1)])

    def test_searches_bodies_on_the_server(self, host: MailboxHost, tmp_path: Path):
        """`=b` is a SEARCH."""
        host.deliver(b"Subject: other\r\n\r\nneedle\r\n")
        self.mutt(host, tmp_path, "<delete-pattern>=b needle<enter>")
        assert len(host.contents()) == 3


class TestImapfilter:
    """Imapfilter: a script in Lua."""

    def filter(self, host: MailboxHost, folder: Path, script: str) -> bytes:
        """Run a script on alice's account `a`."""
        (folder / "script.lua").write_text(
            "options.timeout = 20\noptions.create = true\noptions.starttls = false\n"
            f"a = IMAP {{ server = '127.0.0.1', port = {host.imap}, username = 'alice', password = 'secret' }}\n"
            + script
        )
        found = run("imapfilter", "-c", folder / "script.lua", HOME=str(folder))
        assert found.returncode == 0
        return found.stdout

    def test_moves_what_matches(self, host: MailboxHost, tmp_path: Path):
        """To a mailbox that it makes when it is told of TRYCREATE."""
        self.filter(host, tmp_path, "a.INBOX:contain_subject('note 2'):move_messages(a['Filed'])")
        assert (host.contents(), host.contents("Filed")) == ([message(1), message(3)], [message(2)])

    def test_copies_marks_and_deletes(self, host: MailboxHost, tmp_path: Path):
        """By sets of messages, with their intersections."""
        script = """
        a:create_mailbox('Kept')
        a.INBOX:contain_from('bob'):copy_messages(a['Kept'])
        a.INBOX:contain_subject('note 1'):mark_flagged()
        found = a.INBOX:is_unseen() * a.INBOX:contain_subject('note 3')
        found:delete_messages()
        """
        self.filter(host, tmp_path, script)
        assert (len(host.contents("Kept")), host.flags()) == (3, [(rb"\Flagged",), ()])

    def test_reads_parts(self, host: MailboxHost, tmp_path: Path):
        """A header field and a body, matched by the script's own pattern."""
        script = "print(#a.INBOX:match_header('note [12]'), a.INBOX[3]:fetch_field('Subject'))"
        assert b"2\tSubject: note 3" in self.filter(host, tmp_path, script)

    def test_asks_for_status(self, host: MailboxHost, tmp_path: Path):
        """How many there are, new and unseen, and the next UID."""
        assert b"3 messages, 0 recent, 3 unseen" in self.filter(host, tmp_path, "a.INBOX:check_status()")


class Offlineimap:
    """Offlineimap3's command for alice's account and Maildirs."""

    def __init__(self, host: MailboxHost, folder: Path) -> None:
        self.near = folder / "offline"
        self._file = folder / "offlineimaprc"
        self._file.write_text(
            f"[general]\nmetadata = {folder}/metadata\naccounts = a\nui = quiet\n"
            "[Account a]\nlocalrepository = near\nremoterepository = far\n"
            f"[Repository near]\ntype = Maildir\nlocalfolders = {self.near}\n"
            f"[Repository far]\ntype = IMAP\nremotehost = 127.0.0.1\nremoteport = {host.imap}\nssl = no\nstarttls = no\n"
            "remoteuser = alice\nremotepass = secret\n"
        )

    def __call__(self) -> None:
        """Synchronize once."""
        found = run("offlineimap", "-o", "-c", self._file, PATH="/usr/bin:/bin", HOME=str(self.near.parent))
        assert (found.returncode, found.stderr) == (0, b"")


class TestOfflineimap:
    """Offlineimap3, both ways."""

    def test_fetches_every_octet(self, host: MailboxHost, tmp_path: Path):
        """Of all mailboxes, by UID."""
        tool("offlineimap")
        host.fill(2, "work")
        offlineimap = Offlineimap(host, tmp_path)
        offlineimap()
        assert on_disk(offlineimap.near / "INBOX") == [message(1), message(2), message(3)]
        assert len(on_disk(offlineimap.near / "work")) == 2

    def test_transfers_nothing_twice(self, host: MailboxHost, tmp_path: Path):
        """The second run changes no file here and no message there."""
        tool("offlineimap")
        offlineimap = Offlineimap(host, tmp_path)
        offlineimap()
        before = sorted(offlineimap.near.rglob("*:2,*"))
        offlineimap()
        assert (sorted(offlineimap.near.rglob("*:2,*")), len(host.contents())) == (before, 3)

    def test_brings_changes_both_ways(self, host: MailboxHost, tmp_path: Path):
        """A flag from there, a deletion from here."""
        tool("offlineimap")
        offlineimap = Offlineimap(host, tmp_path)
        offlineimap()
        with host.login() as client:
            client.store("1", "+FLAGS", r"(\Answered)")
        next(file for file in offlineimap.near.rglob("*:2,*") if b"note 3" in file.read_bytes()).unlink()
        offlineimap()
        assert (letters(offlineimap.near / "INBOX"), host.contents()) == (["", "R"], [message(1), message(2)])


class TestOthers:
    """A scanner, and a client for whatever is typed."""

    def test_nmap_lists_what_the_host_can_do(self, host: MailboxHost):
        """Its script names the capabilities of the answer to CAPABILITY."""
        scan = ("-Pn", "-sT", "-n", "-p", host.imap, "--script", "+imap-capabilities", "127.0.0.1")
        found = run("nmap", *scan).stdout.decode().partition("imap-capabilities:")[2].split()
        assert {"IMAP4rev1", "IMAP4rev2", "IDLE", "LITERAL+", "AUTH=PLAIN"} - set(found) == set()

    def test_openssl_begins_tls(self, secure: MailboxHost, authorities: Path):
        """`s_client` knows how STARTTLS goes in IMAP, verifies the chain, and passes on what it is given."""
        options = (
            "-connect",
            f"127.0.0.1:{secure.imap}",
            "-starttls",
            "imap",
            "-CAfile",
            authorities,
            "-crlf",
            "-quiet",
        )
        words = b"a LOGIN alice secret\nb STATUS INBOX (MESSAGES)\nc LOGOUT\n"
        found = run("openssl", "s_client", *options, "-verify_return_error", "-ign_eof", data=words)
        assert (b"* STATUS INBOX (MESSAGES 3)" in found.stdout, found.returncode) == (True, 0)
