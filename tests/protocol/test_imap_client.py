"""The client's end of a dialogue: what it may send, what it learns, and what it does not take."""

from __future__ import annotations

import pytest
from imap_pair import ConnectionPair, drain, statuses

from sim.protocol.imap4 import (
    NEED_DATA,
    Client,
    ConnectionClosed,
    ContinueResponse,
    DataResponse,
    LocalProtocolError,
    RemoteProtocolError,
    State,
    StatusResponse,
    client,
    responses,
)
from sim.protocol.imap4 import commands as c
from sim.protocol.imap4.commands import FetchItem

LOGIN = c.Login(b"a", b"b")


def logged_in(capabilities: str = "", **settings) -> Client:
    """A client behind its login, whose server can do that."""
    machine = Client(**settings)
    machine.receive_data(b"* OK Ready.\r\n")
    drain(machine)
    machine.send(LOGIN)
    machine.receive_data(f"A1 OK [CAPABILITY IMAP4rev1 {capabilities}] Done.\r\n".encode())
    drain(machine)
    return machine


def heard(machine: Client, octets: bytes) -> list[object]:
    """What a client reads."""
    machine.receive_data(octets)
    return drain(machine)


def test_a_session_from_end_to_end():
    """Both machines, every way of saying things."""
    pair = ConnectionPair(capabilities="IMAP4rev1 SASL-IR")
    assert pair.client.capabilities == ("IMAP4REV1", "SASL-IR")
    assert statuses(pair.log_in().say(c.Select("INBOX"))) == ["OK"]
    assert statuses(pair.say(c.Noop(), c.Check(), c.Search(c.SearchKey("ALL")))) == ["OK"] * 3
    assert statuses(pair.say(c.Append("a", b"hello {3}\r\nx", ("\\Seen",), 0.0))) == ["OK"]
    assert pair.commands == [c.Append("a", b"hello {3}\r\nx", ("\\Seen",), 0.0)]
    assert pair.say(c.Idle()) == [ContinueResponse("")]
    assert pair.client.state is State.IDLE_SELECTED
    assert statuses(pair.say(c.Done())) == ["OK"]
    assert pair.say(c.Logout()) == [
        StatusResponse("*", "BYE", "", "Bye."),
        StatusResponse("A8", "OK", "", "Bye."),
    ]
    assert (pair.client.state, pair.client.outstanding) == (State.LOGOUT, 0)
    pair.client.receive_data(b"")
    assert pair.client.next_event() == ConnectionClosed()


def test_authentication():
    """Challenges and responses, in base64 on the wire."""
    pair = ConnectionPair()
    assert pair.say(c.Authenticate("PLAIN")) == [ContinueResponse("")]
    assert statuses(pair.say(c.AuthenticateResponse(b"\0a\0b"))) == ["OK"]
    assert pair.client.state is State.AUTHENTICATED


def test_authentication_given_up():
    """`*` gets BAD (RFC 3501 section 6.2.2), and another try may follow."""
    pair = ConnectionPair()
    pair.say(c.Authenticate("PLAIN"))
    assert statuses(pair.say(c.AuthenticateCancel())) == ["BAD"]
    assert statuses(pair.say(c.Authenticate("PLAIN", b""))) == ["OK"]


def test_authentication_refused_before_it_began():
    """A NO may come in the place of the `+`."""
    pair = ConnectionPair(respond=lambda *_: [responses.Tagged("NO", "No.")])
    assert statuses(pair.say(c.Authenticate("X"))) == ["NO"]
    assert pair.client.state is State.NOT_AUTHENTICATED


@pytest.mark.parametrize("end", [b"A2 OK Done.\r\n", b"A2 NO No.\r\n", b"A2 BAD No.\r\n"])
def test_idle_may_end_before_done(end):
    """The server has its reasons."""
    machine = logged_in()
    machine.send(c.Idle())
    heard(machine, b"+ idling\r\n")
    heard(machine, end)
    assert (machine.state, machine.outstanding) == (State.AUTHENTICATED, 0)


@pytest.mark.parametrize(
    ("before", "command", "why"),
    [
        ([], c.Done(), "Done is not legal in state AUTHENTICATED"),
        ([], LOGIN, "Login is not legal in state AUTHENTICATED"),
        ([c.Idle()], c.Done(), "Done is not legal in state AUTHENTICATED"),
        ([c.Idle()], c.Noop(), "Noop is not legal in state IDLE"),
        ([c.Select("a")], c.Fetch(((1, 1),), (FetchItem("UID"),)), "Fetch has to wait for the response to Select"),
        ([c.Logout()], c.Noop(), "Noop is not legal in state LOGOUT: nothing is"),
        ([c.Append("a", b"")], c.Noop(), "Noop has to wait for the literal"),
        ([c.Noop()], c.Check(), "Check is not legal in state AUTHENTICATED: Append, "),
    ],
)
def test_what_a_client_may_not_send(before, command, why):
    """It is refused with what may be sent, and the client is as it was (RFC 3501 section 5.5)."""
    machine = logged_in()
    machine.send(*before)
    outstanding = machine.outstanding
    with pytest.raises(LocalProtocolError, match=why):
        machine.send(command)
    assert machine.outstanding == outstanding


def test_nothing_is_sent_before_the_greeting():
    """The server speaks first."""
    with pytest.raises(LocalProtocolError, match="Noop is not legal in state CONNECTED"):
        Client().send(c.Noop())


def test_a_response_waits_for_its_challenge():
    """One `+` asks for one response."""
    machine = Client()
    heard(machine, b"* OK Ready.\r\n")
    machine.send(c.Authenticate("PLAIN"))
    heard(machine, b"+ \r\n")
    machine.send(c.AuthenticateResponse(b"x"))
    with pytest.raises(LocalProtocolError, match=r"has to wait for the server's \+"):
        machine.send(c.AuthenticateResponse(b"y"))
    assert heard(machine, b"+ YQ==\r\n") == [ContinueResponse("YQ==")]
    assert machine.send(c.AuthenticateResponse(b"y")) == b"eQ==\r\n"
    heard(machine, b"A1 OK Done.\r\n")
    assert machine.state is State.AUTHENTICATED


@pytest.mark.parametrize(
    ("capabilities", "size", "octets"),
    [
        ("", 3, b"A2 APPEND a {3}\r\n"),
        ("LITERAL+", 3, b"A2 APPEND a {3+}\r\nxxx\r\n"),
        ("LITERAL+", 5000, b"A2 APPEND a {5000+}\r\n" + b"x" * 5000 + b"\r\n"),
        ("LITERAL-", 4096, b"A2 APPEND a {4096+}\r\n" + b"x" * 4096 + b"\r\n"),
        ("LITERAL-", 4097, b"A2 APPEND a {4097}\r\n"),
        ("IMAP4rev2", 3, b"A2 APPEND a {3+}\r\nxxx\r\n"),
        ("IMAP4rev2", 4097, b"A2 APPEND a {4097}\r\n"),
    ],
)
def test_literals_as_the_server_takes_them(capabilities, size, octets):
    """Unasked where it can (RFC 7888, RFC 9051 section 4.3)."""
    machine = logged_in(capabilities)
    assert machine.send(c.Append("a", b"x" * size)) == octets
    assert machine.holds_literal is octets.endswith(b"}\r\n")
    if machine.holds_literal:
        assert heard(machine, b"+ go on\r\n") == [ContinueResponse("go on")]
        assert machine.go_on() == b"x" * size + b"\r\n"
    with pytest.raises(LocalProtocolError, match="no literal waits"):
        machine.go_on()


def test_two_literals_of_one_command():
    """Each waits for its own `+`; an announcement within one is none."""
    machine = Client()
    heard(machine, b"* OK Ready.\r\n")
    assert machine.send(c.Login(b"{9}\r\n", b"\xff")) == b"A1 LOGIN {5}\r\n"
    heard(machine, b"+ \r\n")
    assert machine.go_on() == b"{9}\r\n {1}\r\n"
    heard(machine, b"+ \r\n")
    assert machine.go_on() == b"\xff\r\n"
    heard(machine, b"A1 OK Done.\r\n")
    assert machine.state is State.AUTHENTICATED


def test_a_refused_literal_is_not_sent():
    """The tagged NO in the place of the `+` ends its command."""
    machine = logged_in()
    machine.send(c.Append("a", b"xxx"))
    heard(machine, b"A2 NO [OVERQUOTA] Full.\r\n")
    assert (machine.holds_literal, machine.outstanding) == (False, 0)
    assert machine.send(c.Noop()) == b"A3 NOOP\r\n"


def test_a_literal_still_waits_while_others_are_answered():
    """Only its own answer takes it away."""
    machine = logged_in()
    machine.send(c.Noop(), c.Append("a", b"xxx"))
    heard(machine, b"A2 OK Done.\r\n")
    assert machine.holds_literal


@pytest.mark.parametrize(
    ("octets", "capabilities"),
    [
        (b"A1 OK Done.\r\n", ()),
        (b"A1 NO No.\r\n", ("IMAP4REV1",)),
        (b"A1 OK [capability imap4rev1 idle] Done.\r\n", ("IMAP4REV1", "IDLE")),
        (b"* CAPABILITY IMAP4rev1 MOVE\r\nA1 OK Done.\r\n", ("IMAP4REV1", "MOVE")),
    ],
)
def test_capabilities_behind_a_login(octets, capabilities):
    """They are others, told with the login or to be asked for (RFC 3501 section 6.2.3)."""
    machine = Client()
    heard(machine, b"* OK [CAPABILITY IMAP4rev1] Ready.\r\n")
    machine.send(LOGIN)
    heard(machine, octets)
    assert machine.capabilities == capabilities


def test_tls_forgets_what_was_said_in_the_clear():
    """Capabilities, and what came behind the OK (RFC 3501 section 6.2.1)."""
    machine = Client()
    heard(machine, b"* OK [CAPABILITY IMAP4rev1 STARTTLS] Ready.\r\n")
    machine.send(c.StartTls())
    assert heard(machine, b"A1 OK Begin.\r\n* PREAUTH fooled you\r\n") == [StatusResponse("A1", "OK", "", "Begin.")]
    assert (machine.secure, machine.capabilities, machine.state) == (True, (), State.NOT_AUTHENTICATED)


@pytest.mark.parametrize(("enabled", "utf8"), [(b"* ENABLED IMAP4rev2\r\n", True), (b"* ENABLED CONDSTORE\r\n", False)])
def test_names_are_utf8_where_the_server_says_so(enabled, utf8):
    """ENABLE asks, ENABLED answers (RFC 5161)."""
    machine = logged_in()
    machine.send(c.Enable(("IMAP4REV2",)))
    heard(machine, enabled + b"A2 OK Done.\r\n")
    assert machine.utf8 is utf8
    assert machine.send(c.Create("\u00e4")) == (b'A3 CREATE "\xc3\xa4"\r\n' if utf8 else b"A3 CREATE &AOQ-\r\n")


@pytest.mark.parametrize(
    "octets",
    [
        b"hello\r\n",
        b"\r\n",
        b"* 3\r\n",
        b"* NO\0\r\n",
        b"* FLAGS (a\r\n",
        b"* X " + b"(" * 600 + b")" * 600 + b"\r\n",
        b"* X )\r\n",
        b"* FLAGS () x\x01\r\n",
        b"* 4294967296 EXISTS\r\n",
        b"A9 OK nobody asked\r\n",
        b"A9 EXISTS\r\n",
        b"A2 BYE x\r\n",
        b"A2 PREAUTH x\r\n",
        b"+ nobody asked\r\n",
        b"* X {2000}\r\n",
        b"* X {99999999999999999999999}\r\n",
        b"* X {600}\r\n" + b"x" * 600 + b" {600}\r\n",
    ],
)
def test_what_is_no_response(octets):
    """It is said once; the session is over then."""
    machine = logged_in(message_limit=1000)
    machine.send(c.Noop())
    machine.receive_data(octets)
    with pytest.raises(RemoteProtocolError, match="what came is no response of IMAP"):
        machine.next_event()
    assert machine.state is State.LOGOUT
    machine.receive_data(b"A2 OK Done.\r\n")
    assert machine.next_event() == ConnectionClosed()


@pytest.mark.parametrize("greeting", [b"* NO x\r\n", b"* BAD x\r\n", b"+ x\r\n", b"A1 OK x\r\n"])
def test_what_is_no_greeting(greeting):
    """OK, PREAUTH or BYE is one (RFC 3501 section 7.1)."""
    machine = Client()
    machine.receive_data(greeting)
    with pytest.raises(RemoteProtocolError):
        machine.next_event()


def test_an_endless_response(monkeypatch):
    """It is given up before its end, and little of it is held."""
    monkeypatch.setattr(client, "READ_LIMIT", 100)
    machine = logged_in()
    machine.receive_data(b"* X " + b"x" * 200)
    with pytest.raises(RemoteProtocolError, match="too long"):
        machine.next_event()


def test_responses_in_pieces():
    """A literal may come in any, empty ones included; words that end as an announcement does are words."""
    machine = logged_in()
    for octet in b"* 1 FETCH (BODY[] {5}\r\nhello X {0}\r\n)\r\n* OK see {5}\r\n* OK [X {5}\r\n":
        machine.receive_data(bytes([octet]))
    assert drain(machine) == [
        DataResponse("FETCH", 1, (("BODY[]", b"hello", "X", b""),)),
        StatusResponse("*", "OK", "", "see {5}"),
        StatusResponse("*", "OK", "", "[X {5}"),
    ]


def test_the_end_of_the_connection():
    """It is told as often as one asks; what is outstanding never got its answer."""
    machine = logged_in()
    machine.send(c.Noop())
    assert machine.next_event() is NEED_DATA
    machine.receive_data(b"")
    assert [machine.next_event(), machine.next_event()] == [ConnectionClosed()] * 2
    assert (machine.state, machine.outstanding) == (State.LOGOUT, 1)
    with pytest.raises(LocalProtocolError, match="octets came after the server"):
        machine.receive_data(b"x")


def test_a_bye_ends_the_session_at_any_time():
    """What is still answered behind it changes nothing (RFC 3501 section 7.1.5)."""
    machine = logged_in()
    machine.send(c.Select("a"))
    assert len(heard(machine, b"* BYE Bye.\r\nA2 OK Done.\r\n")) == 2
    assert machine.state is State.LOGOUT


def test_responses_may_come_in_another_order():
    """A tag says which command is answered (RFC 3501 section 5.5)."""
    machine = logged_in()
    machine.send(c.Noop(), c.Capability())
    heard(machine, b"A3 OK Done.\r\n* OK Still here.\r\nA2 OK Done.\r\n")
    assert machine.outstanding == 0
