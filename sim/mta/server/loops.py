"""That a message goes round: how it is found, and what the product says then (RFC 5321 section 6.3).

All count Received fields. Some refuse mail data that has too many at its final dot, so that the host before them
reports; Exim and sendmail take it, and return it themselves. Postfix's local(8) and qmail-local know a recipient's mail
again by the Delivered-To field that they left in it, after however many hosts; the others find only what comes back
within one host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sim.mail.address import Address
from sim.mail.content import split
from sim.mail.path import Path
from sim.mail.trace import delivered_to, hop_count
from sim.mta.server.recipients import Directory
from sim.protocol.smtp.replies import Reply
from sim.scenario.products.base import Product
from sim.scenario.products.tables import ReplyText

_RECEIVED = re.compile(rb"^Received:", re.MULTILINE | re.IGNORECASE)

LIST_LOOP = ReplyText(554, "5.4.6", "mailing list loop")
"""A list knows its own mail by Delivered-To, whatever its host's product does."""


def is_looping(content: bytes, product: Product) -> bool:
    """Whether mail data that comes to a host has too many trace fields."""
    loops = product.loop_detection
    return hop_count(content, delivered=loops.counts_delivered_to) >= product.hopcount_limit + loops.margin


def came_back(content: bytes, recipients: Iterable[Path], directory: Directory, product: Product) -> Reply | None:
    """What is said of mail that comes in for a recipient here who has had it before, if the product finds out."""
    loops = product.loop_detection
    for path in recipients:
        address = directory.canonical_path(path).mailbox
        if address is None or not directory.is_local(address):
            continue
        is_list = directory.members(address) is not None
        if (is_list or loops.reads_delivered_to) and has_passed(content, address, here=False):
            return as_reply(LIST_LOOP if is_list else loops.forwarding, address=str(address))
    return None


def as_reply(text: ReplyText, **names: str) -> Reply:
    """What a product says, as a reply, with what it is about filled in."""
    return Reply(text.code, (text.text.format(**names),), text.enhanced)


def has_passed(content: bytes, address: Address, *, here: bool) -> bool:
    """Whether the Delivered-To field that an address leaves is in a message's header.

    With `here` the host has left it since it took the message: above the Received fields of all hosts.
    """
    header = (split(content)[0] + b"\r\n").lower()
    if here and (received := _RECEIVED.search(header)):
        header = header[: received.start()]
    return delivered_to(str(address)).lower() in header
