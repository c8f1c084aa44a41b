"""A mail domain: what the DNS says of it, and who its users are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sim.scenario.spec.network import TTL

NULL_MX = ((0, "."),)
"""The MX records of a domain that takes no mail (RFC 7505)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MxChange:
    """From when on, in s, a domain has other records, and which; as of `Domain`."""

    at: float
    mx: tuple[tuple[int, str], ...]
    a: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A mail domain: its MX records (preference, host) and its users.

    Without any, mail goes to the host of its A record `a`, or, where that is empty, to the one that bears the domain's
    name (RFC 5321 section 5.1). An exchanger's name that ends in a dot is no host's, and has no address.

    `mailboxes` are the hosts that keep its users' mailboxes, where these are not its MX hosts of the best preference.
    `changes` says how the records change, in order of time; `ttl` is how long, in s, a host may go by those that it has
    heard.

    `lists` are mailing lists: name -> addresses of the members, which may be lists. `forwards` are users whose mail is
    passed on to another address (251), `moved` those of whom only the new address is told (551): name -> address.
    With `cname` the name is an alias in the DNS: its mail goes where that domain's goes. MX records of `NULL_MX` say
    that it takes no mail at all (RFC 7505), and so do those of its aliases; then it has no users. `submission` is the
    host that its users hand their mail to (RFC 6409); where it is empty, that is the best MX of the time.
    """

    name: str
    mx: tuple[tuple[int, str], ...]
    users: tuple[str, ...]
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forwards: Mapping[str, str] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    submission: str = ""
    cname: str = ""
    mailboxes: tuple[str, ...] = ()
    a: str = ""
    ttl: float = TTL
    changes: tuple[MxChange, ...] = ()
