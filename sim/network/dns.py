"""The DNS as mail sees it: which hosts take a domain's mail (RFC 5321 section 5.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import inf

from sim.mail.address import domain_key, is_literal
from sim.network.weather import ALWAYS_UP, Timeline
from sim.scenario import spec
from sim.scenario.names import ehlo_names

__all__ = ["Dns", "NoAnswerError", "Resolver"]

Records = tuple[tuple[int, str], ...]
"""MX records: (preference, host)."""

Answer = Records | None


class NoAnswerError(LookupError):
    """The name service does not answer: a temporary failure, unlike its answer that there is no such domain."""


class Dns:
    """Answers MX questions; names are compared without regard to case (RFC 4343).

    Args:
        domains: The mail domains by name.
        hosts: The hosts; each is a domain of its own, too, by its name and by what it calls itself.
        service: How long answers may be remembered that no domain speaks of.
    """

    __slots__ = ("_aliases", "_changes", "_records", "_service", "_ttl")

    def __init__(
        self, domains: Mapping[str, spec.Domain], hosts: Collection[str], service: spec.NameService | None = None
    ) -> None:
        self._service = service or spec.NameService()
        known_as = ehlo_names(hosts)
        self._records: dict[str, Records] = {
            name.lower(): ((0, host),) for host in hosts for name in (known_as[host], host)
        }
        self._changes: dict[str, tuple[spec.MxChange, ...]] = {}
        self._ttl: dict[str, float] = {}
        self._aliases: dict[str, str] = {}
        for name, domain in domains.items():
            key = name.lower()
            self._ttl[key] = domain.ttl
            if domain.cname:
                self._aliases[key] = domain.cname.lower()
                continue
            if domain.mx:
                self._records[key] = _sorted(domain.mx)
            if domain.changes:
                self._changes[key] = domain.changes
        for alias in self._aliases:
            self._adopt(alias, self._canonical(alias))

    def mx(self, domain: str, now: float = 0.0) -> Answer:
        """The domain's MX records (preference, host) at a time, lowest preference first, equal ones as in the file.

        An alias has those of the domain that it leads to (CNAME). A name without records that is a host's own has an
        implicit MX of preference 0. None says that there is no such domain (NXDOMAIN), which is permanent.
        """
        name = domain_key(domain).removesuffix(".")
        for change in reversed(self._changes.get(name, ())):
            if change.at <= now:
                return _sorted(change.mx)
        return self._records.get(name)

    def mx_ever(self, domain: str) -> tuple[Records, ...]:
        """The domain's MX records at all times, in order of time."""
        name = domain_key(domain).removesuffix(".")
        first = self._records.get(name)
        return (() if first is None else (first,)) + tuple(_sorted(change.mx) for change in self._changes.get(name, ()))

    def ttl(self, domain: str) -> float:
        """How long an answer about the domain may be remembered, in s; the time to live of an alias is its domain's."""
        name = domain_key(domain).removesuffix(".")
        if name not in self._records:
            return self._service.negative_ttl
        return self._ttl.get(name, self._service.ttl)

    def changes(self, domain: str) -> bool:
        """Whether the answer changes in the course of time."""
        return domain_key(domain).removesuffix(".") in self._changes

    def _adopt(self, alias: str, name: str) -> None:
        if (records := self._records.get(name)) is not None:
            self._records[alias] = records
            self._ttl[alias] = self._ttl.get(name, self._service.ttl)
            if name in self._changes:
                self._changes[alias] = self._changes[name]

    def _canonical(self, name: str) -> str:
        """Where a chain of aliases ends; a name of it where it never does."""
        seen: set[str] = set()
        while name in self._aliases and name not in seen:
            seen.add(name)
            name = self._aliases[name]
        return name


class Resolver:
    """A host's own resolver: it asks the DNS, and goes by what it has heard as long as that may live.

    Args:
        dns: The DNS.
        up: When it answers.
        forgets: Whether answers live no longer than their TTL even if they could never be other ones.
    """

    __slots__ = ("_dns", "_forgets", "_known", "_up")

    def __init__(self, dns: Dns, up: Timeline = ALWAYS_UP, *, forgets: bool = False) -> None:
        self._dns = dns
        self._up = up
        self._forgets = forgets or up is not ALWAYS_UP
        self._known: dict[str, tuple[float, Answer]] = {}

    def mx(self, domain: str, now: float) -> Answer:
        """As `Dns.mx`, from memory where it can be.

        Raises:
            NoAnswerError: the DNS does not answer, and nothing is remembered of the domain.
        """
        known = self._known.get(domain)
        if known is not None and now < known[0]:
            return known[1]
        return self._ask(domain, now)

    def knows(self, domain: str, now: float) -> bool:
        """Whether it need not ask, as of an address literal."""
        known = self._known.get(domain)
        return is_literal(domain) or (known is not None and now < known[0])

    def heard(self, domain: str) -> Answer:
        """What it has heard of the domain last, however long ago."""
        return self._known[domain][1] if domain in self._known else None

    def forget(self) -> None:
        """The host has gone down, and what it remembered with it."""
        self._known.clear()

    def _ask(self, domain: str, now: float) -> Answer:
        dns = self._dns
        if not self._up.is_up(now):
            raise NoAnswerError(domain)
        answer = dns.mx(domain, now)
        until = now + dns.ttl(domain) if self._forgets or dns.changes(domain) else inf
        self._known[domain] = until, answer
        return answer


def _sorted(records: Records) -> Records:
    return tuple(sorted(records, key=lambda record: record[0]))
