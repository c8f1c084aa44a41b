"""Metrics: what a run came to, one number each.

The names that The ONE made common mean here what its MessageStatsReport means by them, with a copy (message x
recipient) where The ONE has a message. Delivery reports are the network's own mail: metrics of copies leave them out,
metrics of cost (bytes, sessions, attempts) count them in, and so does `expired`: only reports have nobody to report to.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Literal, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.results.outcomes import AttemptOutcome, CopyOutcome, Step
from sim.results.tables import Tables

_UNREACHED = [outcome for outcome in AttemptOutcome if not outcome.reached]
_BROKEN_OFF = [outcome for outcome in AttemptOutcome if outcome.broken_off]

ACCESS = ("pop3", "imap")
"""The protocols by which users read their mailboxes."""
_BY_DEVICES = [step.column for step in (Step.COMPOSED, Step.ANNOUNCED, Step.FETCHED, Step.READ)]

_RUN = ["architecture", "replication"]
_Floats = npt.NDArray[np.float64]


class Metric(NamedTuple):
    """A metric: its name, a label for people, its unit, which way is better (empty: neither), its meaning.

    `decimals` is how many a reader wants to see in its own unit.
    """

    name: str
    label: str
    unit: str
    better: Literal["higher", "lower", ""]
    meaning: str
    decimals: int

    @property
    def bounds(self) -> tuple[float, float]:
        """What it cannot be below, and above."""
        # Mail within a host is delivered unrelayed.
        least = -1.0 if self.name == "overhead_ratio" else 0.0
        return least, 1.0 if self.unit == "share" else math.inf


_ALL = (
    Metric("created", "copies created", "copies", "", "copies of users' messages", 0),
    Metric("started", "transfers started", "copies", "", "passes of a copy that found their peer, summed", 0),
    Metric("relayed", "transfers completed", "copies", "", "passes of a copy that were accepted, of any instance", 0),
    Metric("aborted", "transfers broken off", "copies", "lower", "passes that the network or a host broke off", 0),
    Metric(
        "dropped", "instances dropped", "copies", "lower", "instances of copies that bounced, expired, were lost", 0
    ),
    Metric("delivered", "copies delivered", "copies", "higher", "copies that reached their mailbox", 0),
    Metric("delivery_prob", "share delivered", "share", "higher", "delivered / created", 4),
    Metric(
        "overhead_ratio",
        "overhead ratio",
        "",
        "lower",
        "(relayed - delivered) / delivered; mail within a host is delivered unrelayed",
        2,
    ),
    Metric(
        "latency_avg", "mean delay, delivered", "s", "lower", "creation to delivery, mean of the delivered copies", 1
    ),
    Metric("latency_med", "median delay, delivered", "s", "lower", "half of the delivered copies were faster", 1),
    Metric("latency_p95", "95th percentile, delivered", "s", "lower", "95 % of the delivered copies were faster", 1),
    Metric("latency_p99", "99th percentile, delivered", "s", "lower", "99 % of the delivered copies were faster", 1),
    Metric(
        "restricted_mean_latency",
        "mean delay with undelivered mail",
        "s",
        "lower",
        "mean over all copies of the time undelivered up to the horizon; a copy never delivered counts all of it",
        1,
    ),
    Metric("hopcount_avg", "mean hops", "hops", "", "hops of the delivered copies, mean", 2),
    Metric("hopcount_med", "median hops", "hops", "", "hops of the delivered copies, median", 1),
    Metric("buffertime_avg", "mean stay in a queue", "s", "lower", "a copy's stay in one host's queue, mean", 1),
    Metric("buffertime_med", "median stay in a queue", "s", "lower", "a copy's stay in one host's queue, median", 1),
    Metric("bounced", "copies bounced", "copies", "lower", "given up, and the sender got a report", 0),
    Metric("expired", "copies expired", "copies", "lower", "given up with nobody to report to, reports counted in", 0),
    Metric(
        "backscatter",
        "backscatter",
        "copies",
        "lower",
        "copies of reports to senders who did not write what they report on: its reverse-path was forged",
        0,
    ),
    Metric("lost", "copies lost", "copies", "lower", "gone without a report", 0),
    Metric("queued", "copies under way at the end", "copies", "lower", "still with a host or the sender at the end", 0),
    Metric("duplicates", "duplicates", "copies", "lower", "copies passed on twice (RFC 1047), reports left out", 0),
    Metric("damaged", "copies delivered damaged", "copies", "lower", "delivered, but not as they were written", 0),
    Metric("damaged_unseen", "damage unseen", "copies", "lower", "delivered damaged, and nobody knows", 0),
    Metric("bytes_on_wire", "bytes on the wire", "bytes", "lower", "every packet of every attempt on every link", 0),
    Metric("sessions", "sessions", "sessions", "lower", "connections that came about", 0),
    Metric("attempts", "attempts", "attempts", "lower", "tries to pass a message on, reports included", 0),
    Metric("retransmissions", "retransmissions", "segments", "lower", "segments that TCP sent again", 0),
    Metric("round_trips_avg", "round trips an attempt", "", "lower", "mean over the attempts that found their peer", 2),
)
_OF_DEVICES = (
    Metric("read", "copies read", "copies", "higher", "copies that their recipients read", 0),
    Metric(
        "time_to_read_med", "median time to read", "s", "lower", "creation to reading, median of the copies read", 1
    ),
    Metric("time_to_read_p95", "95th percentile, read", "s", "lower", "95 % of the copies read were read sooner", 1),
    Metric(
        "composed_to_submitted_med",
        "median time to submit",
        "s",
        "lower",
        "from the writer's device to the host that it hands its mail to, median",
        1,
    ),
    Metric(
        "stored_to_announced_med",
        "median time to a notice",
        "s",
        "lower",
        "from the mailbox until a first device was told, median of the copies that one was told of",
        1,
    ),
    Metric(
        "stored_to_fetched_med",
        "median time to a device",
        "s",
        "lower",
        "from the mailbox to a first device, median of the copies fetched",
        1,
    ),
    Metric(
        "stored_to_read_med",
        "median stay unread",
        "s",
        "lower",
        "from the mailbox to reading, median of the copies read",
        1,
    ),
    Metric("access_sessions", "sessions with mailboxes", "sessions", "lower", "sessions of POP3 and IMAP", 0),
    Metric(
        "access_round_trips", "round trips with mailboxes", "", "lower", "times that POP3 and IMAP waited, summed", 0
    ),
    Metric("access_bytes", "bytes to and from mailboxes", "bytes", "lower", "of bytes_on_wire, POP3's and IMAP's", 0),
)
"""What users' devices come to: none is defined where no user has a device at work."""
_OF_GATEWAYS = (
    Metric(
        "gateway_losses",
        "left out at gateways",
        "",
        "lower",
        "fields, body parts, parameters and reports that the next network has no place for",
        0,
    ),
)
"""What gateways come to: not defined where hosts speak one protocol."""
OF_DEVICES = tuple(metric.name for metric in _OF_DEVICES)
OF_SOME = (*OF_DEVICES, *(metric.name for metric in _OF_GATEWAYS))
"""Metrics that are defined only where there is what they are about."""
METRICS: Mapping[str, Metric] = MappingProxyType(
    {metric.name: metric for metric in (*_ALL, *_OF_DEVICES, *_OF_GATEWAYS)}
)
"""Every metric by name, in the order of the columns of `measure`."""
HEADLINE = (
    "delivery_prob",
    "latency_med",
    "latency_p95",
    "restricted_mean_latency",
    "bounced",
    "lost",
    "queued",
    "duplicates",
    "attempts",
    "sessions",
    "bytes_on_wire",
    "read",
    "time_to_read_med",
    "time_to_read_p95",
    "access_bytes",
    "gateway_losses",
)
"""The metrics that most questions come down to."""


_MEASURED = ("messages", "copies", "attempts", "losses", "addresses")
"""The tables that metrics are made of."""


def measure(
    tables: Tables, horizon: float | None = None, runs: Sequence[tuple[str, int]] | None = None
) -> pd.DataFrame:
    """Every metric of every run.

    The restricted mean counts a copy with min(delay, horizon - created_s): how long it was undelivered while the run
    was watched. Bounced, expired and lost copies are never delivered, so they count all the time up to the horizon and
    giving up early earns nothing.

    Args:
        tables: the facts of any number of runs.
        horizon: when watching ends, in simulated seconds. Without it the latest `ended_s` of a copy in any architecture
            of the same replication, so that architectures compared are watched equally long.
        runs: architecture and replication of each run, those without a single fact among them. Without it those that
            the tables tell of.

    Returns:
        One row a run (index: architecture in order of first appearance, then replication), one column a metric, all
        float64. A metric that is not defined, such as the delay where nothing was delivered, is NaN.
    """
    runs = _runs(tables) if runs is None else [(str(name), number) for name, number in runs]
    ends = tables.copies.groupby("replication")["ended_s"].max()
    parts = {name: _split(getattr(tables, name)) for name in _MEASURED}
    rows: list[dict[str, float]] = []
    for run in runs:
        end = float(ends.get(run[1], 0.0)) if horizon is None else horizon
        mine = {name: part.get(run, getattr(tables, name)[:0]) for name, part in parts.items()}
        found = _Run(replace(tables, **mine), end)
        rows.append({name: float(measure_(found)) for name, measure_ in _MEASURES.items()})
    index = pd.MultiIndex.from_tuples(runs, names=_RUN) if runs else pd.MultiIndex.from_arrays([[], []], names=_RUN)
    return pd.DataFrame(rows, index=index, columns=list(METRICS), dtype="float64")


def _runs(tables: Tables) -> list[tuple[str, int]]:
    """The runs that the tables tell of: architectures as they first appear, replications in order."""
    parts = [
        table[_RUN].drop_duplicates() for table in (tables.messages, tables.copies, tables.attempts, tables.queues)
    ]
    found = [(str(row[0]), int(row[1])) for part in parts for row in part.itertuples(index=False)]
    order = {name: rank for rank, name in enumerate(dict.fromkeys(name for name, _ in found))}
    return sorted(dict.fromkeys(found), key=lambda run: (order[run[0]], run[1]))


def _split(frame: pd.DataFrame) -> dict[tuple[str, int], pd.DataFrame]:
    return {cast("tuple[str, int]", key): part for key, part in frame.groupby(_RUN, sort=False)}


class _Run:
    """One run: its tables, and when watching ends, s. Copies are those of users' messages, attempts all.

    `stays` is how long copies lay in one host's queue, in s, an entry a stay; a copy's stays are taken as equally long.
    `reached` are the attempts that found their peer.
    """

    def __init__(self, tables: Tables, end: float) -> None:
        self.tables = tables
        self.copies = copies = tables.user_copies
        self.attempts = attempts = tables.attempts
        self.user_attempts = tables.user_attempts
        self.outcomes = Counter(copies["outcome"])
        self.done: npt.NDArray[np.bool_] = (copies["outcome"] == CopyOutcome.DELIVERED).to_numpy()
        self.delivered = float(self.done.sum())
        self.hops: _Floats = copies["hops"].to_numpy(dtype="float64")
        self.relayed = float(copies["relays"].sum())
        born = copies["created_s"].to_numpy()
        delays = copies["ended_s"].to_numpy() - born
        self.delays: _Floats = delays[self.done]
        watched = np.maximum(end - born, 0.0)
        self.undelivered: _Floats = np.where(self.done, np.minimum(delays, watched), watched)
        # A delivered copy was queued at every host of its path but the last, which hands it to the mailbox.
        count = np.maximum(np.where(self.done, self.hops, self.hops + 1), 1).astype(np.int64)
        self.stays: _Floats = np.repeat((copies["queue_s"] + copies["retry_s"]).to_numpy() / count, count)
        self.reached = attempts[~attempts["outcome"].isin(_UNREACHED)]
        self.access = attempts[attempts["protocol"].isin(ACCESS)]
        self.has_devices = bool(len(self.access) or copies[_BY_DEVICES].notna().to_numpy().any())

    def carried(self, outcomes: Sequence[AttemptOutcome], *, but: bool = False) -> float:
        """How many copies the users' attempts carried that had one of these outcomes, or (`but`) any other."""
        these = self.user_attempts["outcome"].isin(outcomes).to_numpy() != but
        return float(self.user_attempts["recipients"].to_numpy()[these].sum())

    def took(self, since: str, until: str) -> _Floats:
        """How long copies took from one time of theirs to another, s: those that have both."""
        took: _Floats = (self.copies[until] - self.copies[since]).to_numpy(dtype="float64")
        return took[~np.isnan(took)]

    def of_devices(self, number: float) -> float:
        """A number that says something only where users have devices."""
        return number if self.has_devices else np.nan


def _backscatter(tables: Tables) -> float:
    """How many copies of reports went, or were to go, to whom a reverse-path named that was not the writer's own."""
    messages = tables.messages
    forged = messages.loc[(messages["author"] != messages["sender"]) & (messages["author"] != "")]
    victims = dict(zip(forged["message_id"], forged["sender"], strict=True))
    told = dict(zip(messages["message_id"], messages["about"].map(victims), strict=True))
    return float((tables.copies["message_id"].map(told) == tables.copies["recipient"]).sum())


_MEASURES: Mapping[str, Callable[[_Run], float]] = {
    "created": lambda run: len(run.copies),
    "started": lambda run: run.carried(_UNREACHED, but=True),
    "relayed": lambda run: run.relayed,
    "aborted": lambda run: run.carried(_BROKEN_OFF),
    "dropped": lambda run: run.copies["drops"].sum(),
    "delivered": lambda run: run.delivered,
    "delivery_prob": lambda run: run.delivered / len(run.copies) if len(run.copies) else np.nan,
    "overhead_ratio": lambda run: (run.relayed - run.delivered) / run.delivered if run.delivered else np.nan,
    "latency_avg": lambda run: _mean(run.delays),
    "latency_med": lambda run: _quantile(run.delays, 0.5),
    "latency_p95": lambda run: _quantile(run.delays, 0.95),
    "latency_p99": lambda run: _quantile(run.delays, 0.99),
    "restricted_mean_latency": lambda run: _mean(run.undelivered),
    "hopcount_avg": lambda run: _mean(run.hops[run.done]),
    "hopcount_med": lambda run: _quantile(run.hops[run.done], 0.5),
    "buffertime_avg": lambda run: _mean(run.stays),
    "buffertime_med": lambda run: _quantile(run.stays, 0.5),
    "bounced": lambda run: run.outcomes[CopyOutcome.BOUNCED],
    "expired": lambda run: (run.tables.copies["outcome"] == CopyOutcome.EXPIRED).sum(),
    "backscatter": lambda run: _backscatter(run.tables),
    "lost": lambda run: run.outcomes[CopyOutcome.LOST],
    "queued": lambda run: sum(run.outcomes[outcome] for outcome in CopyOutcome if outcome.under_way),
    "duplicates": lambda run: run.copies["duplicates"].sum(),
    "damaged": lambda run: (run.copies.loc[run.done, "damage"] != "").sum(),
    "damaged_unseen": lambda run: (run.copies.loc[run.done, "damage"] == "unseen").sum(),
    "bytes_on_wire": lambda run: run.attempts["bytes_on_wire"].sum(),
    "sessions": lambda run: run.reached["session_id"].nunique(),
    "attempts": lambda run: (run.attempts["message_id"] > 0).sum(),
    "retransmissions": lambda run: run.attempts["retransmissions"].sum(),
    "round_trips_avg": lambda run: _mean(
        run.reached.loc[run.reached["message_id"] > 0, "round_trips"].to_numpy(dtype="float64")
    ),
    "read": lambda run: run.of_devices(run.copies["read_s"].notna().sum()),
    "time_to_read_med": lambda run: _quantile(run.took("created_s", "read_s"), 0.5),
    "time_to_read_p95": lambda run: _quantile(run.took("created_s", "read_s"), 0.95),
    "composed_to_submitted_med": lambda run: _quantile(run.took("composed_s", "submitted_s"), 0.5),
    "stored_to_announced_med": lambda run: _quantile(run.took("stored_s", "announced_s"), 0.5),
    "stored_to_fetched_med": lambda run: _quantile(run.took("stored_s", "fetched_s"), 0.5),
    "stored_to_read_med": lambda run: _quantile(run.took("stored_s", "read_s"), 0.5),
    "access_sessions": lambda run: run.of_devices(run.access["session_id"].nunique()),
    "access_round_trips": lambda run: run.of_devices(run.access["round_trips"].sum()),
    "access_bytes": lambda run: run.of_devices(run.access["bytes_on_wire"].sum()),
    "gateway_losses": lambda run: len(run.tables.losses) if len(run.tables.addresses) else np.nan,
}
"""A function for each metric."""


def _mean(values: _Floats) -> float:
    return float(values.mean()) if values.size else np.nan


def _quantile(values: _Floats, q: float) -> float:
    return float(np.quantile(values, q)) if values.size else np.nan
