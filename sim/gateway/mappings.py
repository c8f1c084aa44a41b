"""What gateways do with a message between two networks: a table by the pair of their protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sim.gateway.losses import Loss
from sim.gateway.passing import Mapped, Maps, Passing, Seam
from sim.mail.address import Address
from sim.mail.path import Path


def to_files(passing: Passing, _: Seam) -> Mapped:
    """A message becomes a file in the recipient's directory, which has no envelope beside that."""
    sender = [] if passing.reverse_path.is_null else [Loss("service", "reverse-path")]
    return Mapped(passing, [*sender, *_parameters_of(passing)])


def without_parameters(passing: Passing, _: Seam) -> Mapped:
    """The envelope is the two paths: what was asked for with MAIL and RCPT goes no further (RFC 3461 section 5.2.2).

    The gateway keeps it, and tells who wanted to know that it has passed the message on.
    """
    return Mapped(passing, _parameters_of(passing))


def to_mhs(passing: Passing, _: Seam) -> Mapped:
    """X.400 has the requests for reports, the priority and the time to deliver by (RFC 2156; RFC 6710 annex A)."""
    return Mapped(passing, [lost for lost in _parameters_of(passing) if lost.name not in _OF_MHS])


def to_rmail(passing: Passing, seam: Seam) -> Mapped:
    """Rmail has no empty sender: the gateway's mailer daemon stands for it (RFC 976)."""
    losses = _parameters_of(passing)
    if passing.reverse_path.is_null:
        losses.append(Loss("service", "null reverse-path"))
        passing = passing._replace(reverse_path=Path(Address("MAILER-DAEMON", seam.gateway)))
    return Mapped(passing, losses)


def _parameters_of(passing: Passing) -> list[Loss]:
    """Each keyword that was asked for, once."""
    every = (passing.parameters, *passing.recipient_parameters)
    return list(dict.fromkeys(Loss("service", keyword) for asked in every for keyword, _ in asked))


_OF_MHS: Final = frozenset({"NOTIFY", "RET", "ENVID", "MT-PRIORITY", "BY"})

GATEWAYS: Final[Mapping[tuple[str, str], Maps]] = {
    ("smtp", "ftp"): to_files,
    ("nje", "ftp"): to_files,
    ("uucp", "ftp"): to_files,
    ("x400", "ftp"): to_files,
    ("smtp", "nje"): without_parameters,
    ("x400", "nje"): without_parameters,
    ("smtp", "phonenet"): without_parameters,
    ("x400", "phonenet"): without_parameters,
    ("smtp", "uucp"): to_rmail,
    ("nje", "uucp"): to_rmail,
    ("phonenet", "uucp"): to_rmail,
    ("x400", "uucp"): to_rmail,
    ("smtp", "x400"): to_mhs,
}
"""By the protocol that a message came by and the one that it goes on by. Other pairs have the same messages."""

SPELLINGS: Final[Mapping[str, Callable[[Path], str]]] = {}
"""How a forward-path is written in the networks where it is not written as SMTP's is, by protocol."""


def gateway(passing: Passing, seam: Seam, came_by: str, goes_by: str) -> Mapped:
    """What a message from one network is in another."""
    maps = GATEWAYS.get((came_by, goes_by))
    return Mapped(passing) if maps is None else maps(passing, seam)


def spell(path: Path, protocol: str) -> str:
    """A forward-path as it is written where this protocol is spoken, without angle brackets."""
    spelling = SPELLINGS.get(protocol)
    return str(path)[1:-1] if spelling is None else spelling(path)
