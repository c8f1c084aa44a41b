"""The key `domains`: what the DNS says of mail domains, and who their users are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sim.scenario.scalars import Name, Names
from sim.scenario.sections import Said
from sim.scenario.spec.mx import Records, RecordsLayers
from sim.scenario.spec.quota import NO_QUOTA, QuotaSetting
from sim.scenario.spec.users import Aliases, Lists, OwnUsersLayers, User, Users, UsersLayers


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain(Records):
    """A mail domain.

    Lists may have lists as members. To who writes to a user whose mail is passed on a server says 251, of one who has
    moved it tells the new address (551). Aliases of a domain that takes no mail (`NULL_MX`, RFC 7505) take none either,
    and neither has users. Where `submission` is empty, that is the best MX of the time, and where `mailboxes` is, these
    are its MX hosts of the best preference.
    """

    brief: ClassVar = (
        *("mx", "a", "changes", "cname", "submission", "mailboxes", "users", "people", "lists", "forwards", "moved"),
        *("quota", "quotas"),
    )

    name: str
    """In lower case."""
    cname: Name = ""
    """The domain that it is an alias of, instead of mx."""
    submission: Name = ""
    """The host that its users hand their mail to; who keeps its mailboxes where absent. Of a domain that takes no mail,
    and of an alias of one, it is then the host that bears the domain's name, or the network's first."""
    mailboxes: Names = ()
    """The hosts that keep its mailboxes, where these are not its best MX hosts."""
    users: Users = ()
    """How many users (u1, u2, ...) or their names; ten where absent."""
    people: Mapping[str, User] = field(default_factory=dict)
    """What those users do with their mail who do more than have it."""
    lists: Lists = field(default_factory=dict)
    """Mailing lists: name to the addresses of the members."""
    forwards: Aliases = field(default_factory=dict)
    """Users whose mail is passed on: name to the address that it goes to."""
    moved: Aliases = field(default_factory=dict)
    """Users who are gone and whose new address is told: name to that address."""
    quota: QuotaSetting = NO_QUOTA
    """What the mailboxes of each user may hold: `10 MB`, `{messages: 100}` or `none`."""
    quotas: Mapping[str, QuotaSetting] = field(default_factory=dict)
    """The same of single users: `{ann: 20 MB, bob: none}`."""


class OwnDomainSettings(Said):
    """What is otherwise of a domain in an architecture: what the DNS says, and what its users do with their mail."""

    sections = (Records, RecordsLayers, OwnUsersLayers)


class DomainSettings(Said):
    """A mail domain."""

    sections = (Domain, RecordsLayers, UsersLayers)
    elsewhere = ("name", "people")
