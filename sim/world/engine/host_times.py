"""What things take a host's programs: fixed, or drawn each time from a stream of the host's own."""

from __future__ import annotations

from random import Random

from sim.scenario.distribution import Distribution
from sim.scenario.spec import Host


class HostTimes:
    """A host's times, in s. `serves_at_once` says that its server takes none, `thinks` that its client takes some.

    Args:
        host: whose times they are.
        random: what those that vary are drawn from.
        delay: what comes to putting mail on disk.
    """

    __slots__ = ("_delay", "_random", "host", "serves_at_once", "thinks")

    def __init__(self, host: Host, random: Random, delay: float = 0.0) -> None:
        self.host = host
        self._delay = delay
        self._random = random
        self.thinks = not host.think_time == host.read_time == 0
        self.serves_at_once = host.service_time == host.commit_time == delay == 0

    def greeting(self) -> float:
        """What the server takes before it greets."""
        time = self.host.greeting_time
        return self._one(time) if time else 0.0

    def serving(self, commands: int, *, commits: bool) -> float:
        """What the server takes for so many commands, and for putting mail on disk."""
        command = self.host.service_time
        if isinstance(command, float | int | None):
            took = commands * (command or 0.0)
        else:
            took = sum([command.sample(self._random) for _ in range(commands)])
        return took + self._delay + self._one(self.host.commit_time) if commits else took

    def thinking(self, octets: int) -> float:
        """What the client takes before it writes a flight for which it reads so many octets of a message."""
        think = self._one(self.host.think_time)
        return think + octets * self._one(self.host.read_time) if octets else think

    def next_message(self) -> float:
        """What the client takes before it begins the next message of a session."""
        return self._one(self.host.next_message_time)

    def slower(self, delay: float) -> HostTimes:
        """The same with so much more for putting mail on disk."""
        return HostTimes(self.host, self._random, delay)

    def _one(self, time: float | Distribution | None) -> float:
        return (time or 0.0) if isinstance(time, float | int | None) else time.sample(self._random)
