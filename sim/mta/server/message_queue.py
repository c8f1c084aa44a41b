"""The receiving sides of sessions by MQTT: a broker's, and a subscriber's when the broker passes a message on."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from sim.mail.directory import owner_of
from sim.mail.path import NULL_PATH, Path
from sim.mta.server.transactions import AcceptedMail
from sim.protocol import mqtt
from sim.protocol.dialogue import MachineServer
from sim.protocol.mqtt.codec import LONGEST
from sim.protocol.mqtt.endpoint import Endpoint
from sim.protocol.mqtt.packets import (
    BAD_CLIENT_ID,
    BAD_LEVEL,
    LEVEL,
    UNAVAILABLE,
    Connack,
    Connect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)
from sim.protocol.mqtt.topics import matches
from sim.scenario.spec import Host


class Subscriptions:
    """Who has subscribed to what with a broker: it outlives connections (MQTT 3.1.1 section 3.1.2.4)."""

    def __init__(self) -> None:
        self._filters: dict[str, dict[str, int]] = {}

    def knows(self, client: str) -> bool:
        """Whether a client's session is kept."""
        return client in self._filters

    def begin(self, client: str, *, clean: bool) -> bool:
        """A client connects; whether its session was kept. A clean session begins anew."""
        present = client in self._filters and not clean
        if not present:
            self._filters[client] = {}
        return present

    def add(self, client: str, wishes: Sequence[tuple[str, int]]) -> None:
        """A client subscribes to filters, each with the highest QoS that it wants."""
        self._filters.setdefault(client, {}).update(wishes)

    def remove(self, client: str, filters: Sequence[str]) -> None:
        """A client does so no longer."""
        for one in filters:
            self._filters.get(client, {}).pop(one, None)

    def of(self, topic: str) -> list[str]:
        """The clients that get what is published under a topic."""
        return [client for client, filters in self._filters.items() if any(matches(one, topic) for one in filters)]


class MessageReception(MachineServer[Endpoint]):
    """The side of a session that takes messages: a subscriber's, on the connection that it made.

    Args:
        machine: the one of the connection.

    Attributes:
        accepted: the mail taken by the last call of `read`: it has no sender.
        commands: how many packets have been answered.
    """

    patience = inf

    def __init__(self, machine: Endpoint) -> None:
        super().__init__(machine)
        # The numbers of messages of QoS 2 that have been taken, and not yet released.
        self._taken: set[int] = set()

    def _answer(self, packet: Packet) -> Sequence[Packet]:
        self.commands += 1
        return self._answers(packet)

    def _answers(self, packet: Packet) -> Sequence[Packet]:
        """What a packet is answered."""
        match packet:
            case Publish():
                owner = owner_of(packet.topic)
                if owner is not None and not (packet.qos == 2 and packet.packet_id in self._taken):
                    self.accepted.append(AcceptedMail(NULL_PATH, (Path(owner),), packet.payload))
                if packet.qos == 2:
                    self._taken.add(packet.packet_id)
                return ((), (Puback(packet.packet_id),), (Pubrec(packet.packet_id),))[packet.qos]
            case Pubrel():
                self._taken.discard(packet.packet_id)
                return (Pubcomp(packet.packet_id),)
            case _:
                return ()


class BrokerReception(MessageReception):
    """A broker's side of one session.

    Args:
        host: the broker.
        subscriptions: those of its clients.
    """

    def __init__(self, host: Host, subscriptions: Subscriptions) -> None:
        super().__init__(mqtt.Server(longest=host.size_limit or LONGEST))
        self._subscriptions = subscriptions
        self.patience = host.mta.idle_timeout
        self.client = ""

    @property
    def machine(self) -> Endpoint:
        """The broker's machine."""
        return self._machine

    def _answers(self, packet: Packet) -> Sequence[Packet]:
        match packet:
            case Connect():
                return (self._connect(packet),)
            case Subscribe():
                self._subscriptions.add(self.client, packet.filters)
                # At most once and at least once is what it grants.
                return (Suback(packet.packet_id, tuple([min(qos, 1) for _, qos in packet.filters])),)
            case Unsubscribe():
                self._subscriptions.remove(self.client, packet.filters)
                return (Unsuback(packet.packet_id),)
            case Pingreq():
                return (Pingresp(),)
            case _:
                return super()._answers(packet)

    def _connect(self, packet: Connect) -> Connack:
        if packet.level != LEVEL:
            return Connack(code=BAD_LEVEL)
        if self._busy:
            return Connack(code=UNAVAILABLE)
        if not packet.client_id and not packet.clean_session:
            return Connack(code=BAD_CLIENT_ID)
        if packet.keep_alive:
            self.patience = 1.5 * packet.keep_alive
        self.client = packet.client_id
        present = not packet.clean_session and self._subscriptions.begin(self.client, clean=False)
        return Connack(session_present=present)
