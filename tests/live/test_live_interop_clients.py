"""More clients that others wrote, against a served host that offers more than the usual extensions."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from interop_servers import run, tool
from live_host import SCENARIO, Served, served

EXTENSIONS = ("PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Host b, told to offer DSN, with SMTPUTF8 and a mailing list."""
    users = "users: [bob, ben]"
    monkeypatch.setattr("live_host.SCENARIO", SCENARIO.replace(users, f"{users}, lists: {{staff: [bob@b.example]}}"))
    with served(tmp_path, extensions=EXTENSIONS) as found:
        yield found


def lines(output: bytes, *marks: bytes) -> list[bytes]:
    """The lines of a program's output that begin with one of the marks."""
    return [line for line in output.splitlines() if line.startswith(marks)]


@pytest.mark.parametrize("option", ["--dsn-notify=success", "--dsn-notify=never", "--dsn-return=headers"])
def test_msmtp_cannot_ask_for_reports(host: Served, option: str):
    """Nobody is promised a report that a served host does not write (RFC 3461): msmtp finds no DSN, and sends nothing."""
    server = ("--host=127.0.0.1", f"--port={host.port}", "--tls=off", "--auth=off", "--from=x@y.example")
    found = run("msmtp", "--file=/dev/null", *server, option, "bob@b.example", data=b"Subject: hi\n\nhello\n")
    assert (found.returncode != 0, b"DSN" in found.stderr, host.messages()) == (True, True, [])


def curl(host: Served, *arguments: object) -> list[bytes]:
    """What curl says after EHLO, and the last lines of what it hears."""
    found = run("curl", "-sv", "--max-time", 10, f"smtp://127.0.0.1:{host.port}/me", *arguments).stderr
    said = lines(found, b"> ", b"< ")
    return [line for line in said if line[5:6] == b" " or line.startswith(b"> ")][2:]


def test_curl_expands_a_list(host: Served):
    """It adds SMTPUTF8 to EXPN where that is offered (RFC 6531 section 3.7.4.2)."""
    assert curl(host, "--mail-rcpt", "staff", "-X", "EXPN")[1:3] == [
        b"> EXPN staff SMTPUTF8",
        b"< 250 2.1.5 <bob@b.example>",
    ]


def test_curl_writes_to_users_with_names_of_all_letters(host: Served, tmp_path: Path):
    """SMTPUTF8 on MAIL, then octets beyond US-ASCII in a forward-path: judged like any other."""
    (tmp_path / "message").write_bytes(b"hi\r\n")
    who = ["--mail-from", "x@y.example", "--mail-rcpt", "bob@b.example", "--mail-rcpt", "b\u00fcb@b.example"]
    said = curl(host, *who, "--mail-rcpt-allowfails", "--upload-file", tmp_path / "message")
    assert [line for line in said if line.startswith(b"< 5")] == [b"< 550 5.1.1 No such user here"]
    assert (b"> MAIL FROM:<x@y.example> SIZE=4 SMTPUTF8" in said, len(host.messages())) == (True, 1)


@pytest.mark.parametrize(
    ("method", "names", "found"),
    [
        # A 550 to VRFY or EXPN is to nmap the end of what it may ask; after one to its first RCPT it says MAIL again.
        ("VRFY", ["bob", "ben", "eve"], ["bob", "ben"]),
        ("VRFY", ["eve", "bob"], []),
        ("EXPN", ["staff", "eve"], ["staff"]),
        ("RCPT", ["bob", "eve", "ben"], ["bob", "ben"]),
        ("RCPT", ["eve", "bob"], []),
    ],
)
def test_nmap_finds_users(host: Served, tmp_path: Path, method: str, names: list[str], found: list[str]):
    """smtp-enum-users asks for each name; its three ways find who is there and nobody else."""
    (tmp_path / "names").write_text("\n".join(names) + "\n")
    script = f"userdb={tmp_path}/names,smtp-enum-users.methods={{{method}}},smtp-enum-users.domain=b.example"
    scan = ("-Pn", "-sT", "-n", "-p", host.port, "--script", "+smtp-enum-users", "--script-args", script)
    said = run("nmap", *scan, "127.0.0.1").stdout.decode()
    answer = said.partition("smtp-enum-users:")[2].partition("\n\n")[0]
    assert [line.strip("|_ ") for line in answer.strip().splitlines()] == (found or ["Couldn't find any accounts"])


@pytest.mark.parametrize(("recipient", "status", "kept"), [("ben@b.example", 0, 1), ("eve@b.example", 4, 0)])
def test_s_nail_delivers_or_is_refused(host: Served, recipient: str, status: int, kept: int):
    """With HELO, in lockstep, to all or to none."""
    url = f"smtp://127.0.0.1:{host.port}"
    options = [f"-S{option}" for option in ("nosave", f"mta={url}", "smtp-auth=none", "from=x@y.example")]
    found = run("s-nail", "-:/", *options, "-s", "hi", "bob@b.example", recipient, data=b".hello\n")
    assert (found.returncode, len(host.messages())) == (status, kept)


@pytest.mark.parametrize(("recipient", "status", "kept"), [("ben@b.example", 0, 1), ("eve@b.example", 35, 0)])
def test_nullmailer_delivers_or_is_refused(host: Served, tmp_path: Path, recipient: str, status: int, kept: int):
    """Its program for SMTP reads a queue file; the message arrives with its dots."""
    message = tmp_path / "queued"
    message.write_bytes(b"x@y.example\nbob@b.example\n" + recipient.encode() + b"\n\nSubject: hi\n\n.hello\n")
    command = ["sh", "-c", f'exec "$0" 3<"{message}"', tool("nullmailer/smtp")]
    options = f"host=127.0.0.1\nport={host.port}\n\n".encode()
    found = subprocess.run(
        command,
        input=options,
        capture_output=True,
        timeout=60,
        check=False,
        env={"HELOHOST": "me.example", "PATH": "/bin"},
    )
    assert (found.returncode, [kept.endswith(b"\n\n.hello\n") for kept in host.messages()]) == (status, [True] * kept)
