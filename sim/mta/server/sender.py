"""In whose name a user submits mail (RFC 6409)."""

from __future__ import annotations

from sim.mail.address import Address, is_literal, local_key, mailbox_key
from sim.mail.path import Path
from sim.mta.server.recipients import Directory
from sim.protocol.smtp.replies import Reply

E550_NOT_OWNER = Reply(550, ("Sender address is another user's",), "5.7.1")
"""RFC 6409 section 6.1."""

E554_NOT_QUALIFIED = Reply(554, ("Sender address has no fully-qualified domain",), "5.1.8")
"""RFC 6409 section 4.2."""


def sender_refusal(user: str, path: Path, directory: Directory) -> Reply | None:
    """Why a user who has logged in may not submit mail with a reverse-path; None where he may.

    Addresses of other hosts are his affair, and so is a list here. A login that names no user here is a machine's.
    """
    if path.mailbox is None:
        return None
    address = directory.canonical(path.mailbox)
    if not directory.is_local(address):
        domain = address.domain
        qualified = "." in domain or is_literal(domain) or domain.lower() == "localhost"
        return None if qualified else E554_NOT_QUALIFIED
    if local_key(user) in (local_key(address.local), mailbox_key(address)) or not directory.has_user(address):
        return None
    if directory.members(address) is not None or not directory.has_user(
        Address(user.partition("@")[0], address.domain)
    ):
        return None
    return E550_NOT_OWNER
