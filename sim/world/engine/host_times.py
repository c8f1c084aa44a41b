"""What things take a host's programs: fixed, or drawn each time from a stream of the host's own."""

from __future__ import annotations

from random import Random

from sim.scenario.distribution import Distribution
from sim.scenario.spec import Host


class HostTimes:
    """A host's times, in s. `serves_at_once` says that its server takes none.

    Args:
        host: whose times they are.
        random: what those that vary are drawn from.
        delay: what comes to putting mail on disk.
    """

    __slots__ = ("_command", "_commit", "_delay", "_host", "_next_message", "_random", "serves_at_once")

    def __init__(self, host: Host, random: Random, delay: float = 0.0) -> None:
        self._host = host
        self._command = host.service_time
        self._commit = host.commit_time
        self._next_message = host.next_message_time or 0.0
        self._delay = delay
        self._random = random
        self.serves_at_once = host.service_time == host.commit_time == delay == 0

    def serving(self, commands: int, *, commits: bool) -> float:
        """What the server takes for so many commands, and for putting mail on disk."""
        command = self._command
        if isinstance(command, float | int):
            took = commands * command
        else:
            took = sum([command.sample(self._random) for _ in range(commands)])
        return took + self._delay + self._one(self._commit) if commits else took

    def next_message(self) -> float:
        """What the client takes before it begins the next message of a session."""
        return self._one(self._next_message)

    def slower(self, delay: float) -> HostTimes:
        """The same with so much more for putting mail on disk."""
        return HostTimes(self._host, self._random, delay)

    def _one(self, time: float | Distribution) -> float:
        return time if isinstance(time, float | int) else time.sample(self._random)
