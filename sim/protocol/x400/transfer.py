"""The reliable transfer of one message: its blocks and checkpoints, within a window (X.218, X.228 section 7.4).

A message that is not longer than a checkpoint's interval goes in one block, with none.
"""

from __future__ import annotations

from typing import Final

from sim.protocol.errors import RemoteProtocolError
from sim.protocol.x400.pdus import (
    ActivityEnd,
    ActivityEndAck,
    ActivityResume,
    ActivityStart,
    Data,
    MinorSync,
    MinorSyncAck,
    SessionPdu,
)
from sim.protocol.x400.presentation import Mode, unwrap_data, wrap_data

UNIT: Final = 1024
"""Octets of one unit of a checkpoint's size (X.228 section 7.1.1.1)."""


class Sending:
    """A message that is sent.

    Args:
        message: its octets.
        mode: how they are put into the session's data.
        checkpoint: the interval of checkpoints in units of 1,024 octets; 0 means that there are none.
        window: how many checkpoints may be unacknowledged.
        identifier: the activity's number.
        resumes: the number under which the message had begun, and the last checkpoint that was acknowledged.

    Attributes:
        acknowledged: the last checkpoint that has been.
        done: whether the message is the receiver's.
    """

    def __init__(
        self,
        message: bytes,
        mode: Mode,
        *,
        checkpoint: int = 1,
        window: int = 3,
        identifier: int = 1,
        resumes: tuple[int, int] | None = None,
    ) -> None:
        size = checkpoint * UNIT or max(len(message), 1)
        self._blocks = [message[at : at + size] for at in range(0, len(message), size)] or [b""]
        self._mode = mode
        self._window = max(window, 1)
        self._ended = self.done = False
        self.acknowledged = self._sent = self._synced = 0
        self._start: ActivityStart | ActivityResume | None = ActivityStart(identifier)
        # Where no checkpoint was acknowledged all of it goes again.
        if resumes is not None and resumes[1] > 0:
            old, serial = resumes
            self._start = ActivityResume(identifier, old, serial)
            self.acknowledged = self._sent = self._synced = min(serial, len(self._blocks) - 1)

    def next(self) -> list[SessionPdu]:
        """What may go now; nothing where an acknowledgement is to come first."""
        pdus: list[SessionPdu] = []
        if self._start is not None:
            pdus.append(self._start)
            self._start = None
        blocks = self._blocks
        while not self._ended:
            if self._sent > self._synced and self._sent < len(blocks):
                if self._synced - self.acknowledged >= self._window:
                    break
                self._synced += 1
                pdus.append(MinorSync(self._synced))
            elif self._sent < len(blocks):
                pdus.append(Data(wrap_data(blocks[self._sent], self._mode)))
                self._sent += 1
            else:
                self._ended = True
                pdus.append(ActivityEnd(len(blocks)))
        return pdus

    def take(self, pdu: MinorSyncAck | ActivityEndAck) -> None:
        """The receiver acknowledges checkpoints, or all of it.

        Raises:
            RemoteProtocolError: one that was not set.
        """
        if isinstance(pdu, ActivityEndAck):
            self.done = True
            return
        if not self.acknowledged < pdu.serial <= self._synced:
            raise RemoteProtocolError(
                f"checkpoint {pdu.serial} is acknowledged: allowed are {self.acknowledged + 1} to {self._synced}"
            )
        self.acknowledged = pdu.serial


class Receiving:
    """A message that comes in.

    Args:
        mode: how it is put into the session's data.
        longest: octets that it may have.
        begun: what of it has come before, by checkpoints, where it is resumed behind `serial`.

    Attributes:
        blocks: its blocks so far; those behind the last checkpoint are not safe.
        serial: the last checkpoint.
    """

    def __init__(self, mode: Mode, longest: int, begun: list[bytes] | None = None, serial: int = 0) -> None:
        self._mode = mode
        self._longest = longest
        self.blocks = (begun or [])[:serial]
        self.serial = serial
        self._octets = sum(map(len, self.blocks))

    def take(self, pdu: Data | MinorSync | ActivityEnd) -> MinorSyncAck | ActivityEndAck | None:
        """Take what comes next; gives what acknowledges it.

        Raises:
            RemoteProtocolError: a checkpoint is none of the next, or the message is too long.
        """
        if isinstance(pdu, Data):
            block = unwrap_data(pdu.user_data, self._mode)
            self._octets += len(block)
            if self._octets > self._longest:
                raise RemoteProtocolError(f"a message of {self._octets} octets: at most {self._longest} are taken")
            self.blocks.append(block)
            return None
        if pdu.serial != self.serial + 1:
            raise RemoteProtocolError(f"a checkpoint has the serial number {pdu.serial}: {self.serial + 1} is allowed")
        self.serial = pdu.serial
        return ActivityEndAck(pdu.serial) if isinstance(pdu, ActivityEnd) else MinorSyncAck(pdu.serial)

    @property
    def message(self) -> bytes:
        """The octets that have come."""
        return b"".join(self.blocks)
