"""The session driver: two protocol sides over one connection, as a plain generator of waits.

It knows nothing of simpy: it yields the time at which it goes on (s) and is sent it, so the world can
step through it event by event and a command can run it with no world at all. A flight is one wait: its arrival is
computed by the connection, which knows the links' and the server's weather.
"""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Protocol

from sim.mta.queue import Failure, HopTime
from sim.mta.reception import AcceptedMail, Reception
from sim.mta.transmission import Transmission
from sim.network.tcp import Connection
from sim.network.weather import Timeline
from sim.scenario.spec import Host, Postfix

Waits = Generator[float, float, None]
"""Yields the time at which it goes on (s), and is sent it when it has come."""


class Hears(Protocol):
    """Who is told each flight's bytes: the recorder, when dialogues are traced."""

    def __call__(self, now: float, direction: str, data: bytes) -> None:
        """The bytes of one flight, at the time when they were read."""


class FarEnd(Protocol):
    """The server's host, as far as a session has to do with it."""

    def admit(self) -> bool:
        """A connection is made; whether there are too many of them."""

    def take(self, mail: AcceptedMail, spent: HopTime, now: float) -> None:
        """Take custody of mail that is on disk now."""

    def take_later(self, mail: AcceptedMail, spent: HopTime, at: float) -> None:
        """Take custody of mail that will be on disk at `at`, when its client has gone."""


class Session:
    """One session: from the first SYN to the end of QUIT.

    When the waits are over, `outcome` is empty if both sides ran their dialogue to its end, else the network's name
    for what cut it: connect-timeout, timeout, connection-lost (the server restarted) or host-crash (the client's own),
    with `failure` in words.
    `connected` says whether the handshake succeeded; `contacted_at` is when mail was offered; `service_s` what the
    server took before and after that moment.
    """

    __slots__ = (
        "_client_up_until",
        "_far_end",
        "_hears",
        "_policy",
        "_reception",
        "_server",
        "_server_takes_time",
        "_server_weather",
        "connected",
        "connection",
        "contacted_at",
        "failure",
        "outcome",
        "service_s",
        "started_at",
        "transmission",
    )

    def __init__(
        self,
        transmission: Transmission,
        reception: Reception,
        connection: Connection,
        *,
        policy: Postfix,
        client_up_until: float,
        server: Host,
        server_weather: Timeline,
        far_end: FarEnd,
        hears: Hears | None = None,
    ) -> None:
        self.transmission = transmission
        self._reception = reception
        self.connection = connection
        self._policy = policy
        self._client_up_until = client_up_until
        self._server = server
        self._server_takes_time = server.service_time > 0 or server.commit_time > 0
        self._server_weather = server_weather
        self._far_end = far_end
        self._hears = hears
        self.outcome = ""
        self.failure: Failure | None = None
        self.connected = False
        self.started_at = 0.0
        self.contacted_at = inf
        self.service_s = [0.0, 0.0]

    def waits(self, now: float) -> Waits:  # noqa: C901, PLR0912, PLR0915 - one loop whose steps share their times
        """Run the session from `now`."""
        client, connection, policy = self.transmission, self.connection, self._policy
        up_until = self._client_up_until
        self.started_at = now
        end = min(now + policy.smtp_connect_timeout, up_until)
        arrives = connection.open(now, end)
        if arrives > end:
            yield self._cut(end, "connect-timeout")
            return
        self.connected = True
        ready = connection.accepted_at
        server_down = self._server_weather.next_down(ready)
        end = min(arrives + client.timeout(policy), up_until)
        written = self._reception.greet(busy=self._far_end.admit())
        while True:
            arrives = connection.send(ready, len(written), False)
            if arrives > end:
                yield self._cut(end, "timeout")
                return
            now = yield arrives
            if self._hears is not None:
                self._hears(now, "<", written)
            client.read(written)
            if client.done:
                return
            flight = client.write()
            if client.contacted and self.contacted_at == inf:
                self.contacted_at = now
            sent = now
            end = min(now + client.timeout(policy), up_until)
            if len(flight) <= connection.mss:
                arrives = connection.send(now, len(flight), True)
            else:
                end = min(end + 8 * len(flight) / connection.rate, up_until)
                whole = connection.send_window(now, len(flight), True)
                if whole is None:
                    arrives, now = yield from self._window_by_window(now, len(flight), end)
                else:
                    arrives = whole
            if arrives > end:
                yield self._cut(end, "timeout")
                return
            now = yield arrives
            if self._hears is not None:
                self._hears(now, ">", flight)
            if server_down <= now:
                # A restarted host knows nothing of the connection and answers its segments with a reset.
                yield self._cut(min(now + now - sent, end), "connection-lost")
                return
            written = self._reception.read(flight)
            ready = now
            if self._server_takes_time:
                ready += self._service()
                if ready > end or server_down <= ready:
                    self._orphan(now, ready, end, server_down)
                    yield self._cut(end, "timeout")
                    return
                self._count_service(ready - now)
                if ready > now:
                    now = yield ready
            for mail in self._reception.accepted:
                self._far_end.take(mail, self.spent(now), now)

    def _orphan(self, now: float, ready: float, end: float, server_down: float) -> None:
        """The server is at work on mail whose client will be gone, or dies over it itself."""
        self._count_service(min(end, ready, server_down) - now)
        if ready < server_down:
            for mail in self._reception.accepted:
                self._far_end.take_later(mail, self.spent(ready), ready)

    def spent(self, until: float) -> HopTime:
        """What the session took up to a time: contact, transfer, service."""
        before, after = self.service_s
        contacted = min(self.contacted_at, until)
        return contacted - self.started_at - before, until - contacted - after, before + after

    def _window_by_window(self, now: float, size: int, end: float) -> Generator[float, float, tuple[float, float]]:
        """Send a flight of several windows, so that transfers under way at the same time share the lines.

        Gives when it arrives (inf if the client stops waiting, at `end`, before that is known) and the time then.
        """
        windows = self.connection.windows(now, size, True)
        try:
            while (at := next(windows)) <= end:
                if at > now:
                    now = yield at
        except StopIteration as sent:
            return max(sent.value, now), now
        return inf, now

    def _cut(self, end: float, outcome: str) -> float:
        """Note how the session ends before its time, and give when."""
        status = "4.4.1" if outcome == "connect-timeout" else "4.4.2"
        if end == self._client_up_until:
            outcome = "host-crash"
        self.outcome, self.failure = outcome, Failure(0, status, _WORDS[outcome])
        return end

    def _service(self) -> float:
        """What the server takes for what it has just been told."""
        server, reception = self._server, self._reception
        took = reception.commands * server.service_time
        if reception.accepted:
            took += server.commit_time
        reception.commands = 0
        return took

    def _count_service(self, took: float) -> None:
        self.service_s[self.contacted_at < inf] += took


_WORDS = {
    "connect-timeout": "connection timed out",
    "timeout": "conversation timed out",
    "connection-lost": "lost connection",
    "host-crash": "this host went down",
}
