"""How each product finds that a message goes round, and what it says then (RFC 5321 section 6.3).

All count Received fields. Some refuse mail data that has too many at its final dot, so that the host before them
reports; Exim and sendmail take it, and return it themselves. Postfix's local(8) and qmail-local know a recipient's mail
again by the Delivered-To field that they left in it, after however many hosts; the others find only what comes back
within one host.

Sources: Postfix cleanup_message.c (its own Received field counts), cleanup_strerror.c, local/recipient.c, smtp_addr.c;
Exim receive.c, deliver.c (RECIP_FAIL_LOOP), routers/rf_self_action.c; sendmail deliver.c (sendall), recipient.c,
domain.c (getmxrr), usersmtp.c (smtpinit); qmail-smtpd.c (blast), qmail-local.c, qmail-remote.c; OpenSMTPD
smtp_session.c; Haraka connection.js; Stalwart smtp/src/inbound/data.rs; Exchange's documents on its reports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from sim.mail.address import Address
from sim.mail.content import split
from sim.mail.path import Path
from sim.mail.trace import delivered_to, hop_count
from sim.mta.queue.queue import Failure, Verdict
from sim.mta.server.directory import Directory
from sim.protocol.smtp import replies
from sim.protocol.smtp.replies import Reply
from sim.scenario.products.base import Product
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim
from sim.scenario.products.haraka import Haraka
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.stalwart import Stalwart

__all__ = ["LIST_LOOP", "LoopChecks", "came_back", "has_passed", "is_looping", "loop_checks", "loops_back"]

_RECEIVED = re.compile(rb"^Received:", re.MULTILINE | re.IGNORECASE)

LIST_LOOP = Failure(554, "5.4.6", "mailing list loop")
"""A list knows its own mail by Delivered-To, whatever its host's product does."""
_FORWARDING = Failure(554, "5.4.6", "mail forwarding loop for {address}")
_RETURNED = Failure(554, "5.4.6", "mail for {domain} loops back to myself")
"""RFC 5321 section 5.1: what no better MX takes is returned as undeliverable."""
_FROZEN = Verdict("message", goes_on=False, returns=False, freezes=True)
"""Exim's routers have self = freeze."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopChecks:
    """What a product does about loops.

    `too_many` is what it says of mail data with too many trace fields: its `hopcount_limit` of them and `margin` more,
    the one that it writes itself not counted. With `returns` it takes the mail all the same, and returns it.
    `counts_delivered_to` says that Delivered-To fields are counted, too, `reads_delivered_to` that one with a
    recipient's address means that he has had the message, wherever it has been since. `forwarding` is what it says of a
    forward that leads back, with the recipient's `{address}`; `best_mx` what it says where it is itself the best MX of
    a `{domain}` whose mailboxes it does not keep, `to_itself` where its routes lead to itself.
    """

    too_many: Reply = replies.E554_TOO_MANY_HOPS
    margin: int = 0
    returns: bool = False
    counts_delivered_to: bool = False
    reads_delivered_to: bool = False
    forwarding: Failure = _FORWARDING
    best_mx: Failure = _RETURNED
    to_itself: Failure = _RETURNED


_CHECKS: Mapping[type[Product], LoopChecks] = MappingProxyType(
    {
        Postfix: LoopChecks(
            too_many=Reply(554, ("Error: too many hops",), "5.4.0"), margin=-1, reads_delivered_to=True
        ),
        Exim: LoopChecks(
            too_many=Reply(550, ('Too many "Received" headers - suspected mail loop',)),
            returns=True,
            best_mx=Failure(0, "", "lowest numbered MX record points to local host", verdict=_FROZEN),
            to_itself=Failure(0, "", "remote host address is the local host", verdict=_FROZEN),
        ),
        Sendmail: LoopChecks(
            returns=True,
            forwarding=Failure(554, "5.4.6", "aliasing/forwarding loop broken for {address}"),
            best_mx=Failure(554, "5.3.5", "MX list for {domain} points back to {host}"),
            to_itself=Failure(553, "5.3.5", "{host} config error: mail loops back to me (MX problem?)"),
        ),
        Qmail: LoopChecks(
            too_many=Reply(554, ("too many hops, this message is looping (#5.4.6)",), "5.4.6"),
            counts_delivered_to=True,
            reads_delivered_to=True,
            forwarding=Failure(554, "5.4.6", "This message is looping: it already has my Delivered-To line."),
            best_mx=Failure(
                554,
                "5.4.6",
                "Although I'm listed as a best-preference MX or A for that host, it isn't in my control/locals file, "
                "so I don't treat it as local.",
            ),
        ),
        OpenSmtpd: LoopChecks(too_many=Reply(500, ("Routing loop detected: Loop detected",), "5.4.6")),
        Exchange: LoopChecks(
            too_many=Reply(554, ("Hop count exceeded - possible mail loop",), "5.4.6"),
            forwarding=Failure(
                550, "5.4.6", "RESOLVER.FWD.Loop; there is a forwarding loop configured in the directory"
            ),
        ),
        Haraka: LoopChecks(too_many=Reply(552, ("Too many received headers - possible mail loop",)), margin=1),
        Stalwart: LoopChecks(
            too_many=Reply(450, ("Too many Received headers. Possible loop detected.",), "4.4.6"), margin=1
        ),
    }
)
_OTHERS = LoopChecks()


def loop_checks(product: Product) -> LoopChecks:
    """A product's checks."""
    return _CHECKS.get(type(product), _OTHERS)


def loops_back(product: Product, domain: str, host: str, *, routed: bool) -> Failure:
    """What a product says of mail for a domain, or by a route, for which the host would have to connect to itself.

    `domain` is where the mail goes next, and `host` what the host calls itself; `routed` says that its own routes want
    it, else the domain's MX records do.
    """
    checks = loop_checks(product)
    said = checks.to_itself if routed else checks.best_mx
    return replace(said, text=said.text.format(domain=domain, host=host))


def is_looping(content: bytes, product: Product) -> bool:
    """Whether mail data that comes to a host has too many trace fields."""
    checks = loop_checks(product)
    return hop_count(content, delivered=checks.counts_delivered_to) >= product.hopcount_limit + checks.margin


def came_back(content: bytes, recipients: Iterable[Path], directory: Directory, product: Product) -> Reply | None:
    """What is said of mail that comes in for a recipient here who has had it before, if the product finds out."""
    checks = loop_checks(product)
    for path in recipients:
        address = directory.canonical_path(path).mailbox
        if address is None or not directory.is_local(address):
            continue
        is_list = directory.members(address) is not None
        if (is_list or checks.reads_delivered_to) and has_passed(content, address, here=False):
            said = LIST_LOOP if is_list else checks.forwarding
            return Reply(said.code, (said.text.format(address=address),), said.enhanced)
    return None


def has_passed(content: bytes, address: Address, *, here: bool) -> bool:
    """Whether the Delivered-To field that an address leaves is in a message's header.

    With `here` the host has left it since it took the message: above the Received fields of all hosts.
    """
    header = (split(content)[0] + b"\r\n").lower()
    if here and (received := _RECEIVED.search(header)):
        header = header[: received.start()]
    return delivered_to(str(address)).lower() in header
