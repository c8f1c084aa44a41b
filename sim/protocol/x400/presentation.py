"""What the session's user data are: presentation, association control, the RTS's parameters and the bind.

1988: ACSE in normal mode (X.226, X.227, X.228). 1984: X.410 mode, in which the RTS's parameters are presentation's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from sim.protocol.errors import RemoteProtocolError
from sim.protocol.x400 import ber
from sim.protocol.x400.syntax import decode, encode

Mode = Literal["1984", "1988"]

_ACSE, _RTSE, _MTSE = 1, 3, 5
"""The presentation contexts (X.226 section 8.2.3.3)."""

_BER: Final = "2.1.1"
_CONTEXT_NAME: Final = "2.6.0.1.6"
_SYNTAXES: Final = {_ACSE: "2.2.1.0.1", _RTSE: "2.6.0.2.12", _MTSE: "2.6.0.2.7"}
"""Abstract syntaxes (X.227 annex A; X.419 annex A: mta-rtse and mtse); the application context is mts-transfer."""

_VERSION: Final = (b"\x80", 1)
_NORMAL, _X410 = 1, 0
_OCTETS: Final = 0x04
_RTORQ, _RTOAC, _RTORJ, _SINGLE, _USER_DATA = 0xB0, 0xB1, 0xB2, 0xA0, 0x61
_SET: Final = 0x31
_EXTERNAL: Final = 0x28


@dataclass(frozen=True, slots=True)
class Bind:
    """Who opens an association, or answers, and how messages are to go over it.

    Attributes:
        name: the MTA's.
        password: its simple credentials.
        checkpoint: the interval of checkpoints in units of 1,024 octets.
        window: how many checkpoints may be unacknowledged.
    """

    name: str
    password: str = ""
    checkpoint: int = 63
    window: int = 3

    def agreed(self, other: Bind) -> Bind:
        """What this end grants of what the other proposes: the smaller of each, where 0 means no checkpoints."""
        sizes = [size for size in (self.checkpoint, other.checkpoint) if size]
        return replace(self, checkpoint=min(sizes, default=0), window=min(self.window, other.window))


def write_bind(bind: Bind, mode: Mode) -> bytes:
    """The user data of CONNECT."""
    argument = {"initiator-name": bind.name, "initiator-credentials": ("text", bind.password)}
    parameters = _parameters(bind, encode("MTABind", argument), 0xB0 if mode == "1988" else 0)
    if mode == "1984":
        rtorq = encode("RTORQ", parameters | {"application-protocol": 1})
        return ber.wrap(_SET, _selector(_X410), ber.wrap(0xA1, _inside(rtorq)))
    rtorq = ber.wrap(_RTORQ, _inside(encode("RTORQ", parameters)))
    aarq = encode("AARQ", {"application-context-name": _CONTEXT_NAME, "user-information": _information(rtorq)})
    contexts = [
        {"identifier": number, "abstract-syntax": name, "transfer-syntaxes": [_BER]}
        for number, name in _SYNTAXES.items()
    ]
    normal = {
        "protocol-version": _VERSION,
        "presentation-context-definition-list": contexts,
        "user-data": _pdv(_ACSE, aarq),
    }
    return encode("CP", {"mode-selector": {"mode-value": _NORMAL}, "normal-mode-parameters": normal})


def read_bind(octets: bytes) -> tuple[Bind, Mode]:
    """What CONNECT's user data say.

    Raises:
        RemoteProtocolError: it is no bind.
    """
    rtorq, mode = _connection(octets, "CP", "AARQ", _RTORQ)
    argument = decode("MTABind", _open(rtorq := decode("RTORQ", rtorq), 0xB0 if mode == "1988" else 0))
    return _bind(rtorq, argument["initiator-name"], argument["initiator-credentials"]), mode


def write_bind_result(bind: Bind, mode: Mode) -> bytes:
    """The user data of ACCEPT."""
    argument = {"responder-name": bind.name, "responder-credentials": ("text", bind.password)}
    parameters = _parameters(bind, encode("MTABindResult", argument), 0xB1 if mode == "1988" else 0)
    if mode == "1984":
        return ber.wrap(_SET, _selector(_X410), ber.wrap(0xA1, _inside(encode("RTOAC", parameters))))
    rtoac = ber.wrap(_RTOAC, _inside(encode("RTOAC", parameters)))
    aare = encode(
        "AARE",
        {
            "application-context-name": _CONTEXT_NAME,
            "result": 0,
            "result-source-diagnostic": ("acse-service-user", 0),
            "user-information": _information(rtoac),
        },
    )
    results = [{"result": 0, "transfer-syntax": _BER}] * len(_SYNTAXES)
    normal = {
        "protocol-version": _VERSION,
        "presentation-context-definition-result-list": results,
        "user-data": _pdv(_ACSE, aare),
    }
    return encode("CPA", {"mode-selector": {"mode-value": _NORMAL}, "normal-mode-parameters": normal})


def read_bind_result(octets: bytes) -> Bind:
    """What ACCEPT's user data say.

    Raises:
        RemoteProtocolError: it is no result of a bind.
    """
    rtoac, mode = _connection(octets, "CPA", "AARE", _RTOAC)
    argument = decode("MTABindResult", _open(rtoac := decode("RTOAC", rtoac), 0xB1 if mode == "1988" else 0))
    return _bind(rtoac, argument["responder-name"], argument["responder-credentials"])


def write_release(mode: Mode, *, asks: bool) -> bytes:
    """The user data of FINISH, or of DISCONNECT."""
    if mode == "1984":
        return b""
    return encode("UserData", _pdv(_ACSE, encode("RLRQ" if asks else "RLRE", {"reason": 0})))


def wrap_apdu(apdu: bytes, mode: Mode) -> bytes:
    """What RT-TRANSFER carries: in 1988 an MPDU in an EXTERNAL of P1's context, in 1984 as it is."""
    return apdu if mode == "1984" else ber.wrap(_EXTERNAL, b"\2\1" + bytes([_MTSE]), ber.wrap(_SINGLE, apdu))


def unwrap_apdu(octets: bytes, mode: Mode) -> bytes:
    """The MPDU that RT-TRANSFER carried.

    Raises:
        RemoteProtocolError: it carried something else.
    """
    if mode == "1984":
        return octets
    try:
        [(external, inside)] = ber.elements(octets)
        [(number, context), (single, apdu)] = ber.elements(inside)
    except ValueError:
        raise RemoteProtocolError("what was transferred is not one EXTERNAL") from None
    if (external, number, context, single) != (_EXTERNAL, 2, bytes([_MTSE]), _SINGLE):
        raise RemoteProtocolError("what was transferred is no EXTERNAL of P1's context")
    return apdu


def wrap_data(block: bytes, mode: Mode) -> bytes:
    """A block of a message as a session's data: in 1988 an RT-TRANSFER in a PDV, in 1984 as it is."""
    if mode == "1984":
        return block
    single = ber.wrap(_SINGLE, ber.wrap(_OCTETS, block))
    return ber.wrap(_USER_DATA, ber.wrap(0x30, b"\2\1" + bytes([_RTSE]), single))


def unwrap_data(data: bytes, mode: Mode) -> bytes:
    """The block in a session's data.

    Raises:
        RemoteProtocolError: there is none.
    """
    if mode == "1984":
        return data
    try:
        [(outer, pdvs)] = ber.elements(data)
        [(sequence, pdv)] = ber.elements(pdvs)
        [(number, context), (single, value)] = ber.elements(pdv)
        [(tag, block)] = ber.elements(value)
    except ValueError:
        raise RemoteProtocolError("a session's data are not one PDV") from None
    if (outer, sequence, number, context, single) != (_USER_DATA, 0x30, 2, bytes([_RTSE]), _SINGLE):
        raise RemoteProtocolError("a session's data are no RT-TRANSFER")
    return ber.string(tag, block)


def _parameters(bind: Bind, data: bytes, tag: int) -> dict[str, Any]:
    """The RTS's parameters; in normal mode the bind has a tag of its own (X.229 section 8, BIND)."""
    opened = ber.wrap(tag, data) if tag else data
    return {"checkpoint-size": bind.checkpoint, "window-size": bind.window, "connection-data": ("open", opened)}


def _bind(said: dict[str, Any], name: str, credentials: tuple[str, Any]) -> Bind:
    kind, password = credentials
    if kind != "text":
        raise RemoteProtocolError("a password of octets: one of text is allowed")
    if said["checkpoint-size"] < 0 or said["window-size"] < 1:
        raise RemoteProtocolError(
            f"a checkpoint of {said['checkpoint-size']} and a window of {said['window-size']}: 0 and 1 are the least"
        )
    return Bind(name, password, said["checkpoint-size"], said["window-size"])


def _open(said: dict[str, Any], tag: int) -> bytes:
    kind, octets = said["connection-data"]
    if kind != "open":
        raise RemoteProtocolError("an association is to be recovered that is not known")
    if not tag:
        return bytes(octets)
    found = ber.elements(bytes(octets))
    if [outer for outer, _ in found] != [tag]:
        raise RemoteProtocolError(f"an association is opened with something else than [{tag & 31}]")
    return found[0][1]


def _connection(octets: bytes, outer: str, inner: str, tag: int) -> tuple[bytes, Mode]:
    """The RTS's parameters as the SET that they are, and the mode."""
    try:
        [(_, content)] = ber.elements(octets)
        fields = dict(ber.elements(content))
        if fields.get(0xA0) == _inside(_selector(_X410)):
            return ber.wrap(_SET, fields[0xA1]), "1984"
        normal = decode(outer, octets)["normal-mode-parameters"]
        [pdv] = normal["user-data"]
        [association] = decode(inner, bytes(pdv["single-ASN1-type"]))["user-information"]
        [(found, content)] = ber.elements(bytes(association["single-ASN1-type"]))
    except (ValueError, KeyError):
        raise RemoteProtocolError(f"a session's user data hold no {inner} with a bind") from None
    if found != tag:
        raise RemoteProtocolError(f"the RTS's PDU has the tag {found:#04x}: {tag:#04x} is allowed")
    return ber.wrap(_SET, content), "1988"


def _information(pdu: bytes) -> list[dict[str, Any]]:
    return [{"direct-reference": _BER, "indirect-reference": _RTSE, "single-ASN1-type": pdu}]


def _selector(mode: int) -> bytes:
    return ber.wrap(0xA0, ber.wrap(0x80, bytes([mode])))


def _inside(octets: bytes) -> bytes:
    start, end, _ = ber.element(octets)
    return octets[start:end]


def _pdv(context: int, value: bytes) -> list[dict[str, Any]]:
    return [{"identifier": context, "single-ASN1-type": value}]
