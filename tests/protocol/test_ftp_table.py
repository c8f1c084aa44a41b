"""Every command of FTP in every state: how a server that accepts everything answers, and what a client may send.

Each row names the section of RFC 959 that rules it, where no other is named.
"""

from __future__ import annotations

import pytest
from ftp_pair import GREETING, ConnectionPair, answer, drain, refuse, serve, server_at

from sim.protocol.ftp import (
    NEED_DATA,
    BadCommand,
    Client,
    ConnectionClosed,
    FileData,
    FileEnd,
    LocalProtocolError,
    RemoteProtocolError,
    Server,
    State,
)
from sim.protocol.ftp import commands as c
from sim.protocol.ftp.replies import reply
from sim.protocol.ftp.states import TRANSFERS, TRANSITIONS, Opening

L, P, A, R, N, C = State.LOGIN, State.PASSWORD, State.ACCOUNT, State.READY, State.RENAMING, State.CLOSED
T = State.TRANSFER
STATES = (L, P, A, R, N)
NO = None
# Each cell is the state that the reply of a server that accepts everything leads to; NO where the command has no place.
TABLE = [
    #                        LOGIN, PASSWORD, ACCOUNT, READY, RENAMING
    (c.User("bob"), (P, P, P, P, NO)),  # 4.1.1
    (c.Pass("secret"), (NO, R, NO, NO, NO)),  # 4.1.1
    (c.Acct("x"), (NO, NO, R, R, NO)),  # 4.1.1
    (c.Cwd("d"), (NO, NO, NO, R, NO)),  # 4.1.1
    (c.Cdup(), (NO, NO, NO, R, NO)),  # 4.1.1
    (c.Smnt("d"), (NO, NO, NO, R, NO)),  # 4.1.1
    (c.Rein(), (L, L, L, L, NO)),  # 4.1.1
    (c.Quit(), (C, C, C, C, C)),  # 4.1.1
    (c.Port((127, 0, 0, 1, 4, 1)), (NO, NO, NO, R, NO)),  # 4.1.2
    (c.Pasv(), (NO, NO, NO, R, NO)),  # 4.1.2
    (c.Eprt("|1|127.0.0.1|1025|"), (NO, NO, NO, R, NO)),  # RFC 2428 2
    (c.Epsv(), (NO, NO, NO, R, NO)),  # RFC 2428 3
    (c.Type("I"), (NO, NO, NO, R, NO)),  # 4.1.2
    (c.Stru("F"), (NO, NO, NO, R, NO)),  # 4.1.2
    (c.Mode("S"), (NO, NO, NO, R, NO)),  # 4.1.2
    (c.Retr("a"), (NO, NO, NO, T, NO)),  # 4.1.3
    (c.Stor("a"), (NO, NO, NO, T, NO)),  # 4.1.3
    (c.Stou(), (NO, NO, NO, T, NO)),  # 4.1.3
    (c.Appe("a"), (NO, NO, NO, T, NO)),  # 4.1.3
    (c.List(), (NO, NO, NO, T, NO)),  # 4.1.3
    (c.Nlst("d"), (NO, NO, NO, T, NO)),  # 4.1.3
    (c.Allo(10), (NO, NO, NO, R, NO)),  # 4.1.3
    (c.Rest(5), (NO, NO, NO, R, NO)),  # 4.1.3
    (c.Rnfr("a"), (NO, NO, NO, N, NO)),  # 4.1.3
    (c.Rnto("b"), (NO, NO, NO, NO, R)),  # 4.1.3
    (c.Abor(), (NO, NO, NO, R, NO)),  # 4.1.3
    (c.Dele("a"), (NO, NO, NO, R, NO)),  # 4.1.3
    (c.Rmd("d"), (NO, NO, NO, R, NO)),  # 4.1.3
    (c.Mkd("d"), (NO, NO, NO, R, NO)),  # 4.1.3
    (c.Pwd(), (NO, NO, NO, R, NO)),  # 4.1.3
    (c.Size("a"), (NO, NO, NO, R, NO)),  # RFC 3659 4
    (c.Mdtm("a"), (NO, NO, NO, R, NO)),  # RFC 3659 3
    (c.Site("x"), (NO, NO, NO, R, NO)),  # 4.1.3
    (c.Syst(), (L, NO, NO, R, NO)),  # 4.1.3
    (c.Stat(), (NO, NO, NO, R, NO)),  # 4.1.3
    (c.Help("STOR"), (L, NO, NO, R, NO)),  # 4.1.3
    (c.Noop(), (L, NO, NO, R, NO)),  # 4.1.3
    (c.Feat(), (L, NO, NO, R, NO)),  # RFC 2389 3
    (c.Opts("UTF8 ON"), (L, NO, NO, R, NO)),  # RFC 2389 4
    (c.AuthTls("TLS"), (L, NO, NO, R, NO)),  # RFC 4217 4, which this server refuses
]
CELLS = [(state, row[0], after) for row in TABLE for state, after in zip(STATES, row[1], strict=True)]


def at(state):
    """A pair in a state."""
    pair = ConnectionPair()
    steps = {L: (), P: (c.User("bob"),), A: (c.User("bob"),)}
    pair.say(*steps.get(state, (c.User("bob"), c.Pass("x"))))
    if state is A:
        pair.respond = lambda _: reply(332, "Account?")
        pair.say(c.Pass("x"))
    elif state is N:
        pair.say(c.Rnfr("a"))
    pair.respond = answer
    assert pair.client.state is pair.server.state is state
    return pair


def test_none_is_missing():
    """The table has every command that any state knows, and every state in which commands are read."""
    known = {kind for state in STATES for kind in TRANSITIONS[state]} - {BadCommand}
    assert {type(row[0]) for row in TABLE} == known == set(c.VERBS)
    assert {*STATES, State.CONNECTED, T, C} == set(TRANSITIONS) == set(State)


@pytest.mark.parametrize(("state", "command", "after"), CELLS)
def test_a_pair_by_the_table(state, command, after):
    """A client refuses to send what has no place; else both ends end in the same state."""
    pair = at(state)
    if after is NO:
        with pytest.raises(LocalProtocolError, match=f"{type(command).__name__} is not legal in state {state.name}"):
            pair.say(command)
        return
    said = pair.say(command)
    assert (pair.events[0], said[0]) == (command, answer(command))
    assert pair.client.state is pair.server.state is after


@pytest.mark.parametrize(("state", "command", "after"), [cell for cell in CELLS if cell[2] is NO])
def test_what_has_no_place(state, command, after):
    """A server says so: before the login that one is needed; what comes instead of RNTO ends the renaming."""
    server = server_at(state)
    found, octets = serve(server, c.write_command(command))
    assert [type(event) for event in found] == [BadCommand]
    assert octets[:4] == (b"503 " if state in (R, N) else b"530 ")
    assert (server.state, after) == (R if state is N else state, NO)


@pytest.mark.parametrize(("state", "command", "after"), [cell for cell in CELLS if cell[2] is not NO])
def test_a_refusal_by_the_table(state, command, after):
    """A refused login leads back to its beginning, a refused QUIT ends the session, all else stays where it was."""
    pair = at(state)
    pair.respond = refuse
    pair.say(command)
    back = isinstance(command, c.User | c.Pass | c.Acct | c.Rein) and state is not R
    assert pair.client.state is pair.server.state
    ended = isinstance(command, c.Quit)
    assert pair.server.state is (C if ended else L if back else R if state is N else state), after


@pytest.mark.parametrize("command", [row[0] for row in TABLE if type(row[0]) in TRANSFERS and row[0] != c.Retr("a")])
def test_a_file_comes(command):
    """It goes over the data connection after the 150, and its end gets the second reply (RFC 959 section 5.4)."""
    pair = at(R)
    assert pair.say(command) == [reply(150, "Send")]
    assert pair.client.state is pair.server.state is T
    assert pair.put(b"one\r\ntwo") == [reply(226, "Whole")]
    assert pair.events == [FileData(b"one\r\ntwo"), FileEnd()]
    assert pair.client.state is pair.server.state is R


def test_a_file_goes():
    """What the server sends is over when it says so."""
    pair = at(R)
    pair.say(c.Retr("a"))
    pair.server.end_file()
    pair.client.receive_data(pair.server.send(reply(226, "Sent")))
    assert drain(pair.client) == [reply(226, "Sent")]
    assert pair.client.state is pair.server.state is R
    with pytest.raises(LocalProtocolError, match="no file is under way in state READY"):
        pair.server.end_file()
    with pytest.raises(LocalProtocolError, match="no file is under way in state READY"):
        pair.client.send_file(b"x")


def test_a_file_that_came_before_its_150():
    """Its octets wait at the server; none of them counts for the next file."""
    pair = at(R)
    pair.server.receive_file(b"early")
    pair.server.receive_file(b"")
    assert pair.say(c.Stor("a")) == [reply(150, "Send"), reply(226, "Whole")]
    assert pair.events == [c.Stor("a"), FileData(b"early"), FileEnd()]
    assert pair.say(c.Stor("b")) == [reply(150, "Send")]
    assert pair.put(b"") == [reply(226, "Whole")]


def test_a_file_that_is_broken_off():
    """ABOR gets two replies: the file's, and its own (RFC 959 section 4.1.3)."""
    pair = at(R)
    pair.say(c.Stor("a"))
    pair.server.receive_file(b"half")
    assert pair.say(c.Abor()) == [reply(426, "Broken off"), reply(226, "Done")]
    assert pair.client.state is pair.server.state is R
    pair.say(c.Stor("a"))
    assert pair.put(b"whole") == [reply(226, "Whole")]


def test_commands_wait_for_the_end_of_a_file():
    """What a client says meanwhile is read when the file is there."""
    server = server_at(T)
    assert serve(server, b"NOOP\r\nQUIT\r\n") == ([], b"")
    server.receive_file(b"x")
    server.receive_file(b"")
    found, octets = serve(server)
    assert found == [FileData(b"x"), FileEnd(), c.Noop(), c.Quit(), ConnectionClosed()]
    assert octets == b"226 Whole\r\n200 done\r\n221 Bye\r\n"


def test_a_file_without_a_preliminary_reply():
    """A server may say at once that all is there, or that it takes none."""
    pair = at(R)
    pair.respond = lambda _: reply(250, "Had it")
    assert pair.say(c.Stor("a")) == [reply(250, "Had it")]
    assert pair.client.state is pair.server.state is R


def test_a_greeting_may_ask_for_patience():
    """120, then 220 (RFC 959 section 5.4); 421 ends the session."""
    client, server = Client(), Server()
    client.receive_data(server.send(reply(120, "In a moment")) + server.send(GREETING))
    assert drain(client) == [reply(120, "In a moment"), GREETING]
    assert client.state is server.state is L
    full = ConnectionPair(greeting=reply(421, "Too many"))
    assert full.greeting == [reply(421, "Too many"), ConnectionClosed()]
    assert full.server.next_event() == ConnectionClosed()
    with pytest.raises(LocalProtocolError, match="User is not legal in state CLOSED: nothing is"):
        full.client.send(c.User("bob"))


def test_a_421_at_any_time():
    """The server closes the connection, whatever it was asked, or without having been asked."""
    pair = at(R)
    pair.client.receive_data(b"421 Time is up\r\n")
    assert drain(pair.client) == [reply(421, "Time is up"), ConnectionClosed()]
    other = at(R)
    other.respond = lambda _: reply(421, "Going down")
    other.say(c.Pwd())
    assert other.client.state is other.server.state is C


def test_a_server_waits_for_its_replies():
    """The greeting comes first, and each event wants its reply before the next."""
    server = Server()
    server.receive_data(b"NOOP\r\n")
    with pytest.raises(LocalProtocolError, match="Opening still waits"):
        server.next_event()
    server.send(GREETING)
    with pytest.raises(LocalProtocolError, match="200 answers nothing"):
        server.send(reply(200, ""))
    assert server.next_event() == c.Noop()
    with pytest.raises(LocalProtocolError, match="350 cannot answer Noop in LOGIN: 2yz, 4yz, 5yz can"):
        server.send(reply(350, ""))


def test_a_client_waits_for_its_replies():
    """One command at a time."""
    client = Client()
    with pytest.raises(LocalProtocolError, match="User is not legal in state CONNECTED: Opening is"):
        client.send(c.User("bob"))
    pair = at(R)
    pair.client.send(c.Pwd())
    with pytest.raises(LocalProtocolError, match="Noop has to wait for the reply to Pwd"):
        pair.client.send(c.Noop())


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"200 Ok\r\n200 again\r\n", "200 answers nothing"),
        (b"331 What?\r\n", "331 is no reply to Pwd in state READY"),
        (b"hello\r\n", "is no reply of FTP"),
        (b"999 x\r\n", "is no reply of FTP"),
        (b"200-" + b"x" * 70_000 + b"\r\n", "more than 65536 octets in a line"),
        (b"200-\r\n" + b"x" * 60_000 * 20 + b"\r\n", "more than 65536 octets in a line"),
        ((b"200-" + b"x" * 60_000 + b"\r\n") * 20, "or 1000000 in all"),
    ],
)
def test_what_is_no_reply(octets, why):
    """It ends the session for the client."""
    pair = at(R)
    pair.client.send(c.Pwd())
    pair.client.receive_data(octets)
    with pytest.raises(RemoteProtocolError, match=why):
        drain(pair.client)
    assert (pair.client.state, pair.client.next_event()) == (C, ConnectionClosed())


def test_the_end_of_the_connection():
    """The peer's end ends the session; nothing comes behind it, and a session that is closed reads nothing."""
    server = server_at(R)
    server.receive_data(b"")
    assert serve(server) == ([ConnectionClosed()], b"")
    with pytest.raises(LocalProtocolError, match="4 octets came after"):
        server.receive_data(b"NOOP")
    closed = server_at(R)
    closed.close()
    assert serve(closed, b"NOOP\r\n") == ([ConnectionClosed()], b"")
    pair = at(R)
    pair.client.receive_data(b"")
    assert drain(pair.client) == [ConnectionClosed()]
    with pytest.raises(LocalProtocolError, match="3 octets came after"):
        pair.client.receive_data(b"200")
    quits = at(R)
    quits.say(c.Quit())
    quits.client.receive_data(b"200 more\r\n")
    assert quits.client.next_event() == ConnectionClosed()


def test_an_endless_line_ends_the_session():
    """After 64 kB without a line end nobody waits for one; a long line that ends is refused and no more."""
    server = server_at(R)
    for _ in range(16):
        assert serve(server, b"A" * 4096) == ([], b"")
    assert serve(server, b"A") == (
        [BadCommand(b"", 421, "Line too long."), ConnectionClosed()],
        b"421 Line too long.\r\n",
    )
    other = server_at(R)
    found, octets = serve(other, b"A" * 60_000 + b"\r\nNOOP\r\n")
    assert ([type(event) for event in found], octets) == ([BadCommand, c.Noop], b"500 Line too long.\r\n200 done\r\n")


def test_what_the_table_calls_an_opening():
    """The greeting answers it, and no client can send one."""
    assert [state for state in State if Opening in TRANSITIONS[state]] == [State.CONNECTED]
    assert server_at(L).next_event() is NEED_DATA
