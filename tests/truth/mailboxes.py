"""Sessions with mailboxes, by POP3 and IMAP, of real programs with Dovecot: to the client's FIN, with turns and bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from cells import cells, compared, line, lossless

from sim.scenario.spec import Loss
from sim.study.mailbox_times import IDLE, POP3_PROGRAMS, ImapCase, MailboxCase, Pop3Case
from sim.study.session_times import run

__all__ = ["idle", "mailbox_case", "mailboxes"]

_BIG = 200_000


def mailbox_case(program: str, mailbox: str, rtt: str, rate: str, loss: str) -> MailboxCase:
    """A cell's sessions, as the measurements call what they differ in."""
    kind = Pop3Case if program in POP3_PROGRAMS else ImapCase
    count, size = (1, _BIG) if mailbox == "big" else (int(mailbox), 2000)
    share = Loss(share=float(loss) / 100)
    return kind(client=program, messages=count, size=size, rtt=float(rtt) / 1e3, rate=float(rate) * 1e3, loss=share)


def mailboxes(folder: Path, n: int) -> Iterator[str]:
    """Every cell of `mailbox.csv`: medians without loss, means of n sessions with it."""
    keys = ("program", "mailbox", "rtt_ms", "bw_kbps", "loss_pct")
    for (program, mailbox, rtt, rate, loss), rows in cells(folder, "mailbox.csv", *keys).items():
        case = mailbox_case(program, mailbox, rtt, rate, loss)
        cell = f"{program}, {mailbox}, {rtt} ms, {rate} kbit/s"
        measured = [float(row["t_fin"]) for row in rows]
        if case.loss.share:
            ours = [1e3 * x for x in run(case, n).durations]
            yield from compared(f"{cell}, {loss}% loss", measured, ours, mean=0.1)
            continue
        summary = run(case, 1).summary()
        yield lossless(cell, float(np.median(measured)), summary["median_s"] * 1e3)
        for name, (column, spare) in _SAID.items():
            said = [float(row[column]) for row in rows]
            off = spare * max(said)
            holds = min(said) - off <= summary[name] <= max(said) + off
            yield line(cell, column, float(np.median(said)), summary[name], holds=holds, unit="")


_SAID = {"round_trips": ("turns", 0.0), "client_bytes": ("c_bytes", 0.025), "server_bytes": ("s_bytes", 0.01)}
"""What the summary of sessions calls what the measurements count, and by what share it may be off.

Users' names had four to six letters there, and Dovecot says how long commands took.
"""


def idle(folder: Path) -> Iterator[str]:
    """Every cell of `idle.csv`: from a delivery to EXISTS, and to the message."""
    for (delivery, rtt), rows in cells(folder, "idle.csv", "delivery", "rtt_ms").items():
        parts = run(ImapCase(client=IDLE, messages=1, rtt=float(rtt) / 1e3), 1).summary()["parts"]
        exists, fetched = parts["announced_s"] * 1e3, (parts["announced_s"] + parts["fetched_s"]) * 1e3
        for column, ours in (("exists_ms", exists), ("fetched_ms", fetched)):
            measured = float(np.median([float(row[column]) for row in rows]))
            yield lossless(f"IDLE, {delivery}, {rtt} ms, {column}", measured, ours)
