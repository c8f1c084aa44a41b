"""The session driver with two machines that speak no SMTP: questions and answers, over TCP and over older carriers."""

from __future__ import annotations

from random import Random

import pytest

from sim.network.links.line import Line
from sim.network.links.timeline import Timeline
from sim.network.transport.connect import connect
from sim.protocol.dialogue import UsualClient, UsualServer
from sim.results.outcomes import AttemptOutcome
from sim.scenario.distribution import Constant
from sim.scenario.spec import Host
from sim.scenario.spec.carriers import UucpG
from sim.world.engine.host_times import HostTimes
from sim.world.engine.interfaces import ServerHost
from sim.world.engine.lifetimes import Lifetimes
from sim.world.engine.session import Session
from sim.world.engine.stepping import play

QUESTIONS = (b"one?\n", b"two?\n", b"bye\n")
WORDS = {b"one?\n": b"1\n", b"two?\n": b"2\n" * 4000, b"bye\n": b"bye\n"}
TIMES = HostTimes(Host(name="a", timing="none"), Random(1))


class Asker(UsualClient):
    """Asks its questions, one after the other."""

    awaits = "answer"

    def __init__(self) -> None:
        super().__init__(patience=30.0)
        self.questions, self.answers, self.round_trips, self.failure = list(QUESTIONS), [], 0, None

    @property
    def done(self):
        """Whether the server has said goodbye."""
        return not self.questions and self.answers[-1:] == [WORDS[b"bye\n"]]

    def write(self):
        """The next question."""
        self.round_trips += 1
        return self.questions.pop(0)

    def read(self, octets):
        """Note what is answered."""
        self.answers.append(octets)

    def complete(self, octets):
        """Answers are lines."""
        return octets.rfind(b"\n") + 1

    def end(self, failure):
        """It is over before its time."""
        self.failure = failure


class Teller(UsualServer):
    """Answers what it is asked, and remembers it; it greets only if it `speaks_first`."""

    is_over = False

    def __init__(self, *, speaks_first=True) -> None:
        self.speaks_first, self.accepted, self.commands = speaks_first, [], 0

    def greet(self, *, busy):
        """One word, or none."""
        return b"hello\n" if self.speaks_first and not busy else b""

    def read(self, octets):
        """Answer a question."""
        self.accepted, self.commands = [octets], self.commands + 1
        return WORDS[octets]


class Memory(ServerHost):
    """What was taken, and when."""

    def __init__(self) -> None:
        self.taken = []

    def take(self, taken, _spent, now, *_):
        """Note it."""
        self.taken.append((round(now, 2), taken))


def session(carrier=None, *, teller=None, rate=1e9, trace=None, **settings):
    """A session over a line of 50 ms each way, and what it leaves; played to its end."""
    lines = [Line(rate=rate, delay=Constant(0.05), random=Random(way), carrier=carrier) for way in "ab"]
    memory = Memory()
    made = Session(
        Asker(),
        teller or Teller(),
        connect(lines[:1], lines[1:]),
        memory,
        client_times=TIMES,
        server_times=TIMES,
        trace=trace,
        **settings,
    )
    play(made.run(0.0))
    return made, memory


def test_over_tcp_each_question_takes_a_round_trip():
    """Connected after one, greeted after another; the server has the first question half of one later."""
    made, memory = session()
    assert memory.taken == [(0.25, b"one?\n"), (0.35, b"two?\n"), (0.45, b"bye\n")]
    assert (made.outcome, made.connected_at, made.round_trips) == (None, pytest.approx(0.1, abs=1e-3), 5)


def test_a_client_may_speak_first():
    """Then there is no greeting to wait for."""
    _, memory = session(teller=Teller(speaks_first=False))
    assert [at for at, _ in memory.taken] == [0.15, 0.25, 0.35]


def test_over_uucps_g_the_same_is_said():
    """At 9600 bit/s an answer of 8,000 octets takes at least 7.3 s, for each packet of 64 octets is one of 70."""
    heard = {}
    for carrier in (None, UucpG()):
        heard[carrier] = []
        made, memory = session(
            carrier, rate=9600.0, trace=lambda *flight, carrier=carrier: heard[carrier].append(flight)
        )
        assert (made.outcome, [taken for _, taken in memory.taken]) == (None, [*QUESTIONS])
        assert b"".join(made.client.answers) == b"hello\n" + b"".join(WORDS.values())
    said = {carrier: [(way, octets) for _, way, octets in heard[carrier]] for carrier in heard}
    assert said[None] == said[UucpG()]
    assert heard[UucpG()][-1][0] > 8000 * 70 / 64 * 8 / 9600


@pytest.mark.parametrize("carrier", [None, UucpG()])
def test_a_client_is_told_that_its_server_is_gone(carrier):
    """Its host is down from the second answer on, for good; what was taken before stays so."""
    made, memory = session(carrier, lifetimes=Lifetimes(server=Timeline([(0.3, 1e9)])))
    assert made.outcome in {AttemptOutcome.CONNECTION_LOST, AttemptOutcome.TIMEOUT}
    assert made.client.failure.at == "answer"
    assert len(memory.taken) < 3


class Waiter(Asker):
    """Asks one question, and then waits for news."""

    def __init__(self) -> None:
        super().__init__()
        self.questions = [b"one?\n"]

    @property
    def kept(self):
        """Whether it waits."""
        return not self.questions and self.failure is None

    @property
    def done(self):
        """Likewise, as soon as all is answered."""
        return not self.questions and self.answers[-1:] != [b"hello\n"]

    def resume(self):
        """It has a further question."""
        self.questions = [b"two?\n"]


class Crier(Teller):
    """Says by itself what it is given to say."""

    news = b""

    def notify(self):
        """The news, once."""
        said, self.news = self.news, b""
        return said


def waiting(**settings):
    """A session that its client has left open, and what it was heard to say."""
    lines = [Line(rate=1e9, delay=Constant(0.05), random=Random(way)) for way in "ab"]
    heard = []
    made = Session(
        Waiter(),
        Crier(),
        connect(lines[:1], lines[1:]),
        Memory(),
        client_times=TIMES,
        server_times=TIMES,
        trace=lambda now, way, octets: heard.append((round(now, 2), way, octets)),
        **settings,
    )
    play(made.run(0.0))
    return made, heard


def test_a_server_may_speak_first_in_a_session_that_is_open():
    """What it says is there half a round trip later; the client goes on waiting."""
    made, heard = waiting()
    made.server.news = b"news\n"
    play(made.notify(10.0))
    assert heard[-1] == (10.05, "<", b"news\n")
    assert (made.client.kept, made.outcome, made.started_at) == (True, None, 10.0)


def test_a_server_that_has_no_news_says_nothing():
    """Nor is anything sent."""
    made, heard = waiting()
    before = list(heard), made.connection.wire_bytes
    play(made.notify(10.0))
    assert (heard, made.connection.wire_bytes) == before


def test_the_client_may_go_on_in_a_session_that_is_open():
    """Its round trips are counted anew for what it does then."""
    made, heard = waiting()
    play(made.resume(10.0, 0.0))
    assert heard[-2:] == [(10.05, ">", b"two?\n"), (10.1, "<", WORDS[b"two?\n"])]
    assert made.round_trips == 1


def test_news_to_which_nobody_listens_any_more_ends_nothing():
    """A server whose program has ended is found out when the client speaks: its host answers with a reset."""
    made, _ = waiting(lifetimes=Lifetimes(server=Timeline([(5.0, 6.0)])))
    play(made.resume(10.0, 0.0))
    assert (made.outcome, made.client.kept) == (AttemptOutcome.CONNECTION_LOST, False)
