"""Sieve held to Pigeonhole's `sieve-test`: any script makes of any message what it makes of it there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.mail.address import Address
from sim.mailbox.sieve import SieveError
from sim.mailbox.sieve_script import read_script
from sim.mailbox.sieve_tests import Incoming

REQUIRE = 'require ["fileinto", "reject", "envelope", "vacation", "copy", "mailbox", "comparator-i;octet"];\n'
SENDER, RECIPIENT = Address("ann", "x.test"), Address("Bob", "y.test")

HELD = re.compile(
    r"^ \* (store message in folder|redirect message to|reject message|send vacation)[^:\n]*:? ?(.*)$", re.MULTILINE
)


class Pigeonhole:
    """Runs `sieve-test`, as nobody where this is root: it gives its rights away."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rights = ["nobody", "nogroup"] if os.getuid() == 0 else [str(os.getuid()), str(os.getgid())]
        (folder / "dovecot.conf").write_text(
            f"mail_uid = {self._rights[0]}\nmail_gid = {self._rights[1]}\nfirst_valid_uid = 1\nfirst_valid_gid = 1\n"
            f"mail_home = {folder}\nmail_location = maildir:{folder}/Maildir\nlog_path = /dev/stderr\n"
        )

    def run(self, script: str, message: bytes) -> set[tuple[str, str]] | None:
        """What it does with a message; None where the script is none."""
        script_file, mail_file = self._folder / "script.sieve", self._folder / "mail.eml"
        script_file.write_text(script)
        mail_file.write_bytes(message)
        command = ["sieve-test", "-C", "-c", self._folder / "dovecot.conf"]
        command += ["-f", str(SENDER), "-r", str(RECIPIENT), script_file, mail_file]
        done = subprocess.run(command, capture_output=True, check=False, timeout=30)
        said = done.stdout.decode("utf-8", "replace")
        if b"resolved with successful implicit keep" in done.stderr:
            return {("error", ""), ("store", "INBOX")}
        if done.returncode:
            assert b"failed to compile" in done.stderr, done.stderr
            return None
        return {
            (kind.split()[0], value.strip("<>") if kind.split()[0] in ("store", "redirect") else "")
            for kind, value in HELD.findall(said)
        }


@pytest.fixture(scope="module")
def pigeonhole() -> Iterator[Pigeonhole]:
    """The program, where it is installed."""
    if shutil.which("sieve-test") is None:
        pytest.skip("sieve-test is not installed: it comes with Debian's dovecot-sieve, which .ci/run installs")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield Pigeonhole(folder)


def ours(script: str, message: bytes) -> set[tuple[str, str]] | None:
    """The same, by what is tested."""
    try:
        verdict = read_script(script.encode()).run(Incoming(message, SENDER, RECIPIENT))
    except SieveError:
        return None
    found = {("store", folder) for folder in verdict.folders} | {("redirect", to) for to in verdict.redirects}
    found |= {("reject", "")} if verdict.rejection is not None else set()
    found |= {("send", "")} if verdict.vacation is not None else set()
    return found | ({("error", "")} if verdict.error else set())


def strings(values: list[str]):
    """A string, or a list of some."""
    quoted = st.sampled_from([f'"{value}"' for value in values])
    return quoted | st.lists(quoted, min_size=1, max_size=3).map(lambda some: f"[{', '.join(some)}]")


KEYS = ["", "a", "A", "ann", "ANN@x.test", "x.test", "bob@y.test", "é", "É", "hello", "hello world", "b c", '\\"q r\\"']
# Of "?", letters and "*" one behind the other Pigeonhole 0.5.19 thinks that they fit what is shorter than they are.
PATTERNS = ["*", "a*", "*a", "*n*n*", "*@x.test", "he*wor*", "???", "?nn", "a\\\\*b", "*é", "*d", "hello*hello", ""]
FIELDS = ["from", "To", "CC", "subject", "x-any", "Sender", "reply-to"]
COMPARATORS = st.sampled_from(["", ':comparator "i;octet" ', ':comparator "i;ascii-casemap" '])
MATCHES = st.one_of(
    st.tuples(st.sampled_from(["", ":is ", ":contains "]), strings(KEYS)),
    st.tuples(st.just(":matches "), strings(PATTERNS)),
)
PARTS = st.sampled_from(["", ":all ", ":localpart ", ":domain "])
ADDRESS_FIELDS = strings([name for name in FIELDS if name not in ("subject", "x-any")])
SIMPLE = st.one_of(
    st.sampled_from(["true", "false", "size :over 100", "size :under 1K", "size :over 1M", "size :under 150"]),
    strings(FIELDS).map("exists {}".format),
    st.builds("header {0}{1[0]}{2} {1[1]}".format, COMPARATORS, MATCHES, strings(FIELDS)),
    st.builds("address {0}{3}{1[0]}{2} {1[1]}".format, COMPARATORS, MATCHES, ADDRESS_FIELDS, PARTS),
    st.builds("envelope {0}{3}{1[0]}{2} {1[1]}".format, COMPARATORS, MATCHES, strings(["from", "to", "To"]), PARTS),
)
TESTS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        inner.map("not {}".format),
        st.builds(
            "{0}({1})".format,
            st.sampled_from(["anyof", "allof"]),
            st.lists(inner, min_size=1, max_size=3).map(", ".join),
        ),
    ),
    max_leaves=5,
)
COMMANDS = """
keep; discard; stop; fileinto "a"; fileinto "b/c"; fileinto "INBOX"; fileinto :copy "d"; fileinto :create "e";
redirect "a@b.c"; redirect :copy "d@b.c"; reject "no"; vacation :days 2 "away"; vacation :subject "s" "away"
"""
ACTIONS = st.sampled_from([f"{command};" for command in COMMANDS.split(";")])
# Not within blocks: Pigeonhole passes over the block of a test that never holds.
WRONG = st.sampled_from(
    """bogus;
keep keep;
redirect "a b";
keep; require "fileinto";
keep "a";
discard
keep; else {}
if header "a" {}
if address "subject" "x" {}
keep; elsif true {}
if true {
keep; }
if true keep;""".splitlines()
)
STATEMENTS = st.recursive(
    ACTIONS,
    lambda inner: (
        st.builds(
            "if {} {{ {} }} {} {}".format,
            TESTS,
            inner,
            st.just("") | st.builds("elsif {} {{ {} }}".format, TESTS, inner),
            st.just("") | inner.map("else {{ {} }}".format),
        )
        | st.lists(inner, max_size=3).map("\n".join)
    ),
    max_leaves=6,
)
SCRIPTS = STATEMENTS | st.builds("{}\n{}".format, STATEMENTS, WRONG)
ADDRESSES = [
    "Ann <ann@x.test>",
    "ANN@X.test",
    '"q r"@x.test',
    "g: a@x.test, b@y.test;",
    "Bob (c) <bob@y.test>",
    "just text",
]
SUBJECTS = [
    "hello world",
    "Hello",
    "=?utf-8?q?=C3=A9?=",
    "é",
    "a*b",
    "hello\r\n world",
    "b\r\n\tc",
    "",
    "  a  ",
    "=?x?q?",
]
MESSAGES = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from([name for name in FIELDS if name not in ("subject", "x-any")]), st.sampled_from(ADDRESSES)
        ),
        st.tuples(st.sampled_from(["Subject", "X-Any"]), st.sampled_from(SUBJECTS)),
    ),
    max_size=5,
).map(lambda fields: "".join(f"{name}: {value}\r\n" for name, value in fields).encode() + b"\r\nthe body\r\n")


@pytest.mark.slow
@settings(
    max_examples=int(os.environ.get("SIEVE_EXAMPLES", "300")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(SCRIPTS, MESSAGES)
def test_a_script_does_what_it_does_there(pigeonhole: Pigeonhole, script: str, message: bytes):
    """What is kept where, sent on, refused and answered, and whether it is a script at all."""
    assert ours(REQUIRE + script, message) == pigeonhole.run(REQUIRE + script, message)
