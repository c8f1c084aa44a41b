"""Submission with TLS: Postfix, and a client that says one thing at a time, as smtplib, to Postfix with AUTH."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from cells import cells, line, lossless

from sim.scenario.load import loads
from sim.study.session_times import run
from sim.study.submission_times import LmtpCase, SubmissionCase
from sim.world.simulation import simulate

__all__ = ["submission_case", "submission_sessions", "submissions", "took"]

_SCENARIO = """
duration: 1 min
network: {{nodes: [a, b], links: [{{between: [a, b], rate: {rate} kbit/s, delay: {delay} ms}}]}}
hosts:
  defaults: {{tcp: {{metrics: no}}}}
  a: {{tls: {{version: {version}, session_cache: {cache}, implicit: {implicit}}}, extensions: {uses}, {login}reuse: never}}
  b:
    service_time: 0.3 ms
    commit_time: 1 ms
    extensions: {{STARTTLS: {tls}}}
    tls: {{certificate: {cert}}}
    {accounts}
workload:
  messages_at:
    - {{at: 0 s, from: u1@a.example, to: u1@b.example, size: {size} B}}
    - {{at: 30 s, from: u1@a.example, to: u1@b.example, size: {size} B}}
architectures: {{direct: {{transfer: end-to-end}}}}
"""

_RESUMED = ("241", "141")
"""Octets of the server's flight where a session is resumed, by TLS 1.3 and 1.2."""

_ADDED = 253
"""Octets of the trace field that a Postfix adds to what it has been given."""


def took(client: str, variant: str, cert: str, size: int, rtt: float, rate: float) -> tuple[float, float]:
    """How long sessions are, in ms: the first, and another one half a minute later; of a variant of `submission.csv`.

    Args:
        client: `postfix` or `smtplib`.
        variant: what it does, in words that hyphens join.
        cert: what the server shows.
        size: octets of the message.
        rtt: ms.
        rate: kbit/s.
    """
    words = variant.split("-")
    auth = "auth" in words
    secret = "yes" if "starttls" in words else "no"
    facts = simulate(
        loads(
            _SCENARIO.format(
                rate=rate,
                delay=rtt / 2,
                version="TLSv1.2" if "tls12" in words else "TLSv1.3",
                cache="yes" if {"resumed", "cache"} & set(words) else "no",
                implicit="yes" if "smtps" in words else "no",
                uses=f"{{STARTTLS: {secret}{', PIPELINING: offered' if client == 'smtplib' else ''}}}",
                login="login: {name: ann, password: secret}, " if auth else "",
                tls="yes" if {"starttls", "smtps"} & set(words) else "no",
                cert=cert,
                accounts="accounts: {ann: secret}" if auth else "",
                size=size + (_ADDED if client == "postfix" else 0),
            )
        ),
        "direct",
        0,
    )
    first, second = (1e3 * (attempt.ended_s - attempt.started_s) for attempt in facts.attempts)
    return first, second


def submissions(folder: Path) -> Iterator[str]:
    """Every cell of `submission.csv` that a scenario can say, to the session's last reply: not curl's, not LMTP's.

    The quickest of its sessions count: those with RSA ran beside other work, which takes up to 100 ms of a session.
    """
    found = cells(folder, "submission.csv", "client", "variant", "cert", "size", "rtt_ms", "bw_kbps")
    for (client, variant, cert, size, rtt, rate), rows in found.items():
        if client not in ("postfix", "smtplib") or variant == "lmtp":
            continue
        ours = took(client, variant, cert, int(size), float(rtt), float(rate))
        for resumed, name in enumerate(("", ", resumed")):
            times = [
                float(row["t_last_reply"]) for row in rows if (row["server_flight_bytes"] in _RESUMED) == bool(resumed)
            ]
            if resumed and not {"resumed", "cache"} & set(variant.split("-")):
                continue
            if times:
                cell = f"{client}, {variant}, {cert}{name}, {rtt} ms, {size} B, {rate} kbit/s"
                holds = abs(ours[resumed] / min(times) - 1) <= 0.04
                yield line(cell, "quickest", min(times), ours[resumed], holds=holds)


def submission_case(client: str, variant: str, cert: str, size: int, rtt: float, rate: float) -> SubmissionCase:
    """A variant of `submission.csv` as `mtasim session` has it; `rtt` in ms, `rate` in kbit/s."""
    words = variant.split("-")
    tls: Literal["no", "starttls", "implicit"] = (
        "starttls" if "starttls" in words else "implicit" if "smtps" in words else "no"
    )
    return (LmtpCase if variant == "lmtp" else SubmissionCase)(
        client=client,
        auth="auth" in words,
        tls=tls,
        tls_version="TLSv1.2" if "tls12" in words else "TLSv1.3",
        certificate=cert,
        size=size + (_ADDED if client == "postfix" else 0),
        rtt=rtt / 1e3,
        rate=rate * 1e3,
    )


def submission_sessions(folder: Path) -> Iterator[str]:
    """Every cell of `submission.csv`, to the session's last reply, by `mtasim session`.

    Medians count, and for sessions with RSA the quickest: they ran beside other work.
    """
    found = cells(folder, "submission.csv", "client", "variant", "cert", "size", "rtt_ms", "bw_kbps")
    for (client, variant, cert, size, rtt, rate), rows in found.items():
        case = submission_case(client, variant, cert, int(size), float(rtt), float(rate))
        for resumed in (False, True):
            times = [float(row["t_last_reply"]) for row in rows if (row["server_flight_bytes"] in _RESUMED) == resumed]
            if times:
                ours = float(np.median(run(replace(case, resumed=resumed), 5).durations)) * 1e3
                cell = f"{client}, {variant}, {cert}{', resumed' * resumed}, {rtt} ms, {size} B, {rate} kbit/s"
                yield lossless(cell, float(np.median(times)) if cert == "ec" else min(times), ours)
