"""How a client gets through to a server's program: past its kernel's listen queue, and with what it writes."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from sim.network.interface import Ending, Steps, Transport
from sim.network.tcp.handshake import ANSWER_GAPS
from sim.world.engine.interfaces import ClientDialogue, ServerHost
from sim.world.engine.lifetimes import BrokenOffError
from sim.world.engine.session_ends import Cause
from sim.world.engine.stepping import IdleClock, follow


def connect(
    connection: Transport, host: ServerHost, now: float, end: float, clock: IdleClock
) -> Generator[Any, float, tuple[float, float]]:
    """Connect, and give up at `end`; gives when the client is connected, and the time."""
    if host.drops():
        now = yield from _repeat_syn(connection, host, now, end)
    connected = connection.open(now, end)
    if not isinstance(connected, float):
        connected, now = yield from follow(connected, now, clock, lambda _: end)
    if connected > end:
        at, why = connection.end(end)
        raise BrokenOffError(at, why if why is Ending.REFUSED else Cause.NO_SYN_ACK)
    return connected, now


def _repeat_syn(connection: Transport, host: ServerHost, now: float, end: float) -> Generator[float, float, float]:
    """The listen queue is full: the server's kernel drops SYNs. Gives when one is taken."""
    for at in connection.repeat_syn(now):
        now = at
        if now > end:
            break
        yield now
        if not host.drops():
            return now
    raise BrokenOffError(min(now, end), Cause.NO_SYN_ACK)


def wait_to_be_served(
    connection: Transport, host: ServerHost, now: float, end: float
) -> Generator[Any, float, tuple[bool, float]]:
    """The server's program serves as many as it can: the client waits in the listen queue, or is refused.

    Gives whether it is refused in words, and when the greeting can be written.
    """
    yield now
    for gap in ANSWER_GAPS["linux"]:
        if not host.drops():
            break
        # The queue has filled since the SYN came: the third packet is dropped, and asked for by SYN-ACKs.
        now += gap
        if now >= end:
            break
        yield now
    place = host.join_queue(end) if now < end and not host.drops() else None
    if place == "refuse":
        return True, now
    if place == "reset":
        raise BrokenOffError(connection.reset(now, end), Ending.RESET)
    if place is None:
        raise BrokenOffError(end, Cause.CLIENT_TIMER)
    now = yield place
    if not place.admitted:
        raise BrokenOffError(now, Cause.CLIENT_TIMER)
    return False, now


def write(
    steps: Steps,
    client: ClientDialogue,
    connection: Transport,
    *,
    now: float,
    end: float,
    until: float,
    clock: IdleClock,
) -> Generator[Any, float, tuple[float, float, float]]:
    """A flight of the client's that is played from `now` on, whose answer it would await until `end`.

    Each of its writes has a time of its own, and all of them one together; that for the answer begins with the last
    write, which has as much; and nothing goes on beyond `until`.

    Gives when the flight arrives, the time, and until when the client waits for the answer.
    """
    begun = now

    def gives_up(_: float = 0.0) -> float:
        wrote_at, writes_left = connection.wrote()
        since = max(wrote_at, begun)
        last = since + client.write_timeout if writes_left > 1 else end + since - begun
        if writes_left:
            last = min(last, begun + client.flight_timeout)
        return min(last, until)

    arrives, now = yield from follow(steps, now, clock, gives_up)
    return arrives, now, max(gives_up(), now)
