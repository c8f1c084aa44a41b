"""What the tests of the POP3 machines share: a pair of machines, and the answers of a server that accepts everything."""

from __future__ import annotations

from sim.protocol.pop3 import NEED_DATA, BadCommand, Client, ConnectionClosed, EndlessLine, Server, State, events
from sim.protocol.pop3.responses import challenge, err, ok

GREETING = ok("ready <1896.697170952@dbc.mtview.ca.us>")
MESSAGE = b"Subject: hi\r\n\r\n.hello\r\n..\r\n"
LINES = {
    events.List: b"1 28\r\n",
    events.Uidl: b"1 a\r\n",
    events.Retr: MESSAGE,
    events.Top: MESSAGE,
    events.Capa: b"USER\r\nPIPELINING\r\nSASL PLAIN LOGIN\r\n",
    events.Mechanisms: b"PLAIN\r\n",
}


def answer(event):
    """What a server that accepts everything answers."""
    if isinstance(event, BadCommand):
        return err(event.why)
    if isinstance(event, EndlessLine):
        return err("Line too long.")
    if isinstance(event, events.AuthCancel):
        return err("Cancelled.")
    if isinstance(event, events.Auth) and event.initial is None:
        return challenge(b"who?")
    if (type(event) in LINES and getattr(event, "number", None) is None) or isinstance(event, events.Retr | events.Top):
        return ok("here", LINES[type(event)])
    return ok("done")


def refuse(event):
    """What a server that refuses everything answers."""
    return err(type(event).__name__)


def serve(server, data, respond=answer):
    """Give the server octets; return its events, and the octets of its answers."""
    server.receive_data(data)
    found, octets = [], []
    while (event := server.next_event()) is not NEED_DATA:
        found.append(event)
        if isinstance(event, ConnectionClosed):
            break
        octets.append(server.send(respond(event)))
    return found, b"".join(octets)


def drain(client):
    """All events that a client machine has, up to NEED_DATA or the end."""
    found = []
    while (event := client.next_event()) is not NEED_DATA:
        found.append(event)
        if isinstance(event, ConnectionClosed):
            break
    return found


PATHS = {
    State.AUTHORIZATION: b"",
    State.USER: b"USER bob\r\n",
    State.AUTH: b"AUTH PLAIN\r\n",
    State.TRANSACTION: b"USER bob\r\nPASS secret\r\n",
    State.CLOSED: b"QUIT\r\n",
}


def server_at(state, **options):
    """A server machine in the given state, any but CONNECTED."""
    server = Server(**options)
    server.send(GREETING)
    if PATHS[state]:
        serve(server, PATHS[state])
    assert server.state is state
    return server


class ConnectionPair:
    """A client and a server machine; every dialogue goes through both."""

    def __init__(self, *, respond=answer, greeting=GREETING, secure=False):
        self.client, self.server, self.respond = Client(secure=secure), Server(secure=secure), respond
        self.events = []
        self.client.receive_data(self.server.send(greeting))
        self.greeting = drain(self.client)

    def say(self, *commands):
        """Send the commands in one flight; return the responses that the client hears."""
        self.events, octets = serve(self.server, self.client.send(*commands), self.respond)
        if octets:
            self.client.receive_data(octets)
        return drain(self.client)
