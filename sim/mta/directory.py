"""Whom a host knows: the domains whose mailboxes it keeps, their users, and the domains that it passes mail on to."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sim.mail.address import Address
from sim.mail.path import Path
from sim.mta.mx import Records, home_hosts, is_exchanger, is_home
from sim.protocol.smtp import replies
from sim.protocol.smtp.replies import Reply
from sim.scenario.spec import Domain

POSTMASTER = "postmaster"
MAILER_DAEMON = "mailer-daemon"
OWNER = "owner-"
"""A list's owner, who gets the reports on mail to its members (RFC 5321 section 3.9.2), is this and the list's name."""
E554_RELAY_DENIED = Reply(554, ("Relay access denied",), "5.7.1")
"""As Postfix's reject_unauth_destination answers."""

_JUDGED_LIMIT = 100_000
"""Judgements remembered: a peer may ask for any number of addresses."""


def homes(domains: Iterable[Domain], mx: Callable[[str], Records | None]) -> dict[str, list[Domain]]:
    """The domains whose mailboxes each host keeps, by host."""
    found: dict[str, list[Domain]] = {}
    for domain in domains:
        for host in home_hosts(mx(domain.name) or ()):
            found.setdefault(host, []).append(domain)
    return found


class Directory:
    """Judges forward-paths for one host.

    Args:
        host: its name.
        domains: the domains whose mailboxes it keeps.
        mx: answers a domain's MX records, None where there is no such domain.
        relays: whether it passes mail on to every domain there is, or only to those that it is an MX of.
    """

    __slots__ = ("_host", "_is_home", "_judged", "_lists", "_mx", "_relays", "_users")

    def __init__(
        self, host: str, domains: Iterable[Domain], mx: Callable[[str], Records | None], *, relays: bool = True
    ) -> None:
        self._host = host
        self._mx = mx
        self._relays = relays
        self._users: dict[str, frozenset[str]] = {}
        self._lists: dict[str, tuple[str, ...]] = {}
        for domain in domains:
            name = domain.name.lower()
            self._users[name] = frozenset(user.lower() for user in domain.users)
            self._lists |= {f"{local.lower()}@{name}": members for local, members in domain.lists.items()}
        self._is_home = {"": True, **dict.fromkeys(self._users, True)}
        self._judged: dict[Path, Reply] = {}

    def is_local(self, address: Address) -> bool:
        """Whether the mailbox, if it exists, is kept here. Postmaster without a domain is (RFC 5321 section 4.5.1)."""
        domain = address.domain.lower()
        known = self._is_home.get(domain)
        if known is None:
            known = self._is_home[domain] = is_home(self._mx(domain), self._host)
        return known

    def has_user(self, address: Address) -> bool:
        """Whether a local address names a mailbox; every host has a postmaster and a mailer daemon."""
        local, domain = address.local.lower(), address.domain.lower()
        if local in (POSTMASTER, MAILER_DAEMON) or local in self._users.get(domain, ()):
            return True
        return f"{local.removeprefix(OWNER)}@{domain}" in self._lists

    def members(self, address: Address) -> tuple[str, ...] | None:
        """The addresses of a list that this host keeps; None where the address is no such list."""
        return self._lists.get(f"{address.local}@{address.domain}".lower()) if self._lists else None

    def rewritten(self, path: Path) -> Path:
        """The path that one which was accepted means here."""
        return path

    def judge(self, path: Path) -> Reply:
        """The reply to RCPT: a mailbox here, a domain to pass mail on to, or neither."""
        reply = self._judged.get(path)
        if reply is None:
            if len(self._judged) >= _JUDGED_LIMIT:
                self._judged.clear()
            reply = self._judged[path] = self._decide(path)
        return reply

    def _decide(self, path: Path) -> Reply:
        address = path.mailbox
        if address is None:
            return replies.E550_NO_SUCH_USER
        if self.is_local(address):
            return replies.S250_RCPT if self.has_user(address) else replies.E550_NO_SUCH_USER
        records = self._mx(address.domain)
        if not self._relays and not is_exchanger(records, self._host):
            return E554_RELAY_DENIED
        return replies.E550_NO_SUCH_DOMAIN if records is None else replies.S250_RCPT

    def expand(self, text: str) -> Reply:
        """The reply to EXPN: a line for each member of a list (RFC 5321 section 3.5.1)."""
        name = text.strip("<> ").lower()
        found = [members for list_, members in self._lists.items() if name in (list_, list_.partition("@")[0])]
        if len(found) > 1:
            return Reply(553, tuple(f"<{one}>" for one in self._lists if one.partition("@")[0] == name), "5.1.4")
        return Reply(250, tuple(f"<{member}>" for member in found[0]), "2.1.5") if found else replies.E550_NO_SUCH_LIST

    def verify(self, text: str) -> Reply:
        """The reply to VRFY: the address of a user who is here, 252 for one elsewhere (RFC 5321 section 3.5.3)."""
        local, _, domain = text.strip("<> ").partition("@")
        if domain and not self.is_local(Address(local, domain)):
            return replies.S252_CANNOT_VERIFY
        homes = [domain] if domain else list(self._users)
        found = [home for home in homes if self.has_user(Address(local, home))]
        if len(found) > 1:
            return Reply(553, tuple(f"<{local}@{home}>" for home in found), "5.1.4")
        return Reply(250, (f"<{local}@{found[0]}>",), "2.1.5") if found else replies.E550_NO_SUCH_USER
