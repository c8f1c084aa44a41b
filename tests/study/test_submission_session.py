"""Submissions over a link, as real programs had them with Postfix and Dovecot (`shared/truth/submission.csv`)."""

from __future__ import annotations

import pytest

from sim.study.session_times import run
from sim.study.submission_times import LmtpCase, SubmissionCase

PLAIN, AUTH = {}, {"auth": True}
STARTTLS, BOTH = {"tls": "starttls"}, {"tls": "starttls", "auth": True}

CELLS = [
    ("smtplib", PLAIN, 2000, 807.0, 6),
    ("smtplib", PLAIN, 20_000, 914.1, 6),
    ("smtplib", AUTH, 2000, 911.2, 7),
    ("smtplib", BOTH, 2000, 1316.9, 11),
    ("smtplib", BOTH, 20_000, 1418.9, 11),
    ("smtplib", {**BOTH, "tls_version": "TLSv1.2"}, 2000, 1314.7, 11),
    ("smtplib", {**BOTH, "resumed": True}, 2000, 1364.5, 10),
    ("smtplib", {**BOTH, "certificate": "rsa"}, 2000, 1315.7, 11),
    ("smtplib", {"tls": "implicit", "auth": True}, 2000, 1157.9, 9),
    ("curl", PLAIN, 2000, 806.7, 6),
    ("curl", BOTH, 2000, 1457.7, 12),
    ("postfix", PLAIN, 2253, 505.3, 3),
    ("postfix", STARTTLS, 2253, 911.5, 8),
    ("postfix", STARTTLS, 20_253, 1018.2, 8),
    ("postfix", BOTH, 2253, 1012.1, 9),
    ("postfix", {**BOTH, "resumed": True}, 2253, 1053.5, 8),
]
"""Client, what it does, octets of the message; to the last reply at a round trip of 100 ms, ms, and turns.

Postfix adds 253 octets to what it has been given.
"""


@pytest.mark.parametrize(("client", "does", "size", "measured", "turns"), CELLS)
def test_a_submission_takes_as_long_as_measured(client, does, size, measured, turns):
    """Within 3 % and 2 ms."""
    summary = run(SubmissionCase(client=client, size=size, **does), 5).summary()
    assert summary["median_s"] * 1e3 == pytest.approx(measured, rel=0.03, abs=2)
    if client != "postfix":
        assert summary["round_trips"] == turns


@pytest.mark.parametrize(("client", "size", "measured"), [("smtplib", 2000, 811.7), ("postfix", 2253, 506.7)])
def test_lmtp_takes_as_long_as_measured(client, size, measured):
    """As SMTP does (fact 27)."""
    took = run(LmtpCase(client=client, size=size), 5).summary()["median_s"] * 1e3
    assert took == pytest.approx(measured, rel=0.03, abs=2)


@pytest.mark.parametrize(("does", "client", "server"), [(AUTH, 2117, 351), (BOTH, 2896, 1774)])
def test_tls_adds_its_octets(does, client, server):
    """Octets of both sides, with records and handshake: within 2 % of what smtplib and Postfix said."""
    summary = run(SubmissionCase(**does), 1).summary()
    assert (summary["client_bytes"], summary["server_bytes"]) == (
        pytest.approx(client, rel=0.02),
        pytest.approx(server, rel=0.05),
    )


def test_the_parts_add_up():
    """Connecting to quitting are all of it."""
    summary = run(SubmissionCase(auth=True), 3).summary()
    assert sum(summary["parts"][name] for name in SubmissionCase().parts) == pytest.approx(summary["mean_s"])
