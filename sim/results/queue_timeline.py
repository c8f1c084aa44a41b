"""A host's queue over a run by state: how many messages stand where, in the words of the host's product."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from sim.results.queue_state import run_of
from sim.results.store import Result, ResultError
from sim.results.tables import where
from sim.scenario.products import BY_TYPE
from sim.scenario.products.tables import QueueWords

STATES = QueueWords._fields
"""Where a message can stand in a queue."""


def queue_timeline(
    result: Result, host: str, *, architecture: str | None = None, replication: int | None = None
) -> pd.DataFrame:
    """How many messages of a host's queue stand where, from each change on.

    The columns are `time_s`, `messages` and the five of `STATES`, which add up to `messages`. A message that is on its
    way to several hosts at once counts once.

    Args:
        result: the result of a run or a comparison.
        host: whose queue.
        architecture: under which; the first one where not given.
        replication: in which; the first one where not given.

    Raises:
        ResultError: there is no such architecture, replication or host.
    """
    run = run_of(result, architecture, replication, host)
    return by_state(where(result.queues, **run, host=host), where(result.attempts, **run, from_host=host))


def acts_on(
    result: Result, host: str, *, architecture: str | None = None, replication: int | None = None
) -> pd.DataFrame:
    """What operators did to a host in one run, as `queue_timeline` has it: `time_s`, `act`, `command`, `messages`."""
    acts = where(result.acts, **run_of(result, architecture, replication, host), host=host)
    return acts[["time_s", "act", "command", "messages"]]


def by_state(queues: pd.DataFrame, attempts: pd.DataFrame) -> pd.DataFrame:
    """The timeline of one host in one run, of its rows of the two tables."""
    steps = queues.groupby("time_s", sort=True)[["messages", "incoming", "deferred", "hold"]].last()
    changes = pd.DataFrame(_under_way(attempts), columns=["time_s", "change"])
    under_way = changes.groupby("time_s", sort=True)["change"].sum().cumsum().rename("in_transfer")
    joined = steps.join(under_way, how="outer").ffill().fillna(0).astype("int64")
    counted = joined[["incoming", "in_transfer", "deferred", "hold"]].sum(axis="columns")
    joined["active"] = joined["messages"] - counted
    joined = joined[["messages", *STATES]]
    changed = joined.ne(joined.shift()).any(axis="columns")
    return joined[changed].reset_index()


def words_of(result: Result, host: str, architecture: str | None = None) -> dict[str, str]:
    """What the states are called where the host's product is at home.

    Raises:
        ResultError: the product is none of this version's.
    """
    name = next(iter(result.scenario["architectures"])) if architecture is None else architecture
    kind = result.scenario["architectures"][name]["hosts"][host]["mta"]["type"]
    if kind not in BY_TYPE:
        raise ResultError(f"{host} has a product that is not known here ({kind}): there are {', '.join(BY_TYPE)}")
    return BY_TYPE[kind].queue_words._asdict()


def _under_way(attempts: pd.DataFrame) -> Iterator[tuple[float, int]]:
    """When the first of a message's attempts that overlap begins, and when the last of them ends."""
    for message_id, rows in attempts.groupby("message_id", sort=True):
        if message_id == 0:
            continue
        until = None
        for started, ended in sorted(zip(rows["started_s"], rows["ended_s"], strict=True)):
            if until is None or started > until:
                if until is not None:
                    yield until, -1
                yield started, 1
                until = ended
            until = max(until, ended)
        if until is not None:
            yield until, -1
