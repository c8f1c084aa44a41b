"""The state machine of a call of PhoneNet, as one table for both ends.

    state -> record -> who sends it -> new state

A record that has no entry in its state, or not from this side, is the illegal move. A reply leads on whether it is good
(`Reply`) or bad (`Refusal`), unless the table says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from sim.protocol.phonenet.records import End, EndOfRecipients, Recipient, Record, Reply, Sender, Submit, Text


class State(Enum):
    """Where a call stands."""

    CALLED = "called"
    """The link is there; a command is to come."""

    ASKED = "asked"
    """Who calls wants to submit."""

    SUBMITTING = "submitting"
    """A message may begin."""

    RECIPIENTS = "recipients"
    """It has begun, and recipients come."""

    RECIPIENT = "recipient"
    """One has come, and is to be answered."""

    TEXT = "text"
    """The text is to come."""

    SENT = "sent"
    """It has come, and is to be answered."""

    CLOSED = "closed"
    """The call is over."""

    __hash__ = object.__hash__


class Side(Enum):
    """Who sends a record."""

    CLIENT = "client"
    SERVER = "server"

    __hash__ = object.__hash__


class Refusal:
    """A reply that says no."""


TRANSITIONS: Final[Mapping[State, Mapping[type, Mapping[Side, State]]]] = {
    State.CALLED: {
        Submit: {Side.CLIENT: State.ASKED},
        End: {Side.CLIENT: State.CLOSED},
    },
    State.ASKED: {
        Reply: {Side.SERVER: State.SUBMITTING},
        Refusal: {Side.SERVER: State.CALLED},
    },
    State.SUBMITTING: {
        Sender: {Side.CLIENT: State.RECIPIENTS},
        End: {Side.CLIENT: State.CLOSED},
    },
    State.RECIPIENTS: {
        Recipient: {Side.CLIENT: State.RECIPIENT},
        EndOfRecipients: {Side.CLIENT: State.TEXT},
    },
    State.RECIPIENT: {
        Reply: {Side.SERVER: State.RECIPIENTS},
        Refusal: {Side.SERVER: State.RECIPIENTS},
    },
    State.TEXT: {
        Text: {Side.CLIENT: State.SENT},
    },
    State.SENT: {
        Reply: {Side.SERVER: State.SUBMITTING},
        Refusal: {Side.SERVER: State.SUBMITTING},
    },
    State.CLOSED: {},
}


def state_after(state: State, record: Record, side: Side) -> State | None:
    """The state that a record of a side leads to; None where it is an illegal move."""
    kind = Refusal if isinstance(record, Reply) and not record.positive else type(record)
    return TRANSITIONS[state].get(kind, {}).get(side)
