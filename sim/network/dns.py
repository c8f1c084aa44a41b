"""The DNS as mail sees it: which hosts take a domain's mail (RFC 5321 section 5.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sim.network.weather import ALWAYS_UP, Timeline
from sim.scenario import spec

__all__ = ["Dns", "NoAnswerError", "Resolver"]

Answer = tuple[tuple[int, str], ...] | None

TTL = 3600.0
"""How long an answer may be remembered, in s."""

NEGATIVE_TTL = 600.0
"""Likewise, the answer that there is no such domain (RFC 2308)."""


class NoAnswerError(LookupError):
    """The name service does not answer: a temporary failure, unlike its answer that there is no such domain."""


class Dns:
    """Answers MX questions; names are compared without regard to case (RFC 4343).

    Args:
        domains: The mail domains by name.
        hosts: The names of the hosts; each is a domain of its own, too.
    """

    __slots__ = ("_aliases", "_records")

    def __init__(self, domains: Mapping[str, spec.Domain], hosts: Collection[str]) -> None:
        self._records: dict[str, tuple[tuple[int, str], ...]] = {host.lower(): ((0, host),) for host in hosts}
        self._aliases: dict[str, str] = {}
        for name, domain in domains.items():
            if domain.cname:
                self._aliases[name.lower()] = domain.cname.lower()
            elif domain.mx:
                self._records[name.lower()] = tuple(sorted(domain.mx, key=lambda record: record[0]))
        for alias in self._aliases:
            records = self._records.get(self._canonical(alias))
            if records is not None:
                self._records[alias] = records

    def mx(self, domain: str) -> Answer:
        """The domain's MX records (preference, host), lowest preference first, equal ones in the order of the file.

        An alias has those of the domain that it leads to (CNAME). A name without records that is a host's own has an
        implicit MX of preference 0. None says that there is no such domain (NXDOMAIN), which is permanent.
        """
        return self._records.get(domain.lower().removesuffix("."))

    def _canonical(self, name: str) -> str:
        """Where a chain of aliases ends; a name of it where it never does."""
        seen: set[str] = set()
        while name in self._aliases and name not in seen:
            seen.add(name)
            name = self._aliases[name]
        return name


class Resolver:
    """A host's own resolver: it asks the DNS, and remembers what it has heard for a time.

    Args:
        dns: The DNS.
        up: When it answers.
        ttl: How long an answer holds, in s; 0 remembers nothing.
        negative_ttl: Likewise for a domain that does not exist.
    """

    __slots__ = ("_dns", "_known", "_negative_ttl", "_ttl", "_up")

    def __init__(
        self, dns: Dns, up: Timeline = ALWAYS_UP, *, ttl: float = TTL, negative_ttl: float = NEGATIVE_TTL
    ) -> None:
        self._dns = dns
        self._up = up
        self._ttl = ttl
        self._negative_ttl = negative_ttl
        self._known: dict[str, tuple[float, Answer]] = {}

    def mx(self, domain: str, now: float) -> Answer:
        """As `Dns.mx`, at a time.

        Raises:
            NoAnswerError: the DNS does not answer, and nothing is remembered of the domain.
        """
        if self._up is ALWAYS_UP:
            # What is remembered never differs from what would be answered.
            return self._dns.mx(domain)
        known = self._known.get(domain)
        if known is not None and now < known[0]:
            return known[1]
        if not self._up.is_up(now):
            raise NoAnswerError(domain)
        answer = self._dns.mx(domain)
        self._known[domain] = now + (self._negative_ttl if answer is None else self._ttl), answer
        return answer

    def forget(self) -> None:
        """The host has gone down, and what it remembered with it."""
        self._known.clear()
