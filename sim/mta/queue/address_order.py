"""In which order a product tries the addresses of a domain's hosts (RFC 5321 section 5.1 leaves it to the client).

Sources: Postfix smtp_addr.c (dns_rr_shuffle, then dns_rr_sort over all addresses of one preference;
smtp_balance_inet_proto); Exim host.c (set_address_from_dns: the sort keys of IPv6 addresses of one preference come
first); sendmail daemon.c (makeconnection: a host's IPv6 addresses, then v4retry); qmail dns.c (dns_mxip: A records
alone, host by host); OpenSMTPD's libasr (inet4, inet6); Haraka docs/Outbound.md (inet_prefer); the documents of
Stalwart (ip-strategy) and mx-connect (preferIPv6); nullmailer's getaddrinfo (RFC 6724 section 2.1). For the others a
host's addresses are as the DNS has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sim.scenario.products.base import Product


class Candidate(NamedTuple):
    """One address of a host of some preference; `version` is 4 or 6, or 0 where a host has no address of its own."""

    host: str
    preference: int
    ip: str = ""
    version: int = 0


def in_order(
    candidates: Sequence[Candidate], product: Product, shuffle: Callable[[list[Candidate]], None]
) -> list[Candidate]:
    """The addresses that a product tries, first things first.

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
