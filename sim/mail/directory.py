"""A mailbox where there is no mail: the directory of a file-transfer service, or the topic of a message queue."""

from __future__ import annotations

from urllib.parse import quote, unquote

from sim.mail.address import Address

_KEPT = "!$&'()*,;:=@~"
"""Beside letters, digits and `_.-`: characters that mean nothing in a pathname or a topic."""


def directory_of(address: Address) -> str:
    """The domain and below it the user, with `/`, `+`, `#` and the like as percent and two digits (RFC 3986)."""
    return f"{address.domain}/{quote(address.local, safe=_KEPT)}"


def owner_of(directory: str) -> Address | None:
    """The mailbox that a directory is for; None where it is for none."""
    domain, slash, local = directory.strip("/").partition("/")
    return Address(unquote(local), domain) if domain and slash and local and "/" not in local else None
