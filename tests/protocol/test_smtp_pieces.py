"""What goes out together, and how what comes is cut, changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smtp_pair import ANSWERS, GREETING, HELLO, ConnectionPair, answer, client_after, pieces, serve
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
    ("PIPELINING", "SMTPUTF8", "CHUNKING", "BINARYMIME", "AUTH"),
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
SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=4)


class Choices:
    """A server's answers: the good one or a refusal, as drawn, to one event after the other."""

    def __init__(self, refusals):
        self.refusals = list(refusals)

    def __call__(self, server, event):
        """The next answer."""
        good = answer(server, event)
        refusal = self.refusals.pop(0) if self.refusals else None
        return good if refusal is None or good.code >= 400 else refusal


def dialogue(flights, refusals, sizes, **options):
    """What a server makes of flights that come in pieces of these sizes: its events, its answers, its state."""
    server, choices = Server("mx.example", **options), Choices(refusals)
    octets, events = server.send(GREETING), []
    for flight in flights:
        for piece in pieces(flight, sizes):
            more, answered = serve(server, piece, choices)
            events += [event for event in more if not isinstance(event, ConnectionClosed)]
            octets += answered
    return events, octets, server.state, server.helo, server.esmtp_peer


def hear(client, data, sizes):
    """All that a client machine makes of octets that come in pieces of these sizes, with the error that ends it."""
    events = []
    for piece in pieces(data, sizes):
        client.receive_data(piece)
        try:
            while (event := client.next_event()) is not NEED_DATA:
                if isinstance(event, ConnectionClosed):
                    return events
                events.append(event)
        except RemoteProtocolError as error:
            return [*events, str(error)]
    return events


FLIGHTS = st.lists(
    st.one_of(
        st.sampled_from(USUAL),
        st.lists(st.sampled_from([line for line in LINES if line != b"STARTTLS\r\n"]), min_size=1, max_size=4).map(
            b"".join
        ),
    ),
    max_size=6,
)


@settings(max_examples=75, deadline=None)
@given(
    FLIGHTS,
    st.lists(st.sampled_from([None, None, None, None, *REFUSALS]), max_size=12),
    SIZES,
    st.sampled_from(OFFERS),
    st.sampled_from([{}, {"size_limit": 20}, {"esmtp": False}]),
)
def test_a_server_takes_a_flight_in_any_pieces(flights, refusals, sizes, extensions, options):
    """Whatever comes and is answered: the same events, octets and state, however it is cut."""
    options |= {"extensions": extensions}
    assert dialogue(flights, refusals, sizes, **options) == dialogue(flights, refusals, [10_000], **options)


@pytest.mark.parametrize("ending", [b"x\r\n.\r\n" + ENVELOPE, b"x\r\n.\r\nQUIT", b"x\r\n", b"..x\r\n..\r\n.\r\n"])
@pytest.mark.parametrize("refused", range(6))
@pytest.mark.parametrize("options", [{}, {"size_limit": 2}])
@pytest.mark.parametrize("refusal", REFUSALS[1:])
def test_a_server_refuses_a_flight_in_any_pieces(ending, refused, options, refusal):
    """The same where the n-th command is refused, and where what comes at last is no whole flight."""
    flights, refusals = [b"EHLO c.example\r\n", ENVELOPE, ending, b".\r\n"], [*[None] * refused, refusal]
    assert dialogue(flights, refusals, [1], **options) == dialogue(flights, refusals, [10_000], **options)


@settings(max_examples=75, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=4),
            st.lists(st.sampled_from(REPLIES), min_size=1, max_size=4).map(b"".join),
        ),
        max_size=5,
    ),
    SIZES,
    st.sampled_from([REPLIES[3], b"250-x\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250 BINARYMIME\r\n"]),
)
def test_a_client_says_together_what_it_says_one_by_one(exchanges, sizes, offer):
    """Whatever is to be said and comes back in whatever pieces: the same octets, the same replies and the same state."""
    together, single = Client(), Client()
    assert hear(together, b"220 x\r\n", [100]) == hear(single, b"220 x\r\n", sizes)
    for commands, octets in [([HELLO], offer), *exchanges]:
        before = together.state, together.outstanding
        try:
            said = together.send(*commands)
        except LocalProtocolError:
            assert (together.state, together.outstanding) == before
        else:
            assert said == b"".join([single.send(command) for command in commands])
        data = b"" if together.state is State.CLOSED or together.secure else octets
        assert hear(together, data, [10_000]) == hear(single, data, sizes)
        assert (together.state, together.outstanding, together.extensions) == (
            single.state,
            single.outstanding,
            single.extensions,
        )


def test_the_usual_session():
    """Greeting, EHLO, envelope, mail data and QUIT: what is said is heard, on both sides."""
    pair = ConnectionPair(extensions=OFFERS[0])
    for commands in ([Mail(MAILBOX), Rcpt(MAILBOX), Data()], [MailData(b"A: b\r\n\r\nx\r\n"), Quit()]):
        answers = [replies.S250_QUEUED if isinstance(one, MailData) else ANSWERS[type(one)] for one in commands]
        heard = pair.put(pair.client.send(*commands))
        assert [event for event in pair.events if not isinstance(event, ConnectionClosed)] == commands
        assert [event for event in heard if not isinstance(event, ConnectionClosed)] == answers
    assert (pair.client.state, pair.server.state) == (State.CLOSED, State.CLOSED)


def test_nothing_is_sent_of_commands_of_which_one_is_at_fault():
    """The client is as it was before the call."""
    client = client_after(HELLO)
    with pytest.raises(LocalProtocolError, match="Data is not legal in state MAIL"):
        client.send(Mail(MAILBOX), Data())
    assert (client.state, client.outstanding) == (State.READY, 0)


def test_the_next_transaction_goes_out_with_mail_data():
    """Behind a last chunk MAIL may follow, and what it asks for decides what its recipients may be."""
    pair = ConnectionPair(extensions=("PIPELINING", "SMTPUTF8", "CHUNKING"))
    pair.put(pair.client.send(Mail(MAILBOX), Rcpt(MAILBOX)))
    octets = pair.client.send(LastChunk(b"x"), Mail(FOREIGN, (("SMTPUTF8", None),)), Rcpt(FOREIGN))
    assert [reply.code for reply in pair.put(octets)] == [250, 250, 250]
