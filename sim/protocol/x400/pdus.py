"""What the two ends of an association send each other: transport's connection, and the session's and RTS's rest.

Transport is class 0 of X.224 over TPKT (RFC 1006), the session is X.225 with the functional units that the RTS needs
(half-duplex, minor synchronize, activity management, exceptions).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    """CR: a transport connection is asked for, between two selectors.

    Attributes:
        size: octets that a TPDU may have, a power of two from 128 to 8,192.
    """

    calling: bytes = b""
    called: bytes = b""
    size: int = 2048


@dataclass(frozen=True, slots=True)
class ConnectConfirm:
    """CC: it is there."""

    size: int = 2048


@dataclass(frozen=True, slots=True)
class DisconnectRequest:
    """DR: it is gone, or refused; 128 is the normal end (X.224 section 13.5.3)."""

    reason: int = 128


@dataclass(frozen=True, slots=True)
class Connect:
    """CN: a session is asked for.

    Attributes:
        reference: what the initiator calls the connection, and `common` the time at which it did, as ASN.1 has it.
        user_data: the connection of presentation, and in it the bind.
    """

    user_data: bytes
    reference: bytes = b""
    common: bytes = b""


@dataclass(frozen=True, slots=True)
class Accept:
    """AC: the session is there."""

    user_data: bytes
    reference: bytes = b""
    common: bytes = b""


@dataclass(frozen=True, slots=True)
class Refuse:
    """RF: it is refused; the reason is one of X.225 section 8.3.5.10."""

    reason: int = 1
    user_data: bytes = b""


@dataclass(frozen=True, slots=True)
class ActivityStart:
    """AS: a message begins, under a number of its own."""

    identifier: int


@dataclass(frozen=True, slots=True)
class ActivityResume:
    """AR: one goes on that had begun under `old`, behind its checkpoint `serial`."""

    identifier: int
    old: int
    serial: int


@dataclass(frozen=True, slots=True)
class Data:
    """DT: a piece of the message."""

    user_data: bytes


@dataclass(frozen=True, slots=True)
class MinorSync:
    """MIP: a checkpoint."""

    serial: int


@dataclass(frozen=True, slots=True)
class MinorSyncAck:
    """MIA: all up to a checkpoint is safe."""

    serial: int


@dataclass(frozen=True, slots=True)
class ActivityEnd:
    """AE: the message ends, with a major synchronization."""

    serial: int


@dataclass(frozen=True, slots=True)
class ActivityEndAck:
    """AEA: it is the receiver's now."""

    serial: int


@dataclass(frozen=True, slots=True)
class ActivityInterrupt:
    """AI: the message is broken off, and may go on later."""

    reason: int = 1


@dataclass(frozen=True, slots=True)
class ActivityInterruptAck:
    """AIA: so it is."""


@dataclass(frozen=True, slots=True)
class ActivityDiscard:
    """AD: the message is broken off, and what came of it is nothing."""

    reason: int = 1


@dataclass(frozen=True, slots=True)
class ActivityDiscardAck:
    """ADA: so it is."""


@dataclass(frozen=True, slots=True)
class ExceptionReport:
    """ED: the receiver cannot go on with the message; 1 is a local error (X.225 section 8.3.20)."""

    reason: int = 1


@dataclass(frozen=True, slots=True)
class Finish:
    """FN: the association is released."""

    user_data: bytes = b""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """DN: so it is."""

    user_data: bytes = b""


@dataclass(frozen=True, slots=True)
class Abort:
    """AB: it ends at once."""

    user_data: bytes = b""


TransportPdu = ConnectRequest | ConnectConfirm | DisconnectRequest
SessionPdu = (
    Connect
    | Accept
    | Refuse
    | ActivityStart
    | ActivityResume
    | Data
    | MinorSync
    | MinorSyncAck
    | ActivityEnd
    | ActivityEndAck
    | ActivityInterrupt
    | ActivityInterruptAck
    | ActivityDiscard
    | ActivityDiscardAck
    | ExceptionReport
    | Finish
    | Disconnect
    | Abort
)
Pdu = TransportPdu | SessionPdu
