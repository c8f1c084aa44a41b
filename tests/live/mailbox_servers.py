"""Two servers of mailboxes that others wrote, on loopback and with mailboxes of their own: Dovecot and pymap."""

from __future__ import annotations

import imaplib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from interop_servers import free_ports, needs_root, tool

_PATIENCE = 20.0
"""Seconds that a server may take to start."""


@dataclass(frozen=True)
class MailboxServer:
    """A real server, where alice's password is `secret`; `pop3` is 0 where it speaks none."""

    name: str
    imap: int
    pop3: int = 0

    def login(self) -> imaplib.IMAP4:
        """A session of Python's own client, with INBOX selected."""
        client = imaplib.IMAP4("127.0.0.1", self.imap)
        client.login("alice", "secret")
        client.select("INBOX")
        return client

    def fill(self, contents: Sequence[bytes]) -> None:
        """Let INBOX hold these messages and no others."""
        with self.login() as client:
            client.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
            client.expunge()
            for content in contents:
                assert client.append("INBOX", "", "", content)[0] == "OK"


_DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5
auth_failure_delay = 0
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  inet_listener imap {{
    port = {ports[0]}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {ports[1]}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""


@contextmanager
def dovecot(certificate: Path, key: Path) -> Iterator[MailboxServer]:
    """Dovecot with IMAP and POP3, and a certificate."""
    program = tool("dovecot")
    needs_root("Dovecot")
    with tempfile.TemporaryDirectory(prefix="mtasim-") as name:
        folder, ports = Path(name), free_ports(2)
        folder.chmod(0o755)
        (folder / "mail").mkdir()
        shutil.chown(folder / "mail", "mail")
        (folder / "cert.pem").write_bytes(certificate.read_bytes())
        (folder / "key.pem").write_bytes(key.read_bytes())
        (folder / "conf").write_text(_DOVECOT.format(folder=folder, ports=ports))
        with _running([program, "-F", "-c", str(folder / "conf")], ports):
            yield MailboxServer("Dovecot", *ports)


@contextmanager
def pymap() -> Iterator[MailboxServer]:
    """Pymap with IMAP, in memory."""
    [port] = free_ports(1)
    server = ("--host", "127.0.0.1", "--port", str(port), "--no-tls", "--no-service", "managesieve")
    user = ("dict", "--demo-user", "alice", "--demo-password", "secret")
    script = "import sys; from pymap.main import main; sys.exit(main())"
    with _running([sys.executable, "-c", script, *server, *user], [port]):
        yield MailboxServer("pymap", port)


@contextmanager
def _running(command: Sequence[str], ports: Sequence[int]) -> Iterator[None]:
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            for port in ports:
                until = time.monotonic() + _PATIENCE
                while True:
                    try:
                        socket.create_connection(("127.0.0.1", port), timeout=5).close()
                        break
                    except ConnectionRefusedError:
                        time.sleep(0.05)
                        if time.monotonic() > until or process.poll() is not None:
                            output.seek(0)
                            raise AssertionError(f"{command[0]} does not listen: {output.read()!r}") from None
            yield
        finally:
            process.terminate()
            process.wait(_PATIENCE)
