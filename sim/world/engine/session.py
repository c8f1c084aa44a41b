"""The session driver: two protocol sides over one connection, as a plain generator of waits.

It knows nothing of simpy: it yields the time at which it goes on (s) and is sent it, so the world can
step through it event by event and a command can run it with no world at all. A flight is one wait: its arrival is
computed by the connection, which knows the links' and the server's weather.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import inf
from typing import Any, Generic, TypeVar

from sim.mta.client.dialogue import Caller
from sim.mta.queue.queue import Failure, HopTime
from sim.mta.server.reception import Reception
from sim.network.ending import Ending
from sim.network.links.availability import Timeline
from sim.network.tcp.connection import Connection
from sim.network.tcp.handshake import ANSWER_GAPS
from sim.network.transport.circuit import Circuit
from sim.network.transport.propagation import Propagation
from sim.network.transport.reversed import Reversed
from sim.protocol.smtp import replies
from sim.results.outcomes import AttemptOutcome
from sim.scenario.spec import Host
from sim.world.engine.capacity import SharedCapacity
from sim.world.engine.host_times import HostTimes
from sim.world.engine.interfaces import ServerHost, Waits, WireTrace
from sim.world.engine.session_ends import ENDS, Cause, End
from sim.world.engine.tls import Protection
from sim.world.engine.tls_handshake import TlsHandshake

_LAST_WORDS = 60
"""About as many octets has a 421."""


DialogueT = TypeVar("DialogueT", bound=Caller)
"""Whose errand a session is: `Transmission` offers mail, `Collector` asks for it."""


def _waits(_: float) -> bool:
    return False


def _at_any_time() -> float:
    return -inf


class Session(Generic[DialogueT]):
    """One session: from the first SYN to the end of QUIT.

    Where the client leaves the session open, the waits are over when the fate of its message is known, and `resume`
    gives those for the next. The far end is the same as long as the session lasts.

    When the waits are over, `outcome` is None if both sides ran their dialogue to its end, else what cut it
    (`session_ends`), with `failure` in words.
    `connected` says whether the handshake succeeded; `opened_at` is when the session began, `started_at` when the
    message's turn came; `contacted_at` is when mail was offered; `service_s` what the server took before and after that
    moment. `server_leaves_at` is when the server's program ends, where that is later: it waits for a client that is
    gone, until its own time is over. `advance_if_idle` lets time come to a moment at once where nothing is due until
    and says whether it did: there is no wait then. `peek` says until when nothing else is due.

    A program ends with its host, or is stopped before: then the host's kernel closes its connections.
    `client_up_until` and `server_weather` are the programs', `client_host_until` the client's host's; `hangs_up` says
    when the client hears that the server's program ends at a time, infinity where its host goes down with it.
    """

    __slots__ = (
        "_advance_if_idle",
        "_began",
        "_client_host",
        "_client_host_until",
        "_client_up_until",
        "_end",
        "_hangs_up",
        "_implicit_tls",
        "_lingers",
        "_peek",
        "_policy",
        "_quiet_until",
        "_server_closes",
        "_server_down",
        "_server_host",
        "_server_weather",
        "_sink",
        "_times",
        "_trace",
        "_until",
        "client",
        "connected",
        "connection",
        "contacted_at",
        "failure",
        "opened_at",
        "outcome",
        "protection",
        "server",
        "server_leaves_at",
        "service_s",
        "started_at",
    )

    def __init__(
        self,
        transmission: DialogueT,
        reception: Reception,
        connection: Connection | Propagation | Circuit | Reversed,
        *,
        client: Host,
        client_up_until: float,
        server: Host,
        times: HostTimes,
        server_weather: Timeline,
        sink: ServerHost,
        implicit_tls: bool = False,
        trace: WireTrace | None = None,
        client_host_until: float | None = None,
        hangs_up: Callable[[float], float] | None = None,
        advance_if_idle: Callable[[float], bool] = _waits,
        peek: Callable[[], float] = _at_any_time,
    ) -> None:
        self.client = transmission
        self.server = reception
        self.connection = connection
        self._client_host = client
        self._policy = policy = client.mta
        self._client_up_until = self._until = client_up_until
        self._client_host_until = client_up_until if client_host_until is None else client_host_until
        self._server_host = server
        self._times = times
        # A client that closes its side with its QUIT is not kept waiting for the reply.
        self._lingers = 0.0 if policy.half_closes else server.mta.quit_linger
        self._server_weather = server_weather
        self._server_down = self._server_closes = inf
        self._hangs_up = hangs_up
        self._implicit_tls = implicit_tls
        self.protection: Protection | None = None
        # Until when what is sent before keeps the server's words back.
        self._quiet_until = -inf
        self._sink = sink
        self._trace = trace
        self._advance_if_idle = advance_if_idle
        self._peek = peek
        self._end: End | None = None
        self.outcome: AttemptOutcome | None = None
        self.failure: Failure | None = None
        self.connected = False
        self.opened_at = self.started_at = self.server_leaves_at = 0.0
        self.contacted_at = inf
        # When the transaction under way began to come in.
        self._began = inf
        self.service_s = [0.0, 0.0]

    def resume(self, now: float, pause: float) -> Waits:
        """Run the session from `now` with the client's next message, which it begins after a `pause`, s."""
        self._end = self.outcome = self.failure = None
        self.started_at, self.contacted_at, self.service_s = now, inf, [0.0, 0.0]
        self.client.go_on()
        return self._after(now, pause) if pause else self.run(now, resumed=True)

    def _after(self, now: float, pause: float) -> Waits:
        if now + pause > self._client_up_until:
            yield self._cut(self._client_up_until, Cause.CLIENT_DOWN)
        else:
            yield from self.run((yield now + pause), resumed=True)

    def goes_on_protected(self, protection: Protection) -> None:
        """The connection has TLS already."""
        self.protection = protection

    def run(  # noqa: C901, PLR0911, PLR0912, PLR0915 - one loop whose steps share their times
        self, now: float, *, resumed: bool = False
    ) -> Waits:
        """Run the session from `now`."""
        client, connection, policy = self.client, self.connection, self._policy
        if not resumed:
            self._until = min(self._client_up_until, now + policy.session_timeout)
        up_until, reception, trace, advance = self._until, self.server, self._trace, self._advance_if_idle
        takes_time = not self._times.serves_at_once
        if resumed:
            server_down, ready, end, written = self._server_down, now, inf, b""
        else:
            self.opened_at = self.started_at = now
            end = min(now + policy.connect_timeout + connection.setup, up_until)
            if self._sink.drops():
                now = yield from self._repeat_syn(now, end)
                if self.outcome:
                    return
            arrives = connection.open(now, end, True)
            if arrives > end:
                gone = min(end, connection.gave_up_at, connection.refused_at)
                refused = gone == connection.refused_at
                yield self._cut(gone, Cause.SYN_RESET if refused else Cause.NO_SYN_ACK)
                return
            self.connected = True
            if connection.opening:
                yield arrives
                connection.accept()
            ready = connection.accepted_at
            server_down = self._server_down = self._server_weather.next_down(ready)
            if self._hangs_up is not None and server_down < inf:
                self._server_closes = self._hangs_up(server_down)
                up_until = self._until = min(up_until, self._server_closes)
            end = min(arrives + client.timeout(policy), up_until)
            busy = not self._sink.admit()
            if busy and ready < min(end, server_down):
                busy, ready = yield from self._line_up(ready, end)
                if self.outcome:
                    return
            if self._implicit_tls:
                ready = yield from self._shake_hands(arrives, ready)
                if self.outcome:
                    return
            written = reception.greet(busy=busy)
            if reception.sleep:
                ready += reception.sleep
                if ready > end or server_down <= ready:
                    yield self._cut(end, Cause.CLIENT_TIMER)
                    return
                self._count_service(reception.sleep)
                if ready > arrives:
                    yield ready
        while True:
            if resumed:
                resumed = False
            else:
                size = len(written)
                if self.protection is not None:
                    size = self.protection.protected(size)
                    if self._quiet_until > ready:
                        ready = yield self._quiet_until
                arrives = connection.send(ready, size, False)
                if arrives > end:
                    now, end, written = self._read_part(now, end, written)
                    if arrives > end or client.done:
                        yield now if client.done else self._end_of(now, ready, arrives, end)
                        return
                now = arrives if advance(arrives) else (yield arrives)
                if trace is not None:
                    trace(now, "<", written)
                client.read(written)
                if client.done:
                    return
            flight = client.write()
            if not flight:
                now = yield from self._shake_hands(now)
                if self.outcome:
                    return
                reception.secured()
                client.secured()
                flight = client.write()
            if client.contacted and self.contacted_at == inf:
                self.contacted_at = now
            sent = now
            end = min(now + client.timeout(policy), up_until)
            size = len(flight)
            if self.protection is not None:
                size = self.protection.protected(size)
            if size <= connection.mss:
                arrives = connection.send(now, size, True)
            else:
                end = min(end + connection.writing(size), up_until)
                whole = connection.send_window(now, size, True)
                if whole is None:
                    arrives, now, end = yield from self._window_by_window(now, size, end)
                else:
                    arrives = whole
            if arrives > end:
                now = yield self._end_of(now, sent, arrives, end)
                if self._end is None:
                    self._take_last_words(now)
                elif self._end.kernel_sends:
                    self._sink.outlive(self._leave_behind(flight, now, sent, arrives))
                return
            now = arrives if advance(arrives) else (yield arrives)
            if trace is not None:
                trace(now, ">", flight)
            if server_down <= now:
                # A restarted host knows nothing of the connection and answers its segments with a reset.
                heard = connection.reset(now, end)
                yield self._cut(heard, Ending.RESET if heard < end else Cause.CLIENT_TIMER)
                return
            if self._began == inf and self.contacted_at < inf:
                self._began = now
            written = reception.read(flight)
            if not written:
                # The server had hung up behind what it said before; its last words and its FIN are there already.
                client.read(written)
                return
            ready = now
            if takes_time or reception.sleep:
                ready += self._service()
                if ready > end or server_down <= ready:
                    self._count_service(min(end, ready, server_down) - now)
                    self._orphan(ready, server_down)
                    yield self._cut(end, Cause.CLIENT_TIMER)
                    return
                self._count_service(ready - now)
                if ready > now:
                    now = ready if advance(ready) else (yield ready)
            if reception.accepted:
                if self._sink.capacity is not None:
                    now = ready = yield from self._stand_in_line(self._sink.capacity, now, end)
                    if self.outcome:
                        return
                for mail in reception.accepted:
                    self._sink.take(mail, self.spent(now), now, self.contacted_at, self._began)
                # The next message's envelope may have come with it.
                self._began = now if reception.in_transaction else inf
            if self._lingers and reception.is_over:
                ready += self._lingers
                now = ready if advance(ready) else (yield ready)

    def _stand_in_line(self, capacity: SharedCapacity, now: float, end: float) -> Generator[float, float, float]:
        """What has just come passes the filters, and then goes to disk. Gives when it is there, or the session over."""
        for serves in (capacity.filters, capacity.commits):
            ready = max([serves(now) for _ in self.server.accepted])
            self._count_service(min(end, ready, self._server_down) - now)
            if ready > end or self._server_down <= ready:
                self._orphan(ready, self._server_down)
                return (yield self._cut(end, Cause.CLIENT_TIMER))
            if ready > now:
                now = ready if self._advance_if_idle(ready) else (yield ready)
        return now

    def _repeat_syn(self, now: float, end: float) -> Generator[float, float, float]:
        """The far end's listen queue is full: its kernel drops SYNs. Gives when one is taken."""
        for gap in self.connection.syn_gaps:
            self.connection.sends_in_vain(now)
            now += gap
            if now > end:
                break
            yield now
            if not self._sink.drops():
                return now
        yield self._cut(min(now, end), Cause.NO_SYN_ACK)
        return end

    def _line_up(self, now: float, end: float) -> Generator[Any, float, tuple[bool, float]]:
        """The far end serves as many as it can: the client waits in its listen queue, or is refused.

        Gives whether it is refused with a 421, and when the greeting can be written.
        """
        yield now
        for gap in ANSWER_GAPS["linux"]:
            if not self._sink.drops():
                break
            # The queue has filled since the SYN came: the third packet is dropped, and asked for by SYN-ACKs.
            now += gap
            if now >= end:
                break
            yield now
        place = self._sink.line_up(end) if now < end and not self._sink.drops() else None
        if place == "421":
            return True, now
        if place == "reset":
            yield self._cut(self.connection.reset(now, end), Ending.RESET)
        elif place is None:
            yield self._cut(end, Cause.CLIENT_TIMER)
        else:
            now = yield place
            if not place.admitted:
                self._cut(now, Cause.CLIENT_TIMER)
        return False, now

    def _shake_hands(self, now: float, accepted: float | None = None) -> Generator[float, float, float]:
        """TLS's handshake, which the client begins now; the server has `accepted` a connection that begins with it.

        Gives when the client may go on, or the server may greet such a one.
        """
        protection = Protection(self._client_host, self._server_host, resumed=self._sink.resumes_tls(now))
        shake = TlsHandshake(protection, self.connection, self._carry)
        now = yield from (shake.before_greeting(now, accepted) if accepted is not None else shake.after_starttls(now))
        if self.outcome is None:
            self.protection, self._quiet_until = protection, shake.quiet_until
            self.client.round_trips += shake.round_trips
        return now

    def _carry(self, now: float, octets: int, to_server: bool) -> Generator[float, float, float]:
        """A flight of the handshake; gives when it is there, or infinity once the session has its outcome."""
        end = min(now + self.client.timeout(self._policy), self._until)
        arrives = self.connection.send(now, octets, to_server)
        if arrives > end:
            at = self._end_of(now, now, arrives, end)
            yield at if self.outcome else self._cut(at, Ending.RESET)
        elif to_server and self._server_down <= arrives:
            yield self._cut(self.connection.reset(arrives, end), Ending.RESET)
        else:
            return (yield arrives)
        return inf

    def _read_part(self, now: float, end: float, written: bytes) -> tuple[float, float, bytes]:
        """Read the replies of a flight that come by `end`, but for the last: each lets the client wait for the next.

        Gives when the last of them has come, until when the client waits then, and what has not come by then. Where TLS
        protects them they are one record, which is there whole or not at all.
        """
        client, read = self.client, 0
        for at, octets in () if self.protection is not None else self.connection.pieces(len(written)):
            if at > end or client.done or octets == len(written):
                break
            whole = written.rfind(b"\r\n", read, octets) + 2
            if whole > max(read, 1):
                if self._trace is not None:
                    self._trace(at, "<", written[read:whole])
                client.read(written[read:whole])
                now, read = at, whole
                end = min(at + client.timeout(self._policy), self._until)
        return now, end, written[read:]

    def _end_of(self, now: float, sent: float, arrives: float, end: float) -> float:
        """Note how the session ends with a flight that does not arrive by `end`, if ever; and give when.

        There is no outcome where the server has had the last word. What has ended the connection while the server was
        at work is noticed now.
        """
        at, ending = (end, None) if arrives < inf else self.connection.end(end, _LAST_WORDS)
        at = max(at, now)
        if ending is Ending.HUNG_UP:
            return at
        self._cut(at, ending or Cause.CLIENT_TIMER)
        if self._end is not None and self._end.server_waits and not self.server.is_over:
            self.server_leaves_at = max(sent, self.connection.wrote()[0]) + self._server_host.mta.idle_timeout
        return at

    def _take_last_words(self, now: float) -> None:
        """The server has waited for too long, says so and closes the connection (RFC 5321 section 4.5.3.2.7)."""
        written = self.server.close(replies.E421_TIMEOUT)
        if self._trace is not None:
            self._trace(now, "<", written)
        self.client.read(written)

    def _leave_behind(self, flight: bytes, now: float, sent: float, arrives: float) -> Waits:
        """The client has given up; its kernel goes on with what it holds, and nobody hears of what that brings."""
        held = self.connection.abandon(now, sent, arrives)
        try:
            at = next(held)
            while True:
                if at > now:
                    now = yield at
                at = held.send(self._peek())
        except StopIteration as there:
            arrives = there.value
        if arrives < min(self._client_host_until, self._server_down):
            self.server.read(flight)
            self._began = min(self._began, arrives)
            self._orphan(arrives + self._service(), self._server_down)

    def _orphan(self, ready: float, server_down: float) -> None:
        """The server is at work on mail whose client will be gone, or dies over it itself."""
        if ready < server_down:
            for mail in self.server.accepted:
                self._sink.take_later(mail, self.spent(ready), ready, self.contacted_at, self._began)

    def spent(self, until: float) -> HopTime:
        """What the session took up to a time: contact, transfer, service."""
        before, after = self.service_s
        contacted = min(self.contacted_at, until)
        return contacted - self.started_at - before, until - contacted - after, before + after

    def _window_by_window(
        self, now: float, size: int, end: float
    ) -> Generator[float, float, tuple[float, float, float]]:
        """Send a flight of several windows, so that transfers under way at the same time share the lines.

        Gives when it arrives (inf if the client stops waiting before that is known), the time then, and when it stops
        waiting: at `end` if all were written at once.
        """
        begun, windows = now, self.connection.windows(now, size, True)
        try:
            at = next(windows)
            while at <= (last := self._gives_up(begun, end)):
                if at > now:
                    now = at if self._advance_if_idle(at) else (yield at)
                at = windows.send(self._peek())
        except StopIteration as sent:
            return max(sent.value, now), now, max(self._gives_up(begun, end), now)
        return inf, now, max(last, now)

    def _gives_up(self, begun: float, end: float) -> float:
        """When the client gives up, as far as it has written a flight that begun at a time.

        Each write has a time of its own, and all of them one together; that for the reply begins with the last write,
        which has as much.
        """
        policy, (wrote_at, writes_left) = self._policy, self.connection.wrote()
        since = max(wrote_at, begun)
        last = since + policy.data_xfer_timeout if writes_left > 1 else end + since - begun
        if writes_left:
            last = min(last, begun + policy.data_total_timeout)
        return min(last, self._until)

    def _cut(self, at: float, why: Cause | Ending) -> float:
        """Note how the session ends before its time, and give when."""
        if at == self._client_up_until:
            why = Cause.CLIENT_STOPPED if at < self._client_host_until else Cause.CLIENT_DOWN
        elif at >= self._server_closes:
            why = Cause.SERVER_STOPPED
        self._end = ENDS[why]
        self.outcome = self._end.outcome
        if self.outcome is not None:
            awaits = self.client.awaits if self.connected else "connect"
            self.failure = Failure(0, self.outcome.status, self.outcome.reason, at=awaits)
            self.client.end(self.failure)
        return at

    def _service(self) -> float:
        """What the server takes for what it has just been told."""
        reception = self.server
        took = self._times.serving(reception.commands, commits=bool(reception.accepted)) + reception.sleep
        reception.commands = 0
        return took

    def _count_service(self, took: float) -> None:
        self.service_s[self.contacted_at < inf] += took
