"""Reverse-paths and forward-paths: what MAIL FROM and RCPT TO carry, source routes and the percent hack included."""

from __future__ import annotations

import re
from collections.abc import Container
from functools import lru_cache
from typing import NamedTuple

from sim.mail.address import Address, AddressError, is_domain, octets_in, parse_address
from sim.mail.liberal import parse_liberal_address

PATH_LIMIT = 256
"""Octets in a path with its punctuation, RFC 5321 section 4.5.3.1.3."""

# RFC 5321 section 4.1.2: A-d-l = At-domain *( "," At-domain ), then ":"; RFC 821 allows address literals there too.
_ROUTE_STEP = re.compile(r"@(\[[^\[\]]*\]|[^,:@\[\]]*)([,:])")


class Path(NamedTuple):
    """A mailbox and the hosts to pass on the way, first one first; no mailbox at all is the null path `<>`.

    `str()` gives the form of RFC 5321 section 4.1.2, such as `<@ibp.fr,@uvsq.fr:gerard@cnam.fr>`.
    """

    mailbox: Address | None
    route: tuple[str, ...] = ()

    def __str__(self) -> str:
        return _written(self)

    @property
    def is_null(self) -> bool:
        """Whether this is `<>`, the reverse-path of delivery reports (RFC 5321 section 4.5.5)."""
        return self.mailbox is None


@lru_cache(maxsize=65536)
def _written(path: Path) -> str:
    if path.mailbox is None:
        return "<>"
    if not path.route:
        return f"<{path.mailbox}>"
    return f"<{','.join('@' + domain for domain in path.route)}:{path.mailbox}>"


NULL_PATH = Path(None)
"""The null reverse-path `<>`."""


@lru_cache(maxsize=65536)
def parse_path(text: str, *, allow_null: bool = True, utf8: bool = False) -> Path:
    """Read `<local-part@domain>`, with or without a source route, or `<>`.

    With `utf8`, its addresses and domains may be those of RFC 6531.

    Raises:
        AddressError: the text is no path, is longer than 256 octets, or is null where that is not allowed.
    """
    if octets_in(text) > PATH_LIMIT:
        raise AddressError(f"path {text[:40]!r}... has {octets_in(text)} octets: at most {PATH_LIMIT} are allowed")
    if text[:1] != "<" or text[-1:] != ">":
        raise AddressError(f"path {text!r} is not between angle brackets: write <local-part@domain>")
    if text == "<>":
        if allow_null:
            return NULL_PATH
        raise AddressError("path '<>' names no mailbox: only a reverse-path may be null")
    if text[1] != "@":
        return Path(parse_address(text[1:-1], utf8=utf8) if utf8 else parse_address(text[1:-1]))
    return _parse_routed(text, utf8)


def _parse_routed(text: str, utf8: bool) -> Path:
    """Read a path that begins with a source route."""
    route: list[str] = []
    position = 1
    while step := _ROUTE_STEP.match(text, position):
        domain, end = step.groups()
        if not is_domain(domain, utf8=utf8):
            raise AddressError(f"source route of path {text!r} has {domain!r}, which is not a domain")
        route.append(domain)
        position = step.end()
        if end == ":":
            return Path(parse_address(text[position:-1], utf8=utf8), tuple(route))
    raise AddressError(f"source route of path {text!r} does not end: write <@one,@two:local-part@domain>")


@lru_cache(maxsize=65536)
def parse_forward_path(text: str, *, utf8: bool = False) -> Path:
    """Read a forward-path: as `parse_path`, but never null, and `<Postmaster>` needs no domain.

    RFC 5321 section 4.1.1.3. The postmaster's path is `Path(Address("Postmaster", ""))`, however it was spelt.

    Raises:
        AddressError: the text is no forward-path.
    """
    if text.lower() == "<postmaster>":
        return Path(Address("Postmaster", ""))
    return parse_path(text, allow_null=False, utf8=utf8)


def parse_liberal_path(text: str) -> Path:
    """Read what stands in the brackets of a path without a source route, a mailbox as `sim.mail.liberal` reads it.

    Raises:
        AddressError: the text is not one, or is longer than 256 octets with its brackets.
    """
    if len(text) + 2 > PATH_LIMIT:
        raise AddressError(f"path {text[:40]!r}... has {len(text) + 2} octets: at most {PATH_LIMIT} are allowed")
    return Path(parse_liberal_address(text))


def percent_decode(address: Address, domains: Container[str]) -> Address:
    """Rewrite `user%c%b@a` to `user%c@b`, and so on for as long as the domain is one of `domains` (in lower case).

    As qmail does for the domains of its control file `percenthack` (qmail-send.c, rewrite): the local part is split at
    its last `%`. It also stops where no domain stands after that `%`, since the result would be no address.
    """
    while address.domain.lower() in domains:
        inner = _split(address)
        if inner is None:
            break
        address = inner
    return address


def percent_route(address: Address) -> Path:
    """The path that a percent address means when every domain on the way follows it.

    `gerard%cnam.fr%uvsq.fr@ibp.fr` is `<@ibp.fr,@uvsq.fr:gerard@cnam.fr>`.
    """
    route: list[str] = []
    while inner := _split(address):
        route.append(address.domain)
        address = inner
    return Path(address, tuple(route))


def bang_decode(address: Address, domains: Container[str]) -> Address:
    """Rewrite `b!c!user@a` to `c!user@b`, and so on for as long as the domain is one of `domains` (in lower case).

    That is RFC 976 section 2.1 for one that goes by the domain first: the host there goes on with the bang path. It
    stops where no host stands before the `!`.
    """
    while address.domain.lower() in domains:
        host, bang, rest = address.local.partition("!")
        if not (bang and rest and is_domain(host)):
            break
        address = Address(rest, host)
    return address


def _split(address: Address) -> Address | None:
    """The address inside a percent address; None where there is none."""
    local, percent, domain = address.local.rpartition("%")
    return Address(local, domain) if percent and is_domain(domain) else None
