"""What attempts and copies can come to: each outcome once, with what is asked of it.

The text of a member is what the tables `attempts` and `copies` hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import zip_longest
from typing import Literal, Self

_TRAITS = ("fault", "meaning", "said", "reason", "status")


class AttemptOutcome(StrEnum):
    """What one try to pass copies on to one next hop came to.

    Attributes:
        fault: Whose fault it is, as far as the client can tell; empty where nothing failed.
        meaning: What it is.
        said: What a transcript ends the attempt with; `{to_host}` is the server's host.
        reason: What the client's host says of it in reports; empty where the server's reply says it.
        status: The enhanced status code of the reason (RFC 3463).
    """

    fault: Literal["", "client", "network", "server"]
    meaning: str
    said: str
    reason: str
    status: str

    ACCEPTED = ("accepted", "", "the mail data got a 2yz", "Sent")
    DEFERRED = (
        "deferred",
        "server",
        "a 4yz, among them the 421 of a server that is full, or has waited too long",
        "Deferred",
    )
    REFUSED = ("refused", "server", "a 5yz", "Refused")
    PARTIAL = (
        "partial",
        "server",
        "its recipients fared differently",
        "Sent to some of them, the others deferred or refused",
    )
    DNS_FAILURE = (
        "dns-failure",
        "network",
        "nobody could tell which host is next",
        "Deferred: name service error",
        "name service error: try again",
        "4.4.3",
    )
    NO_ROUTE = (
        "no-route",
        "network",
        "no way to the next host is up",
        "Deferred: no route to {to_host}",
        "no route to host",
        "4.4.1",
    )
    CONNECT_TIMEOUT = (
        "connect-timeout",
        "network",
        "no SYN-ACK came: the program's time was over, or TCP's last SYN was in vain (Linux: after 134 s)",
        "Deferred: connection to {to_host} timed out",
        "connection timed out",
        "4.4.1",
    )
    CONNECTION_REFUSED = (
        "connection-refused",
        "server",
        "nobody listened: a reset answered the SYN",
        "Deferred: connection refused by {to_host}",
        "connection refused",
        "4.4.1",
    )
    TIMEOUT = (
        "timeout",
        "network",
        "a timer of SMTP ran out (RFC 5321 section 4.5.3.2), or a writer was blocked for too long",
        "Deferred: {to_host} fell silent",
        "conversation timed out",
        "4.4.2",
    )
    TCP_TIMEOUT = (
        "tcp-timeout",
        "network",
        "TCP repeated a segment in vain until it gave up (Linux: 925 to 1,050 s)",
        "Deferred: {to_host} acknowledged nothing more",
        "connection timed out: nothing was acknowledged",
        "4.4.2",
    )
    CONNECTION_LOST = (
        "connection-lost",
        "server",
        "the connection was reset, or closed without a reply",
        "Deferred: connection to {to_host} lost",
        "lost connection",
        "4.4.2",
    )
    CARRIER_LOST = (
        "carrier-lost",
        "network",
        "an older carrier cleared the call",
        "Deferred: the carrier to {to_host} gave up",
        "lost carrier",
        "4.4.2",
    )
    HOST_CRASH = (
        "host-crash",
        "client",
        "the client's host went down, or its MTA was restarted",
        "Deferred: a host crashed",
        "this host went down",
        "4.4.2",
    )
    UNFINISHED = ("unfinished", "", "the end of the run found it under way", "under way when the run ended")

    @property
    def reached(self) -> bool:
        """Whether there was a peer to talk to: neither no answer from the host (4.4.1) nor from the DNS (4.4.3)."""
        return self.status not in {"4.4.1", "4.4.3"}

    @property
    def silent(self) -> bool:
        """Whether the peer was waited for in vain."""
        return self in {AttemptOutcome.CONNECT_TIMEOUT, AttemptOutcome.TIMEOUT}

    @property
    def broken_off(self) -> bool:
        """Whether the network or a host broke it off; The ONE's `aborted` counts these."""
        return self.reached and bool(self.reason)

    @property
    def answered(self) -> bool:
        """Whether the server's replies decided it."""
        return not self.reason and self is not AttemptOutcome.UNFINISHED

    def __new__(cls, value: str, *traits: str) -> Self:
        """A member that holds its traits as attributes."""
        member = str.__new__(cls, value)
        member._value_ = value
        vars(member).update(zip_longest(_TRAITS, traits, fillvalue=""))
        return member

    # A run's fingerprint is made of the facts' repr, and is that of the text.
    __repr__ = str.__repr__


class CopyOutcome(StrEnum):
    """What became of a copy, or where the end of the run found it."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    LOST = "lost"
    QUEUED = "queued"
    IN_TRANSFER = "in-transfer"
    SUBMITTED = "submitted"

    @property
    def given_up(self) -> bool:
        """Whether it ended undelivered; The ONE's `dropped` counts these."""
        return self in {CopyOutcome.BOUNCED, CopyOutcome.EXPIRED, CopyOutcome.LOST}

    @property
    def under_way(self) -> bool:
        """Whether it was in the network when the run ended."""
        return not self.given_up and self is not CopyOutcome.DELIVERED

    __repr__ = str.__repr__


class Step(StrEnum):
    """The steps of a copy from its writer's hand to its reader's eye, in their order."""

    COMPOSED = "composed"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    STORED = "stored"
    ANNOUNCED = "announced"
    FETCHED = "fetched"
    READ = "read"

    @property
    def column(self) -> str:
        """The column of `copies` that says when it was taken."""
        return f"{self}_s"


def either(outcomes: Iterable[str]) -> str:
    """Outcomes as the documentation of a column lists them: `a, b or c`."""
    *first, last = outcomes
    return f"{', '.join(first)} or {last}"
