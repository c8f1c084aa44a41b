"""What a served host takes under load: smtp-source against `mtasim serve` and, the same, against aiosmtpd with a Maildir.

5,000 messages of 4,096 octets over twenty sessions. Every one must be in the Maildir with its full size. The two servers take turns,
each a process of its own; both put a message on disk before they answer.

    python tests/benchmarks/serve_load.py [MESSAGES]
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

SCENARIO = """
title: one host that is served
duration: 1 h
network:
  nodes: [a, b]
  links: [{between: [a, b], rate: 1 Mbit/s, delay: 10 ms}]
domains: {b.example: {mx: b, users: [bob]}}
workload: {constant: {every: 1 min, size: 1 kB}}
"""
AIOSMTPD = """
import sys, time
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
Controller(Mailbox(sys.argv[1]), hostname="127.0.0.1", port=int(sys.argv[2])).start()
time.sleep(3600)
"""
LENGTH = 4096
ROUNDS = 3


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def load(command: list[str], port: int, maildir: Path, messages: int) -> float:
    """Seconds that a server takes for the load; all of it must be kept."""
    source = shutil.which("smtp-source", path=f"{os.environ['PATH']}:/usr/sbin")
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(port)
            started = time.monotonic()
            how = ["-s", "20", "-m", str(messages), "-l", str(LENGTH), "-f", "x@y.example", "-t", "bob@b.example"]
            subprocess.run([source, *how, f"127.0.0.1:{port}"], check=True)
            took = time.monotonic() - started
        finally:
            server.terminate()
    sizes = [file.stat().st_size for file in (maildir / "new").iterdir()]
    if len(sizes) != messages or min(sizes) < LENGTH:
        sys.exit(
            f"{messages} messages were accepted, {len(sizes)} kept, the smallest with {min(sizes, default=0)} octets"
        )
    return took


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(1000):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    sys.exit(f"nobody listens on port {port}")


def main(messages: int) -> None:
    """Measure and print."""
    if shutil.which("smtp-source", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        print("serve_load: smtp-source is not installed (Debian package postfix): skipped")
        return
    took: dict[str, list[float]] = {"mtasim": [], "aiosmtpd": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scenario = folder / "scenario.yaml"
        scenario.write_text(SCENARIO)
        for number in range(ROUNDS):
            port, maildir = free_port(), folder / f"mtasim{number}"
            serve = [sys.executable, "-m", "sim", "serve", str(scenario), "--host", "b"]
            took["mtasim"].append(
                load([*serve, "--smtp", str(port), "--maildir", str(maildir)], port, maildir, messages)
            )
            port, maildir = free_port(), folder / f"aiosmtpd{number}"
            other = [sys.executable, "-c", AIOSMTPD, str(maildir), str(port)]
            took["aiosmtpd"].append(load(other, port, maildir, messages))
    rates = {name: round(messages / median(seconds)) for name, seconds in took.items()}
    print(json.dumps({"messages": messages, "lost": 0, "messages_per_s": rates}, indent=2))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
