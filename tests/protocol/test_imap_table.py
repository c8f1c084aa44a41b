"""Every command in every state: what a server that accepts everything answers, and what a client may send.

Each row names the section that rules it, of RFC 3501 unless said otherwise. BAD is the illegal move (section 2.2.2).
"""

from __future__ import annotations

import pytest
from imap_pair import TO, ConnectionPair, serve, server_at, statuses

from sim.protocol.imap4 import Client, LocalProtocolError, Server, State, responses
from sim.protocol.imap4 import commands as c
from sim.protocol.imap4.events import BadCommand
from sim.protocol.imap4.response_grammar import ContinueResponse, StatusResponse
from sim.protocol.imap4.states import HOPES, TRANSITIONS, Opening

ALL = c.SearchKey("ALL")
ONE = ((1, 1),)
S = State
STATES = (S.NOT_AUTHENTICATED, S.AUTHENTICATED, S.SELECTED)

TABLE = [
    #                                                       NOT_AUTHENTICATED AUTHENTICATED SELECTED
    (c.Capability(), b"CAPABILITY", ("OK", "OK", "OK")),  # 6.1.1
    (c.Noop(), b"NOOP", ("OK", "OK", "OK")),  # 6.1.2
    (c.Logout(), b"LOGOUT", ("OK", "OK", "OK")),  # 6.1.3
    (c.Id(None), b"ID NIL", ("OK", "OK", "OK")),  # RFC 2971 3.1
    (c.StartTls(), b"STARTTLS", ("OK", "BAD", "BAD")),  # 6.2.1
    (c.Authenticate("PLAIN"), b"AUTHENTICATE PLAIN", ("+", "BAD", "BAD")),  # 6.2.2
    (c.Authenticate("PLAIN", b"b"), b"AUTHENTICATE PLAIN Yg==", ("OK", "BAD", "BAD")),  # RFC 4959 3
    (c.Login(b"a", b"b"), b"LOGIN a b", ("OK", "BAD", "BAD")),  # 6.2.3
    (c.Enable(("CONDSTORE",)), b"ENABLE CONDSTORE", ("BAD", "OK", "OK")),  # RFC 5161 3.1
    (c.Select("INBOX"), b"SELECT INBOX", ("BAD", "OK", "OK")),  # 6.3.1
    (c.Examine("INBOX"), b"EXAMINE INBOX", ("BAD", "OK", "OK")),  # 6.3.2
    (c.Create("a"), b"CREATE a", ("BAD", "OK", "OK")),  # 6.3.3
    (c.Delete("a"), b"DELETE a", ("BAD", "OK", "OK")),  # 6.3.4
    (c.Rename("a", "b"), b"RENAME a b", ("BAD", "OK", "OK")),  # 6.3.5
    (c.Subscribe("a"), b"SUBSCRIBE a", ("BAD", "OK", "OK")),  # 6.3.6
    (c.Unsubscribe("a"), b"UNSUBSCRIBE a", ("BAD", "OK", "OK")),  # 6.3.7
    (c.ListMailboxes("", ("*",)), b'LIST "" *', ("BAD", "OK", "OK")),  # 6.3.8
    (c.Lsub("", "*"), b'LSUB "" *', ("BAD", "OK", "OK")),  # 6.3.9
    (c.Status("a", ("UNSEEN",)), b"STATUS a (UNSEEN)", ("BAD", "OK", "OK")),  # 6.3.10
    (c.Append("a", b"x"), b"APPEND a {1+}\r\nx", ("BAD", "OK", "OK")),  # 6.3.11
    (c.Namespace(), b"NAMESPACE", ("BAD", "OK", "OK")),  # RFC 2342 5
    (c.GetQuota(""), b'GETQUOTA ""', ("BAD", "OK", "OK")),  # RFC 9208 4.1.1
    (c.GetQuotaRoot("a"), b"GETQUOTAROOT a", ("BAD", "OK", "OK")),  # RFC 9208 4.1.2
    (c.SetQuota("", (("STORAGE", 5),)), b'SETQUOTA "" (STORAGE 5)', ("BAD", "OK", "OK")),  # RFC 9208 4.1.3
    (c.Idle(), b"IDLE", ("BAD", "+", "+")),  # RFC 2177 3
    (c.Check(), b"CHECK", ("BAD", "BAD", "OK")),  # 6.4.1
    (c.Close(), b"CLOSE", ("BAD", "BAD", "OK")),  # 6.4.2
    (c.Unselect(), b"UNSELECT", ("BAD", "BAD", "OK")),  # RFC 3691 2
    (c.Expunge(), b"EXPUNGE", ("BAD", "BAD", "OK")),  # 6.4.3
    (c.Expunge(ONE), b"UID EXPUNGE 1", ("BAD", "BAD", "OK")),  # RFC 4315 2.1
    (c.Search(ALL), b"SEARCH ALL", ("BAD", "BAD", "OK")),  # 6.4.4
    (c.Search(ALL, uid=True), b"UID SEARCH ALL", ("BAD", "BAD", "OK")),  # 6.4.8
    (c.Fetch(ONE, (c.FetchItem("FLAGS"),)), b"FETCH 1 FLAGS", ("BAD", "BAD", "OK")),  # 6.4.5
    (c.Store(ONE, "+", ("a",)), b"STORE 1 +FLAGS (a)", ("BAD", "BAD", "OK")),  # 6.4.6
    (c.Copy(ONE, "a"), b"COPY 1 a", ("BAD", "BAD", "OK")),  # 6.4.7
    (c.Move(ONE, "a", uid=True), b"UID MOVE 1 a", ("BAD", "BAD", "OK")),  # RFC 6851 3.2
]
CELLS = [(state, *row[:2], status) for row in TABLE for state, status in zip(STATES, row[2], strict=True)]

MOVES = {
    **{(state, c.Logout): S.LOGOUT for state in STATES},
    **{(state, kind): S.SELECTED for state in STATES[1:] for kind in (c.Select, c.Examine)},
    **{(S.SELECTED, kind): S.AUTHENTICATED for kind in (c.Close, c.Unselect)},
    (S.NOT_AUTHENTICATED, c.Login): S.AUTHENTICATED,
    (S.AUTHENTICATED, c.Idle): S.IDLE,
    (S.SELECTED, c.Idle): S.IDLE_SELECTED,
}
"""Where an accepted command leads, unless the state stays; of AUTHENTICATE see `moved`."""


def moved(state, command, status):
    """Where an answer leads."""
    if status == "BAD":
        return state
    if isinstance(command, c.Authenticate):
        return S.AUTHENTICATING if status == "+" else S.AUTHENTICATED
    return MOVES.get((state, type(command)), state)


def last(octets):
    """The status in the last line of octets; `+` for a continuation request."""
    line = octets.splitlines()[-1]
    return "+" if line.startswith(b"+ ") else line.split()[1].decode()


def test_none_is_missing():
    """The table has every command that any state knows, and every state in which commands are read."""
    ends = {c.Done, c.AuthenticateResponse, c.AuthenticateCancel}
    assert {type(row[0]) for row in TABLE} | ends == {kind for commands in HOPES.values() for kind in commands}
    assert {*STATES, S.CONNECTED, S.AUTHENTICATING, S.IDLE, S.IDLE_SELECTED, S.LOGOUT} == set(State)
    assert {c.NAMES[type(row[0])] for row in TABLE} == set(c.NAMES.values())


@pytest.mark.parametrize(("state", "command", "line", "status"), CELLS)
def test_a_server_by_the_table(state, command, line, status):
    """Each command, in each state, gets its answer and leads where it should."""
    server = server_at(state)
    commands, octets = serve(server, b"t " + line + b"\r\n")
    assert (last(octets), server.state) == (status, moved(state, command, status))
    assert status == "BAD" or commands == [command]


@pytest.mark.parametrize(("state", "line", "status"), [(cell[0], *cell[2:]) for cell in CELLS])
def test_the_case_of_a_command_does_not_matter(state, line, status):
    """Names are read in any case (section 9)."""
    name, space, rest = line.partition(b" ")
    assert last(serve(server_at(state), b"t " + name.lower() + space + rest + b"\r\n")[1]) == status


@pytest.mark.parametrize(("state", "command", "line", "status"), CELLS)
def test_a_pair_by_the_table(state, command, line, status):
    """A client refuses to send what would get BAD; else both ends end in the same state."""
    pair = ConnectionPair()
    for each in {S.AUTHENTICATED: ["LOGIN"], S.SELECTED: ["LOGIN", "SELECT"]}.get(state, []):
        pair.say({"LOGIN": c.Login(b"a", b"b"), "SELECT": c.Select("INBOX")}[each])
    assert pair.client.state is pair.server.state is state
    if status == "BAD":
        with pytest.raises(LocalProtocolError, match=f"{type(command).__name__} is not legal in state {state.name}"):
            pair.say(command)
        assert pair.client.state is state, line
        return
    found = pair.say(command)[-1]
    assert ("+" if isinstance(found, ContinueResponse) else found.status) == status
    assert pair.client.state is pair.server.state is moved(state, command, status)
    assert pair.commands == [command]


@pytest.mark.parametrize("status", ["NO", "BAD"])
@pytest.mark.parametrize(("state", "command", "line"), [cell[:3] for cell in CELLS if cell[3] != "BAD"])
def test_a_refusal_by_the_table(state, command, line, status):
    """A command that fails leaves the state, but for a SELECT that says NO (section 6.3.1)."""
    if status == "NO" and isinstance(command, c.Logout):
        return
    server = server_at(state)
    server.receive_data(b"t " + line + b"\r\n")
    assert server.next_event().command == command
    assert server.send(responses.Tagged(status, "No.")) == f"t {status} No.\r\n".encode()
    closes = status == "NO" and isinstance(command, c.Select | c.Examine) and state is S.SELECTED
    assert server.state is (S.AUTHENTICATED if closes else state)


@pytest.mark.parametrize("state", [S.IDLE, S.IDLE_SELECTED])
@pytest.mark.parametrize("line", [row[1] for row in TABLE if b"\r\n" not in row[1]])
def test_idle_takes_nothing_but_done(state, line):
    """DONE has no tag, and any case; anything else ends IDLE with BAD (RFC 2177 section 3)."""
    back = S.SELECTED if state is S.IDLE_SELECTED else S.AUTHENTICATED
    server = server_at(state)
    commands, octets = serve(server, b"t " + line + b"\r\n")
    assert (commands, last(octets), server.state) == ([BadCommand("DONE expected")], "BAD", back)
    server = server_at(state)
    assert (serve(server, b"dOnE\r\n")[0], server.state) == ([c.Done()], back)


@pytest.mark.parametrize(
    ("line", "command", "status", "state"),
    [
        (b"AGIAYw==", c.AuthenticateResponse(b"\0b\0c"), "OK", S.AUTHENTICATED),
        (b"", c.AuthenticateResponse(b""), "OK", S.AUTHENTICATED),
        (b"*", c.AuthenticateCancel(), "BAD", S.NOT_AUTHENTICATED),
        (b"t NOOP", BadCommand("not base64"), "BAD", S.NOT_AUTHENTICATED),
        (b"AGIAYw", BadCommand("not base64"), "BAD", S.NOT_AUTHENTICATED),
        (b"\xff", BadCommand("not base64"), "BAD", S.NOT_AUTHENTICATED),
        (b"{3}", BadCommand("not base64"), "BAD", S.NOT_AUTHENTICATED),
    ],
)
def test_authenticating_takes_responses(line, command, status, state):
    """A line is base64, or `*` (section 6.2.2); whatever answers it has the tag of AUTHENTICATE."""
    server = server_at(S.AUTHENTICATING)
    commands, octets = serve(server, line + b"\r\n")
    assert (commands, last(octets), server.state) == ([command], status, state)
    assert octets.startswith(b"x ")


def test_a_challenge_may_follow_a_challenge():
    """A `+` asks for more of AUTHENTICATE as often as the mechanism has it."""
    server = server_at(S.AUTHENTICATING)
    server.receive_data(b"YQ==\r\nYg==\r\n")
    assert server.next_event().command == c.AuthenticateResponse(b"a")
    assert server.send(responses.Continue("Yw==")) == b"+ Yw==\r\n"
    assert server.state is S.AUTHENTICATING
    assert server.next_event().command == c.AuthenticateResponse(b"b")
    assert server.send(responses.Tagged("OK", "Done.")) == b"x OK Done.\r\n"


@pytest.mark.parametrize(
    ("word", "state"), [("OK", S.NOT_AUTHENTICATED), ("PREAUTH", S.AUTHENTICATED), ("BYE", S.LOGOUT)]
)
def test_greetings(word, state):
    """A greeting lets in, knows the user already, or ends the session (section 7.1)."""
    server = Server(message_limit=9)
    server.send(responses.state(word, "Hello."))
    assert server.state is state
    client = Client()
    client.receive_data(b"* " + word.encode() + b" Hello.\r\n")
    assert (client.next_event(), client.state) == (StatusResponse("*", word, "", "Hello."), state)


def test_every_state_but_the_first_and_the_last_takes_lines():
    """Those states are what the paths of these tests lead to."""
    assert set(TO) == {state for state, commands in TRANSITIONS.items() if commands and Opening not in commands}


def test_tls_once():
    """STARTTLS behind STARTTLS gets BAD, and drops what came in the clear behind it (section 6.2.1)."""
    server = server_at(S.NOT_AUTHENTICATED)
    commands, octets = serve(server, b"a STARTTLS\r\nb NOOP\r\n")
    assert (commands, octets, server.secure) == ([c.StartTls()], b"a OK Done.\r\n", True)
    assert serve(server, b"c STARTTLS\r\n") == (
        [BadCommand("TLS is active already")],
        b"c BAD TLS is active already\r\n",
    )
    pair = ConnectionPair()
    assert statuses(pair.say(c.StartTls())) == ["OK"]
    assert pair.client.secure
    with pytest.raises(LocalProtocolError, match="StartTls cannot succeed twice"):
        pair.say(c.StartTls())
