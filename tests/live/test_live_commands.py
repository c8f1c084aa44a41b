"""`mtasim serve` and `mtasim send` as processes: what they print, where, and their exit status."""

from __future__ import annotations

import os
import resource
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from live_host import ENVELOPE, SCENARIO, Peer, served

from sim import cli

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The scenario of three hosts in a file."""
    path = tmp_path / "three.yaml"
    path.write_text(SCENARIO)
    return path


@contextmanager
def serving(file: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that serves host b; the process and its port."""
    command = [sys.executable, "-m", "sim", "serve", str(file), "--host", "b", "--smtp", "0"]
    with subprocess.Popen(
        [*command, "--maildir", str(file.parent / "mail"), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        try:
            said = process.stderr.readline()
            assert said.startswith("listening on 127.0.0.1:")
            yield process, int(said.rpartition(":")[2])
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_serve_until_a_signal(file: Path, number: signal.Signals, status: int):
    """It says where it listens, serves, and ends in order; what got its 250 is in the Maildir."""
    with serving(file) as (process, port):
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            client.sendmail("x@y.example", ["bob@b.example"], "hi\n")
        process.send_signal(number)
        out, said = process.communicate(timeout=20)
    assert (process.returncode, out, said) == (status, "", "")
    assert len(list((file.parent / "mail" / "new").iterdir())) == 1


@pytest.mark.slow
def test_a_log_that_nobody_reads_costs_no_mail(file: Path):
    """Who reads stderr has gone: the mail is kept, and has its 250."""
    with serving(file, "-v") as (process, port):
        process.stderr.close()
        for _ in range(2):
            with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
                assert client.sendmail("x@y.example", ["bob@b.example"], "hi\n") == {}
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    assert len(list((file.parent / "mail" / "new").iterdir())) == 2


@pytest.mark.slow
def test_serve_smtp_and_lmtp_with_a_certificate(file: Path, files, client_side):
    """Two ports, one host: STARTTLS on both, and all mail in one Maildir; a signal ends both."""
    certificate, key, _ = files
    with serving(file, "--lmtp", "0", "--cert", str(certificate), "--key", str(key)) as (process, port):
        said = process.stderr.readline()
        assert said.endswith(" (LMTP)\n")
        for kind, number in ((smtplib.SMTP, port), (smtplib.LMTP, int(said.split(":")[1].split()[0]))):
            with kind("127.0.0.1", number, local_hostname="me", timeout=10) as client:
                client.starttls(context=client_side)
                client.sendmail("x@y.example", ["bob@b.example"], "hi\n")
        process.send_signal(signal.SIGTERM)
        assert (process.communicate(timeout=20), process.returncode) == (("", ""), 0)
    words = [
        message.read_bytes().split(b" with ")[1].split()[0] for message in (file.parent / "mail" / "new").iterdir()
    ]
    assert sorted(words) == [b"ESMTPS", b"LMTPS"]


@pytest.mark.slow
def test_a_second_signal_hurries(file: Path):
    """Open transactions may end after the first one; after the second they are cut."""
    with serving(file) as (process, port), Peer(port) as peer:
        peer.write(ENVELOPE)
        assert peer.codes(4)[-1] == 250
        process.send_signal(signal.SIGINT)
        peer.write(b"RCPT TO:<ben@b.example>\r\n")
        assert peer.code() == 250
        process.send_signal(signal.SIGINT)
        assert peer.rest() == [421]
        peer.close()
        assert process.wait(timeout=20) == 130


@pytest.mark.slow
def test_idle_time_is_an_option(file: Path):
    """--idle bounds a client's silence."""
    with serving(file, "--idle", "0.2") as (_, port), Peer(port) as peer:
        assert peer.rest() == [220, 421]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "nosuch", "--smtp", "0"], "no host 'nosuch' in the scenario: there are a, b, c"),
        (["--host", "b", "--smtp", "0", "--architecture", "x"], "no architecture 'x' in the scenario: there are"),
        (["--host", "b", "--smtp", "65536"], "--smtp 65536: a port from 0 to 65535"),
        (["--host", "b", "--smtp", "-1"], "--smtp -1: a port from 0 to 65535"),
        (["--host", "b", "--smtp", "0", "--bind", "nosuch.invalid"], "cannot listen on nosuch.invalid:0"),
        (["--host", "b", "--smtp", "{port}"], "cannot listen on 127.0.0.1:"),
        (["--host", "b", "--smtp", "0", "--idle", "0"], "--idle 0.0: more than 0 seconds"),
        (["--host", "b", "--smtp", "0", "--maildir", "{file}"], "cannot be a Maildir"),
    ],
)
def test_serve_refuses_in_one_line(file: Path, tmp_path: Path, capsys, options: list[str], words: str):
    """Exit status 2, one line on stderr, nothing on stdout."""
    with served(tmp_path) as taken:
        filled = [option.format(port=taken.port, file=file) for option in options]
        maildir = [] if "--maildir" in options else ["--maildir", str(tmp_path / "mail")]
        assert cli.main(["serve", str(file), *filled, *maildir]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n"), words in said.err) == ("", 1, True)


def sending(port: int, *arguments: str) -> int:
    """`mtasim send` from x@y.example to a port of this machine; its exit status."""
    return cli.main(["send", f"127.0.0.1:{port}", "--from", "x@y.example", *arguments])


def test_send_prints_the_transcript(file: Path, tmp_path: Path, capsys):
    """With times, the outcome for each recipient, and the round trips; exit status 0."""
    with served(tmp_path) as host:
        assert sending(host.port, "--to", "bob@b.example", "--to", "<ben@b.example>", str(file)) == 0
        assert len(host.messages()) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(" 220 b ESMTP ready")
    assert [line.split(":")[0] for line in lines[-3:-1]] == ["# <bob@b.example>", "# <ben@b.example>"]
    assert lines[-1].startswith("# 3 round trips, ")


def test_send_takes_several_files(file: Path, tmp_path: Path):
    """A session each; the status is the worst one."""
    with served(tmp_path, size_limit=1000) as host:
        big = tmp_path / "big.eml"
        big.write_text("x" * 2000)
        assert sending(host.port, "--to", "bob@b.example", str(file), str(big), str(file)) == 69
        assert len(host.messages()) == 2


def test_send_reads_standard_input(tmp_path: Path, monkeypatch):
    """A hyphen; line ends become CRLF on the way."""
    message = tmp_path / "in.eml"
    message.write_bytes(b"Subject: a\n\nb\r\nc")
    with served(tmp_path) as host, message.open() as standard_input:
        monkeypatch.setattr("sys.stdin", standard_input)
        assert sending(host.port, "--to", "bob@b.example", "-") == 0
        assert host.messages()[0].endswith(b"Subject: a\n\nb\nc\n")


@pytest.mark.parametrize("named", [True, False])
def test_send_reads_no_more_than_it_may(tmp_path: Path, monkeypatch, capsys, named: bool):
    """A pipe, or a file, may have no end: what is too big is said so, and no memory is taken for it."""
    monkeypatch.setattr("sim.live.errors._LARGEST", 5_000_000)
    big = tmp_path / "big.eml"
    with big.open("wb") as file:
        file.truncate(10**12)
    with big.open() as standard_input:
        monkeypatch.setattr("sys.stdin", standard_input)
        assert sending(1, "--to", "bob@b.example", str(big) if named else "-") == 2
    assert capsys.readouterr().err == f"{big if named else '-'}: too big: allowed are 5 MB\n"


def test_send_with_the_null_path_and_a_name(file: Path, tmp_path: Path):
    """What delivery reports come from; and what the client calls itself."""
    with served(tmp_path) as host:
        port = f"127.0.0.1:{host.port}"
        assert cli.main(["send", port, "--from", "", "--to", "Postmaster", "--helo", "me.example", str(file)]) == 0
        assert host.messages()[0].startswith(b"Return-Path: <>\n")
        assert b"Received: from me.example (" in host.messages()[0]


def test_send_to_nobody_there(file: Path, tmp_path: Path, capsys):
    """Exit status 75, and why."""
    with served(tmp_path) as host:
        host.stop()
        assert sending(host.port, "--to", "bob@b.example", str(file)) == 75
    assert "no connection to 127.0.0.1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["127.0.0.1:1", "--from", "a@b.example", "--to", "c@d.example"], "no message to send"),
        (["127.0.0.1:1", "--from", "a@b.example", "--to", "c@d.example", "nosuch.eml"], "nosuch.eml: cannot be read"),
        (["127.0.0.1:x", "--from", "a@b.example", "--to", "c@d.example", "{file}"], "write HOST:PORT"),
        (["nosuch.invalid:1", "--from", "a@b.example", "--to", "c@d.example", "{file}"], "no host 'nosuch.invalid'"),
        (["127.0.0.1:1", "--from", "a b", "--to", "c@d.example", "{file}"], "'a b'"),
        (["127.0.0.1:1", "--from", "a@b.example", "--to", "", "{file}"], "names no mailbox"),
    ],
)
def test_send_refuses_in_one_line(file: Path, capsys, arguments: list[str], words: str):
    """Exit status 2, one line on stderr, nothing on stdout."""
    assert cli.main(["send", *[argument.format(file=file) for argument in arguments]]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n"), words in said.err) == ("", 1, True)


@pytest.mark.slow
def test_descriptors_that_run_out_are_said_once(file: Path):
    """Who has connected waits until there are some again, and one line says so; the mail of others can be written."""
    with serving(file) as (process, port):
        with Peer(port) as first:
            assert first.code() == 220
            resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (32, 32))
            peers = [Peer(port) for _ in range(20)]
            assert process.stderr.readline().startswith("no further connection can be taken (Too many open files)")
            first.write(ENVELOPE + b"DATA\r\nhi\r\n.\r\n")
            assert first.codes(5) == [250, 250, 250, 354, 250]
            for peer in peers:
                peer.write(b"QUIT\r\n")
                peer.half_close()
            assert [peer.rest() for peer in peers] == [[220, 221]] * 20
            for peer in peers:
                peer.close()
            first.write(b"QUIT\r\n")
            assert first.rest() == [221]
        process.send_signal(signal.SIGTERM)
        assert (process.communicate(timeout=20), process.returncode) == (("", ""), 0)


@pytest.mark.slow
def test_a_log_of_mail_and_refusals(file: Path):
    """-v: a line for each on stderr, and what comes from peers moves no cursor."""
    with serving(file, "-v") as (process, port), Peer(port) as peer:
        peer.write(b"EHLO me\r\nMAIL FROM:<x@y.example>\r\nRCPT TO:<eve@b.example>\r\n\x1b[2J\r\n")
        peer.write(b"RCPT TO:<bob@b.example>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n")
        assert peer.rest() == [220, 250, 250, 550, 500, 250, 354, 250, 221]
        said = [process.stderr.readline() for _ in range(3)]
    client = "from [127.0.0.1], helo=<me>"
    assert said[:2] == [
        f"refused: RCPT TO:<eve@b.example> {client}: 550 5.1.1 No such user here\n",
        f"refused: what is no command {client}: 500 5.5.2 Command line has an octet that is not printable US-ASCII\n",
    ]
    assert said[2].partition(": ")[2] == f"from=<x@y.example>, to=<bob@b.example>, size=4, ESMTP {client}: kept\n"
