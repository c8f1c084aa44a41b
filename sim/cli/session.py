"""The command that asks how long one session takes, without a scenario."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sim.cli.common import DONE, AsJson, UsageError, Whole, put

_CLIENT = "An MTA, or postfix-nopipe, smtp-source, smtplib; of mailboxes poplib-keep, fetchmail-imap-keep and the like."


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """The link, and who speaks over it."""

    protocol: Annotated[str, Parameter(help="smtp, submission, lmtp, pop3 or imap.")] = "smtp"
    rtt: Annotated[str, Parameter(help="Round trip.", allow_leading_hyphen=True)] = "100ms"
    rate: Annotated[str, Parameter(help="Bits a second, each way.", allow_leading_hyphen=True)] = "10Mbit/s"
    loss: Annotated[str, Parameter(help="How likely a packet is lost, each way.", allow_leading_hyphen=True)] = "0"
    burst: Annotated[str, Parameter(help="Mean length of a burst of losses: packets, or a duration.")] = ""
    size: Annotated[str, Parameter(help="The message: 20kB, in a mailbox 2kB.", allow_leading_hyphen=True)] = ""
    messages: Annotated[str, Parameter(help="How many are in the mailbox: 10.", allow_leading_hyphen=True)] = ""
    client: Annotated[str, Parameter(help=_CLIENT)] = ""
    server: Annotated[str, Parameter(help="An MTA, or smtp-sink; a mailbox's is dovecot.")] = ""
    auth: Annotated[str, Parameter(help="Whether a submission has AUTH: yes or no.")] = ""
    tls: Annotated[str, Parameter(help="Whether it has TLS: no, starttls or implicit.")] = ""
    tls_version: Annotated[str, Parameter(help="TLSv1.2 or TLSv1.3.")] = ""
    certificate: Annotated[str, Parameter(help="The server's: ec, rsa or chain.")] = ""
    resumed: Annotated[str, Parameter(help="Whether TLS resumes a session: yes or no.")] = ""
    congestion: Annotated[str, Parameter(help="cubic, reno or tahoe.")] = ""
    tcp: Annotated[str, Parameter(help="linux, linux-3, bsd-1988, or rtt-only (no TCP, so nothing is lost).")] = "linux"
    queue: Annotated[str, Parameter(help="Bytes that may wait for the line; 0 means no limit.")] = "0"
    mtu: Annotated[str, Parameter(help="The biggest packet.", allow_leading_hyphen=True)] = "1500"
    sessions: Annotated[Whole, Parameter(name=["-n", "--sessions"], help="How many sessions.")] = 1000
    seed: Annotated[Whole, Parameter(help="What the random draws start from.")] = 1
    plot: Annotated[Path | None, Parameter(help="Draw the distribution into this file (.png, .svg or .pdf).")] = None
    as_json: AsJson = False


_USUAL_SESSION = SessionOptions()


def session(options: Annotated[SessionOptions, Parameter(name="*")] = _USUAL_SESSION) -> int:
    """How long one session takes over a link without a scenario, from its first SYN.

    SMTP's is over with the 250 after the data, one with a mailbox when the client hangs up.
    """
    from sim.report.session_table import text
    from sim.study.session_options import OptionsError, read_options
    from sim.study.session_times import run

    said = vars(options).copy()
    as_json = said.pop("as_json")
    try:
        asked = read_options(said)
    except OptionsError as error:
        raise UsageError(str(error)) from error
    sessions = run(asked.case, asked.sessions, asked.seed)
    summary = sessions.summary()
    put(json.dumps(summary, indent=2) if as_json else text(summary, asked.case.end))
    if options.plot is not None:
        from sim.report.plot_session import write as draw

        draw([float(value) for value in sessions.durations], options.sessions, options.plot, end=asked.case.end)
    return DONE
