"""What the tests of the SMTP machines share: a pair of machines, a compliant server's answers, and the fuzz invariants."""

from __future__ import annotations

from sim.protocol.smtp import (
    NEED_DATA,
    Atrn,
    Auth,
    AuthResponse,
    BadCommand,
    Chunk,
    Client,
    ConnectionClosed,
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
    Rset,
    Saml,
    Send,
    Server,
    Soml,
    StartTls,
    State,
    Turn,
    Vrfy,
    replies,
    sasl,
)

GREETING = replies.S220_READY("mx.example")
HELLO = Ehlo("client.example")

ANSWERS = {
    Helo: replies.S250_HELLO("mx.example"),
    Mail: replies.S250_SENDER,
    Send: replies.S250_SENDER,
    Soml: replies.S250_SENDER,
    Saml: replies.S250_SENDER,
    Rcpt: replies.S250_RCPT,
    Data: replies.S354_GO_AHEAD,
    Rset: replies.S250_OK,
    Vrfy: replies.S252_CANNOT_VERIFY,
    Expn: replies.E550_NO_SUCH_LIST,
    Noop: replies.S250_OK,
    Help: replies.S214_HELP,
    Etrn: replies.S251_ETRN_NOTHING("c.example"),
    StartTls: replies.S220_TLS,
    AuthResponse: replies.S235_AUTHENTICATED,
    Atrn: replies.S250_TURN,
    Turn: replies.E502_NOT_IMPLEMENTED,
    Quit: replies.S221_BYE,
}


def answer(server, event):
    """What a server that accepts everything answers."""
    if isinstance(event, BadCommand):
        return event.reply
    if isinstance(event, Ehlo | Lhlo):
        return server.ehlo_reply(event.domain)
    if isinstance(event, MailData | Chunk | LastChunk):
        return replies.E552_TOO_BIG if event.too_big else replies.S250_QUEUED
    if isinstance(event, Auth):
        return replies.S235_AUTHENTICATED if event.initial else sasl.challenge(b"Username:")
    return ANSWERS[type(event)]


def refuse_chunks(server, event):
    """What a server answers that has no room for chunks."""
    return replies.E452_NO_STORAGE if isinstance(event, Chunk) else answer(server, event)


def drain(machine):
    """All events that a client machine has, up to NEED_DATA or the end."""
    events = []
    while (event := machine.next_event()) is not NEED_DATA:
        events.append(event)
        if isinstance(event, ConnectionClosed):
            break
    return events


def serve(server, data, respond=answer):
    """Give the server octets; return its events, and the octets of its answers."""
    if data:
        server.receive_data(data)
    events, octets = [], []
    while (event := server.next_event()) is not NEED_DATA:
        events.append(event)
        if isinstance(event, ConnectionClosed):
            break
        while server.replies_due:
            octets.append(server.send(respond(server, event)))
    return events, b"".join(octets)


class ConnectionPair:
    """A client and a server machine; every dialogue goes through both."""

    def __init__(self, *, respond=answer, hello=HELLO, greeting=GREETING, **options):
        self.client = Client(**{name: options[name] for name in ("lmtp", "secure") if name in options})
        self.server = Server("mx.example", **options)
        self.respond = respond
        self.events = []
        self.client.receive_data(self.server.send(greeting))
        self.greeting = drain(self.client)
        if hello is not None:
            self.hello = self.say(hello)

    def say(self, *commands):
        """Send the commands in one flight; return the replies that the client hears."""
        octets = b"".join([self.client.send(command) for command in commands])
        return self.put(octets)

    def put(self, octets):
        """Send raw octets to the server; return the replies that the client hears."""
        self.events, octets = serve(self.server, octets, self.respond)
        if octets:
            self.client.receive_data(octets)
        return drain(self.client)


def server_at(state, **options):
    """A server machine in the given state (any but CONNECTED and CLOSED), spoken to with EHLO where it got that far.

    CHUNKS and FAILED need CHUNKING offered, AUTH needs AUTH.
    """
    server = Server("mx.example", **options)
    server.send(replies.E554_NO_SERVICE if state is State.REFUSED else GREETING)
    hello = b"EHLO client.example\r\n" if options.get("esmtp", True) else b"HELO client.example\r\n"
    lines = {
        State.READY: hello,
        State.MAIL: hello + b"MAIL FROM:<a@x.example>\r\n",
        State.RCPT: hello + b"MAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\n",
        State.DATA: hello + b"MAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\nDATA\r\n",
        State.CHUNKS: hello + b"MAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\nBDAT 1\r\nx",
        State.FAILED: hello + b"MAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\nBDAT 1\r\nx",
        State.AUTH: hello + b"AUTH LOGIN\r\n",
    }
    serve(server, lines.get(state, b""), refuse_chunks if state is State.FAILED else answer)
    assert server.state is state
    return server


def client_after(*commands, respond=answer, **options):
    """A client machine whose server has answered these commands, each in a flight of its own."""
    pair = ConnectionPair(hello=None, respond=respond, **options)
    for command in commands:
        pair.say(command)
    return pair.client


def server_events(chunks, *, willing=False, **options):
    """The invariant of a server: whatever comes in, it gives events, and takes an answer to each.

    Returns the events, with what was answered to them and the state that it left; the last one is ConnectionClosed.
    Whether it is willing decides what is answered to TURN.
    """
    server = Server("mx.example", **options)
    server.send(GREETING)
    events = []
    for chunk in [*chunks, b""]:
        server.receive_data(chunk)
        while (event := server.next_event()) is not NEED_DATA and not isinstance(event, ConnectionClosed):
            while server.replies_due:
                reply = replies.S250_TURN if willing and isinstance(event, Turn) else answer(server, event)
                octets = server.send(reply)
                assert octets.endswith(b"\r\n")
                events.append((event, octets, server.state))
        # Mail data without a size limit may be of any size, and break off at any; everything else is bounded.
        if server.state not in {State.DATA, State.CLOSED, State.TURNED} or options.get("size_limit"):
            held = len(server._reader)
            assert held <= 2 * max(server._negotiated.longest, 1024, options.get("size_limit", 0))
    assert server.next_event() == ConnectionClosed()
    assert server.state is State.CLOSED
    return events


def client_events(chunks, commands=()):
    """The invariant of a client: whatever comes in, it gives replies, the end, or one RemoteProtocolError.

    It sends the next of the commands whenever nothing is outstanding and the command is legal. Returns the replies with
    the states that they left, and then how it ended.
    """
    client, commands, events = Client(), list(commands), []
    for chunk in [*chunks, b""]:
        client.receive_data(chunk)
        try:
            while (event := client.next_event()) is not NEED_DATA and not isinstance(event, ConnectionClosed):
                events.append((event, client.state))
                if not client.outstanding and commands:
                    send_if_legal(client, commands.pop(0))
        except RemoteProtocolError:
            events.append((RemoteProtocolError, client.state))
        assert client.state is State.CLOSED or len(client._rest) < 2048
        if client.secure:
            # What came behind the reply to STARTTLS in one piece is dropped; what comes later is TLS's and no reply.
            return events
    assert client.next_event() == ConnectionClosed()
    assert client.state is State.CLOSED
    return events


def send_if_legal(client, command):
    """Send the command unless it is illegal; a refusal leaves the client as it was."""
    before = client.state, client.outstanding
    try:
        client.send(command)
    except LocalProtocolError:
        assert (client.state, client.outstanding) == before


def pieces(data, sizes):
    """Cut the data into pieces of these sizes, over and over; no piece is empty."""
    start, cut = 0, []
    while start < len(data):
        size = sizes[len(cut) % len(sizes)]
        cut.append(data[start : start + size])
        start += size
    return cut
