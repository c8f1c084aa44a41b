"""The session driver: two protocol sides over one connection, as a plain generator of waits.

It knows nothing of simpy: it yields how long it waits (s) and is sent the time at which it goes on, so the world can
step through it event by event and a command can run it with no world at all. A flight is one wait: its arrival is
computed by the connection, which knows the links' and the server's weather.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import inf
from typing import Protocol

from sim.mta.queue import Failure, HopTime
from sim.mta.reception import AcceptedMail, Reception
from sim.mta.transmission import Transmission
from sim.network.tcp import Connection
from sim.network.weather import Timeline
from sim.scenario.spec import Host, Postfix

Waits = Generator[float, float, None]
"""Yields seconds to wait; is sent the time after each."""


class Hears(Protocol):
    """Who is told each flight's bytes: the recorder, when dialogues are traced."""

    def __call__(self, now: float, direction: str, data: bytes) -> None:
        """The bytes of one flight, at the time when they were read."""


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
        "_hears",
        "_policy",
        "_reception",
        "_server",
        "_server_takes_time",
        "_server_weather",
        "_take",
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
        take: Callable[[AcceptedMail, HopTime, float], None],
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
        self._take = take
        self._hears = hears
        self.outcome = ""
        self.failure: Failure | None = None
        self.connected = False
        self.started_at = 0.0
        self.contacted_at = inf
        self.service_s = [0.0, 0.0]

    def waits(self, now: float, *, busy: bool) -> Waits:  # noqa: C901, PLR0912, PLR0915 - one loop whose steps share their times
        """Run the session from `now`; `busy` says that the server's session limit is reached."""
        client, connection, policy = self.transmission, self.connection, self._policy
        up_until = self._client_up_until
        self.started_at = now
        deadline = now + policy.smtp_connect_timeout
        arrives = connection.open(now)
        if arrives > deadline or arrives > up_until:
            yield self._cut(deadline, "connect-timeout") - now
            return
        self.connected = True
        ready = connection.accepted_at
        server_down = self._server_weather.next_down(ready)
        deadline = arrives + client.timeout(policy)
        written = self._reception.greet(busy=busy)
        while True:
            arrives = connection.send(ready, len(written), False)
            if arrives > deadline or arrives > up_until:
                yield self._cut(deadline, "timeout") - now
                return
            now = yield arrives - now
            if self._hears is not None:
                self._hears(now, "<", written)
            client.read(written)
            if client.done:
                return
            flight = client.write()
            if client.contacted and self.contacted_at == inf:
                self.contacted_at = now
            deadline = now + client.timeout(policy)
            if len(flight) <= connection.mss:
                arrives = connection.send(now, len(flight), True)
            else:
                deadline += 8 * len(flight) / connection.rate
                whole = connection.send_window(now, len(flight), True)
                if whole is None:
                    arrives, now = yield from self._window_by_window(now, len(flight), min(deadline, up_until))
                else:
                    arrives = whole
            if arrives > deadline or arrives > up_until:
                yield self._cut(deadline, "timeout") - now
                return
            now = yield arrives - now
            if self._hears is not None:
                self._hears(now, ">", flight)
            if server_down <= now:
                self._lost()
                return
            written = self._reception.read(flight)
            ready = now
            if self._server_takes_time:
                ready += self._service()
            if ready > now:
                if server_down <= ready:
                    # The host died over its answer: nothing is sent, and the client waits for its timer.
                    yield self._cut(deadline, "timeout") - now
                    return
                now = yield ready - now
            for mail in self._reception.accepted:
                self._take(mail, self.spent(now), now)

    def spent(self, until: float) -> HopTime:
        """What the session took up to a time: contact, transfer, service."""
        before, after = self.service_s
        contacted = min(self.contacted_at, until)
        return contacted - self.started_at - before, until - contacted - after, before + after

    def _window_by_window(self, now: float, size: int, end: float) -> Generator[float, float, tuple[float, float]]:
        """Send a flight of several segments, so that transfers under way at the same time share the lines.

        Gives when it arrives (inf if the client stops waiting, at `end`, before that is known) and the time then.
        """
        sending = self.connection.windows(now, size, True)
        try:
            while (at := next(sending)) <= end:
                if at > now:
                    now = yield at - now
        except StopIteration as sent:
            return max(sent.value, now), now
        return inf, now

    def _cut(self, deadline: float, outcome: str) -> float:
        """The end of a session that waits in vain: at the deadline, or when its own host goes down."""
        status = "4.4.1" if outcome == "connect-timeout" else "4.4.2"
        if self._client_up_until < deadline:
            outcome = "host-crash"
        self.outcome, self.failure = outcome, Failure(0, status, _WORDS[outcome])
        return min(deadline, self._client_up_until)

    def _lost(self) -> None:
        # A restarted host knows nothing of the connection and answers its segments with a reset.
        self.outcome = "connection-lost"
        self.failure = Failure(0, "4.4.2", _WORDS["connection-lost"])

    def _service(self) -> float:
        server, reception = self._server, self._reception
        took = reception.commands * server.service_time
        if reception.accepted:
            took += server.commit_time
        reception.commands = 0
        self.service_s[self.contacted_at < inf] += took
        return took


_WORDS = {
    "connect-timeout": "connection timed out",
    "timeout": "conversation timed out",
    "connection-lost": "lost connection",
    "host-crash": "this host went down",
}
