"""Bodies of MIME and of X.400, both ways: the sequence of an IPM's body parts (RFC 2157; X.420)."""

from __future__ import annotations

from binascii import Error as BinasciiError
from binascii import a2b_base64, a2b_qp
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from sim.gateway.losses import Loss
from sim.mail import composition
from sim.mail.content import canonical
from sim.mail.mime import Part, read_message

Kind = Literal[
    "ia5-text",
    "general-text",
    "message",
    "g3-facsimile",
    "bilaterally-defined",
    "voice",
    "teletex",
    "videotex",
    "encrypted",
]
"""X.420's body parts: the last four have no MIME type that this gateway makes of them."""


class BodyPart(NamedTuple):
    """A body part: which, its octets, and the character set of a general text."""

    kind: Kind
    data: bytes
    charset: str = "us-ascii"


class MappedBody(NamedTuple):
    """What a message's body is in X.400, and what of it was lost."""

    parts: tuple[BodyPart, ...]
    losses: tuple[Loss, ...]


class MappedParts(NamedTuple):
    """What body parts are in MIME: a message with its header, and what of them was lost."""

    content: bytes
    losses: tuple[Loss, ...]


_BY_TYPE: Final[Mapping[tuple[str, str], Kind]] = {
    ("message", "rfc822"): "message",
    ("image", "g3fax"): "g3-facsimile",
    ("application", "octet-stream"): "bilaterally-defined",
}
_TYPE_OF: Final[Mapping[Kind, str]] = {
    "g3-facsimile": "image/g3fax",
    "bilaterally-defined": "application/octet-stream",
}


def to_body_parts(content: bytes) -> MappedBody:
    """The body parts of a message, in order: X.400 knows a sequence of them, and nothing within.

    What has no body part of its own goes as octets without their type (bilaterally defined), and that is a loss.
    """
    losses: list[Loss] = []
    return MappedBody(tuple(_parts(read_message(content), losses)), tuple(dict.fromkeys(losses)))


def to_content(fields: Sequence[tuple[str, str]], parts: Sequence[BodyPart]) -> MappedParts:
    """The message that has these fields and body parts; where one is lost, a line says so."""
    losses: list[Loss] = []
    entities: list[composition.Part] = []
    for part in parts:
        if part.kind in ("ia5-text", "general-text"):
            entities.append(_text(part))
        elif part.kind == "message":
            entities.append(composition.Enclosed(content=canonical(part.data)))
        elif part.kind in _TYPE_OF:
            entities.append(composition.Attachment(octets=part.data, content_type=_TYPE_OF[part.kind]))
        else:
            losses.append(Loss("body part", part.kind))
            entities.append(composition.Text(text=f"(a body part of X.400, {part.kind}, was left out by a gateway)\n"))
    whole = entities[0] if len(entities) == 1 else composition.Multipart(parts=tuple(entities))
    body = whole if entities else composition.Text(text="")
    return MappedParts(composition.compose_mime(fields, body), tuple(losses))


def _parts(part: Part, losses: list[Loss]) -> Iterator[BodyPart]:
    kind, subtype = part.content_type
    if kind == "multipart":
        if subtype not in ("mixed", "digest"):
            losses.append(Loss("body part", f"multipart/{subtype}"))
        for inner in part.parts:
            yield from _parts(inner, losses)
        return
    if part.first("content-disposition") is not None:
        losses.append(Loss("field", "Content-Disposition"))
    octets = _decoded(part)
    if (kind, subtype) == ("text", "plain"):
        charset = dict(part.parameters)["charset"].lower()
        if octets.isascii():
            yield BodyPart("ia5-text", octets)
            return
        if charset.startswith("iso-8859-"):
            yield BodyPart("general-text", octets, charset)
            return
    found = _BY_TYPE.get((kind, subtype))
    if found is None:
        losses.append(Loss("body part", f"{kind}/{subtype}"))
    yield BodyPart(found or "bilaterally-defined", octets)


def _decoded(part: Part) -> bytes:
    try:
        if part.encoding == "base64":
            return a2b_base64(part.body)
        return a2b_qp(part.body) if part.encoding == "quoted-printable" else part.body
    except BinasciiError:
        return part.body


def _text(part: BodyPart) -> composition.Part:
    try:
        return composition.Text(text=part.data.decode(part.charset), charset=part.charset)
    except (UnicodeDecodeError, LookupError):
        return composition.Attachment(octets=part.data)
