"""Who writes to whom in a source of drawn mail, where it says whose mail it is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Literal, NamedTuple

from sim.mail.address import Address, domain_key
from sim.mail.mailbox import parse_mailbox
from sim.scenario.spec.mailboxes import Whose
from sim.workload.users import Population

Kind = Literal["uniform", "gravity"]


class _Group(NamedTuple):
    """People among whom any is drawn alike; users are a stretch of the population's, from `start` on, others are -1."""

    people: Sequence[str]
    start: int = -1


class Pairs:
    """Draws the sender and the recipient of each message of a source.

    Args:
        population: all users.
        kind: as of `Population.pair`, which draws where the source does not say whose mail it is.
        senders: addresses and domains with their weights; any user where there are none.
        recipients: likewise.

    An entry is drawn by its weight, and of a domain's users any alike. Nobody writes to himself, and with `gravity`
    nobody within his domain, where the entries that were drawn leave anybody else.
    """

    def __init__(self, population: Population, kind: Kind, senders: Whose = (), recipients: Whose = ()) -> None:
        self._population = population
        self._kind: Kind = kind
        self._said = bool(senders or recipients)
        self._senders = _Choice(population, senders)
        self._recipients = _Choice(population, recipients)

    def draw(self, random: Random) -> tuple[str, str]:
        """A sender and a recipient; always the same number of numbers of the stream."""
        if not self._said:
            return self._population.pair(self._kind, random)
        mine, yours = self._senders.group(random.random()), self._recipients.group(random.random())
        sender = mine.people[int(random.random() * len(mine.people))]
        recipient, again = random.random(), random.random()
        to = self._other(yours, sender, recipient)
        return (self._other(mine, to, again) if self._is_barred(sender, to) else sender), to

    def _is_barred(self, sender: str, recipient: str) -> bool:
        one, other = _key(sender), _key(recipient)
        return one.domain == other.domain if self._kind == "gravity" else one == other

    def _other(self, group: _Group, peer: str, number: float) -> str:
        """Somebody of a group, by a number below 1, who may be paired with a peer; anybody where there is no such."""
        first, count = self._barred(group, peer, self._kind)
        if count == len(group.people):
            first, count = self._barred(group, peer, "uniform")
        if count == len(group.people):
            first, count = 0, 0
        index = int(number * (len(group.people) - count))
        return group.people[index + count if index >= first else index]

    def _barred(self, group: _Group, peer: str, kind: Kind) -> tuple[int, int]:
        """Where those of a group begin who may not be paired with a peer, and how many they are."""
        if group.start < 0:
            return 0, int(_key(group.people[0]) == _key(peer))
        first, count = self._population.stretch(str(_key(peer)), kind)
        end = group.start + len(group.people)
        first, last = max(first, group.start), min(first + count, end)
        return first - group.start, max(last - first, 0)


class _Choice:
    """Draws one of several groups by weight."""

    def __init__(self, population: Population, whose: Whose) -> None:
        self._groups = [_group(population, name) for name, _ in whose] or [_Group(population.addresses, 0)]
        self._bounds = list(accumulate(weight for _, weight in whose)) or [1.0]

    def group(self, number: float) -> _Group:
        """The group at a number from 0 to below 1."""
        index = bisect_right(self._bounds, number * self._bounds[-1])
        return self._groups[min(index, len(self._groups) - 1)]


def _group(population: Population, name: str) -> _Group:
    return _Group((name,)) if "@" in name else _Group(*population.of_domain(name))


def _key(text: str) -> Address:
    """The address of a text, as users' addresses are written."""
    address = parse_mailbox(text).address
    return Address(address.local, domain_key(address.domain))
