"""The table of states, as a table, and as both machines obey it."""

from __future__ import annotations

import pytest
from smtp_pair import ConnectionPair, answer, serve, server_at

from sim.mail.address import Address
from sim.mail.path import NULL_PATH, Path
from sim.protocol.smtp import (
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
    LocalProtocolError,
    Mail,
    MailData,
    Noop,
    Quit,
    Rcpt,
    RemoteProtocolError,
    Reply,
    Rset,
    Saml,
    Send,
    Soml,
    StartTls,
    State,
    Turn,
    Vrfy,
    replies,
)
from sim.protocol.smtp.states import HOPES, LAST_IN_GROUP, TRANSITIONS, Opening

OFFERED = {"extensions": ("PIPELINING", "SIZE", "SEND", "SOML", "SAML", "ETRN")}
COMMANDS = {
    Helo: Helo("c.example"),
    Ehlo: Ehlo("c.example"),
    Mail: Mail(NULL_PATH),
    Send: Send(NULL_PATH),
    Soml: Soml(NULL_PATH),
    Saml: Saml(NULL_PATH),
    Rcpt: Rcpt(Path(Address("bob", "y.example"))),
    Data: Data(),
    Rset: Rset(),
    Vrfy: Vrfy("bob"),
    Expn: Expn("staff"),
    Noop: Noop(),
    Help: Help(),
    Etrn: Etrn("c.example"),
    Turn: Turn(),
    Quit: Quit(),
}
OTHERS = {Lhlo, MailData, Chunk, LastChunk, StartTls, Auth, AuthResponse, Atrn}
LINES = {
    Helo: b"HELO c.example\r\n",
    Ehlo: b"EHLO c.example\r\n",
    Mail: b"MAIL FROM:<>\r\n",
    Send: b"SEND FROM:<>\r\n",
    Soml: b"SOML FROM:<>\r\n",
    Saml: b"SAML FROM:<>\r\n",
    Rcpt: b"RCPT TO:<bob@y.example>\r\n",
    Data: b"DATA\r\n",
    Rset: b"RSET\r\n",
    Vrfy: b"VRFY bob\r\n",
    Expn: b"EXPN staff\r\n",
    Noop: b"NOOP\r\n",
    Help: b"HELP\r\n",
    Etrn: b"ETRN c.example\r\n",
    Turn: b"TURN\r\n",
    Quit: b"QUIT\r\n",
}

# The code that a server which accepts everything answers with; 503 where the command has no place.
#                  Helo Ehlo Mail Send Soml Saml Rcpt Data Rset Vrfy Expn Noop Help Etrn Turn Quit
CODES = {
    State.REFUSED: (503, 503, 503, 503, 503, 503, 503, 503, 503, 503, 503, 503, 503, 503, 503, 221),
    State.GREETED: (250, 250, 503, 503, 503, 503, 503, 503, 250, 252, 550, 250, 214, 503, 503, 221),
    State.READY: (250, 250, 250, 250, 250, 250, 503, 503, 250, 252, 550, 250, 214, 251, 502, 221),
    State.MAIL: (250, 250, 503, 503, 503, 503, 250, 503, 250, 252, 550, 250, 214, 503, 503, 221),
    State.RCPT: (250, 250, 503, 503, 503, 503, 250, 354, 250, 252, 550, 250, 214, 503, 503, 221),
}
CELLS = [(state, kind, code) for state, codes in CODES.items() for kind, code in zip(COMMANDS, codes, strict=True)]

# Where those answers lead, for the cells that do not stay in their state.
MOVES = {
    **{(State.GREETED, hello): State.READY for hello in (Helo, Ehlo)},
    **{(state, reset): State.READY for state in (State.MAIL, State.RCPT) for reset in (Helo, Ehlo, Rset)},
    **{(state, Quit): State.CLOSED for state in CODES},
    **{(State.READY, opening): State.MAIL for opening in (Mail, Send, Soml, Saml)},
    (State.MAIL, Rcpt): State.RCPT,
    (State.RCPT, Data): State.DATA,
}


def pair_at(state, respond=answer):
    """A pair of machines in the given state."""
    if state is State.REFUSED:
        return ConnectionPair(hello=None, greeting=replies.E554_NO_SERVICE, respond=respond, **OFFERED)
    path = {State.GREETED: (), State.READY: (Ehlo,), State.MAIL: (Ehlo, Mail), State.RCPT: (Ehlo, Mail, Rcpt)}
    pair = ConnectionPair(hello=None, **OFFERED)
    for kind in path[state]:
        pair.say(COMMANDS[kind])
    pair.respond = respond
    assert (pair.client.state, pair.server.state) == (state, state)
    return pair


def successors(state):
    """Every state that some reply leads to from this one."""
    return [target for moves in TRANSITIONS[state].values() for target in moves.values()]


def test_every_state_is_reachable():
    """Replies lead from CONNECTED to every state."""
    reached = [State.CONNECTED]
    for state in reached:
        reached += [target for target in dict.fromkeys(successors(state)) if target not in reached]
    assert sorted(state.name for state in reached) == sorted(state.name for state in State)


@pytest.mark.parametrize("state", [state for state in State if state not in (State.CLOSED, State.TURNED)])
def test_every_state_is_leavable(state):
    """Every state leads to CLOSED in the end, but CLOSED itself and TURNED, where another machine goes on."""
    reached = [state]
    for each in reached:
        reached += [target for target in dict.fromkeys(successors(each)) if target not in reached]
    assert State.CLOSED in reached[1:]


@pytest.mark.parametrize("state", [State.CLOSED, State.TURNED])
def test_nothing_leads_out_of_the_ends(state):
    """CLOSED is the end, and TURNED that of this machine."""
    assert successors(state) == []


def test_every_entry_names_refusals():
    """Any command may be refused for now (4yz) or for good (5yz); one class of reply accepts it, but for AUTH's two."""
    for commands in TRANSITIONS.values():
        for kind, moves in commands.items():
            assert {4, 5} <= set(moves) <= {2, 3, 4, 5}
            assert not {2, 3} <= set(moves) or kind in (Auth, AuthResponse)


def test_a_refusal_changes_nothing():
    """4yz and 5yz leave the state, but for the greeting, mail data in any form, and AUTH's dialogue."""
    changes = {
        (state, kind)
        for state, commands in TRANSITIONS.items()
        for kind, moves in commands.items()
        if (moves[4], moves[5]) != (state, state)
    }
    assert changes == {
        (State.CONNECTED, Opening),
        (State.DATA, MailData),
        *[(state, chunk) for state in (State.RCPT, State.CHUNKS) for chunk in (Chunk, LastChunk)],
        *[(State.AUTH, kind) for kind in (AuthResponse, BadCommand)],
    }


def test_every_command_has_its_place():
    """Each command is legal somewhere, and what may not stand in a group is a command."""
    assert {kind for commands in HOPES.values() for kind in commands} == {*COMMANDS, *OTHERS}
    assert {*COMMANDS, *OTHERS} > LAST_IN_GROUP


@pytest.mark.parametrize(("state", "kind", "code"), CELLS)
def test_server_by_the_table(state, kind, code):
    """Each command, in each state, gets the expected code and leads to the expected state."""
    server = server_at(state, **OFFERED)
    events, octets = serve(server, LINES[kind])
    assert int(octets[:3]) == code
    assert isinstance(events[0], BadCommand) == (code == 503)
    assert server.state is MOVES.get((state, kind), state)


@pytest.mark.parametrize(("state", "kind", "code"), CELLS)
def test_pair_by_the_table(state, kind, code):
    """The client refuses to send what the server would answer with 503; else both end in the same state."""
    pair = pair_at(state)
    if code == 503:
        with pytest.raises(LocalProtocolError, match=f"{kind.__name__} is not legal in state {state.name}"):
            pair.say(COMMANDS[kind])
        assert pair.client.state is state
        return
    assert pair.say(COMMANDS[kind])[0].code == code
    assert pair.client.state is pair.server.state is MOVES.get((state, kind), state)


@pytest.mark.parametrize(("state", "kind", "code"), [cell for cell in CELLS if cell[2] != 503])
@pytest.mark.parametrize("refusal", [450, 599])
def test_a_refused_command_leaves_both_ends_as_they_were(state, kind, code, refusal):
    """Whatever the command, a 4yz or 5yz to it leaves the state of both machines, the extensions, and who the peer is."""
    pair = pair_at(state, respond=lambda _server, _event: Reply(refusal))
    offered, hello = pair.client.extensions, (pair.server.helo, pair.server.esmtp_peer)
    assert [reply.code for reply in pair.say(COMMANDS[kind])] == [refusal]
    assert (pair.client.state, pair.server.state, pair.client.extensions) == (state, state, offered), code
    assert (pair.server.helo, pair.server.esmtp_peer) == hello


@pytest.mark.parametrize(("state", "kind", "code"), [cell for cell in CELLS if cell[2] != 503])
def test_421_closes_whatever_it_answers(state, kind, code):
    """A 421 to any command closes both machines."""
    pair = pair_at(state, respond=lambda _server, _event: replies.E421_CLOSING)
    assert pair.say(COMMANDS[kind])[0].code == 421, code
    assert (pair.client.state, pair.server.state) == (State.CLOSED, State.CLOSED)


@pytest.mark.parametrize(
    ("state", "kind", "code"),
    [(State.READY, Mail, 354), (State.READY, Turn, 354), (State.RCPT, Data, 250), (State.GREETED, Ehlo, 300)],
)
def test_a_reply_of_the_wrong_class(state, kind, code):
    """A first digit that is no answer to the command is the sending server's fault, at both ends."""
    pair = pair_at(state)
    octets = pair.client.send(COMMANDS[kind])
    pair.server.receive_data(octets)
    pair.server.next_event()
    with pytest.raises(LocalProtocolError, match=f"reply {code} cannot answer {kind.__name__}"):
        pair.server.send(Reply(code))
    pair.client.receive_data(b"%d x\r\n" % code)
    with pytest.raises(RemoteProtocolError, match=f"no answer to {kind.__name__}"):
        pair.client.next_event()
    assert (pair.client.state, pair.server.state) == (State.CLOSED, state)
