"""What the tests of the FTP machines share: a pair of machines, and the answers of a server that accepts everything."""

from __future__ import annotations

from sim.protocol.ftp import NEED_DATA, BadCommand, Client, ConnectionClosed, FileData, FileEnd, Server, State, commands
from sim.protocol.ftp.replies import reply
from sim.protocol.ftp.states import TRANSFERS

GREETING = reply(220, "ready")
FIRST = {
    commands.User: reply(331, "Password?"),
    commands.Pass: reply(230, "Logged in"),
    commands.Rest: reply(350, "Go on"),
    commands.Rnfr: reply(350, "To what?"),
    commands.Quit: reply(221, "Bye"),
    commands.AuthTls: reply(504, "No"),
    FileEnd: reply(226, "Whole"),
    commands.Abor: reply(226, "Done"),
}


def answer(event):
    """What a server that accepts everything answers."""
    if isinstance(event, BadCommand):
        return reply(event.code, event.why)
    if type(event) in TRANSFERS:
        return reply(150, "Send")
    return FIRST.get(type(event), reply(200, "done"))


def refuse(event):
    """What a server that refuses everything answers."""
    return reply(550, type(event).__name__)


def serve(server, data=b"", respond=answer):
    """Give the server octets of its control connection; return its events, and the octets of its replies."""
    if data:
        server.receive_data(data)
    found, octets = [], []
    while (event := server.next_event()) is not NEED_DATA:
        found.append(event)
        if isinstance(event, ConnectionClosed):
            break
        if isinstance(event, commands.Abor) and server.state is State.TRANSFER:
            octets.append(server.send(reply(426, "Broken off")))
        if not isinstance(event, FileData):
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
    State.LOGIN: b"",
    State.PASSWORD: b"USER bob\r\n",
    State.READY: b"USER bob\r\nPASS secret\r\n",
    State.RENAMING: b"USER bob\r\nPASS secret\r\nRNFR a\r\n",
    State.TRANSFER: b"USER bob\r\nPASS secret\r\nSTOR a\r\n",
    State.CLOSED: b"QUIT\r\n",
}


def server_at(state):
    """A server machine in the given state, any but CONNECTED."""
    server = Server()
    server.send(GREETING)
    if state is State.ACCOUNT:
        serve(server, PATHS[State.PASSWORD])
        serve(server, b"PASS secret\r\n", lambda _: reply(332, "Account?"))
    elif PATHS[state]:
        serve(server, PATHS[state])
    assert server.state is state
    return server


class ConnectionPair:
    """A client and a server machine; every dialogue goes through both."""

    def __init__(self, *, respond=answer, greeting=GREETING):
        self.client, self.server, self.respond = Client(), Server(), respond
        self.events = []
        self.client.receive_data(self.server.send(greeting))
        self.greeting = drain(self.client)

    def say(self, *said):
        """Send the commands, one after the other; return the replies that the client hears."""
        heard = []
        for command in said:
            heard += self.hear(self.client.send(command))
        return heard

    def put(self, content):
        """Send a file whose command has been accepted; return the reply to it."""
        self.server.receive_file(self.client.send_file(content))
        self.server.receive_file(b"")
        return self.hear(b"")

    def hear(self, octets):
        """Give the server octets; return what the client hears."""
        self.events, replies = serve(self.server, octets, self.respond)
        if replies:
            self.client.receive_data(replies)
        return drain(self.client)
