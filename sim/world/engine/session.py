"""The session driver: any client's dialogue with any server's over any transport, as a plain generator of waits.

It knows nothing of simpy: it yields the time at which it goes on (s) and is sent it, so the world can step through it
event by event and a command can run it with no world at all (`play`). A flight is one wait, if the transport can say
at once when it arrives.
"""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any, Generic, NoReturn, TypeVar

from sim.mta.queue.entry import HopTime
from sim.mta.queue.failure import Failure
from sim.network.interface import Ending, Steps, Transport
from sim.network.transport.tls import TlsLayer
from sim.results.outcomes import AttemptOutcome
from sim.world.engine.capacity import SharedCapacity
from sim.world.engine.connecting import connect, wait_to_be_served, write
from sim.world.engine.host_times import HostTimes
from sim.world.engine.interfaces import AT_ONCE, ClientDialogue, ServerDialogue, ServerHost, WireTrace
from sim.world.engine.lifetimes import FOREVER, BrokenOffError, Deadlines, Lifetimes
from sim.world.engine.session_ends import Cause, End
from sim.world.engine.stepping import IdleClock, Waits, follow

ClientT = TypeVar("ClientT", bound=ClientDialogue)
ServerT = TypeVar("ServerT", bound=ServerDialogue)

_ALONE = IdleClock()

_SOON = 0.001
"""What takes no longer needs no wait of its own: lines are booked ahead for so long, in s."""


class Session(Generic[ClientT, ServerT]):
    """One session: from the first SYN to the end of the dialogue.

    Where the client leaves the session open, `run` is over when the fate of what it came for is known. Then the client
    goes on with what it does next (`resume`), or the server speaks first (`notify`). The server's host is the same as
    long as the session lasts.

    Args:
        client, server: the two dialogues.
        connection: what carries their octets.
        sink: the server's host.
        client_times, server_times: what things take the programs of the two hosts, and which these are.
        lifetimes: when the programs end.
        implicit_tls: whether the connection begins with TLS.
        reversed_roles: whether the connection is there already, from a session whose roles were swapped.
        trace: is told each flight.
        clock: tells when nobody else has anything to do.

    Attributes:
        outcome: None if both sides have run their dialogue to its end, else what cut it (`session_ends`).
        failure: that in words.
        connected_at: when the client was connected; infinity if it never was.
        opened_at, started_at: when the session began, and when what the client does now did.
        contacted_at: when the client came to what it came for.
        service_s: what the server took before and after that moment.
        server_leaves_at: when the server's program ends, where that is later: it waits for a client that is gone.
        before: bytes on the wire, and packets sent again, before the client began what it does now.
    """

    def __init__(
        self,
        client: ClientT,
        server: ServerT,
        connection: Transport,
        sink: ServerHost,
        *,
        client_times: HostTimes,
        server_times: HostTimes,
        lifetimes: Lifetimes = FOREVER,
        implicit_tls: bool = False,
        reversed_roles: bool = False,
        trace: WireTrace | None = None,
        clock: IdleClock = _ALONE,
    ) -> None:
        self.client = client
        self.server = server
        self.connection = connection
        self._sink = sink
        self._client_times = client_times
        self._server_times = server_times
        self._deadlines = Deadlines(lifetimes)
        self._implicit_tls = implicit_tls
        self._trace = trace
        self._clock = clock
        # A client that closes its side with its last flight is not kept waiting for the reply.
        self._lingers = 0.0 if client.half_closes else server.linger
        self.outcome: AttemptOutcome | None = None
        self.failure: Failure | None = None
        self.opened_at = self.started_at = self.server_leaves_at = 0.0
        # `_began`: when the transaction under way began to come in.
        self.connected_at = self.contacted_at = self._began = inf
        # Round trips until the greeting is there; TLS's come to them.
        self._served, self._round_trips = 0, 1 if reversed_roles else 2
        self.before = (connection.wire_bytes, connection.retransmissions) if reversed_roles else (0, 0)
        self.service_s = [0.0, 0.0]

    @property
    def connected(self) -> bool:
        """Whether the client was ever connected."""
        return self.connected_at < inf

    @property
    def round_trips(self) -> int:
        """How often the client waited for the server until the fate of what it does now was known; TLS's included."""
        return self.client.round_trips + self._round_trips if self.connected_at < inf else 1

    def run(self, now: float) -> Waits:
        """Run the session from `now`, the first SYN."""
        self.opened_at = self.started_at = now
        self._deadlines.open(now + self.client.session_timeout)
        return self._unless_cut(self._open(now))

    def resume(self, now: float, pause: float) -> Waits:
        """Go on from `now` with what the client was given to do next, which it begins after a `pause`, s."""
        self.client.resume()
        self._start_anew(now)
        return self._unless_cut(self._go_on(now, pause))

    def notify(self, now: float) -> Waits:
        """The server speaks first, `now`, if it has anything to say; the client does with that what it does."""
        if written := self.server.notify():
            self._start_anew(now)
            yield from self._unless_cut(self._converse(now, now, self.until, written))

    @property
    def until(self) -> float:
        """Until when the session may be left open: then its client hears that it is over, or ends itself, s."""
        return self._deadlines.until

    def _start_anew(self, now: float) -> None:
        self.outcome = self.failure = None
        self.started_at, self.contacted_at, self.service_s = now, inf, [0.0, 0.0]
        self._round_trips = -self.client.round_trips
        self.before = self.connection.wire_bytes, self.connection.retransmissions

    def _unless_cut(self, waits: Waits) -> Waits:
        try:
            yield from waits
        except BrokenOffError as broken:
            self._cut(broken.at, broken.why)
            yield broken.at

    def _go_on(self, now: float, pause: float) -> Waits:
        now = yield from self._pause(now, pause)
        yield from self._converse(now, now, inf, b"")

    def _pause(self, now: float, pause: float) -> Generator[float, float, float]:
        """The client takes a time, unless the session ends before."""
        then = now + pause
        if then > self._deadlines.until:
            raise BrokenOffError(self._deadlines.until, Cause.CLIENT_TIMER)
        return then if pause <= _SOON or self._clock.advance_if_idle(then) else (yield then)

    def _converse(  # noqa: C901, PLR0912, PLR0915 - one loop whose steps share their times
        self, now: float, ready: float, end: float, written: bytes
    ) -> Waits:
        """Take turns, beginning with what the server has `written`, which is `ready` then, and awaited until `end`."""
        client, server, connection = self.client, self.server, self.connection
        trace, advance, deadlines = self._trace, self._clock.advance_if_idle, self._deadlines
        takes_time, thinks = not self._server_times.serves_at_once, self._client_times.thinks
        patience = server.patience
        while True:
            if written:
                arrives = connection.send(ready, len(written), False)
                if not isinstance(arrives, float) or arrives > end:
                    arrives, written = yield from self._receive(arrives, now, ready, end, written)
                    if not written:
                        return
                now = arrives if advance(arrives) else (yield arrives)
                ready = now if len(written) > AT_ONCE else ready  # until then it was writing
                if trace is not None:
                    trace(now, "<", written)
                client.read(written)
                if client.done:
                    return
            if thinks:
                now = yield from self._pause(now, self._client_times.thinking(client.reads))
            flight = client.write()
            if not flight:
                now = yield from self._shake_hands(now)
                connection = self.connection
                server.secured()
                client.secured()
                flight = client.write()
            if client.contacted and self.contacted_at == inf:
                self.contacted_at = now
            sent, end = now, min(now + client.timeout(), deadlines.until)
            arrives = connection.send(now, len(flight), True)
            if not isinstance(arrives, float):
                waits = write(arrives, client, connection, now=now, end=end, until=deadlines.until, clock=self._clock)
                arrives, now, end = yield from waits
            if arrives > end:
                yield from self._give_up(flight, now, sent, arrives, end)
                return
            now = arrives if advance(arrives) else (yield arrives)
            if now - ready > patience and len(flight) <= connection.mss:
                # It has waited since it wrote, also while its words were lost on the way.
                self._hear(now, server.time_out())
                return
            if trace is not None:
                trace(now, ">", flight)
            if deadlines.server_down <= now:
                # A restarted host knows nothing of the connection and answers its segments with a reset.
                heard = connection.reset(now, end)
                raise BrokenOffError(heard, Ending.RESET if heard < end else Cause.CLIENT_TIMER)
            if self._began == inf and self.contacted_at < inf:
                self._began = now
            written = server.read(flight)
            if not written:
                # The server had hung up behind what it said before; its last words and its FIN are there already.
                client.read(written)
                return
            ready = now
            if takes_time or server.sleep:
                ready += self._service()
                if ready > end or deadlines.server_down <= ready:
                    self._work_in_vain(now, ready, end)
                self._count_service(ready - now)
                if ready - now > _SOON or (server.accepted and ready > now):
                    now = ready if advance(ready) else (yield ready)
            if server.accepted:
                if (capacity := self._sink.capacity) is not None:
                    now = ready = yield from self._stand_in_line(capacity, now, end)
                for taken in server.accepted:
                    self._sink.take(taken, self.spent(now), now, self.contacted_at, self._began)
                # The next one's beginning may have come with it.
                self._began = now if server.in_transaction else inf
            if self._lingers and server.is_over:
                ready += self._lingers
                now = ready if advance(ready) else (yield ready)

    def _open(self, now: float) -> Waits:
        """Connect, have the server greet, and go on from there."""
        client, server, connection, deadlines = self.client, self.server, self.connection, self._deadlines
        end = min(now + client.connect_timeout + connection.setup, deadlines.until)
        connected, now = yield from connect(connection, self._sink, now, end, self._clock)
        self.connected_at, ready = connected, connection.accepted_at
        deadlines.accept(ready)
        end = min(connected + client.timeout(), deadlines.until)
        busy = not self._sink.admit()
        if busy and ready < min(end, deadlines.server_down):
            busy, ready = yield from wait_to_be_served(connection, self._sink, ready, end)
            connected = ready
        if self._implicit_tls:
            connected = ready = yield from self._shake_hands(connected, ready)
        written = server.greet(busy=busy)
        took = self._server_times.greeting() + server.sleep if written else 0.0
        if took:
            ready += took
            if ready > end or deadlines.server_down <= ready:
                raise BrokenOffError(end, Cause.CLIENT_TIMER)
            self._count_service(took)
            if took > _SOON and ready > connected:
                yield ready
        yield from self._converse(now if written else (yield connected), ready, end, written)

    def _shake_hands(self, now: float, accepted: float | None = None) -> Generator[float, float, float]:
        """TLS's handshake, which the client begins now; the server has `accepted` a connection that begins with it.

        Gives when the client may go on, or the server may greet such a one.
        """
        client, server = self._client_times.host, self._server_times.host
        tls = TlsLayer(self.connection, client, server, resumed=self._sink.resumes_tls(now))
        now = yield from tls.shake_hands(now, accepted, self._carry)
        self.connection = tls
        self._round_trips += tls.round_trips
        return now

    def _carry(self, now: float, octets: int, to_server: bool) -> Generator[float, float, float]:
        """A flight of TLS's handshake; gives when it is there."""
        sent, end = now, min(now + self.client.timeout(), self._deadlines.until)
        arrives, now = yield from follow(self.connection.send(now, octets, to_server), now, self._clock, lambda _: end)
        if arrives > end:
            at, why = self._learn(now, sent, arrives, end)
            raise BrokenOffError(at, Ending.RESET if why is Ending.HUNG_UP else why)
        if to_server and self._deadlines.server_down <= arrives:
            raise BrokenOffError(self.connection.reset(arrives, end), Ending.RESET)
        return (yield arrives)

    def _receive(
        self, sent: float | Steps, now: float, ready: float, end: float, written: bytes
    ) -> Generator[Any, float, tuple[float, bytes]]:
        """A flight of the server's that is played, or late: after each answer that has come the client waits anew.

        Gives when it is there, and what of it is to be read then: nothing where the session is over.
        """
        client, heard, read = self.client, now, 0

        def patience(at: float) -> float:
            nonlocal heard, read, end
            for came, octets in self.connection.pieces(len(written)) if at > end else ():
                if came > end or client.done or octets == len(written):
                    break
                whole = client.complete(written[read:octets])
                if whole:
                    self._hear(came, written[read : read + whole])
                    heard, read = came, read + whole
                    end = min(came + client.timeout(), self._deadlines.until)
            return end

        arrives, now = yield from follow(sent, now, self._clock, patience)
        if arrives <= patience(arrives) and not client.done:
            return arrives, written[read:]
        now = max(now, heard)
        if not client.done:
            now, why = self._learn(now, ready, arrives, end)
            if why is not Ending.HUNG_UP:
                raise BrokenOffError(now, why)
        yield now
        return inf, b""

    def _hear(self, now: float, written: bytes) -> None:
        """The client reads what the server has written."""
        if self._trace is not None:
            self._trace(now, "<", written)
        self.client.read(written)

    def _stand_in_line(self, capacity: SharedCapacity, now: float, end: float) -> Generator[float, float, float]:
        """What has just come passes the filters, and then goes to disk. Gives when it is there."""
        for serves in (capacity.filters, capacity.commits):
            ready = max([serves(now) for _ in self.server.accepted])
            if ready > end or self._deadlines.server_down <= ready:
                self._work_in_vain(now, ready, end)
            self._count_service(ready - now)
            if ready > now:
                now = ready if self._clock.advance_if_idle(ready) else (yield ready)
        return now

    def _work_in_vain(self, now: float, ready: float, end: float) -> NoReturn:
        """The server is at work until `ready`: its client waits no longer, or it dies over it."""
        self._count_service(min(end, ready, self._deadlines.server_down) - now)
        self._orphan(ready)
        raise BrokenOffError(end, Cause.CLIENT_TIMER)

    def _orphan(self, ready: float) -> None:
        """The server is at work on what its client will not hear of."""
        if ready < self._deadlines.server_down:
            for taken in self.server.accepted:
                self._sink.take_later(taken, self.spent(ready), ready, self.contacted_at, self._began)

    def _give_up(self, flight: bytes, now: float, sent: float, arrives: float, end: float) -> Waits:
        """The client's flight does not arrive while it waits for that."""
        at, why = self._learn(now, sent, arrives, end)
        if why is Ending.HUNG_UP:
            # The server has waited for too long, says so and closes the connection.
            yield at
            self._hear(at, self.server.time_out())
            return
        row = self._cut(at, why)
        yield at
        if row.kernel_sends:
            self._sink.outlive(self._leave_behind(flight, at, sent, arrives))

    def _leave_behind(self, flight: bytes, now: float, sent: float, arrives: float) -> Waits:
        """The client has given up; its kernel goes on with what it holds, and nobody hears of what that brings."""
        held = self.connection.abandon(now, sent, arrives)
        arrives, _ = yield from follow(held, now, self._clock, lambda _: inf)
        if arrives < min(self._deadlines.client_host, self._deadlines.server_down):
            self.server.read(flight)
            self._began = min(self._began, arrives)
            self._orphan(arrives + self._service())

    def _learn(self, now: float, sent: float, arrives: float, end: float) -> tuple[float, Cause | Ending]:
        """When and by what the client learns that a flight does not arrive by `end`, if ever.

        What has ended the connection while the server was at work is noticed now.
        """
        at, ending = (end, None) if arrives < inf else self.connection.end(end, self.server.last_words)
        at, why = max(at, now), ending or Cause.CLIENT_TIMER
        if self._deadlines.end(at, why).server_waits and not self.server.is_over:
            self.server_leaves_at = max(sent, self.connection.wrote()[0]) + self.server.patience
        return at, why

    def _cut(self, at: float, why: Cause | Ending) -> End:
        """Note how the session ends before its time."""
        row = self._deadlines.end(at, why)
        self.outcome = row.outcome
        if self.outcome is not None:
            awaits = self.client.awaits if self.connected else "connect"
            self.failure = Failure(0, self.outcome.status, self.outcome.reason, at=awaits)
            self.client.end(self.failure)
        return row

    def _service(self) -> float:
        """What the server takes for what it has just been told."""
        commands, self._served = self.server.commands - self._served, self.server.commands
        return self._server_times.serving(commands, commits=bool(self.server.accepted)) + self.server.sleep

    def _count_service(self, took: float) -> None:
        self.service_s[self.contacted_at < inf] += took

    def spent(self, until: float) -> HopTime:
        """What the session took up to a time: contact, transfer, service."""
        (before, after), contacted = self.service_s, min(self.contacted_at, until)
        return contacted - self.started_at - before, until - contacted - after, before + after
