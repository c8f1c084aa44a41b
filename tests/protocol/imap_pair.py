"""What the tests of the IMAP machines share: a pair of machines, a compliant server's answers, and the fuzz invariants."""

from __future__ import annotations

from sim.protocol.imap4 import (
    NEED_DATA,
    BadCommand,
    Client,
    ConnectionClosed,
    Continue,
    ContinueResponse,
    LiteralAsked,
    LocalProtocolError,
    RemoteProtocolError,
    Request,
    Server,
    State,
    StatusResponse,
    Tagged,
    TooLong,
    responses,
)
from sim.protocol.imap4 import commands as c

GREETING = responses.state("OK", "Ready.")
MESSAGE_LIMIT = 200_000
TO = {
    State.NOT_AUTHENTICATED: b"",
    State.AUTHENTICATING: b"x AUTHENTICATE PLAIN\r\n",
    State.AUTHENTICATED: b"x LOGIN a b\r\n",
    State.SELECTED: b"x LOGIN a b\r\ny SELECT INBOX\r\n",
    State.IDLE: b"x LOGIN a b\r\ny IDLE\r\n",
    State.IDLE_SELECTED: b"x LOGIN a b\r\ny SELECT INBOX\r\nz IDLE\r\n",
}
"""What leads a server there that accepts everything."""


def answer(server, command):
    """What a server that accepts everything says to a command: what goes before, and what answers it."""
    if isinstance(command, BadCommand):
        return [Tagged("NO" if command.code else "BAD", command.why, command.code)]
    if isinstance(command, c.AuthenticateCancel):
        return [Tagged("BAD", "Cancelled.")]
    if isinstance(command, c.Idle) or (isinstance(command, c.Authenticate) and command.initial is None):
        return [Continue("")]
    if isinstance(command, c.Logout):
        return [responses.state("BYE", "Bye."), Tagged("OK", "Bye.")]
    if isinstance(command, c.Enable):
        server.utf8 |= "IMAP4REV2" in command.capabilities
        return [responses.enabled(command.capabilities), Tagged("OK", "Done.")]
    return [Tagged("OK", "Done.")]


def serve(server, octets, respond=answer):
    """Give the server octets; return the commands that it read, and the octets of its answers."""
    if octets:
        server.receive_data(octets)
    commands, said = [], []
    while (event := server.next_event()) is not NEED_DATA and not isinstance(event, ConnectionClosed):
        if isinstance(event, LiteralAsked):
            said.append(server.accept_literal())
        elif isinstance(event, TooLong):
            commands.append(event)
            said.append(server.send(responses.state("BYE", event.why)))
        else:
            commands.append(event.command)
            said += map(server.send, respond(server, event.command))
    return commands, b"".join(said)


def server_at(state, **options):
    """A server machine in the given state, any but CONNECTED and LOGOUT."""
    server = Server(**{"message_limit": MESSAGE_LIMIT} | options)
    server.send(GREETING)
    serve(server, TO[state])
    assert server.state is state
    return server


def drain(client):
    """All responses that a client machine has, up to NEED_DATA or the end."""
    found = []
    while (event := client.next_event()) is not NEED_DATA:
        found.append(event)
        if isinstance(event, ConnectionClosed):
            break
    return found


class ConnectionPair:
    """A client and a server machine; every dialogue goes through both."""

    def __init__(self, *, respond=answer, capabilities="", secure=False):
        self.client = Client(secure=secure)
        self.server = Server(message_limit=MESSAGE_LIMIT, secure=secure)
        self.respond = respond
        self.commands = []
        code = f"CAPABILITY {capabilities}" if capabilities else ""
        self.client.receive_data(self.server.send(responses.state("OK", "Ready.", code)))
        self.greeting = drain(self.client)

    def say(self, *commands):
        """Send the commands in one flight; return the responses that the client reads."""
        return self.put(self.client.send(*commands))

    def put(self, octets):
        """Send raw octets to the server; return the responses that the client reads, literals being sent when asked."""
        found, self.commands = [], []
        while octets:
            commands, said = serve(self.server, octets, self.respond)
            self.commands += commands
            self.client.receive_data(said)
            new, octets = drain(self.client), b""
            found += new
            if self.client.holds_literal and any(isinstance(each, ContinueResponse) for each in new):
                octets = self.client.go_on()
        return found

    def log_in(self):
        """Log in."""
        assert self.say(c.Login(b"a", b"b"))[-1].status == "OK"
        return self


def server_events(chunks, **options):
    """The invariant of a server: whatever comes in, it gives events, and takes an answer to each.

    Returns the commands, with what was answered to them and the state that it left.
    """
    server = Server(**{"message_limit": 300} | options)
    server.send(GREETING)
    events = []
    for chunk in [*chunks, b""]:
        server.receive_data(chunk)
        while (event := server.next_event()) is not NEED_DATA and not isinstance(event, ConnectionClosed):
            if isinstance(event, LiteralAsked):
                said = server.accept_literal()
            elif isinstance(event, TooLong):
                said = server.send(responses.state("BYE", event.why))
            else:
                assert isinstance(event, Request)
                said = b"".join(map(server.send, answer(server, event.command)))
            assert said.endswith(b"\r\n")
            assert said.isascii()
            events.append((event, said, server.state))
    assert server.next_event() == ConnectionClosed()
    assert server.state is State.LOGOUT
    return events


def client_events(chunks, commands=()):
    """The invariant of a client: whatever comes in, it gives responses, the end, or one RemoteProtocolError.

    It sends the next of the commands whenever nothing is outstanding and the command is legal. Returns the responses
    with the states that they left, and then how it ended.
    """
    client, commands, events = Client(), list(commands), []
    for chunk in [*chunks, b""]:
        client.receive_data(chunk)
        try:
            while (event := client.next_event()) is not NEED_DATA and not isinstance(event, ConnectionClosed):
                events.append((event, client.state))
                if client.holds_literal and isinstance(event, ContinueResponse):
                    client.go_on()
                elif (not client.outstanding or isinstance(event, ContinueResponse)) and commands:
                    send_if_legal(client, commands.pop(0))
        except RemoteProtocolError:
            events.append((RemoteProtocolError, client.state))
            assert client.next_event() == ConnectionClosed()
        if client.secure:
            # What came behind the response to STARTTLS in one piece is dropped; what comes later is TLS's.
            return events
    assert client.next_event() == ConnectionClosed()
    assert client.state is State.LOGOUT
    return events


def send_if_legal(client, command):
    """Send the command unless it is illegal; a refusal leaves the client as it was."""
    before = client.state, client.outstanding, client.holds_literal
    try:
        client.send(command)
    except LocalProtocolError:
        assert (client.state, client.outstanding, client.holds_literal) == before


def pieces(data, sizes):
    """Cut the data into pieces of these sizes, over and over; no piece is empty."""
    start, cut = 0, []
    while start < len(data):
        size = sizes[len(cut) % len(sizes)]
        cut.append(data[start : start + size])
        start += size
    return cut


def statuses(found):
    """The status of each tagged response."""
    return [each.status for each in found if isinstance(each, StatusResponse) and each.tag != "*"]
