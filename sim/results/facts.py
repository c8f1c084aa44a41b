"""The facts that a run records: one flat record each, written once, in the order in which they happened.

Times are simulated seconds since the start, sizes bytes. The field names are the columns of the result tables; a table
adds `architecture` and `replication` in front.
"""

from __future__ import annotations

from typing import NamedTuple

from sim.results.outcomes import AttemptOutcome, CopyOutcome


class MessageFact(NamedTuple):
    """A message that entered the network; a delivery report is one too, its sender the null reverse-path `<>`.

    `author` is the user who wrote it: not the sender where the reverse-path is forged, and nobody (empty) where a host
    wrote it. `about` is the message that a report tells of, 0 for all others.
    """

    message_id: int
    created_s: float
    size_bytes: int
    sender: str
    recipients: int
    author: str
    about: int


class CopyFact(NamedTuple):
    """The end of one copy (message x recipient), or where it was when the run ended.

    `reason` is why it was not delivered.
    `hops` counts the passes from one MTA to the next that were accepted; `path` names the hosts that had custody,
    joined by `>`. The five delays add up to `ended_s - created_s`. `damage` is empty where the content is what was
    written, else `unseen`, or `found` where the recipient's host checks digests and this one did not hold.
    """

    message_id: int
    recipient: str
    outcome: CopyOutcome
    reason: str
    created_s: float
    ended_s: float
    hops: int
    attempts: int
    duplicates: int
    path: str
    queue_s: float
    retry_s: float
    contact_s: float
    transfer_s: float
    service_s: float
    damage: str = ""


class AttemptFact(NamedTuple):
    """One try to pass copies of a message on to one next hop, in one transaction (more where recipients are limited).

    Attempts with one `session_id` went through that session one after the other, each with its share of the costs.
    A session that asks for mail (ETRN, TURN, ATRN) is an attempt of message 0 with no recipients; what TURN and ATRN
    bring follows in the same session, from the other side.
    `recipients` is how many copies it carried; `bytes_on_wire` counts every packet on every link that it crosses;
    the four delays are Postfix's `delays=a/b/c/d`, and add up to the time since the message began to come in: a until
    it became active last, b until its delivery had a place, c until mail was offered, d from there on.
    `reply_code` is 0 and `enhanced_code` empty where no reply decided it; `session_id` is 0 where there was
    nobody to connect to. The addresses are empty where a host has one of any family.
    """

    message_id: int
    from_host: str
    to_host: str
    started_s: float
    ended_s: float
    outcome: AttemptOutcome
    reply_code: int
    enhanced_code: str
    round_trips: int
    bytes_on_wire: int
    retransmissions: int
    session_id: int
    recipients: int
    delay_a_s: float
    delay_b_s: float
    delay_c_s: float
    delay_d_s: float
    from_address: str = ""
    to_address: str = ""


class QueueFact(NamedTuple):
    """A host's queue after a change: a step series.

    Of its messages, `incoming` wait to become active, `deferred` sleep until they are tried again, and those on `hold`
    have yet to begin their way; the others are active.
    """

    host: str
    time_s: float
    messages: int
    bytes: int
    incoming: int = 0
    deferred: int = 0
    hold: int = 0


class DeferralFact(NamedTuple):
    """That a host put a message off: why, and when it means to try again (infinity: when it is released).

    `arrived_s` is when the host took custody; `recipients` those of its copies that are left, separated by spaces.
    """

    host: str
    queue_id: str
    message_id: int
    arrived_s: float
    time_s: float
    next_s: float
    recipients: str
    reason: str


class ActFact(NamedTuple):
    """What an operator did to a host: the act, its product's command, and how many messages it was about."""

    host: str
    time_s: float
    act: str
    command: str
    messages: int


class DialogueFact(NamedTuple):
    """One line of a session, when dialogues are traced; `direction` is `>` from client to server and `<` back."""

    session_id: int
    time_s: float
    direction: str
    line: str


class Facts(NamedTuple):
    """All facts of one run (one architecture, one replication)."""

    messages: list[MessageFact]
    copies: list[CopyFact]
    attempts: list[AttemptFact]
    queues: list[QueueFact]
    deferrals: list[DeferralFact]
    dialogues: list[DialogueFact]
    acts: list[ActFact]
