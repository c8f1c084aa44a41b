"""Programs that others wrote: how they are found and run, and two MTAs of them as servers.

The MTAs run on loopback with a configuration and a queue of their own, and are stopped at the end. What the machine itself has configured is neither read nor touched. Both MTAs drop their rights, and so keep everything
in a folder that every user may pass through, which pytest's own are not.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("MTASIM_PROGRAMS", ROOT / ".ci" / "programs"))
"""Where .ci/run unpacks Debian packages that cannot be installed beside Postfix's."""

SIZE_LIMIT = 20_000
"""The greatest message that both MTAs take, in octets."""

_PATIENCE = 20.0
"""Seconds that an MTA may take to start, or to put mail that it has taken into a mailbox."""


class Mta:
    """A real MTA: the port where it offers PIPELINING, the one where it does not, and its users' mail."""

    def __init__(self, name: str, folder: Path, process: subprocess.Popen[bytes], ports: tuple[int, int]) -> None:
        self.name = name
        self.folder = folder
        self.process = process
        self.port, self.lockstep_port = ports

    def mail(self, user: str) -> list[bytes]:
        """The messages in a user's Maildir."""
        return [file.read_bytes() for file in sorted((self.folder / "mail" / user / "new").glob("*"))]

    def delivered(self, user: str, words: bytes) -> bytes:
        """The message to a user with these words in it, waited for; there must be no two."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            if found := [message for message in self.mail(user) if words in message]:
                assert len(found) == 1
                return found[0]
            time.sleep(0.01)
        raise AssertionError(f"{self.name} delivered no message to {user} with {words!r}:\n{self.log()}")

    def log(self) -> str:
        """What it has logged."""
        return "".join(file.read_text(errors="replace") for file in sorted((self.folder / "log").glob("*")))


PACKAGES = {
    "dovecot": "dovecot-imapd and dovecot-pop3d",
    "exim4": "exim4-daemon-light",
    "getmail": "getmail6",
    "mbsync": "isync",
    "nullmailer/smtp": "nullmailer",
    "offlineimap": "offlineimap3",
    "script": "bsdutils",
    "smtp-sink": "postfix",
    "smtp-source": "postfix",
}
"""The Debian packages of those programs that are not named as theirs."""


def tool(name: str) -> str:
    """The path of a program (`PACKAGE/NAME` for one below /usr/lib); skips the test where there is none."""
    folders = (os.environ.get("PATH", ""), "/usr/sbin", "/usr/lib", PROGRAMS / "usr/sbin", PROGRAMS / "usr/lib")
    places = [Path(folder) / name for folder in os.pathsep.join(map(str, folders)).split(os.pathsep)]
    found = next((str(place) for place in places if place.is_file() and os.access(place, os.X_OK)), None)
    if found is None:
        pytest.skip(
            f"{name} is not installed: it comes with Debian's {PACKAGES.get(name, name)}, which .ci/run installs"
        )
    return found


def swaks_status(server: str, *options: str) -> int:
    """What swaks's exit status is, where it sends to a server with these options; skips the test where it has no TLS."""
    if any("-tls" in option for option in options) and b"=== TLS supported" not in run("swaks", "--support").stdout:
        pytest.skip("swaks has no TLS: it comes with Debian's libnet-ssleay-perl, which .ci/run installs")
    return run("swaks", "--server", server, *options).returncode


def run(name: str, *arguments: object, data: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, with these variables besides the tests' own."""
    return subprocess.run(
        [tool(name), *map(str, arguments)],
        input=data,
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


def free_ports(number: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def wait_for_port(mta: Mta, port: int) -> None:
    """Wait until the MTA listens."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and mta.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"{mta.name} does not listen on port {port}, exit status {mta.process.poll()}:\n{mta.log()}")


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mtasim-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for sub in ("conf", "log", "mail"):
            (folder / sub).mkdir()
        yield folder


@contextmanager
def _running(name: str, command: list[object], folder: Path, ports: list[int], **environment: str) -> Iterator[Mta]:
    with (folder / "log" / "output").open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment},
            start_new_session=True,
        )
    found = Mta(name, folder, process, (ports[0], ports[1]))
    try:
        for port in ports:
            wait_for_port(found, port)
        yield found
    finally:
        # SIGTERM is how both are told to stop; Postfix's master takes its daemons along.
        process.terminate()
        process.wait(timeout=_PATIENCE)


def needs_root(name: str) -> None:
    """Skip the test of a program that only root can start."""
    if os.getuid() != 0:
        pytest.skip(f"{name} drops its rights, and so needs to be started by root")


_POSTFIX_MAIN = """
compatibility_level = 3.6
myhostname = mx.b.example
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log/postfix
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
alias_maps =
alias_database =
local_recipient_maps = inline:{{ {{ ben@[127.0.0.1] = ben/ }} }}
local_transport = virtual
local_header_rewrite_clients =
virtual_mailbox_domains = b.example
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ {{ bob@b.example = bob/ }}, {{ ben@b.example = ben/ }}, {{ ben@[127.0.0.1] = ben/ }} }}
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
message_size_limit = {limit}
smtpd_delay_reject = no
smtpd_sender_restrictions = check_sender_access inline:{{ {{ barred@y.example = 550 5.7.1 barred }} }}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions =
    check_recipient_access inline:{{ {{ ida@b.example = 450 4.7.1 greylisted }}, {{ ira@b.example = 421 4.3.2 busy }} }},
    reject_unauth_destination
smtpd_data_restrictions = check_sender_access inline:{{ {{ nodata@y.example = 554 5.7.1 no data }}, {{ later@y.example = 451 4.7.1 later }} }}
header_checks = regexp:{folder}/conf/header_checks
"""

_POSTFIX_MASTER = """
127.0.0.1:{} inet n - n - - smtpd
127.0.0.1:{} inet n - n - - smtpd
    -o smtpd_discard_ehlo_keywords=pipelining
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""

_QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")


@contextmanager
def postfix() -> Iterator[Mta]:
    """Postfix's master with the daemons that take mail and put it into Maildirs."""
    tool("postfix")
    needs_root("Postfix")
    daemons = Path(
        subprocess.run(
            ["postconf", "-dh", "daemon_directory"], capture_output=True, text=True, check=True
        ).stdout.strip()
    )
    owner = pwd.getpwnam("postfix")
    with _folder() as folder:
        ports = free_ports(2)
        (folder / "conf" / "main.cf").write_text(
            _POSTFIX_MAIN.format(folder=folder, uid=owner.pw_uid, limit=SIZE_LIMIT)
        )
        (folder / "conf" / "master.cf").write_text(_POSTFIX_MASTER.format(*ports))
        (folder / "conf" / "header_checks").write_text(
            "/^Subject: forbidden/ REJECT\n/^Subject: hold off/ REJECT 4.7.1 hold off\n"
        )
        # Every daemon would wait for files that have only just been changed.
        os.utime(folder / "conf" / "main.cf", (0, 0))
        (folder / "queue").mkdir()
        for sub in ("data", "mail", *(f"queue/{queue}" for queue in (*_QUEUES, "maildrop", "public"))):
            (folder / sub).mkdir(exist_ok=True)
            shutil.chown(folder / sub, "postfix", "postdrop" if sub.endswith(("maildrop", "public")) else None)
        (folder / "queue" / "pid").mkdir()
        command = [daemons / "master", "-c", folder / "conf", "-d"]
        with _running("Postfix", command, folder, ports, MAIL_CONFIG=str(folder / "conf")) as found:
            yield found


_EXIM_USER = "Debian-exim"
"""What Debian's Exim is built to run as; the tests give that name a number that no account has."""

_EXIM_UID = 64_999

_EXIM_CONFIG = """
exim_path = {program}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
primary_hostname = mx.b.example
local_interfaces = <; 127.0.0.1
daemon_smtp_ports = {ports[0]} : {ports[1]}
pipelining_advertise_hosts = ${{if ={{$received_port}}{{{ports[0]}}}{{*}}{{}}}}
tls_advertise_hosts =
chunking_advertise_hosts = *
dsn_advertise_hosts = *
host_lookup =
rfc1413_hosts =
allow_domain_literals
accept_8bitmime
message_size_limit = {limit}
deliver_drop_privilege
keep_environment = LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
acl_smtp_predata = predata
acl_smtp_data = data
domainlist own = b.example : @[]
begin acl
mail:
  deny senders = barred@y.example
  accept
rcpt:
  defer recipients = ida@b.example
    message = 450 greylisted
  accept domains = +own
    local_parts = bob : ben
  deny domains = +own
    message = no such user
  deny message = relay not permitted
predata:
  deny senders = nodata@y.example
  defer senders = later@y.example
  accept
data:
  deny condition = ${{if match{{$h_Subject:}}{{^forbidden}}}}
  defer condition = ${{if match{{$h_Subject:}}{{^hold off}}}}
  accept
begin routers
users:
  driver = accept
  domains = +own
  local_parts = bob : ben
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = {folder}/mail/$local_part_data
  maildir_format
  return_path_add
"""


@contextmanager
def exim() -> Iterator[Mta]:
    """Exim as a daemon; nss_wrapper tells it of the user that its package would have made."""
    program = tool("exim4")
    needs_root("Exim")
    wrapper = next(Path("/usr/lib").glob("*/libnss_wrapper.so"), None)
    if wrapper is None:
        pytest.skip("nss_wrapper is not installed: it comes with Debian's libnss-wrapper, which .ci/run installs")
    names = {"LD_PRELOAD": str(wrapper)}
    with _folder() as folder:
        # It runs itself anew when it has dropped its rights, and may not reach the place that it came from.
        program = shutil.copy2(program, folder / "exim4")
        ports = free_ports(2)
        users, groups = folder / "conf" / "passwd", folder / "conf" / "group"
        users.write_text(f"root:x:0:0::/:/bin/false\n{_EXIM_USER}:x:{_EXIM_UID}:{_EXIM_UID}::/:/bin/false\n")
        groups.write_text(f"root:x:0:\nmail:x:8:\n{_EXIM_USER}:x:{_EXIM_UID}:\n")
        configuration = folder / "conf" / "exim.conf"
        configuration.write_text(_EXIM_CONFIG.format(program=program, folder=folder, ports=ports, limit=SIZE_LIMIT))
        (folder / "spool").mkdir()
        for sub in ("spool", "log", "mail"):
            os.chown(folder / sub, _EXIM_UID, _EXIM_UID)
        command = [program, "-C", configuration, "-bdf"]
        names |= {"NSS_WRAPPER_PASSWD": str(users), "NSS_WRAPPER_GROUP": str(groups)}
        if subprocess.run([program, "-bV"], env=names, capture_output=True, check=False).returncode == 127:
            pytest.skip("Exim's libraries are not installed: .ci/run installs the Debian packages that they come with")
        with _running("Exim", command, folder, ports, **names) as found:
            yield found
