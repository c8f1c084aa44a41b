"""Mail that a host holds for others, and its release to whoever may have it: ETRN, TURN and ATRN.

A node is a domain, `@domain` for it and what is below it, `#queue` for a queue of the host's own (which it has none of;
RFC 1985 section 5.2), or the name of the host that keeps a domain's mailboxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from sim.mta.server.recipients import Directory
from sim.protocol.smtp import replies
from sim.protocol.smtp.replies import Reply

E450_ATRN_REFUSED = Reply(450, ("ATRN request refused",), "4.7.1")
E451_ATRN_UNABLE = Reply(451, ("Unable to process ATRN request now",), "4.3.2")
"""RFC 2645 section 5.2.1."""


class HeldMail(Protocol):
    """The mail that a host holds for domains that it only backs up."""

    def count(self, nodes: Sequence[str]) -> int:
        """How many messages wait for these nodes; for no node, how many wait at all."""

    def start(self, node: str) -> bool:
        """Send what waits for a node, now, on new connections to its hosts; whether that can be done."""


def is_for(domain: str, nodes: Sequence[str], keepers: Iterable[str]) -> bool:
    """Whether a domain's mail is a node's: its own, a domain's above it, or that of a host that keeps it.

    Args:
        domain: the domain, in lower case.
        nodes: the nodes; none stands for all domains.
        keepers: the hosts that keep the domain's mailboxes, as they call themselves.
    """
    if not nodes:
        return True
    hosts = [host.lower() for host in keepers]
    return any(
        node in (domain, "@" + domain) or node in hosts or (node[:1] == "@" and domain.endswith("." + node[1:]))
        for node in map(str.lower, nodes)
    )


def answer_etrn(node: str, directory: Directory, held_mail: HeldMail | None) -> Reply:
    """The reply to ETRN (RFC 1985 section 5.3): the host serves the domains that it is a backup of, and no others."""
    if node.startswith("#"):
        return replies.E459_NOT_ALLOWED(node, "no such queue here")
    if not directory.is_backup_mx(node.removeprefix("@")):
        return replies.E459_NOT_ALLOWED(node, "no mail is held for it here")
    if held_mail is None:
        return replies.E458_UNABLE(node)
    number = held_mail.count((node,))
    if not number:
        return replies.S251_ETRN_NOTHING(node)
    return replies.S253_ETRN_PENDING(str(number), node) if held_mail.start(node) else replies.E458_UNABLE(node)


def atrn_nodes(domains: tuple[str, ...], user: str) -> tuple[str, ...] | None:
    """Whose mail a user of ATRN means; None where it is not his (RFC 2645 section 4).

    A login that is an address may have the mail of its domain and of what is below it; any other login stands for all
    domains that are held.
    """
    own = user.rpartition("@")[2].lower() if "@" in user else ""
    if not own:
        return domains
    if any(domain.lower() != own and not domain.lower().endswith("." + own) for domain in domains):
        return None
    return domains or ("@" + own,)


def answer_atrn(nodes: tuple[str, ...] | None, directory: Directory, held_mail: HeldMail | None) -> Reply:
    """The reply to ATRN (RFC 2645 section 5.2.1) for nodes as `atrn_nodes` gives them."""
    if nodes is None or not all(directory.is_backup_mx(node) for node in nodes if not node.startswith("@")):
        return E450_ATRN_REFUSED
    if held_mail is None:
        return E451_ATRN_UNABLE
    return replies.S250_TURN if held_mail.count(nodes) else replies.E453_NO_MAIL


def answer_turn(extensions: Sequence[str], user: str, held_mail: HeldMail | None) -> Reply:
    """The reply to TURN (RFC 821 section 3.8): 250 where the host is told to offer it, mail or not.

    A domain's mail is for whoever proves to be its host, where that can be proved (RFC 5321 appendix F.1).
    """
    if "TURN" not in extensions:
        return replies.E502_NOT_IMPLEMENTED
    if "AUTH" in extensions and not user:
        return replies.E530_AUTH_REQUIRED
    return replies.E502_NOT_IMPLEMENTED if held_mail is None else replies.S250_TURN
