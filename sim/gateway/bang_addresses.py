"""Addresses between SMTP and UUCP: domains, bang paths, and what is both (RFC 976, RFC 1137)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from sim.mail.address import Address, AddressError, is_domain
from sim.mail.path import Path

_HOST: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")

# RFC 1137: what an atom cannot hold; other characters as #ddd#, in decimal.
_ATOMS: Final = {
    " ": "_",
    "_": "#u#",
    "(": "#l#",
    ")": "#r#",
    ",": "#m#",
    ":": "#c#",
    "\\": "#b#",
    "#": "#h#",
    "=": "#e#",
    "/": "#s#",
}
_LETTERS: Final = {written: character for character, written in _ATOMS.items() if written[0] == "#"}
_ATOM_CHARACTER: Final = re.compile(r"[A-Za-z0-9.!%&'*+?^`{|}~$-]")
_WRITTEN: Final = re.compile(r"#[a-z]#|#[0-9]{3}#|_")


class BangPathError(ValueError):
    """A text that is no bang path, or cannot become one, with the reason."""


class BangPath(NamedTuple):
    """The hosts that mail passes, the next one first, and the user at the end: `ihnp4!seismo!joe`."""

    hosts: tuple[str, ...]
    user: str

    def __str__(self) -> str:
        return "!".join([*self.hosts, self.user])


def parse_bang_path(text: str) -> BangPath:
    """Read a path from host to host; none at all is a user of this one.

    Raises:
        BangPathError: a host or the user is missing, or is not a name.
    """
    *hosts, user = text.split("!")
    if not user or not user.isprintable() or any(not _HOST.fullmatch(host) for host in hosts):
        raise BangPathError(f"{text!r} is no bang path: write host!host!user")
    return BangPath(tuple(hosts), user)


def readings(text: str) -> tuple[Path, BangPath]:
    """What `a!b!user@domain` means to those who look at the domain first (RFC 976 section 2.1), and to UUCP's.

    The first sends to the domain, which goes on with the bang path; the others to `a`, which goes on with the rest.
    Without a `!` or without a `@` both mean the same.

    Raises:
        BangPathError: it is neither.
    """
    bangs, at, domain = text.rpartition("@")
    if not at:
        path = parse_bang_path(text)
        return Path(Address(str(path), "")), path
    if not bangs or not is_domain(domain):
        raise BangPathError(f"{text!r} is neither user@domain nor host!user@domain")
    path = parse_bang_path(bangs)
    routed = BangPath(path.hosts, f"{path.user}@{domain}") if path.hosts else BangPath((domain,), path.user)
    return Path(Address(bangs, domain)), routed


def to_bang_path(path: Path, via: BangPath | None = None) -> BangPath:
    """What is written between UUCP hosts for an address of SMTP (RFC 976 sections 2.2 and 3).

    A source route becomes hosts of the path; a domain of one label gets a full stop at its end, so that a gateway knows
    it for a domain; a local part that is a bang path already goes on. `via` are the hosts up to the gateway.

    Raises:
        BangPathError: the path is null, or the local part is no name between bangs (see `to_atom`).
    """
    if path.mailbox is None:
        raise BangPathError("'<>' has no bang path: rmail has no empty sender, the gateway's postmaster stands for it")
    inner = parse_bang_path(to_atom(path.mailbox.local))
    domains = [*path.route, *([path.mailbox.domain] if path.mailbox.domain else [])]
    hosts = [domain if "." in domain else f"{domain}." for domain in domains]
    return BangPath((*(via.hosts if via else ()), *hosts, *inner.hosts), inner.user)


def to_address(path: BangPath, gateway: str, *, hidden: bool = True) -> Address:
    """What SMTP is told of a bang path (RFC 976 sections 2.1 and 2.4).

    Where the last host is a domain and `hidden` holds, all before it is left out: `user@domain`. Else the path stays
    visible in the local part, and the gateway, a domain, is where it begins: `a!b!user@gateway`.
    """
    if hidden and path.hosts and "." in path.hosts[-1]:
        domain = path.hosts[-1].removesuffix(".")
        if is_domain(domain):
            return Address(from_atom(path.user), domain)
    return Address(str(path), gateway)


def to_atom(local: str) -> str:
    """A local part in the characters of an atom (RFC 1137): `First Last` is `First_Last`."""
    return "".join(
        character if _ATOM_CHARACTER.fullmatch(character) else _ATOMS.get(character, f"#{ord(character):03}#")
        for character in local
    )


def from_atom(atom: str) -> str:
    """The local part that `to_atom` wrote."""

    def meant(found: re.Match[str]) -> str:
        written = found[0]
        if written == "_":
            return " "
        return _LETTERS.get(written) or (chr(int(written[1:4])) if written[1].isdigit() else written)

    return _WRITTEN.sub(meant, atom)


def percent_of(path: Path) -> Address:
    """A source route as the percent hack: `<@a,@b:user@c>` is `user%c%b@a` (RFC 1123 section 5.2.16).

    Raises:
        AddressError: the path is null.
    """
    if path.mailbox is None:
        raise AddressError("'<>' has no percent form: it names nobody")
    domains = [*path.route, path.mailbox.domain]
    return Address("%".join([path.mailbox.local, *reversed(domains[1:])]), domains[0])
