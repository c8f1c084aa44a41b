"""A flight taken whole comes to what its events come to one by one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smtp_pair import ANSWERS, GREETING, answer, drain, serve
from test_smtp_invariants import LINES, REPLIES

from sim.mail.address import Address
from sim.mail.path import NULL_PATH, Path
from sim.protocol.smtp import (
    NEED_DATA,
    Chunk,
    Client,
    ConnectionClosed,
    Data,
    Ehlo,
    LastChunk,
    LocalProtocolError,
    Mail,
    MailData,
    Noop,
    Quit,
    Rcpt,
    RemoteProtocolError,
    Rset,
    Server,
    StartTls,
    State,
    replies,
)

OFFERS = [
    ("SIZE", "PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"),
    ("PIPELINING", "SMTPUTF8", "CHUNKING", "BINARYMIME", "AUTH", "STARTTLS"),
    ("SIZE",),
]
ENVELOPE = b"MAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\nDATA\r\n"
USUAL = [
    b"EHLO c.example\r\n",
    ENVELOPE,
    b"MAIL FROM:<a@x.example> SIZE=9\r\nRCPT TO:<b@y.example>\r\nRCPT TO:<c@y.example>\r\nDATA\r\n",
    b"A: b\r\n\r\ntext\r\n.\r\nQUIT\r\n",
    b"..A\r\n.\r\n" + ENVELOPE,
    b".\r\nRSET\r\n",
]
REFUSALS = [
    replies.E452_NO_STORAGE,
    replies.E550_NO_SUCH_USER,
    replies.E421_CLOSING,
]
MAILBOX = Path(Address("a", "x.example"))
FOREIGN = Path(Address("\xe9", "x.example"))
COMMANDS = [
    Ehlo("c.example"),
    Mail(MAILBOX),
    Mail(NULL_PATH, (("SIZE", "9"),)),
    Mail(FOREIGN, (("SMTPUTF8", None),)),
    Mail(MAILBOX, (("BODY", "BINARYMIME"),)),
    Rcpt(MAILBOX),
    Rcpt(FOREIGN),
    Data(),
    MailData(b"A: b\r\n\r\n.text\r\n"),
    MailData(b"\xe9\r\n"),
    LastChunk(b"x"),
    Chunk(b"x"),
    StartTls(),
    Rset(),
    Noop(),
    Quit(),
]


class Choices:
    """A server's answers: the good one or a refusal, as drawn, to one event after the other."""

    def __init__(self, refusals):
        self.refusals = list(refusals)

    def __call__(self, server, event):
        """The next answer."""
        good = answer(server, event)
        refusal = self.refusals.pop(0) if self.refusals else None
        return good if refusal is None or good.code >= 400 else refusal


def serve_flight(server, data, respond):
    """What a caller of whole flights does: the events, and the octets of the answers."""
    commands = server.read_flight(data)
    if not commands:
        return serve(server, data, respond)
    answers = []
    for command in commands:
        answers.append(respond(server, command))
        if answers[-1].code >= 400:
            break
    octets = server.send_flight(answers)
    events, more = serve(server, b"", respond)
    return [*commands[: len(answers)], *events], octets + more


def assert_same_dialogue(flights, refusals, **options):
    """Two servers, one of which takes whole flights, come to the same."""
    whole, single = (Server("mx.example", **options) for _ in range(2))
    choices, chosen = Choices(refusals), Choices(refusals)
    assert whole.send(GREETING) == single.send(GREETING)
    for flight in flights:
        assert serve_flight(whole, flight, choices) == serve(single, flight, chosen)
        assert (whole.state, whole.helo, whole.esmtp_peer) == (single.state, single.helo, single.esmtp_peer)


def hear(client, data):
    """All that a client machine makes of octets, whole where it can."""
    found = client.read_flight(data)
    return hear_by_pieces(client, data) if found is None else [*found, *drain(client)]


def hear_by_pieces(client, data):
    """The same, event by event, with the error that ends them."""
    client.receive_data(data)
    events = []
    try:
        while (event := client.next_event()) is not NEED_DATA:
            events.append(event)
            if isinstance(event, ConnectionClosed):
                break
    except RemoteProtocolError as error:
        events.append(str(error))
    return events


def say_by_pieces(client, commands):
    """Commands that go together, one by one."""
    return b"".join([client.send(command) for command in commands])


def attempt(say, *arguments):
    """What is said, or why not."""
    try:
        return say(*arguments)
    except LocalProtocolError as error:
        return str(error)


FLIGHTS = st.lists(
    st.one_of(st.sampled_from(USUAL), st.lists(st.sampled_from(LINES), min_size=1, max_size=4).map(b"".join)),
    max_size=6,
)


@settings(max_examples=75, deadline=None)
@given(
    FLIGHTS,
    st.lists(st.sampled_from([None, None, None, None, *REFUSALS]), max_size=12),
    st.sampled_from(OFFERS),
    st.sampled_from([{}, {"size_limit": 20}, {"esmtp": False}]),
)
def test_a_server_takes_a_flight_as_its_commands(flights, refusals, extensions, options):
    """Whatever comes and is answered: the same events, the same octets, the same state, and the same from then on."""
    assert_same_dialogue(flights, refusals, extensions=extensions, **options)


@pytest.mark.parametrize("ending", [b"x\r\n.\r\n" + ENVELOPE, b"x\r\n.\r\nQUIT", b"x\r\n", b"..x\r\n..\r\n.\r\n"])
@pytest.mark.parametrize("refused", range(6))
@pytest.mark.parametrize("options", [{}, {"size_limit": 2}])
@pytest.mark.parametrize("refusal", REFUSALS[1:])
def test_a_server_takes_a_refused_flight_as_its_commands(ending, refused, options, refusal):
    """The same where the n-th command is refused, and where what comes at last is no whole flight."""
    flights = [b"EHLO c.example\r\n", ENVELOPE, ending, b".\r\n"]
    assert_same_dialogue(flights, [*[None] * refused, refusal], **options)


@settings(max_examples=75, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=4),
            st.lists(st.sampled_from(REPLIES), min_size=1, max_size=4).map(b"".join),
        ),
        max_size=5,
    ),
    st.sampled_from([REPLIES[3], b"250-x\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250 BINARYMIME\r\n"]),
)
def test_a_client_says_and_hears_a_flight_as_its_parts(exchanges, offer):
    """Whatever is to be said and comes back: the same octets or errors, the same replies and the same state."""
    whole, single = Client(), Client()
    assert hear(whole, b"220 x\r\n") == hear_by_pieces(single, b"220 x\r\n")
    for commands, octets in [([Ehlo("c.example")], offer), *exchanges]:
        assert attempt(whole.send_flight, commands) == attempt(say_by_pieces, single, commands)
        assert hear(whole, octets) == hear_by_pieces(single, octets)
        assert (whole.state, whole.outstanding, whole.extensions) == (
            single.state,
            single.outstanding,
            single.extensions,
        )


def usual_pair(extensions=OFFERS[0]):
    """Two machines that have greeted each other."""
    client, server = Client(), Server("mx.example", extensions=extensions)
    client.read_flight(server.send(GREETING))
    [hello] = server.read_flight(client.send_flight([Ehlo("c.example")]))
    client.read_flight(server.send_flight([server.ehlo_reply(hello.domain)]))
    return client, server


def test_the_usual_session_is_flights():
    """Greeting, EHLO, envelope, mail data and QUIT: neither machine looks at anything event by event."""
    client, server = usual_pair()
    for commands in ([Mail(MAILBOX), Rcpt(MAILBOX), Data()], [MailData(b"A: b\r\n\r\nx\r\n"), Quit()]):
        assert server.read_flight(client.send_flight(commands)) == commands
        answers = [replies.S250_QUEUED if isinstance(one, MailData) else ANSWERS[type(one)] for one in commands]
        assert client.read_flight(server.send_flight(answers)) == tuple(answers)
    assert (client.state, server.state) == (State.CLOSED, State.CLOSED)


def test_a_flight_wants_its_replies_first():
    """Neither another flight nor an event is to be had while one waits for its replies."""
    _, server = usual_pair()
    assert len(server.read_flight(ENVELOPE)) == 3
    assert list(server.read_flight(ENVELOPE)) == []
    with pytest.raises(LocalProtocolError, match="still waits for its reply"):
        server.next_event()


def test_a_reply_that_cannot_answer_is_no_flight_either():
    """354 to MAIL is refused as `send` refuses it."""
    _, server = usual_pair()
    server.read_flight(ENVELOPE)
    with pytest.raises(LocalProtocolError, match="reply 354 cannot answer Mail"):
        server.send_flight([replies.S354_GO_AHEAD])


def test_smtputf8_is_no_matter_of_flights():
    """What decides whether later commands are legal is said event by event: RCPT may have UTF-8 then."""
    client, server = usual_pair(("PIPELINING", "SMTPUTF8"))
    octets = client.send_flight([Mail(FOREIGN, (("SMTPUTF8", None),)), Rcpt(FOREIGN)])
    assert list(server.read_flight(octets)) == []
    assert len(serve(server, octets)[0]) == 2
