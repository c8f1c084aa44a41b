"""Greylisting: strangers are told to come again, and those that do are let in (as postgrey does it)."""

from __future__ import annotations

from sim.scenario import policies

Triplet = tuple[str, str, str]
"""Client, reverse-path, forward-path."""


class Greylist:
    """Whom a host knows."""

    __slots__ = ("_first", "_how", "_known", "_passes")

    def __init__(self, how: policies.Greylist) -> None:
        self._how = how
        self._first: dict[Triplet, float] = {}
        self._known: dict[Triplet, float] = {}
        self._passes: dict[str, int] = {}

    def wait(self, triplet: Triplet, now: float) -> float:
        """How long they have to wait that come now, in s; 0 lets them in."""
        how, client = self._how, triplet[0]
        if how.whitelist_after and self._passes.get(client, 0) >= how.whitelist_after:
            return 0.0
        last = self._known.get(triplet)
        if last is not None and now - last <= how.lifetime:
            self._known[triplet] = now
            return 0.0
        first = self._first.setdefault(triplet, now)
        if now - first > how.window:
            first = self._first[triplet] = now
        if now - first < how.delay:
            return first + how.delay - now
        del self._first[triplet]
        self._known[triplet] = now
        self._passes[client] = self._passes.get(client, 0) + 1
        return 0.0
