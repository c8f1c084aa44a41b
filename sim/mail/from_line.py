"""What UUCP has of an envelope: the From_ line in front of a message, and the arguments of rmail (RFC 976).

A host that sends a message on says in its From_ line the bang path back, as it got it, and its own name:
`From a!b!user date remote from c`. Who gets it puts that name in front: the reverse-path grows host by host, as a
source route of RFC 821 does.
"""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote, unquote

from sim.mail.address import Address
from sim.mail.path import NULL_PATH, Path
from sim.mail.trace import LAST, ORIGIN

NOBODY = "<>"
"""Who sends a report."""

_PLAIN = "!#$&'*+-./?^_`{|}~@%"
_LINE = re.compile(rb"From ([!-~]+) ([ -~]{24}) remote from ([!-~]+)\n")


def asctime(seconds: float) -> str:
    """A time as From_ lines have it, `Sat Jan  1 00:00:00 2000`; in s since `trace.EPOCH`."""
    return (ORIGIN + timedelta(seconds=int(min(seconds, LAST)))).strftime("%a %b %e %H:%M:%S %Y")


def to_bang(address: Address) -> str:
    """An address as an argument of rmail: `domain!user`; what no word has is written as =HH."""
    word = quote(address.local, safe=_PLAIN).replace("%25", "\0").replace("%", "=").replace("\0", "%")
    word = word.replace("!", "=21")
    return f"{quote(address.domain, safe='.-:[]')}!{word}" if address.domain else word


def from_bang(text: str) -> Address | None:
    """The address that an argument of rmail is, by its last two words; None where it has no user."""
    *hosts, user = text.split("!")
    local = unquote(user.replace("%", "%25").replace("=", "%"))
    return Address(local, unquote(hosts[-1]) if hosts else "") if local else None


def write_from(back: Path, system: str, at: float) -> bytes:
    """The From_ line of a host for a message with this reverse-path, in s since `trace.EPOCH`."""
    path = NOBODY if back.mailbox is None else to_bang(back.mailbox).removeprefix(f"{system}!")
    path = "!".join([*back.route, path])
    return f"From {path} {asctime(at)} remote from {system}\n".encode("ascii")


def read_from(data: bytes) -> tuple[Path, str, bytes]:
    """The reverse-path that a From_ line says, the system that wrote it, and the message behind it.

    Without such a line the null path, no system, and all of the message.
    """
    found = _LINE.match(data)
    if found is None:
        return NULL_PATH, "", data
    path, system = found[1].decode("ascii"), found[3].decode("ascii")
    hosts, _, user = f"{system}!{path}".rpartition("!")
    if user == NOBODY:
        return NULL_PATH, system, data[found.end() :]
    mailbox = from_bang(f"{hosts.rpartition('!')[2]}!{user}")
    route = tuple(hosts.split("!")[:-1])
    return Path(mailbox, route if mailbox else ()), system, data[found.end() :]
