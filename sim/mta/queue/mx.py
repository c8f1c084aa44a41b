"""Which hosts take mail for a domain, and in which order they and their addresses are tried (RFC 5321 section 5.1).

The order of equal preferences must be random (RFC 5321 section 5.1); this room draws nothing, so the caller says how
to shuffle.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from sim.mail.address import domain_key
from sim.mta.queue.failure import Failure
from sim.scenario.products.base import Product
from sim.scenario.spec import Domain, Host

Records = Sequence[tuple[int, str]]
"""MX records: (preference, host)."""

NO_SUCH_DOMAIN = Failure(550, "5.1.2", "Host or domain name not found")
LOOPS_BACK = Failure(554, "5.4.6", "Mail for this domain loops back to myself")
"""What each product makes of it is `targets_of`'s."""
TAKES_NO_MAIL = Failure(556, "5.1.10", "Recipient address has null MX")
"""RFC 7505 section 4.2."""
NO_EXCHANGER = Failure(550, "5.4.4", "no MX host of the domain has an address")
"""What each product makes of it is `targets_of`'s."""
NO_HOST = "."
"""The exchanger of a domain that takes no mail (RFC 7505 section 3)."""


def candidates(records: Records | None, own_name: str, shuffle: Callable[[list[str]], None]) -> list[str] | Failure:
    """The hosts to try, best first, or why the domain cannot be served at all.

    Args:
        records: the domain's MX records, an implicit one included; None where the domain does not exist.
        own_name: this host; its own preference and all worse ones are left out.
        shuffle: puts hosts of equal preference in random order, in place.
    """
    if records is None:
        return NO_SUCH_DOMAIN
    if len(records) == 1 and records[0][1] != own_name:
        host = records[0][1]
        if host.endswith(NO_HOST):
            return TAKES_NO_MAIL if host == NO_HOST else NO_EXCHANGER
        return [host]
    own = min((preference for preference, host in records if host == own_name), default=None)
    usable = [record for record in records if own is None or record[0] < own]
    if not usable:
        return LOOPS_BACK
    usable = [record for record in usable if not record[1].endswith(NO_HOST)]
    if not usable:
        return NO_EXCHANGER
    hosts: list[str] = []
    for level in sorted({preference for preference, _ in usable}):
        equals = [host for preference, host in usable if preference == level]
        if len(equals) > 1:
            shuffle(equals)
        hosts += equals
    return hosts


def targets_of(
    host: Host,
    domain: str,
    records: Records | None,
    been_at: Collection[str] = (),
    shuffle: Callable[[list[str]], None] = lambda _: None,
) -> list[str] | Failure:
    """The hosts that a host tries for a domain with these MX records, best first, or what its product says instead.

    The host's own routes go before the records. A backup that has had the mail already (`been_at`) is left out: it
    could not pass it on, and is not asked again. No product goes on with a domain's A record where its MX records name
    no host that there is.
    """
    route, product = routed(host.routes, domain) if host.routes else None, host.mta
    targets = candidates(((0, route),) if route else records, host.name, shuffle)
    if targets is NO_EXCHANGER and records:
        return Failure.of(product.no_exchanger, host=records[0][1].removesuffix(NO_HOST))
    if targets is LOOPS_BACK:
        # The host would have to connect to itself.
        loops = product.loop_detection
        return Failure.of(loops.to_itself if route else loops.best_mx, domain=route or domain, host=host.domain)
    if isinstance(targets, Failure) or route or not been_at or len(targets) == 1:
        return targets
    return [target for target in targets if target == targets[0] or target not in been_at]


def routed(routes: Mapping[str, str], domain: str) -> str | None:
    """The host that a host's own routes name for a domain; None where they name none."""
    return (routes.get(domain.lower()) or routes.get("*")) if routes else None


def is_null(records: Records | None) -> bool:
    """Whether the records say that the domain takes no mail (RFC 7505)."""
    return records is not None and len(records) == 1 and records[0][1] == NO_HOST


def home_hosts(records: Records) -> list[str]:
    """The hosts that keep the domain's mailboxes: its MX hosts of the best preference that any host has."""
    hosts = [record for record in records if not record[1].endswith(NO_HOST)]
    best = min((preference for preference, _ in hosts), default=0)
    return [host for preference, host in hosts if preference == best]


def is_home(records: Records | None, host: str) -> bool:
    """Whether the host keeps the domain's mailboxes."""
    return records is not None and host in home_hosts(records)


def is_exchanger(records: Records | None, host: str) -> bool:
    """Whether the host takes the domain's mail in: it is an MX of any preference."""
    return any(name == host for _, name in records or ())


def stated_mailbox_hosts(domains: Collection[Domain]) -> dict[str, tuple[str, ...]]:
    """The hosts that keep the mailboxes of domains which say so, and of the aliases of these."""
    said = {domain.name.lower(): domain.mailboxes for domain in domains if domain.mailboxes}
    if not said:
        return said
    aliases = {domain.name.lower(): domain.cname.lower() for domain in domains if domain.cname}
    return said | {alias: said[name] for alias, name in aliases.items() if name in said}


def mailbox_hosts(domain: str, mailboxes: Mapping[str, Sequence[str]], records: Records | None) -> Sequence[str]:
    """The hosts that keep a domain's mailboxes, by `stated_mailbox_hosts` or by its MX records."""
    return mailboxes.get(domain_key(domain)) or home_hosts(records or ())


def local_domains(domains: Collection[Domain], mx_ever: Callable[[str], Iterable[Records]]) -> dict[str, list[Domain]]:
    """The domains whose mailboxes each host keeps, by host.

    Args:
        domains: all there are.
        mx_ever: gives a domain's MX records at all times; who is the best of them once knows the domain all the time,
            unless that says which hosts keep its mailboxes.
    """
    found: dict[str, list[Domain]] = {}
    said = stated_mailbox_hosts(domains)
    for domain in domains:
        best = (host for records in mx_ever(domain.name) for host in home_hosts(records))
        for host in dict.fromkeys(said.get(domain.name.lower(), best)):
            found.setdefault(host, []).append(domain)
    return found


class Candidate(NamedTuple):
    """One address of a host of some preference; `version` is 4 or 6, or 0 where a host has no address of its own."""

    host: str
    preference: int
    ip: str = ""
    version: int = 0


def in_order(
    candidates: Sequence[Candidate], product: Product, shuffle: Callable[[list[Candidate]], None]
) -> list[Candidate]:
    """The addresses that a product tries, first things first (RFC 5321 section 5.1 leaves it to the client).

    Sources: Postfix smtp_addr.c (dns_rr_shuffle, then dns_rr_sort over all addresses of one preference;
    smtp_balance_inet_proto); Exim host.c (set_address_from_dns: the sort keys of IPv6 addresses of one preference
    come first); sendmail daemon.c (makeconnection: a host's IPv6 addresses, then v4retry); qmail dns.c (dns_mxip: A
    records alone, host by host); OpenSMTPD's libasr (inet4, inet6); Haraka docs/Outbound.md (inet_prefer); the
    documents of Stalwart (ip-strategy) and mx-connect (preferIPv6); nullmailer's getaddrinfo (RFC 6724 section
    2.1). For the others a host's addresses are as the DNS has them.

    Args:
        candidates: all there are, host by host in the order in which these are tried.
        product: the client's.
        shuffle: puts some in random order, in place.
    """
    first = {"ipv6": 6, "ipv4": 4}.get(product.prefers_family, 0)
    found = [one for one in candidates if not one.version or one.version in product.families]
    if product.mixes_hosts:
        if product.randomizes:
            shuffle(found)
        found.sort(key=lambda one: (one.preference, bool(first) and one.version != first))
    elif first:
        rank = {host: number for number, host in enumerate(dict.fromkeys(one.host for one in found))}
        found.sort(key=lambda one: (rank[one.host], one.version != first))
    if product.balances_families and len(found) > product.mx_address_limit:
        found = _balanced(found, product.mx_address_limit)
    return found


def _balanced(found: Sequence[Candidate], limit: int) -> list[Candidate]:
    """As many as may be tried: of neither family less than half, where there are so many."""
    sixes = sum(one.version == 6 for one in found)
    others = len(found) - sixes
    if sixes <= limit // 2:
        most = sixes
    elif others <= limit // 2:
        most = limit - others
    else:
        most = limit - (limit + (found[0].version != 6)) // 2
    left = {True: most, False: limit - most}
    kept = []
    for one in found:
        six = one.version == 6
        if left[six]:
            left[six] -= 1
            kept.append(one)
    return kept
