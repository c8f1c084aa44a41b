"""Every command of POP3 in every state: how a server that accepts everything answers, and what a client may send.

Each row names the section that rules it.
"""

from __future__ import annotations

import pytest
from pop3_pair import GREETING, ConnectionPair, drain, refuse, serve, server_at

from sim.protocol.pop3 import (
    NEED_DATA,
    BadCommand,
    Client,
    ConnectionClosed,
    EndlessLine,
    LocalProtocolError,
    RemoteProtocolError,
    Server,
    State,
)
from sim.protocol.pop3.events import (
    Apop,
    Auth,
    AuthCancel,
    AuthResponse,
    Capa,
    Dele,
    Last,
    List,
    Mechanisms,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
)
from sim.protocol.pop3.responses import Status, err, ok
from sim.protocol.pop3.states import HOPES, TRANSITIONS

S, A, U, T, C = State, State.AUTHORIZATION, State.USER, State.TRANSACTION, State.CLOSED
STATES = (A, U, S.AUTH, T)
NO = None
# In AUTH a line is a response, in base64 (RFC 5034 section 4), as a few verbs happen to be; the table's server accepts
# it. Each cell is the state that a +OK leads to; NO where the command has no place.
TABLE = [
    #                                          AUTHORIZATION, USER, AUTH, TRANSACTION
    (User("bob"), b"USER bob", (U, U, NO, NO)),  # RFC 1939 7
    (Pass("secret"), b"PASS secret", (NO, T, NO, NO)),  # RFC 1939 7
    (Apop("bob", "c4c9"), b"APOP bob c4c9", (T, T, NO, NO)),  # RFC 1939 7
    (Auth("PLAIN", b"b"), b"AUTH PLAIN Yg==", (T, T, NO, NO)),  # RFC 5034 4
    (Mechanisms(), b"AUTH", (A, U, T, NO)),  # as in Dovecot
    (Capa(), b"CAPA", (A, U, T, T)),  # RFC 2449 5
    (Stls(), b"STLS", (A, A, T, NO)),  # RFC 2595 4
    (Stat(), b"STAT", (NO, NO, T, T)),  # RFC 1939 5
    (List(), b"LIST", (NO, NO, T, T)),  # RFC 1939 5
    (List(1), b"LIST 1", (NO, NO, NO, T)),  # RFC 1939 5
    (Uidl(), b"UIDL", (NO, NO, T, T)),  # RFC 1939 7
    (Uidl(1), b"UIDL 1", (NO, NO, NO, T)),  # RFC 1939 7
    (Retr(1), b"RETR 1", (NO, NO, NO, T)),  # RFC 1939 5
    (Top(1, 0), b"TOP 1 0", (NO, NO, NO, T)),  # RFC 1939 7
    (Dele(1), b"DELE 1", (NO, NO, NO, T)),  # RFC 1939 5
    (Last(), b"LAST", (NO, NO, T, T)),  # RFC 1460 5
    (Noop(), b"NOOP", (NO, NO, T, T)),  # RFC 1939 5
    (Rset(), b"RSET", (NO, NO, T, T)),  # RFC 1939 5
    (Quit(), b"QUIT", (C, C, T, C)),  # RFC 1939 4, 6
    (AuthResponse(b"b"), b"Yg==", (NO, NO, T, NO)),  # RFC 5034 4
    (AuthCancel(), b"*", (NO, NO, A, NO)),  # RFC 5034 4
]
CELLS = [(state, *row[:2], after) for row in TABLE for state, after in zip(STATES, row[2], strict=True)]
AT = {A: (), U: (User("bob"),), S.AUTH: (Auth("PLAIN"),), T: (User("bob"), Pass("secret"))}


def test_none_is_missing():
    """The table has every command that any state knows, and every state in which lines are read."""
    assert {type(row[0]) for row in TABLE} == {kind for commands in HOPES.values() for kind in commands}
    assert {*STATES, S.CONNECTED, S.CLOSED} == set(TRANSITIONS) == set(State)


@pytest.mark.parametrize(("state", "event", "line", "after"), CELLS)
def test_a_server_by_the_table(state, event, line, after):
    """Each command, in each state, gets its answer and leads where it should; a bad one changes nothing but AUTH."""
    server = server_at(state)
    found, octets = serve(server, line + b"\r\n")
    if after is NO:
        assert (isinstance(found[0], BadCommand), octets[:5], octets[-2:]) == (True, b"-ERR ", b"\r\n")
        assert server.state is (A if state is S.AUTH else state)
        if state is not S.AUTH and not isinstance(event, AuthResponse | AuthCancel):
            assert found[0].why == f"{line.split()[0].decode()} has no place here."
    else:
        assert server.state is after
        assert octets[:4] == (b"-ERR" if isinstance(event, AuthCancel) else b"+OK ")


@pytest.mark.parametrize(("state", "event", "line", "after"), CELLS)
def test_a_refusal_by_the_table(state, event, line, after):
    """A refused login leads back to its beginning, a refused QUIT ends the session, all else stays where it was."""
    server = server_at(state)
    serve(server, line + b"\r\n", refuse)
    begins_anew = state is S.AUTH or (after is not NO and isinstance(event, User | Pass | Apop | Auth))
    ends = state is not S.AUTH and isinstance(event, Quit)
    assert server.state is (C if ends else A if begins_anew else state)


@pytest.mark.parametrize(("state", "event", "line", "after"), CELLS)
def test_a_pair_by_the_table(state, event, line, after):
    """A client refuses to send what has no place; else both ends end in the same state."""
    pair = ConnectionPair()
    for command in AT[state]:
        pair.say(command)
    assert pair.client.state is pair.server.state is state
    in_auth = isinstance(event, AuthResponse | AuthCancel)
    if after is NO or (state is S.AUTH and not in_auth):
        with pytest.raises(LocalProtocolError, match=f"{type(event).__name__} is not legal in state {state.name}"):
            pair.say(event)
        assert (pair.client.state, pair.client.outstanding) == (state, 0), line
        return
    said = pair.say(event)
    assert (pair.events[0], len([each for each in said if not isinstance(each, ConnectionClosed)])) == (event, 1)
    assert pair.client.state is pair.server.state is after


@pytest.mark.parametrize("state", STATES)
def test_an_endless_line_ends_the_session(state):
    """After 64 kB without a line end nobody waits for one, and the answer is the last word."""
    server = server_at(state)
    for _ in range(16):
        assert serve(server, b"A" * 4096) == ([], b"")
    found, octets = serve(server, b"A")
    assert (found, octets) == ([EndlessLine(), ConnectionClosed()], b"-ERR Line too long.\r\n")


@pytest.mark.parametrize("state", STATES)
def test_a_long_line_is_refused_and_no_more(state):
    """A line that ends is refused as a whole, and the next one is read (RFC 2449 section 4)."""
    server = server_at(state)
    found, octets = serve(server, b"A" * 60_000 + b"\r\nQUIT\r\n")
    assert [type(event) for event in found] == [BadCommand, Quit, ConnectionClosed]
    assert octets.startswith(b"-ERR Line too long.\r\n+OK")


def test_a_greeting_may_refuse():
    """A -ERR instead of a greeting ends the session, as Dovecot gives it to too many clients."""
    server, client = Server(), Client()
    client.receive_data(server.send(err("Too many.", "SYS/TEMP")))
    assert server.next_event() == ConnectionClosed()
    assert drain(client) == [err("Too many.", "SYS/TEMP"), ConnectionClosed()]


def test_a_server_waits_for_its_answers():
    """The greeting comes first, and each event wants one response before the next."""
    server = Server()
    server.receive_data(b"NOOP\r\n")
    with pytest.raises(LocalProtocolError, match="Opening still waits"):
        server.next_event()
    server.send(GREETING)
    with pytest.raises(LocalProtocolError, match="answers nothing"):
        server.send(ok())
    assert isinstance(server.next_event(), BadCommand)
    with pytest.raises(LocalProtocolError, match="BadCommand still waits"):
        server.next_event()
    with pytest.raises(LocalProtocolError, match=r"\+OK cannot answer BadCommand in AUTHORIZATION: -ERR can"):
        server.send(ok())


def test_the_end_of_the_connection():
    """The peer's end ends the session; nothing comes behind it, and a session that is closed reads nothing."""
    server = server_at(State.TRANSACTION)
    assert serve(server, b"") == ([ConnectionClosed()], b"")
    with pytest.raises(LocalProtocolError, match="4 octets came after"):
        server.receive_data(b"NOOP")
    closed = server_at(State.TRANSACTION)
    closed.close()
    assert serve(closed, b"NOOP\r\n") == ([ConnectionClosed()], b"")


def test_stls_drops_what_came_behind_it():
    """Nothing that was said in the clear counts under TLS (RFC 2595 section 4), and TLS comes once."""
    server = server_at(State.USER)
    assert serve(server, b"STLS\r\nPASS secret\r\n") == ([Stls()], b"+OK done\r\n")
    assert (server.state, server.secure) == (A, True)
    assert serve(server, b"STLS\r\n")[1] == b"-ERR TLS is active already.\r\n"
    refused = server_at(State.AUTHORIZATION)
    assert serve(refused, b"STLS\r\nCAPA\r\n", refuse)[1] == b"-ERR Stls\r\n-ERR Capa\r\n"
    assert refused.secure is False


def test_a_client_after_stls():
    """It forgets what it knew, and what came behind the +OK."""
    pair = ConnectionPair()
    pair.say(Capa())
    assert (pair.client.pipelining, pair.client.capabilities["SASL"]) == (True, ("PLAIN", "LOGIN"))
    pair.client.receive_data(pair.client.send(Stls()) and b"+OK\r\n+OK injected\r\n")
    assert drain(pair.client) == [ok()]
    assert (pair.client.secure, pair.client.pipelining, pair.client.capabilities) == (True, False, {})
    with pytest.raises(LocalProtocolError, match="Stls cannot succeed twice"):
        pair.client.send(Stls())


def test_a_client_pipelines_where_it_may():
    """Commands go out together once PIPELINING is offered (RFC 2449 section 6.6), and nothing behind AUTH, STLS, QUIT."""
    pair = ConnectionPair()
    with pytest.raises(LocalProtocolError, match="Pass has to wait for the response to User"):
        pair.client.send(User("bob"), Pass("secret"))
    pair.say(Capa())
    assert [each.status for each in pair.say(User("bob"), Pass("secret"), Stat(), Retr(1))] == [Status.OK] * 4
    assert pair.client.outstanding == 0
    with pytest.raises(LocalProtocolError, match="Noop is not legal in state CLOSED"):
        pair.client.send(Quit(), Noop())
    early = Client()
    with pytest.raises(LocalProtocolError, match="User is not legal in state CONNECTED: nothing is"):
        early.send(User("bob"))
    other = ConnectionPair()
    other.say(Capa())
    with pytest.raises(LocalProtocolError, match="Capa has to wait for the response to Stls"):
        other.client.send(Stls(), Capa())


def test_what_was_pipelined_behind_a_failure():
    """Its refusals change nothing: PASS behind a refused USER, STAT behind a refused PASS."""
    pair = ConnectionPair()
    pair.say(Capa())
    pair.respond = refuse
    assert [each.status for each in pair.say(User("bob"), Pass("secret"), Stat())] == [Status.ERR] * 3
    assert pair.client.state is pair.server.state is A


def test_answers_that_nobody_asked_for():
    """A response to nothing, or one that the command cannot have, ends the session for the client."""
    pair = ConnectionPair()
    pair.client.receive_data(b"+OK\r\n")
    with pytest.raises(RemoteProtocolError, match="answers nothing"):
        pair.client.next_event()
    assert pair.client.next_event() == ConnectionClosed()
    other = ConnectionPair()
    other.say(Auth("PLAIN"))
    other.client.receive_data(other.client.send(AuthCancel()) and b"+OK\r\n")
    with pytest.raises(RemoteProtocolError, match=r"\+OK is no answer to AuthCancel"):
        other.client.next_event()


def test_a_client_at_the_end():
    """What was never answered is still outstanding, and nothing comes behind the end."""
    pair = ConnectionPair()
    pair.client.send(Capa())
    pair.client.receive_data(b"+OK\r\nUSER\r\n")
    assert pair.client.next_event() is NEED_DATA
    pair.client.receive_data(b"")
    assert (drain(pair.client), pair.client.outstanding) == ([ConnectionClosed()], 1)
    with pytest.raises(LocalProtocolError, match="3 octets came after"):
        pair.client.receive_data(b".\r\n")
    ended = ConnectionPair()
    ended.say(Quit())
    ended.client.receive_data(b"+OK more\r\n")
    assert drain(ended.client) == [ConnectionClosed()]
