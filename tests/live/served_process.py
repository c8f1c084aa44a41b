"""A served host with its users' mailboxes in a process of its own, for tests that kill it or load it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCENARIO = """
duration: 1 h
network: {nodes: {a: {}, b: {}}, links: [{between: [a, b], delay: 1 ms, rate: 1 Mbit/s}]}
hosts: {a: {accounts: {ann: secret, bob: secret}}}
domains: {a.example: {mx: [a], users: [ann, bob]%s}}
workload: {constant: {every: 1 min, size: 1 kB}}
architectures: {s: {transfer: end-to-end}}
"""
PROTOCOLS = ("smtp", "lmtp", "submission", "pop3", "imap")
_LISTENING = re.compile(r"listening on .*:([0-9]+)(?: \((\w+)\))?$")


class Process:
    """A running server: its ports by protocol, and its process."""

    def __init__(self, running: subprocess.Popen[str], ports: dict[str, int]) -> None:
        self.running = running
        self.ports = ports

    def kill(self) -> None:
        """End it as a power failure of its process would: with no chance to tidy up."""
        self.running.send_signal(signal.SIGKILL)
        self.running.wait(60)


@contextmanager
def process(folder: Path, *, domain: str = "") -> Iterator[Process]:
    """Serve host a with all its ports; `domain` goes on with its domain's keys: `, quota: 10 kB`."""
    file = folder / "scenario.yaml"
    file.write_text(SCENARIO % domain)
    ports = [word for name in PROTOCOLS for word in (f"--{name}", "0")]
    command = [
        sys.executable,
        "-m",
        "sim",
        "serve",
        str(file),
        "--host",
        "a",
        "--maildir",
        str(folder / "mail"),
        *ports,
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        try:
            found: dict[str, int] = {}
            lines: list[str] = []
            while len(found) < len(PROTOCOLS):
                line = running.stderr.readline()
                assert line, lines
                lines.append(line)
                if told := _LISTENING.match(line.strip()):
                    found[(told[2] or "smtp").lower()] = int(told[1])
            yield Process(running, found)
        finally:
            running.terminate()
            assert "defect" not in running.communicate(timeout=60)[1]
