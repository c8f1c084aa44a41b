"""What stands in a product's file as a table: whom failures are laid to, loops, its words and its commands."""

from __future__ import annotations

from typing import Literal, NamedTuple


class ReplyText(NamedTuple):
    """What a product says: a reply's code (0: no reply but words of its own), enhanced status code and text.

    The text has what it is about in braces. With `freezes` the mail is kept untried until somebody looks after it.
    """

    code: int
    enhanced: str
    text: str
    freezes: bool = False


class FailureScope(NamedTuple):
    """What a product makes of a failure.

    A `host_error` backs off the host, any other just this message. `tries_next_mx` says whether another of the domain's
    hosts is tried at once, `returns` whether what no host takes is returned, `freezes` whether the message is frozen.
    """

    host_error: bool
    tries_next_mx: bool
    returns: bool
    freezes: bool = False


PLACES = ("connect", "greeting", "hello", "mail", "rcpt", "data", "dot")
"""What had no good answer: the connection, the greeting, EHLO or HELO, MAIL, RCPT, DATA, the final dot or mail data."""

KINDS = ("silence", "broken", "4yz", "5yz")
"""What became of it: no answer in time, the end of the connection, or a refusal."""


class FailureTable(NamedTuple):
    """Host error or message error: what a product makes of a session that failed; a row by kind, a column by place.

    It is read as: who waits (`h` the host, after what Exim calls a host error, `m` this message, `-` nobody: what is
    left is returned), and whether another of the domain's hosts is tried first (`>`). `->` so returns what no other
    host takes; `.` cannot be.
    """

    silence: str
    broken: str
    temporary: str
    permanent: str

    def sign(self, kind: str, place: str) -> str:
        """What stands in the table."""
        return self[KINDS.index(kind)].split()[PLACES.index(place)]

    def scope(self, code: int, place: str, *, silent: bool) -> FailureScope:
        """What is made of a reply's code, or of none (0), at a place; `silent`: nothing was heard in time."""
        kind = "5yz" if code >= 500 else "4yz" if code else "silence" if silent else "broken"
        sign = self.sign(kind, place)
        return FailureScope(sign[0] == "h" or sign == "->", ">" in sign, sign[0] == "-")


RFC5321_FAILURES = FailureTable(
    silence="h> h> h> m> m> m> m>",
    broken="h> h> h> m> m> m> m>",
    temporary=". h> h> m> m> m> m>",
    permanent=". -> -> - - - -",
)
"""RFC 5321 sections 4.2.1, 4.5.4.1 and 5.1."""

NO_EXCHANGER = ReplyText(550, "5.4.4", "no MX host of the domain has an address")
LOOPS_BACK = ReplyText(554, "5.4.6", "mail for {domain} loops back to myself")
"""RFC 5321 section 5.1: what no better MX takes is returned as undeliverable."""


class LoopDetection(NamedTuple):
    """How a product finds that mail goes round, and what it says then (RFC 5321 section 6.3).

    `too_many` is what it says of mail data with too many trace fields: its `hopcount_limit` of them and `margin` more,
    the one that it writes itself not counted. With `returns` it takes the mail all the same, and returns it.
    `counts_delivered_to` says that Delivered-To fields are counted, too, `reads_delivered_to` that one with a
    recipient's address means that he has had the message, wherever it has been since. `forwarding` is what it says of a
    forward that leads back, with the recipient's `{address}`; `best_mx` what it says where it is itself the best MX of
    a `{domain}` whose mailboxes it does not keep, `to_itself` where its routes lead to itself, as `{host}`.
    """

    too_many: ReplyText = ReplyText(554, "5.4.6", "Too many hops")
    margin: int = 0
    returns: bool = False
    counts_delivered_to: bool = False
    reads_delivered_to: bool = False
    forwarding: ReplyText = ReplyText(554, "5.4.6", "mail forwarding loop for {address}")
    best_mx: ReplyText = LOOPS_BACK
    to_itself: ReplyText = LOOPS_BACK


class QueueWords(NamedTuple):
    """What a product's operators call where a message stands.

    That is: waiting to become active; in a round of deliveries and waiting for a place; under way; asleep; held back.
    """

    incoming: str
    active: str
    in_transfer: str
    deferred: str
    hold: str


Operation = Literal["flush", "hold", "release", "restart"]
"""What operators do: try what waits at once; keep the queue from being tried; let it go again; stop and start."""

Command = tuple[str, str]
"""A command for all mail, and that for the mail of one domain (`{of}`); empty where there is none."""


class Commands(NamedTuple):
    """A product's commands for what operators do."""

    restart: Command
    flush: Command = ("", "")
    hold: Command = ("", "")
    release: Command = ("", "")


RFC5321_WORDS = QueueWords("incoming", "active", "in transfer", "deferred", "hold")
RFC5321_COMMANDS = Commands(
    flush=("flush", "flush {of}"),
    hold=("hold", "hold {of}"),
    release=("release", "release {of}"),
    restart=("restart", ""),
)
"""Plain words, for what is no product."""
