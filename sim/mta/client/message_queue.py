"""What hosts say by MQTT: one publishes to a broker, one subscribes there, and the broker passes on to a subscriber.

Each message is published at least once (QoS 1): whoever takes it over answers with PUBACK (MQTT 3.1.1 section 4.3.2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sim.mail.address import Address
from sim.mail.directory import directory_of
from sim.mail.path import Path
from sim.mta.client.envelope import Mailing
from sim.mta.client.machine_client import MachineClient
from sim.mta.queue.failure import Failure
from sim.protocol import mqtt
from sim.protocol.mqtt.codec import LONGEST, read_header
from sim.protocol.mqtt.endpoint import Endpoint
from sim.protocol.mqtt.packets import (
    Connack,
    Connect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Subscribe,
)
from sim.protocol.smtp.replies import Reply
from sim.scenario.spec import Host

KEEP_ALIVE: Final = 60
"""After how many s of silence a subscriber asks whether the broker is there: paho's and mosquitto_sub's default."""

SILENCE: Final = 1.5 * KEEP_ALIVE
"""After how many s of silence the broker closes the connection (MQTT 3.1.1 section 3.1.2.10)."""

PATIENCE: Final = 300.0
"""How long a publisher waits for an answer, s."""


class Acknowledgement(Reply):
    """A PUBACK where a reply is asked for: it has no code, and says that the message was taken."""

    __slots__ = ()

    @property
    def positive(self) -> bool:
        """Always: there is no other (section 3.3.5)."""
        return True


TAKEN: Final = Acknowledgement(0, ("PUBACK",))


class _Dialogue(MachineClient[Endpoint]):
    """What all of them have in common."""

    peer = "broker"

    def __init__(self, host: Host, machine: Endpoint, patience: float = PATIENCE) -> None:
        super().__init__(host, machine, patience)

    def complete(self, octets: bytes) -> int:
        """How many of the first octets of a flight are whole packets."""
        whole = 0
        while (header := read_header(octets[whole:], LONGEST)) is not None and whole + sum(header) <= len(octets):
            whole += sum(header)
        return whole

    def _cut_off(self) -> None:
        self.end(Failure(0, "4.4.2", "lost connection with the broker", at=self.awaits))

    def _send(self, *packets: Packet) -> bytes:
        self.round_trips += 1
        return self._machine.send(*packets)

    def _take(self, packet: Packet) -> None:
        """A packet of the peer's."""
        if isinstance(packet, Connack) and packet.code:
            self.end(Failure(0, "4.3.2", f"the broker refuses the connection: return code {packet.code}", at="hello"))
        else:
            self.contacted = True


class _Publisher(_Dialogue):
    """Publishes a message for each of its recipients, all at once.

    Attributes:
        replies: `TAKEN` for each forward-path whose message the peer has taken.
        reports: whether the peer tells the sender what becomes of it: never.
    """

    awaits = "dot"
    reports = False

    def __init__(self, host: Host, machine: Endpoint, mailing: Mailing, patience: float = PATIENCE) -> None:
        super().__init__(host, machine, patience)
        self._mailing = mailing
        self.reads = len(mailing.content)
        self._sent: dict[int, Path] = {}
        self.replies: dict[Path, Reply] = {}

    def write(self) -> bytes:
        """A packet for each recipient."""
        packets = []
        for path in self._mailing.forward_paths:
            number = self._machine.next_id()
            self._sent[number] = path
            topic = directory_of(path.mailbox or Address("postmaster", "localhost"))
            packets.append(Publish(topic, self._mailing.content, 1, number))
        return self._send(*packets)

    def follow(self, mailing: Mailing, _stays: Callable[[], Mailing | bool] | None = None) -> None:
        """A session that was kept is to `resume` with this message."""
        self._mailing, self.reads = mailing, len(mailing.content)

    def resume(self) -> None:
        """Begin with the next message."""
        self.done, self.failure, self.replies = False, None, {}

    def refusal(self, path: Path, host: str) -> Failure:
        """Nobody is refused.

        Raises:
            LookupError: always.
        """
        raise LookupError(f"{host} has no word by which to refuse {path}")

    def _take(self, packet: Packet) -> None:
        super()._take(packet)
        if isinstance(packet, Puback) and packet.packet_id in self._sent:
            self.replies[self._sent.pop(packet.packet_id)] = TAKEN
            self.done = self.done or not self._sent


class Publication(_Publisher):
    """A host's side of a session that publishes one message, as mosquitto_pub(1) does it.

    Args:
        host: whose side this is.
        mailing: the message.
        name: what the client calls itself.
    """

    def __init__(self, host: Host, mailing: Mailing, name: str) -> None:
        super().__init__(host, mqtt.Client(), mailing)
        self.reads = 0
        self._name = name

    def write(self) -> bytes:
        """CONNECT, and when that is answered the message."""
        return super().write() if self.contacted else self._send(Connect(self._name, keep_alive=KEEP_ALIVE))

    def _take(self, packet: Packet) -> None:
        super()._take(packet)
        self.reads = len(self._mailing.content)


class Push(_Publisher):
    """A broker's side of a subscriber's session: it passes on one message after another.

    Args:
        host: the broker.
        machine: the one of the connection.
        mailing: the first message.
    """

    def __init__(self, host: Host, machine: Endpoint, mailing: Mailing) -> None:
        super().__init__(host, machine, mailing, SILENCE)
        self.contacted = True

    @property
    def kept(self) -> bool:
        """Whether it has left the session open: always, unless it has ended."""
        return self.failure is None


class Subscriber(_Dialogue):
    """A host's side of a session in which it gets messages: it connects and subscribes, and then asks now and then.

    Its session is kept by the broker while it is not connected, under its name (section 3.1.2.4).

    Args:
        host: whose side this is.
        filters: what it subscribes to.
    """

    def __init__(self, host: Host, filters: Sequence[str]) -> None:
        super().__init__(host, mqtt.Client(), SILENCE)
        self._host = host
        self._filters = filters
        self._says: tuple[Packet, ...] = (Connect(host.domain, clean_session=False, keep_alive=KEEP_ALIVE),)
        self.subscribed = False

    @property
    def machine(self) -> Endpoint:
        """The client's machine."""
        return self._machine

    @property
    def kept(self) -> bool:
        """Whether it has left the session open."""
        return self.subscribed and self.failure is None

    def write(self) -> bytes:
        """CONNECT, SUBSCRIBE, or PINGREQ."""
        return self._send(*self._says)

    def resume(self) -> None:
        """Ask whether the broker is there."""
        self.done = False
        self._says = (Pingreq(),)

    def _take(self, packet: Packet) -> None:
        super()._take(packet)
        if isinstance(packet, Connack):
            self._says = (Subscribe(self._machine.next_id(), tuple([(one, 1) for one in self._filters])),)
        self.subscribed = self.subscribed or isinstance(packet, Suback)
        self.done = self.done or isinstance(packet, Suback | Pingresp)
