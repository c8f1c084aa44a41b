"""What of a message a server can be given, and how: its extensions decide (RFC 5321 section 2.2.1).

Where one is missing, some wishes are dropped, some mail data is converted, and some messages cannot go at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from sim.mail.content import fold, has_longer_line, is_8bit
from sim.mail.path import Path
from sim.mail.seven_bit import encoded_header, is_labelled_8bit, labelled_to_7bit, to_7bit
from sim.mta.queue.failure import Failure
from sim.mta.queue.message_options import with_original_recipient
from sim.protocol.smtp.events import Chunk, LastChunk, Parameters
from sim.scenario.products.base import Product

NEEDS_SMTPUTF8 = Failure(553, "5.6.7", "SMTPUTF8 is required, but the next host does not offer it")
"""RFC 6531 section 3.5; never downgraded (section 3.2)."""

NOT_CONVERTIBLE = Failure(554, "5.6.3", "mail data needs 8BITMIME or BINARYMIME, and cannot be converted")
"""RFC 6152 section 3, RFC 3030 section 3; the status is RFC 3463's `conversion required but not supported`."""

LINES_TOO_LONG = Failure(554, "5.6.0", "message has lines too long for transport")
"""What Exim's smtp transport says (its option message_linelength_limit)."""

NO_DELIVERBY = Failure(554, "5.4.7", "cannot be delivered in time: the next host does not offer DELIVERBY")
"""RFC 2852 section 4.1.4: by-mode R is not passed on to a host that does not know it."""

_DSN = frozenset({"RET", "ENVID"})
_ITS_OWN = frozenset({"MT-PRIORITY", "AUTH"})
"""Parameters of MAIL that an extension of the same name brings, and that are dropped where it is missing."""


class Mailing(NamedTuple):
    """A message for some recipients of one server. The parameters are what was asked for, as in AcceptedMail.

    `arrival` is when the host took it, s, and `queue_id` what it is called there.
    """

    reverse_path: Path
    forward_paths: Sequence[Path]
    content: bytes
    parameters: Parameters = ()
    recipient_parameters: tuple[Parameters, ...] = ()
    arrival: float = 0.0
    queue_id: str = ""


class Fitted(NamedTuple):
    """The parameters of MAIL, those of each RCPT (none at all where no RCPT has any), and the mail data."""

    parameters: Parameters
    recipient_parameters: tuple[Parameters, ...]
    content: bytes


def needs_smtputf8(reverse_path: Path, forward_paths: Sequence[Path]) -> bool:
    """Whether an address has characters beyond US-ASCII: MAIL's parameters must have SMTPUTF8 then."""
    return not all(str(path).isascii() for path in (reverse_path, *forward_paths))


def fits_all(content: bytes, product: Product) -> bool:
    """Whether every server can be given the mail data by this product's client as it is."""
    return content.isascii() and not (product.line_limit and has_longer_line(content, product.line_limit))


def chunks(content: bytes, product: Product) -> list[Chunk | LastChunk]:
    """The mail data as a product's client sends it to a server with CHUNKING (RFC 3030), a LastChunk at the end.

    Exim collects the header in a buffer, and sends the buffer as a chunk when it is full, and when the body does not
    fit behind the header (transport.c: write_chunk, internal_transport_write_message).
    """
    pieces: list[Chunk | LastChunk] = []
    limit = product.chunk_limit
    if product.header_chunk and len(content) > limit:
        blank = content.find(b"\r\n\r\n")
        end = len(content) if blank < 0 else blank + 4
        while end > limit:
            pieces.append(Chunk(content[:limit]))
            content, end = content[limit:], end - limit
        if len(content) > limit:
            pieces.append(Chunk(content[:end]))
            content = content[end:]
    return [*pieces, LastChunk(content)]


def fit(mailing: Mailing, usable: Collection[str], product: Product) -> Fitted | Failure:
    """The message as a server takes it, or why it cannot go there.

    Args:
        mailing: the message.
        usable: the extensions that the server offers and this host uses.
        product: this host's, which decides about lines that are too long, and octets beyond US-ASCII.
    """
    asked = dict(mailing.parameters)
    if "SMTPUTF8" in asked and "SMTPUTF8" not in usable:
        return NEEDS_SMTPUTF8
    by = asked.get("BY")
    if by is not None and "DELIVERBY" not in usable and ";R" in by.upper():
        return NO_DELIVERBY
    # What is binary has no lines.
    binary = (asked.get("BODY") or "").upper() == "BINARYMIME"
    content = mailing.content if binary else _lines(mailing.content, product)
    if content is None:
        return LINES_TOO_LONG
    body, content = _body((asked.get("BODY") or "").upper(), content, usable, product)
    if content is None:
        return NOT_CONVERTIBLE
    kept = [(keyword, value) for keyword, value in mailing.parameters if _goes(keyword, usable)]
    if body:
        kept.append(("BODY", body))
    return Fitted(tuple(kept), _recipients(mailing) if "DSN" in usable else (), content)


def _lines(content: bytes, product: Product) -> bytes | None:
    """The mail data with no line that the product finds too long; None where it does not send such a message."""
    limit = product.line_limit
    if not limit or not has_longer_line(content, limit):
        return content
    return None if product.long_lines == "refuse" else fold(content, limit, product.fold_mark)


def _body(asked: str, content: bytes, usable: Collection[str], product: Product) -> tuple[str, bytes | None]:
    """The value of BODY, empty for none, and the mail data; None where it cannot go."""
    if asked == "BINARYMIME":
        if "BINARYMIME" in usable and "CHUNKING" in usable:
            return asked, content
        return "", to_7bit(content)
    if "8BITMIME" in usable:
        return _said(asked, content, product), content
    return "", _CONVERTED[product.eight_bits](content) if is_8bit(content) else content


_CONVERTED: Mapping[str, Callable[[bytes], bytes | None]] = {
    "pass": lambda content: content,
    "convert": to_7bit,
    "encode": lambda content: to_7bit(encoded_header(content)),
    "convert labelled": labelled_to_7bit,
}
"""What of `Product.eight_bits` becomes of 8-bit content."""


def _said(asked: str, content: bytes, product: Product) -> str:
    """What MAIL says of the body to a server that takes 8 bits; empty for nothing."""
    says, wide = product.says_body, is_8bit(content)
    if says == "never":
        return ""
    if says == "labelled":
        return "8BITMIME" if asked == "8BITMIME" or is_labelled_8bit(content) else asked
    # Who had said 8BITMIME of seven bits is not repeated (sendmail's collect.c).
    if wide and (says == "8bit" or asked == "8BITMIME"):
        return "8BITMIME"
    return "7BIT" if asked == "7BIT" else ""


def _goes(keyword: str, usable: Collection[str]) -> bool:
    if keyword in _DSN:
        return "DSN" in usable
    if keyword == "BY":
        return "DELIVERBY" in usable
    return keyword == "SMTPUTF8" or (keyword in _ITS_OWN and keyword in usable)


def _recipients(mailing: Mailing) -> tuple[Parameters, ...]:
    """RCPT's parameters, with ORCPT where DSN was used and it is missing (RFC 3461 section 5.2.1)."""
    return tuple(
        with_original_recipient(parameters, path.mailbox) if parameters else ()
        for path, parameters in zip(mailing.forward_paths, mailing.recipient_parameters, strict=False)
    )
