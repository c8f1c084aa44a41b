"""Values to octets and back by the ASN.1 of X.411, X.413, X.420 and what carries them: the files in `asn1/`.

asn1tools encodes and decodes. Neither it nor the files are read before something speaks X.400.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.x400 import ber

_FILES: Final = ("mts.asn", "ipms.asn", "ms.asn", "osi.asn")


@cache
def _specification() -> Any:  # noqa: ANN401 - a class that it does not name for others
    import asn1tools

    folder = files("sim.protocol.x400") / "asn1"
    return asn1tools.compile_string("\n".join([(folder / name).read_text("ascii") for name in _FILES]), "ber")


def encode(kind: str, value: Any) -> bytes:  # noqa: ANN401
    """The octets of a value of a type.

    Raises:
        LocalProtocolError: it is none of that type.
    """
    try:
        return bytes(_specification().encode(kind, value))
    except Exception as error:  # noqa: BLE001 - the library raises whatever Python does
        raise LocalProtocolError(f"no {kind}: {error}") from None


def decode(kind: str, octets: bytes) -> Any:  # noqa: ANN401
    """The value of a type that octets are, all of them.

    Raises:
        RemoteProtocolError: they are not.
    """
    _, _, end = ber.element(octets)
    if end != len(octets):
        raise RemoteProtocolError(f"{len(octets) - end} octets behind a {kind}")
    try:
        return _specification().decode(kind, octets)
    except Exception as error:  # noqa: BLE001 - the library raises whatever Python does
        raise RemoteProtocolError(f"no {kind}: {error}"[:200]) from None
