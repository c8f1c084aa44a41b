"""The SMTP state machine, as one table for both ends of a dialogue.

Theory. A dialogue is a sequence of exchanges: the client sends a command, the server answers with one reply. Neither
side can know the state before the reply, since the same command may be accepted or refused; so it is the REPLY that
moves the machine, at the moment when the server sends it and the client receives it. What a reply does depends on the
state, on the command that it answers, and on nothing but the first digit of its code (RFC 5321 section 4.3.2):

    state -> command -> first digit of the reply -> new state

Two exchanges have no command line: the greeting answers the connection itself (`Opening`), and the reply after the
final dot answers the mail data (`MailData`). A server also answers lines that are no legal command (`BadCommand`).

Rules:

1.  Everything that decides what is legal when stands in this module, and this module does not know which end "we" are.
2.  A command that has no entry in its state is the illegal move: a server answers 503, a client refuses to send it.
    A first digit without an entry is an illegal reply. Nothing defaults.
3.  Two things end a session from any state, so they are not in the table: reply code 421 (RFC 5321 section 3.8; so
    does 521 to a BDAT that cannot be read, since its octets would be taken for commands, as from Postfix), and the
    peer's closing of the connection.
4.  In LMTP the reply to mail data, and to the last chunk, is as many replies as recipients were accepted (RFC 2033
    section 4.2); the last of them moves the machine.
5.  A client that pipelines (RFC 2920) sends commands before it knows the state. They are legal if they would be, were
    every reply on the way a good one (`HOPES`). When one of those replies is a refusal, the commands behind it have
    been overtaken: their replies may miss in the table, and then change nothing. One exception, in `OVERTAKEN`: a
    server may answer DATA with 354 though it refused every recipient, and then waits for mail data that the client
    must end at once (RFC 2920 section 3.1).

The order of commands is RFC 5321 section 4.1.4: NOOP, HELP, EXPN, VRFY, RSET and QUIT at any time, even before EHLO;
EHLO or HELO again means RSET; a refused EHLO changes nothing; no MAIL inside a transaction; no DATA without a
recipient. After a greeting that refuses service (554) there is only QUIT (section 3.1). SEND, SOML and SAML (RFC 821)
are as MAIL; ETRN (RFC 1985), STARTTLS (RFC 3207) and AUTH (RFC 4954) stand outside of transactions. DATA and BDAT do
not mix in a transaction, and a refused chunk leaves it to be given up with RSET (RFC 3030 section 2).

Not a matter of states, and therefore elsewhere, is what an offer or a parameter decides: whether a command is known at
all (`extensions.barred`; LHLO is LMTP's EHLO, RFC 2033), and that a transaction with BODY=BINARYMIME has no DATA (RFC
3030 section 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Final

from sim.protocol.errors import LocalProtocolError
from sim.protocol.smtp.errors import RemoteProtocolError
from sim.protocol.smtp.events import (
    Atrn,
    Auth,
    AuthResponse,
    BadCommand,
    Chunk,
    Data,
    Ehlo,
    Etrn,
    Expn,
    Helo,
    Help,
    LastChunk,
    Lhlo,
    Mail,
    MailData,
    Noop,
    Quit,
    Rcpt,
    Rset,
    Saml,
    Send,
    Soml,
    StartTls,
    Turn,
    Vrfy,
)
from sim.protocol.smtp.replies import Reply


class State(Enum):
    """Where a dialogue stands."""

    CONNECTED = "connected"
    """The connection is there; the server has yet to greet."""

    REFUSED = "refused"
    """The greeting refused service; QUIT is all that is left."""

    GREETED = "greeted"
    """The server gave its 220; no HELO or EHLO yet."""

    READY = "ready"
    """HELO or EHLO was accepted; no mail transaction is open."""

    MAIL = "mail"
    """A mail transaction is open and has no recipient."""

    RCPT = "rcpt"
    """A mail transaction is open and has a recipient."""

    DATA = "data"
    """The server gave its 354; mail data flows."""

    CHUNKS = "chunks"
    """A chunk of the mail data was accepted; more follow."""

    FAILED = "failed"
    """A chunk was refused; the transaction can only be given up."""

    AUTH = "auth"
    """The server gave its 334; the client is to respond."""

    TURNED = "turned"
    """The server agreed to be the client from now on; a machine of the other side goes on."""

    CLOSED = "closed"
    """The session is over."""

    # Members are compared by identity; Enum's own hash is a Python call, which every reply would pay for.
    __hash__ = object.__hash__


class Opening:
    """What the greeting answers: the opening of the connection, in the place of a command."""


CLOSING_CODE: Final = 421
"""The reply code that ends the session, whatever it answers."""

LOST_CODE: Final = 521
"""The reply code that ends it where it answers a line that is no legal command: nobody knows where the next begins."""

_CONNECTED, _REFUSED, _GREETED, _READY = State.CONNECTED, State.REFUSED, State.GREETED, State.READY
_MAIL, _RCPT, _DATA, _CLOSED = State.MAIL, State.RCPT, State.DATA, State.CLOSED
_CHUNKS, _FAILED, _AUTH, _TURNED = State.CHUNKS, State.FAILED, State.AUTH, State.TURNED

TRANSITIONS: Mapping[State, Mapping[type, Mapping[int, State]]] = {
    State.CONNECTED: {
        Opening: {2: _GREETED, 4: _REFUSED, 5: _REFUSED},
    },
    State.REFUSED: {
        Quit: {2: _CLOSED, 4: _REFUSED, 5: _REFUSED},
        BadCommand: {4: _REFUSED, 5: _REFUSED},
    },
    State.GREETED: {
        Helo: {2: _READY, 4: _GREETED, 5: _GREETED},
        Ehlo: {2: _READY, 4: _GREETED, 5: _GREETED},
        Lhlo: {2: _READY, 4: _GREETED, 5: _GREETED},
        Rset: {2: _GREETED, 4: _GREETED, 5: _GREETED},
        Vrfy: {2: _GREETED, 4: _GREETED, 5: _GREETED},
        Expn: {2: _GREETED, 4: _GREETED, 5: _GREETED},
        Noop: {2: _GREETED, 4: _GREETED, 5: _GREETED},
        Help: {2: _GREETED, 4: _GREETED, 5: _GREETED},
        Quit: {2: _CLOSED, 4: _GREETED, 5: _GREETED},
        BadCommand: {4: _GREETED, 5: _GREETED},
    },
    State.READY: {
        Helo: {2: _READY, 4: _READY, 5: _READY},
        Ehlo: {2: _READY, 4: _READY, 5: _READY},
        Lhlo: {2: _READY, 4: _READY, 5: _READY},
        Mail: {2: _MAIL, 4: _READY, 5: _READY},
        Send: {2: _MAIL, 4: _READY, 5: _READY},
        Soml: {2: _MAIL, 4: _READY, 5: _READY},
        Saml: {2: _MAIL, 4: _READY, 5: _READY},
        Rset: {2: _READY, 4: _READY, 5: _READY},
        Vrfy: {2: _READY, 4: _READY, 5: _READY},
        Expn: {2: _READY, 4: _READY, 5: _READY},
        Noop: {2: _READY, 4: _READY, 5: _READY},
        Help: {2: _READY, 4: _READY, 5: _READY},
        Etrn: {2: _READY, 4: _READY, 5: _READY},
        StartTls: {2: _GREETED, 4: _READY, 5: _READY},
        Auth: {2: _READY, 3: _AUTH, 4: _READY, 5: _READY},
        Turn: {2: _TURNED, 4: _READY, 5: _READY},
        Atrn: {2: _TURNED, 4: _READY, 5: _READY},
        Quit: {2: _CLOSED, 4: _READY, 5: _READY},
        BadCommand: {4: _READY, 5: _READY},
    },
    State.MAIL: {
        Helo: {2: _READY, 4: _MAIL, 5: _MAIL},
        Ehlo: {2: _READY, 4: _MAIL, 5: _MAIL},
        Lhlo: {2: _READY, 4: _MAIL, 5: _MAIL},
        Rcpt: {2: _RCPT, 4: _MAIL, 5: _MAIL},
        Rset: {2: _READY, 4: _MAIL, 5: _MAIL},
        Vrfy: {2: _MAIL, 4: _MAIL, 5: _MAIL},
        Expn: {2: _MAIL, 4: _MAIL, 5: _MAIL},
        Noop: {2: _MAIL, 4: _MAIL, 5: _MAIL},
        Help: {2: _MAIL, 4: _MAIL, 5: _MAIL},
        Quit: {2: _CLOSED, 4: _MAIL, 5: _MAIL},
        BadCommand: {4: _MAIL, 5: _MAIL},
    },
    State.RCPT: {
        Helo: {2: _READY, 4: _RCPT, 5: _RCPT},
        Ehlo: {2: _READY, 4: _RCPT, 5: _RCPT},
        Lhlo: {2: _READY, 4: _RCPT, 5: _RCPT},
        Rcpt: {2: _RCPT, 4: _RCPT, 5: _RCPT},
        Data: {3: _DATA, 4: _RCPT, 5: _RCPT},
        Chunk: {2: _CHUNKS, 4: _FAILED, 5: _FAILED},
        LastChunk: {2: _READY, 4: _READY, 5: _READY},
        Rset: {2: _READY, 4: _RCPT, 5: _RCPT},
        Vrfy: {2: _RCPT, 4: _RCPT, 5: _RCPT},
        Expn: {2: _RCPT, 4: _RCPT, 5: _RCPT},
        Noop: {2: _RCPT, 4: _RCPT, 5: _RCPT},
        Help: {2: _RCPT, 4: _RCPT, 5: _RCPT},
        Quit: {2: _CLOSED, 4: _RCPT, 5: _RCPT},
        BadCommand: {4: _RCPT, 5: _RCPT},
    },
    State.DATA: {
        MailData: {2: _READY, 4: _READY, 5: _READY},
    },
    State.CHUNKS: {
        Helo: {2: _READY, 4: _CHUNKS, 5: _CHUNKS},
        Ehlo: {2: _READY, 4: _CHUNKS, 5: _CHUNKS},
        Lhlo: {2: _READY, 4: _CHUNKS, 5: _CHUNKS},
        Chunk: {2: _CHUNKS, 4: _FAILED, 5: _FAILED},
        LastChunk: {2: _READY, 4: _READY, 5: _READY},
        Rset: {2: _READY, 4: _CHUNKS, 5: _CHUNKS},
        Vrfy: {2: _CHUNKS, 4: _CHUNKS, 5: _CHUNKS},
        Expn: {2: _CHUNKS, 4: _CHUNKS, 5: _CHUNKS},
        Noop: {2: _CHUNKS, 4: _CHUNKS, 5: _CHUNKS},
        Help: {2: _CHUNKS, 4: _CHUNKS, 5: _CHUNKS},
        Quit: {2: _CLOSED, 4: _CHUNKS, 5: _CHUNKS},
        BadCommand: {4: _CHUNKS, 5: _CHUNKS},
    },
    State.FAILED: {
        Helo: {2: _READY, 4: _FAILED, 5: _FAILED},
        Ehlo: {2: _READY, 4: _FAILED, 5: _FAILED},
        Lhlo: {2: _READY, 4: _FAILED, 5: _FAILED},
        Rset: {2: _READY, 4: _FAILED, 5: _FAILED},
        Vrfy: {2: _FAILED, 4: _FAILED, 5: _FAILED},
        Expn: {2: _FAILED, 4: _FAILED, 5: _FAILED},
        Noop: {2: _FAILED, 4: _FAILED, 5: _FAILED},
        Help: {2: _FAILED, 4: _FAILED, 5: _FAILED},
        Quit: {2: _CLOSED, 4: _FAILED, 5: _FAILED},
        BadCommand: {4: _FAILED, 5: _FAILED},
    },
    State.AUTH: {
        AuthResponse: {2: _READY, 3: _AUTH, 4: _READY, 5: _READY},
        BadCommand: {4: _READY, 5: _READY},
    },
    State.TURNED: {},
    State.CLOSED: {},
}

IN_TRANSACTION: frozenset[State] = frozenset({_MAIL, _RCPT, _DATA, _CHUNKS, _FAILED})
"""The states inside a mail transaction."""

OVERTAKEN: Mapping[type, Mapping[int, State]] = {
    Data: {3: _DATA},
}
"""What a reply does to a command that had been sent when a command before it was refused; without an entry, nothing."""

HOPES: Mapping[State, Mapping[type, State]] = {
    state: {
        command: moves.get(2, moves.get(3, state))
        for command, moves in commands.items()
        if command not in (Opening, BadCommand)
    }
    for state, commands in TRANSITIONS.items()
}
"""State -> command that a client may send -> the state if the reply is a good one."""

LAST_IN_GROUP: frozenset[type] = frozenset(
    {Helo, Ehlo, Lhlo, Data, Vrfy, Expn, Etrn, StartTls, Auth, AuthResponse, Turn, Atrn, Quit, Noop, Help}
)
"""Commands that nothing may be pipelined behind (RFC 2920 section 3.1; nor behind those that it leaves out)."""


@lru_cache(maxsize=1024)
def check_group(state: State, sent: tuple[type, ...], kinds: tuple[type, ...], pipelining: bool) -> None:
    """Hold what a client is about to send together against the rules.

    Args:
        state: where the client stands.
        sent: the commands that wait for their replies already.
        kinds: what is to be sent.
        pipelining: whether the server offers PIPELINING.

    Raises:
        LocalProtocolError: one of them is not legal.
    """
    last = sent[-1] if sent else None
    for kind in sent:
        state = HOPES[state].get(kind, state)
    for kind in kinds:
        if kind not in HOPES[state]:
            legal = ", ".join(sorted(each.__name__ for each in HOPES[state])) or "nothing"
            raise LocalProtocolError(f"{kind.__name__} is not legal in state {state.name}: {legal} is")
        if last is not None and (last in LAST_IN_GROUP or not pipelining):
            why = "RFC 2920" if pipelining else "the server does not offer PIPELINING"
            raise LocalProtocolError(f"{kind.__name__} has to wait for the reply to {last.__name__}: {why}")
        last, state = kind, HOPES[state][kind]


def state_after(state: State, kind: type | None, reply: Reply) -> State:
    """The state in which a reply to a command, which may have been overtaken, leaves a client.

    Raises:
        RemoteProtocolError: it answers nothing (`kind` is None), or not this command.
    """
    if reply.code == CLOSING_CODE:
        return _CLOSED
    if kind is None:
        raise RemoteProtocolError(f"reply {reply.code} {reply.text!r} answers nothing that was sent")
    first_digit = reply.code // 100
    moves = TRANSITIONS[state].get(kind)
    if moves is None:
        return OVERTAKEN.get(kind, {}).get(first_digit, state)
    if first_digit not in moves:
        raise RemoteProtocolError(f"reply {reply.code} {reply.text!r} is no answer to {kind.__name__}")
    return moves[first_digit]


def state_answered(state: State, kind: type | None, code: int) -> State:
    """The state in which a server's reply to an event leaves both sides.

    Raises:
        LocalProtocolError: there is no event (`kind` is None), or this reply cannot answer it.
    """
    if state is not _CLOSED and (code == CLOSING_CODE or (kind is BadCommand and code == LOST_CODE)):
        return _CLOSED
    if kind is None:
        raise LocalProtocolError(f"reply {code} answers nothing: every event takes one reply")
    moves = TRANSITIONS[state][kind]
    if code // 100 not in moves:
        raise LocalProtocolError(
            f"reply {code} cannot answer {kind.__name__} in state {state.name}:"
            f" its first digit must be one of {', '.join(map(str, moves))}"
        )
    return moves[code // 100]
