"""Whom a host knows: the domains whose mailboxes it keeps, their users, and the domains that it passes mail on to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import takewhile
from types import MappingProxyType
from typing import Any

from sim.mail.address import (
    Address,
    AddressError,
    domain_key,
    is_literal,
    literal_of,
    local_key,
    mailbox_key,
    octets_in,
    parse_address,
    parse_local_part,
)
from sim.mail.path import PATH_LIMIT, Path, bang_decode, percent_decode
from sim.mta.queue.mx import Records, is_exchanger, is_home, is_null, routed
from sim.protocol.smtp import replies
from sim.protocol.smtp.replies import Reply
from sim.scenario.spec import Domain, Host

POSTMASTER = "postmaster"
MAILER_DAEMON = "mailer-daemon"
OWNER = "owner-"
"""A list's owner, who gets the reports on mail to its members (RFC 5321 section 3.9.2), is this and the list's name."""
E550_SOURCE_ROUTE = Reply(550, ("Source routes are not taken",), "5.7.1")
"""RFC 5321 section 3.6.1: a server may decline them."""
E550_MOVED = Reply(550, ("User has moved",), "5.1.6")
E554_RELAY_DENIED = Reply(554, ("Relay access denied",), "5.7.1")
"""As Postfix's reject_unauth_destination answers."""
S252_NOT_ASCII = Reply(252, ("The answer has non-ASCII characters: ask with SMTPUTF8",), "2.6.8")
"""RFC 6531 section 3.7.4.2, for a client that did not say that it reads UTF-8."""
E556_NULL_MX = Reply(556, ("Recipient address has null MX",), "5.1.10")
"""RFC 7505 section 4.2."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})

_MOST_REMEMBERED = 100_000
"""Judgements remembered: a peer may ask for any number of addresses."""


class Directory:
    """Judges forward-paths for one host, and answers VRFY and EXPN.

    Args:
        host: says what routes in a forward-path and percent addresses mean, where mail goes whatever the DNS says, and
            which addresses are its own.
        domains: those whose mailboxes it keeps.
        mx: answers a domain's MX records, None where there is no such domain.
        relays: whether it passes mail on to every domain there is, or only to those that it is an MX of.
        mailboxes: the hosts that keep the mailboxes of domains which say so, though others are their best MX.
        expands: the domains whose lists it expands though others keep their mailboxes.

    Address literals that were added are the host's own: their users are those of its domains (RFC 1123 section 5.2.17).
    """

    def __init__(
        self,
        host: Host,
        domains: Iterable[Domain],
        mx: Callable[[str], Records | None],
        *,
        relays: bool = True,
        mailboxes: Mapping[str, Sequence[str]] = _NOTHING,
        expands: Iterable[Domain] = (),
    ) -> None:
        self._host = host
        self._name = host.name
        self._mailboxes = mailboxes
        self._mx = mx
        self._relays = relays
        self._users: dict[str, frozenset[str]] = {}
        self._lists: dict[str, tuple[str, ...]] = {}
        self._forwards: dict[str, Address] = {}
        self._moved: dict[str, Address] = {}
        for domain in domains:
            name = domain.name.lower()
            self._users[name] = frozenset(map(local_key, domain.users))
            self._lists |= {f"{local_key(local)}@{name}": members for local, members in domain.lists.items()}
            self._forwards |= _addresses(domain.forwards, name)
            self._moved |= _addresses(domain.moved, name)
        for domain in expands:
            name = domain.name.lower()
            self._lists |= {f"{local_key(local)}@{name}": members for local, members in domain.lists.items()}
        own = frozenset({*self._users, host.name.lower()})
        self._percent_domains = own if host.percent_hack else frozenset()
        self._bang_domains = own if host.bang_paths else frozenset()
        self._literals = {domain_key(literal_of(address.ip)) for address in host.addresses}
        # A peer may ask for any number of addresses.
        self._is_home = lru_cache(_MOST_REMEMBERED)(self._keeps)
        self._replies = lru_cache(_MOST_REMEMBERED)(self._rcpt_reply)

    def add_literal(self, literal: str) -> None:
        """An address literal, such as `[192.0.2.1]`, is the host's own."""
        key = domain_key(literal)
        if key not in self._literals:
            self._literals.add(key)
            self._replies.cache_clear()
            self._is_home.cache_clear()

    def is_local(self, address: Address) -> bool:
        """Whether the mailbox, if it exists, is kept here. Postmaster without a domain is (RFC 5321 section 4.5.1)."""
        return self._is_home(address.domain)

    def keeps(self, address: Address) -> bool:
        """Whether mail for it goes no further: it is a mailbox of the host's, or a list that it expands."""
        return self._is_home(address.domain) or (bool(self._lists) and mailbox_key(address) in self._lists)

    def _keeps(self, domain: str) -> bool:
        """Whether a domain's mailboxes are kept here."""
        domain = domain.lower()
        if not domain or domain in self._users:
            return True
        if is_literal(domain):
            return domain_key(domain) in self._literals
        said = self._mailboxes.get(domain_key(domain))
        return is_home(self._mx(domain), self._name) if said is None else self._name in said

    def is_own(self, domain: str) -> bool:
        """Whether a domain in a route means this host."""
        return domain.lower() == self._name.lower() or self.is_local(Address("", domain))

    def is_backup_mx(self, domain: str) -> bool:
        """Whether the host takes the domain's mail in for another that keeps its mailboxes: it is an MX of it."""
        return is_exchanger(self._mx(domain), self._name) and not self.is_local(Address("", domain))

    def has_user(self, address: Address) -> bool:
        """Whether a local address names a mailbox; every host has a postmaster and a mailer daemon."""
        local, domain = local_key(address.local), address.domain.lower()
        if local in (POSTMASTER, MAILER_DAEMON) or local in self._users.get(domain, ()):
            return True
        return f"{local.removeprefix(OWNER)}@{domain}" in self._lists

    def members(self, address: Address) -> tuple[str, ...] | None:
        """The addresses of a list that this host keeps; None where the address is no such list."""
        return self._lists.get(mailbox_key(address)) if self._lists else None

    def canonical_path(self, path: Path) -> Path:
        """The path that one which was accepted means here, with a percent address followed.

        A source route stays as it is, and one that is honoured comes first: until it is done with, nothing else counts.
        """
        if path.mailbox is None or self._first_stop(path) is not None:
            return path
        return path._replace(mailbox=self.canonical(path.mailbox))

    def onward_paths(self, path: Path, reverse_path: Path) -> tuple[Path, Path]:
        """What a forward-path that was accepted means here, and the reverse-path, as the host sends them on.

        Where routes are honoured it strikes its name off, and notes it on the way back (RFC 821 section 3.6; RFC 5321
        appendices C and F.2), unless the reverse-path would become too long: it leads back all the same.
        """
        path = self.canonical_path(path)
        if self._host.source_routes != "honour":
            return path._replace(route=()), reverse_path
        own = sum(1 for _ in takewhile(self.is_own, path.route))
        back = reverse_path._replace(route=(self._host.domain, *reverse_path.route))
        returns = own > 0 and not reverse_path.is_null and octets_in(str(back)) <= PATH_LIMIT
        return path._replace(route=path.route[own:]), back if returns else reverse_path

    def forward(self, address: Address) -> Address | None:
        """Where the mail of a user is passed on to who forwards it; None of any other."""
        return self._forwards.get(mailbox_key(address)) if self._forwards else None

    def forwarding_reply(self, address: Address) -> Reply | None:
        """What is to be said of a user who forwards his mail or has moved (RFC 5321 section 3.4); None of any other."""
        if not (self._forwards or self._moved):
            return None
        key = mailbox_key(address)
        if key in self._forwards:
            # Who passes nothing on keeps the mail, and promises no more.
            kept = Reply(250, (f"<{address}>",), "2.1.5")
            return replies.S251_WILL_FORWARD(f"<{self._forwards[key]}>") if self._relays else kept
        return replies.E551_NOT_LOCAL(f"<{self._moved[key]}>") if key in self._moved else None

    def canonical(self, address: Address) -> Address:
        """The address that one means here, of a user at a literal of the host's own, a percent or a bang address.

        A domain in U-labels is as the name service has it.
        """
        if not address.domain.isascii():
            address = Address(address.local, domain_key(address.domain))
        by_name = self._bang_domains and address.domain.lower() == self._name.lower()
        if by_name or (is_literal(address.domain) and domain_key(address.domain) in self._literals):
            found = [home for home in self._users if self._knows(Address(address.local, home))]
            address = Address(address.local, [*found, *self._users, self._name][0])
        inner = percent_decode(address, self._percent_domains) if self._percent_domains else address
        inner = bang_decode(inner, self._bang_domains) if self._bang_domains else inner
        return self.canonical(inner) if inner != address else address

    def _first_stop(self, path: Path) -> str | None:
        """The domain that a route leads to first, where routes are honoured; None where it leads nowhere else."""
        if not path.route or self._host.source_routes != "honour":
            return None
        return next((domain for domain in path.route if not self.is_own(domain)), None)

    def rcpt_reply(self, path: Path) -> Reply:
        """The reply to RCPT: a mailbox here, a domain to pass mail on to, or neither."""
        return self._replies(path)

    def _rcpt_reply(self, path: Path) -> Reply:
        if path.mailbox is None:
            return replies.E550_NO_SUCH_USER
        if path.route:
            if self._host.source_routes == "reject":
                return E550_SOURCE_ROUTE
            stop = self._first_stop(path)
            if stop is not None:
                return self._relay_reply(stop)
        address = self.canonical(path.mailbox)
        if not self.is_local(address):
            return self._relay_reply(address.domain)
        reply = self.forwarding_reply(address)
        if reply is not None:
            # Whoever cannot read where the mail goes need not know.
            return reply if reply.text.isascii() else replies.S250_RCPT if reply.positive else E550_MOVED
        return replies.S250_RCPT if self.has_user(address) else replies.E550_NO_SUCH_USER

    def _relay_reply(self, domain: str) -> Reply:
        """The reply to a recipient whose mail goes on to another host."""
        if is_literal(domain):
            return replies.S250_RCPT if self._relays else E554_RELAY_DENIED
        if self._relays and routed(self._host.routes, domain):
            return replies.S250_RCPT
        records = self._mx(domain)
        if is_null(records):
            return E556_NULL_MX
        if not self._relays and not is_exchanger(records, self._name):
            return E554_RELAY_DENIED
        return replies.E550_NO_SUCH_DOMAIN if records is None else replies.S250_RCPT

    def expand(self, text: str, *, utf8: bool = False) -> Reply:
        """The reply to EXPN: a line for each member of a list (RFC 5321 section 3.5.1).

        The text is a local part or a mailbox, as of `verify`.
        """
        asked = _query(text)
        if asked is None:
            return replies.E501_SYNTAX("EXPN list or list@domain")
        local, domain = self.canonical(asked)
        homes = [domain] if domain else list(self._users)
        found = [one for home in homes if self.members(one := Address(local_key(local), home.lower())) is not None]
        if len(found) > 1:
            return _as_ascii(Reply(553, tuple(f"<{one}>" for one in found), "5.1.4"), utf8=utf8)
        members = self.members(found[0]) if found else None
        if members is None:
            return replies.E550_NO_SUCH_LIST
        return _as_ascii(Reply(250, tuple(f"<{member}>" for member in members), "2.1.5"), utf8=utf8)

    def verify(self, text: str, *, utf8: bool = False) -> Reply:
        """The reply to VRFY: the address of a user who is here (RFC 5321 section 3.5.3).

        Of one elsewhere it says as much as RCPT would: 252, or why no mail is taken for him.

        The text is a local part or a mailbox, with angle brackets or without. `utf8` says that the client reads UTF-8.
        """
        asked = _query(text)
        if asked is None:
            return replies.E501_SYNTAX("VRFY user or user@domain")
        address = self.canonical(asked)
        local, domain = address
        if domain and not self.is_local(address):
            reply = self._relay_reply(domain)
            return replies.S252_CANNOT_VERIFY if reply.positive else reply
        homes = [domain] if domain else list(self._users)
        if not domain and local.lower() in (POSTMASTER, MAILER_DAEMON):
            homes = [*homes, self._name][:1]
        found = [one for home in homes if self._knows(one := Address(local, home))]
        if len(found) > 1:
            return _as_ascii(Reply(553, tuple(f"<{one}>" for one in found), "5.1.4"), utf8=utf8)
        if not found:
            return replies.E550_NO_SUCH_USER
        return _as_ascii(self.forwarding_reply(found[0]) or Reply(250, (f"<{found[0]}>",), "2.1.5"), utf8=utf8)

    def _knows(self, address: Address) -> bool:
        key = mailbox_key(address)
        return key in self._forwards or key in self._moved or self.has_user(address)


def _addresses(given: Mapping[str, str], domain: str) -> dict[str, Address]:
    """Users of a domain and the addresses that stand for them elsewhere."""
    return {f"{local_key(local)}@{domain}": parse_address(address, utf8=True) for local, address in given.items()}


def _query(text: str) -> Address | None:
    """The mailbox that VRFY asks about, its domain empty where none was named; None where it is no mailbox."""
    inner = text.strip(" \t")
    if inner[:1] == "<" and inner[-1:] == ">":
        inner = inner[1:-1]
    with suppress(AddressError):
        return parse_address(inner, utf8=True)
    with suppress(AddressError):
        return Address(parse_local_part(inner), "")
    return None


def _as_ascii(reply: Reply, *, utf8: bool) -> Reply:
    """The reply, or what stands for it where the client does not read UTF-8."""
    if utf8 or reply.text.isascii():
        return reply
    return E550_MOVED if reply.code == replies.E551_NOT_LOCAL.code else S252_NOT_ASCII
