"""The DNS as mail sees it: which hosts take a domain's mail (RFC 5321 section 5.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import inf

from sim.mail.address import domain_key, is_literal
from sim.network.links.timeline import ALWAYS_UP, Timeline
from sim.scenario import spec
from sim.scenario.names import ehlo_names

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

    __slots__ = ("_aliases", "_changes", "_exchangers", "_records", "_service", "_ttl")

    def __init__(
        self, domains: Mapping[str, spec.Domain], hosts: Collection[str], service: spec.NameService | None = None
    ) -> None:
        self._service = service or spec.NameService()
        known_as = ehlo_names(hosts)
        self._records: dict[str, Records] = {
            name.lower(): ((0, host),) for host in hosts for name in (known_as[host], host)
        }
        self._changes: dict[str, Sequence[tuple[float, Answer]]] = {}
        self._exchangers: dict[str, Sequence[tuple[float, Records]]] = {}
        self._ttl: dict[str, float] = {}
        self._aliases: dict[str, str] = {}
        for name, domain in domains.items():
            key = name.lower()
            self._ttl[key] = domain.ttl
            if domain.cname:
                self._aliases[key] = domain.cname.lower()
                continue
            own = self._records.get(key)
            if (records := _records_of(domain.mx, domain.a)) is not None:
                self._records[key] = records
            if domain.changes:
                self._changes[key] = [(change.at, _records_of(change.mx, change.a) or own) for change in domain.changes]
            exchangers = [(0.0, domain.mx), *((change.at, change.mx) for change in domain.changes)]
            self._exchangers[key] = [(at, _sorted(mx)) for at, mx in exchangers if any(map(_is_host, mx))]
        ends = {alias: self._canonical(alias) for alias in self._aliases}
        self._aliases = {alias: end for alias, end in ends.items() if end in self._records}

    def mx(self, domain: str, now: float = 0.0) -> Answer:
        """The domain's MX records (preference, host) at a time, lowest preference first, equal ones as in the file.

        An alias has those of the domain that it leads to (CNAME). A name without MX records that has an A record, or
        is a host's own, has an implicit MX of preference 0. None says that there is no such domain (NXDOMAIN), which is
        permanent.
        """
        name = self._key(domain)
        for at, records in reversed(self._changes.get(name, ())):
            if at <= now:
                return records
        return self._records.get(name)

    def exchangers(self, domain: str, now: float = 0.0) -> Answer:
        """By which records hosts hold a domain for one whose mail they take.

        A host that the A record happens to lead to does not, if there are MX records at another time: the last ones, or
        the first ones to come, are meant then. An exchanger that is no host takes nothing.
        """
        versions = self._exchangers.get(self._key(domain), ())
        if not versions:
            return self.mx(domain, now)
        if len(versions) == 1:
            return versions[0][1]
        return next((records for at, records in reversed(versions) if at <= now), versions[0][1])

    def mx_ever(self, domain: str) -> tuple[Records, ...]:
        """The domain's records at all times, in order of time, as of `exchangers`."""
        name = self._key(domain)
        if versions := self._exchangers.get(name, ()):
            return tuple([records for _, records in versions])
        answers = [self._records.get(name), *(records for _, records in self._changes.get(name, ()))]
        return tuple([records for records in answers if records is not None])

    def ttl(self, domain: str) -> float:
        """How long an answer about the domain may be remembered, in s; the time to live of an alias is its domain's."""
        name = self._key(domain)
        if name not in self._records:
            return self._service.negative_ttl
        return self._ttl.get(name, self._service.ttl)

    def changes(self, domain: str) -> bool:
        """Whether the answer changes in the course of time."""
        return self._key(domain) in self._changes

    def _key(self, domain: str) -> str:
        """The name that has a domain's records: its own, or that which its aliases lead to."""
        name = domain_key(domain).removesuffix(".")
        return self._aliases.get(name, name)

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


def _records_of(mx: Records, a: str) -> Answer:
    """MX records, an implicit one where there is only an A record (RFC 5321 section 5.1); None without either."""
    return _sorted(mx) if mx else ((0, a),) if a else None


def _is_host(record: tuple[int, str]) -> bool:
    """Whether an exchanger is a host of the network."""
    return not record[1].endswith(".")


def _sorted(records: Records) -> Records:
    return tuple(sorted(records, key=lambda record: record[0]))
