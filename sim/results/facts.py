"""The facts that a run records: one flat record each, written once, in the order in which they happened.

Times are simulated seconds since the start, sizes bytes. The field names are the columns of the result tables; a table
adds `architecture` and `replication` in front.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Annotated, NamedTuple

from sim.results.outcomes import AttemptOutcome, CopyOutcome, either


class Column(NamedTuple):
    """What a column holds: its unit (empty where it has none) and its meaning."""

    unit: str
    meaning: str


class MessageFact(NamedTuple):
    """A message that entered the network; a delivery report is one too, its sender the null reverse-path `<>`."""

    message_id: Annotated[int, Column("", "which message, unique within a run")]
    created_s: Annotated[float, Column("s", "when it entered the network")]
    size_bytes: Annotated[int, Column("bytes", "size of the mail data")]
    sender: Annotated[str, Column("", "the reverse-path's address; `<>` for a delivery report")]
    recipients: Annotated[int, Column("", "how many recipients it has")]
    author: Annotated[str, Column("", "who wrote it: not the sender where that is forged, empty for a host")]
    about: Annotated[int, Column("", "the message_id of the message that a report tells of; 0 for other messages")]


class CopyFact(NamedTuple):
    """The end of one copy (message x recipient), or where it was when the run ended.

    The five delays add up to `ended_s - created_s`. `damage` is empty where the content is what was written, else
    `unseen`, or `found` where the recipient's host checks digests and this one did not hold. The times from
    `composed_s` to `read_s` are its steps from the writer's hand to the reader's eye (`Step`), each when it was first
    taken; NaN where it was not. An instance is what a host has of a copy: there is one, unless a reply was lost, or
    hosts keep replicas of what they pass on.
    """

    message_id: Annotated[int, Column("", "which message, unique within a run")]
    recipient: Annotated[str, Column("", "the forward-path's address")]
    outcome: Annotated[CopyOutcome, Column("", either(CopyOutcome))]
    reason: Annotated[str, Column("", "why, where it was not delivered")]
    created_s: Annotated[float, Column("s", "when its message entered the network")]
    ended_s: Annotated[float, Column("s", "when it reached its outcome, or when the run ended")]
    hops: Annotated[
        int, Column("", "passes from one host to the next that were accepted, a device's submission among them")
    ]
    attempts: Annotated[int, Column("", "attempts that carried it")]
    duplicates: Annotated[int, Column("", "times that it was passed on once more because a reply was lost (RFC 1047)")]
    path: Annotated[str, Column("", "the hosts that had custody, joined by `>`")]
    queue_s: Annotated[float, Column("s", "time in queues before a first attempt at a host")]
    retry_s: Annotated[float, Column("s", "time between a failed attempt and the next")]
    contact_s: Annotated[float, Column("s", "time to make contact: connection, greeting and commands")]
    transfer_s: Annotated[float, Column("s", "time of mail data on the way")]
    service_s: Annotated[float, Column("s", "time at work in hosts")]
    damage: Annotated[str, Column("", "unseen or found, where its content is no longer what was written")] = ""
    composed_s: Annotated[float, Column("s", "when its writer's device had it")] = nan
    submitted_s: Annotated[float, Column("s", "when the host that the device hands its mail to had taken it")] = nan
    accepted_s: Annotated[float, Column("s", "when the host that keeps the mailbox took custody")] = nan
    stored_s: Annotated[float, Column("s", "when it was in the mailbox")] = nan
    announced_s: Annotated[float, Column("s", "when a first device of the reader's was told of it")] = nan
    fetched_s: Annotated[float, Column("s", "when its content was on a first device")] = nan
    read_s: Annotated[float, Column("s", "when the reader read it")] = nan
    relays: Annotated[int, Column("", "passes of any instance of it that were accepted")] = 0
    drops: Annotated[int, Column("", "instances of it that ended undelivered")] = 0


class AttemptFact(NamedTuple):
    """One try to pass copies of a message on to one next hop, in one transaction (more where recipients are limited).

    Attempts with one `session_id` went through that session one after the other, each with its share of the costs.
    A session that asks for mail (ETRN, TURN, ATRN), or reads a mailbox, is an attempt of message 0 with no recipients;
    what TURN and ATRN bring follows in the same session, from the other side. The four delays are Postfix's
    `delays=a/b/c/d`, and add up to the time since the message began to come in: a until it became active last, b until
    its delivery had a place, c until mail was offered, d from there on.
    """

    message_id: Annotated[int, Column("", "which message, unique within a run; 0 where a session only asked for mail")]
    from_host: Annotated[str, Column("", "the client's host")]
    to_host: Annotated[str, Column("", "the server's host")]
    started_s: Annotated[float, Column("s", "when the attempt began")]
    ended_s: Annotated[float, Column("s", "when its outcome was known to the client")]
    outcome: Annotated[AttemptOutcome, Column("", either(AttemptOutcome))]
    reply_code: Annotated[int, Column("", "the reply code that decided it; 0 where none did")]
    enhanced_code: Annotated[str, Column("", "the enhanced status code beside it, where there was one")]
    round_trips: Annotated[int, Column("", "times that one side had to wait for the other")]
    bytes_on_wire: Annotated[int, Column("bytes", "every packet on every link that it crosses, both ways, repeats too")]
    retransmissions: Annotated[int, Column("", "segments sent again by TCP")]
    session_id: Annotated[int, Column("", "which session, unique within a run; 0 where there was nobody to connect to")]
    recipients: Annotated[int, Column("", "how many copies it carried")]
    delay_a_s: Annotated[
        float,
        Column("s", "before it became active last: receiving, sleeping; a of delays=a/b/c/d"),
    ]
    delay_b_s: Annotated[float, Column("s", "waiting for a place with the queue manager; b")]
    delay_c_s: Annotated[float, Column("s", "lookup, TCP, EHLO, TLS, hosts tried before; c")]
    delay_d_s: Annotated[float, Column("s", "from MAIL on; d. All four: time since it came in")]
    from_address: Annotated[str, Column("", "the client's address; empty where its host has one of any family")] = ""
    to_address: Annotated[str, Column("", "the server's address; likewise")] = ""
    protocol: Annotated[str, Column("", "what the two spoke: smtp, pop3, imap, ...")] = "smtp"
    carrier: Annotated[str, Column("", "what carried it: TCP, or the older carriers on its way")] = "TCP"


class QueueFact(NamedTuple):
    """A host's queue after a change: a step series. Messages in no other state are active."""

    host: Annotated[str, Column("", "whose queue")]
    time_s: Annotated[float, Column("s", "when it changed")]
    messages: Annotated[int, Column("", "messages in it from then on")]
    bytes: Annotated[int, Column("bytes", "size of their mail data")]
    incoming: Annotated[int, Column("", "of the messages, those that wait to become active")] = 0
    deferred: Annotated[int, Column("", "those that sleep until they are tried again")] = 0
    hold: Annotated[int, Column("", "those that are held back until their time (RFC 4865)")] = 0


class DeferralFact(NamedTuple):
    """That a host put a message off: why, and when it means to try again."""

    host: Annotated[str, Column("", "whose queue")]
    queue_id: Annotated[str, Column("", "the message's name there")]
    message_id: Annotated[int, Column("", "which message, unique within a run")]
    arrived_s: Annotated[float, Column("s", "when the host took custody")]
    time_s: Annotated[float, Column("s", "when it was put off")]
    next_s: Annotated[float, Column("s", "when it is tried again; infinity for what is held until it is released")]
    recipients: Annotated[str, Column("", "those who are left, separated by spaces")]
    reason: Annotated[str, Column("", "why, as to the first of them")]


class ActFact(NamedTuple):
    """What an operator did to a host: the act, its product's command, and how many messages it was about."""

    host: Annotated[str, Column("", "which host its operators did something to")]
    time_s: Annotated[float, Column("s", "when")]
    act: Annotated[str, Column("", "flush, hold, release or restart")]
    command: Annotated[str, Column("", "what they told its product")]
    messages: Annotated[int, Column("", "how many messages it was about")]


class MailboxFact(NamedTuple):
    """What all mailboxes of a user hold: once a day where it has changed, and at the end of the run."""

    user: Annotated[str, Column("", "whose mailboxes")]
    time_s: Annotated[float, Column("s", "when they were looked at")]
    messages: Annotated[int, Column("", "messages in them")]
    bytes: Annotated[int, Column("bytes", "size of their mail data")]


class LossFact(NamedTuple):
    """What a message lost at a gateway, which the network beyond has no place for."""

    message_id: Annotated[int, Column("", "which message, unique within a run")]
    host: Annotated[str, Column("", "the gateway")]
    time_s: Annotated[float, Column("s", "when it passed the message on")]
    from_protocol: Annotated[str, Column("", "what the message came by")]
    to_protocol: Annotated[str, Column("", "what it was to go on by")]
    what: Annotated[str, Column("", "what was left out: a field, a body part, a parameter, a report, ...")]


class AddressFact(NamedTuple):
    """How a copy's addresses were written on a hop, where hosts speak several protocols."""

    message_id: Annotated[int, Column("", "which message, unique within a run")]
    recipient: Annotated[str, Column("", "the copy's, as in copies")]
    from_host: Annotated[str, Column("", "the host that passed it on")]
    to_host: Annotated[str, Column("", "the host that took it")]
    time_s: Annotated[float, Column("s", "when that was known")]
    protocol: Annotated[str, Column("", "what the two spoke")]
    address: Annotated[str, Column("", "how the recipient was written")]
    sender: Annotated[str, Column("", "how the sender was; `<>` for a delivery report")]


class DialogueFact(NamedTuple):
    """One line of a session, when dialogues are traced."""

    session_id: Annotated[int, Column("", "which session, as in attempts")]
    time_s: Annotated[float, Column("s", "when the line was sent")]
    direction: Annotated[str, Column("", "`>` from client to server, `<` back")]
    line: Annotated[str, Column("", "the line without its CRLF")]


class Facts(NamedTuple):
    """All facts of one run (one architecture, one replication)."""

    messages: list[MessageFact]
    copies: list[CopyFact]
    attempts: list[AttemptFact]
    queues: list[QueueFact]
    deferrals: list[DeferralFact]
    dialogues: list[DialogueFact]
    acts: list[ActFact]
    mailboxes: Sequence[MailboxFact] = ()
    losses: Sequence[LossFact] = ()
    addresses: Sequence[AddressFact] = ()
