"""Header fields of RFC 822 and headings of P22, both ways (RFC 2156 sections 4.7, 5.1 and 5.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Final, NamedTuple

from sim.gateway.ipm_heading import Descriptor, Heading, MessageIdentifier, Recipient, Requests
from sim.gateway.losses import Loss
from sim.gateway.mixer_addresses import MixerGateway, to_or_address, to_rfc822
from sim.mail.address import Address
from sim.mail.address_list import Entry, read_address_list
from sim.mail.mime import read_fields
from sim.mail.or_address import parse_or_address
from sim.mail.printable_string import ORAddressError, ascii_to_printable, printable_to_ascii

_MESSAGE_ID: Final = re.compile(r"<([^<>]*)>")
_ADDRESS: Final = re.compile(r"\S(?:.*\S)?@[^\s@]+", re.DOTALL)
_X400: Final = re.compile(r'"?([^"*]*)\*([^"]*)"?@MHS', re.IGNORECASE)
_UNKNOWN: Final = re.compile(r"[^\x00-\x7f]+")
_COMMENT: Final = re.compile(r"([()\\])")

_OTHER_NAMES: Final = {"expiry-date": "expires", "obsoletes": "supersedes", "language": "content-language"}
"""Those of RFC 1327 that RFC 2156 calls otherwise."""

_TRACED: Final = "received"
"""It becomes trace (section 5.1.6)."""

_OF_THE_BODY: Final = re.compile(r"mime-version|content-(?!language).*")
"""What says how the body is written goes with its body parts (RFC 2157)."""

_NEVER_BACK: Final = re.compile(r"x400-.*|discarded-.*|dl-expansion-history|return-path|delivery-date|message-type")
"""What a gateway wrote about X.400 is never read again (section 5.1.7)."""

_NOTICES: Final = {
    "receipt": "Receipt Notification Requested",
    "non-receipt": "Non Receipt Notification Requested",
    "return": "IPM Return Requested",
}


class MappedHeader(NamedTuple):
    """What a header is in X.400, and what of it was lost."""

    heading: Heading
    requests: Requests
    losses: tuple[Loss, ...]


class MappedHeading(NamedTuple):
    """What a heading is in RFC 822: names and values of fields, and what of it was lost."""

    fields: tuple[tuple[str, str], ...]
    losses: tuple[Loss, ...]


def to_identifier(text: str) -> MessageIdentifier:
    """The IPM identifier of a message-id, or of a phrase where one should stand (section 4.7.3).

    One that was X.400's before (`"147*/S=.../"@MHS`) is that again; another is in the identifier as printable text.
    """
    inner = text.strip().removeprefix("<").removesuffix(">")
    found = _X400.fullmatch(inner)
    if found is not None:
        try:
            return MessageIdentifier(found[1], parse_or_address(found[2]) if found[2] else None)
        except ORAddressError:
            pass
    return MessageIdentifier(ascii_to_printable(_UNKNOWN.sub("?", inner)))


def to_message_id(identifier: MessageIdentifier) -> str:
    """The message-id of an IPM identifier, in angle brackets."""
    meant = printable_to_ascii(identifier.local)
    if identifier.user is None and _ADDRESS.fullmatch(meant) and not _MESSAGE_ID.search(meant):
        return f"<{meant}>"
    return f"<{Address(f'{identifier.local}*{identifier.user or str()}', 'MHS')}>"


def to_heading(header: bytes, gateway: MixerGateway) -> MappedHeader:
    """What a gateway makes of a message's header (section 5.1.3)."""
    return _HeaderMapping(gateway).mapped(header)


def to_fields(heading: Heading, gateway: MixerGateway, requests: Requests | None = None) -> MappedHeading:
    """What a gateway makes of a heading, and of what was asked of the transfer system (sections 5.3.2 and 5.3.4)."""
    mapping = _HeadingMapping(gateway)
    fields = tuple(mapping.fields(heading, requests or Requests()))
    return MappedHeading(fields, tuple(mapping.losses))


class _HeaderMapping:
    def __init__(self, gateway: MixerGateway) -> None:
        self._gateway = gateway
        self._losses: list[Loss] = []
        self._said: dict[str, Any] = {}
        self._asked: dict[str, Any] = {}
        self._fields: list[str] = []

    def mapped(self, header: bytes) -> MappedHeader:
        """Field by field."""
        senders: tuple[Descriptor, ...] = ()
        for written, octets in read_fields(header):
            name, value = _OTHER_NAMES.get(written, written), octets.decode("utf-8", "replace")
            if name == "from":
                senders = self._descriptors(octets)
            elif name in _FIELDS:
                _FIELDS[name](self, value)
            elif _NEVER_BACK.fullmatch(name):
                self._losses.append(Loss("field", _cased(name)))
            elif name != _TRACED and not _OF_THE_BODY.fullmatch(name):
                self._fields.append(f"{_cased(name)}: {self._ascii(value, name)}")
        if "originator" in self._said:
            self._said["authorizing"] = senders
        elif senders:
            self._said["originator"], self._said["authorizing"] = senders[0], senders if len(senders) > 1 else ()
        related = self._said.pop("several", ()) + self._said.pop("references", ())
        identifier = self._said.pop("identifier", MessageIdentifier(""))
        heading = Heading(identifier=identifier, related=related, fields=tuple(self._fields), **self._said)
        return MappedHeader(heading, Requests(**self._asked), tuple(self._losses))

    def sender(self, value: str) -> None:
        """Sender: who has sent it; the authors have authorized that (section 5.1.3)."""
        found = self._descriptors(value.encode())
        if found:
            self._said["originator"] = found[0]

    def recipients(self, kind: str, value: str) -> None:
        """To, Cc and Bcc."""
        found = tuple(Recipient(descriptor) for descriptor in self._descriptors(value.encode()))
        self._said[kind] = self._said.get(kind, ()) + found

    def reply_to(self, value: str) -> None:
        """Reply-To."""
        self._said["reply_to"] = self._descriptors(value.encode())

    def message_id(self, value: str) -> None:
        """Message-ID."""
        self._said["identifier"] = to_identifier(value)

    def in_reply_to(self, value: str) -> None:
        """One value is what is replied to, several are related (section 5.1.3); a phrase is a value, too (4.7.3.5)."""
        found = tuple(to_identifier(each) for each in _MESSAGE_ID.findall(value))
        if len(found) > 1:
            self._said["several"] = found
        elif value:
            self._said["replied_to"] = found[0] if found else to_identifier(value)

    def identifiers(self, kind: str, value: str) -> None:
        """References and Supersedes, with commas or without."""
        self._said[kind] = tuple(to_identifier(each) for each in _MESSAGE_ID.findall(value))

    def subject(self, value: str) -> None:
        """Subject."""
        self._said["subject"] = self._ascii(value, "subject")

    def date(self, kind: str, value: str) -> None:
        """A date of the heading."""
        self._dated(self._said, kind, value)

    def requested_date(self, kind: str, value: str) -> None:
        """A date of the envelope."""
        self._dated(self._asked, kind, value)

    def word(self, kind: str, words: Mapping[str, Any], value: str) -> None:
        """One of some words, in the heading."""
        self._worded(self._said, kind, words, value)

    def requested(self, kind: str, words: Mapping[str, Any], value: str) -> None:
        """One of some words, in the envelope."""
        self._worded(self._asked, kind, words, value)

    def incomplete(self, _: str) -> None:
        """Incomplete-Copy: that it is there says it."""
        self._said["incomplete"] = True

    def languages(self, value: str) -> None:
        """Content-Language."""
        self._said["languages"] = tuple(each.strip() for each in value.split(",") if each.strip())

    def _dated(self, into: dict[str, Any], kind: str, value: str) -> None:
        try:
            into[kind] = int(parsedate_to_datetime(value).timestamp())
        except (ValueError, OverflowError):
            self._losses.append(Loss("text", value))

    def _worded(self, into: dict[str, Any], kind: str, words: Mapping[str, Any], value: str) -> None:
        word = value.strip().lower()
        if word in words:
            into[kind] = words[word]
        else:
            self._losses.append(Loss("text", value))

    def _ascii(self, value: str, name: str) -> str:
        if value.isascii():
            return value
        self._losses.append(Loss("text", _cased(name)))
        return "".join(character if character.isascii() else "?" for character in value)

    def _descriptors(self, octets: bytes) -> tuple[Descriptor, ...]:
        """Addresses become descriptors; a group is its members, and without any a name alone."""
        found: list[Descriptor] = []
        group: bytes | None = None
        members = 0
        for entry in read_address_list(octets):
            if entry.host is None and entry.mailbox is not None:
                group, members = entry.mailbox, 0
            elif entry.host is None:
                name = self._ascii((group or b"").decode("utf-8", "replace"), "group")
                if members:
                    self._losses.append(Loss("text", f"{name}:;"))
                else:
                    found.append(Descriptor(None, f"{name}:;"))
            else:
                members += 1
                found.append(self._descriptor(entry))
        return tuple(found)

    def _descriptor(self, entry: Entry) -> Descriptor:
        name = self._ascii((entry.name or b"").decode("utf-8", "replace"), "phrase")
        route = f"{entry.route.decode('ascii', 'replace')}:" if entry.route else ""
        mailbox = Address(
            (entry.mailbox or b"").decode("utf-8", "replace"), (entry.host or b"").decode("utf-8", "replace")
        )
        text = f"{route}{mailbox}"
        try:
            return Descriptor(to_or_address(text, self._gateway), name)
        except ORAddressError:
            self._losses.append(Loss("recipient", text))
            return Descriptor(None, name or self._ascii(text, "address"))


_IMPORTANCES: Final = {word: word for word in ("low", "normal", "high")}
_SENSITIVITIES: Final = {word: word for word in ("personal", "private", "company-confidential")}
_PRIORITIES: Final = {word: word for word in ("non-urgent", "normal", "urgent")}
_BOOLEANS: Final = {"true": True, "false": False, "yes": True, "no": False}
_PROHIBITED: Final = {"prohibited": True, "allowed": False}
_ALLOWED: Final = {"prohibited": False, "allowed": True}

_FIELDS: Final[Mapping[str, Callable[[_HeaderMapping, str], None]]] = {
    "message-id": _HeaderMapping.message_id,
    "sender": _HeaderMapping.sender,
    "reply-to": _HeaderMapping.reply_to,
    "to": lambda self, value: self.recipients("primary", value),
    "cc": lambda self, value: self.recipients("copies", value),
    "bcc": lambda self, value: self.recipients("blind_copies", value),
    "in-reply-to": _HeaderMapping.in_reply_to,
    "references": lambda self, value: self.identifiers("references", value),
    "supersedes": lambda self, value: self.identifiers("obsoleted", value),
    "subject": _HeaderMapping.subject,
    "expires": lambda self, value: self.date("expiry", value),
    "reply-by": lambda self, value: self.date("reply_by", value),
    "importance": lambda self, value: self.word("importance", _IMPORTANCES, value),
    "sensitivity": lambda self, value: self.word("sensitivity", _SENSITIVITIES, value),
    "autoforwarded": lambda self, value: self.word("auto_forwarded", _BOOLEANS, value),
    "incomplete-copy": _HeaderMapping.incomplete,
    "content-language": _HeaderMapping.languages,
    "date": lambda self, value: self.requested_date("written", value),
    "priority": lambda self, value: self.requested("priority", _PRIORITIES, value),
    "deferred-delivery": lambda self, value: self.requested_date("deferred", value),
    "latest-delivery-time": lambda self, value: self.requested_date("latest", value),
    "conversion": lambda self, value: self.requested("conversion_prohibited", _PROHIBITED, value),
    "conversion-with-loss": lambda self, value: self.requested("loss_prohibited", _PROHIBITED, value),
    "alternate-recipient": lambda self, value: self.requested("alternate_allowed", _ALLOWED, value),
}


class _HeadingMapping:
    def __init__(self, gateway: MixerGateway) -> None:
        self._gateway = gateway
        self.losses: list[Loss] = []

    def fields(self, heading: Heading, requests: Requests) -> Iterator[tuple[str, str]]:
        """One after the other."""
        if requests.written is not None:
            yield "Date", _dated(requests.written)
        yield from self._users(heading)
        yield "Message-ID", to_message_id(heading.identifier)
        replied = (heading.replied_to,) if heading.replied_to is not None else ()
        for name, them in (
            ("In-Reply-To", replied),
            ("References", heading.related),
            ("Supersedes", heading.obsoleted),
        ):
            if them:
                yield name, " ".join(map(to_message_id, them))
        if heading.subject is not None:
            yield "Subject", heading.subject
        yield from self._marks(heading, requests)
        for field in heading.fields:
            name, _, value = field.partition(":")
            yield name, value.strip()
        if heading.extensions:
            self.losses += [Loss("service", extension) for extension in heading.extensions]
            yield "Discarded-X400-IPMS-Extensions", ", ".join(heading.extensions)

    def _users(self, heading: Heading) -> Iterator[tuple[str, str]]:
        """Who wrote it, and to whom."""
        if heading.originator is not None:
            authors = heading.authorizing or (heading.originator,)
            yield "From", self._listed(authors)
            if heading.originator != authors[0]:
                yield "Sender", self._listed([heading.originator])
        for name, recipients in (("To", heading.primary), ("Cc", heading.copies), ("Bcc", heading.blind_copies)):
            if recipients:
                yield name, ", ".join(self._recipient(recipient) for recipient in recipients)
        if heading.reply_to:
            yield "Reply-To", self._listed(heading.reply_to)

    def _marks(self, heading: Heading, requests: Requests) -> Iterator[tuple[str, str]]:
        for name, at in (
            ("Expires", heading.expiry),
            ("Reply-By", heading.reply_by),
            ("Deferred-Delivery", requests.deferred),
            ("Latest-Delivery-Time", requests.latest),
        ):
            if at is not None:
                yield name, _dated(at)
        marks = (
            ("Importance", heading.importance, "normal"),
            ("Sensitivity", heading.sensitivity, ""),
            ("Priority", requests.priority, "normal"),
        )
        yield from ((name, _cased(word)) for name, word, usual in marks if word != usual)
        yield from (
            (name, value)
            for name, value, holds in (
                ("Autoforwarded", "TRUE", heading.auto_forwarded),
                ("Incomplete-Copy", "", heading.incomplete),
                ("Content-Language", ", ".join(heading.languages), bool(heading.languages)),
                ("Conversion", "Prohibited", requests.conversion_prohibited),
                ("Conversion-With-Loss", "Prohibited", requests.loss_prohibited),
                ("Alternate-Recipient", "Prohibited", not requests.alternate_allowed),
            )
            if holds
        )

    def _listed(self, descriptors: Sequence[Descriptor]) -> str:
        return ", ".join(self._mailbox(descriptor) for descriptor in descriptors)

    def _recipient(self, recipient: Recipient) -> str:
        """What is asked of him is a comment behind his address (section 5.3.3)."""
        notes = [_NOTICES[notification] for notification in recipient.notifications]
        notes += ["Reply requested"] if recipient.reply_requested else []
        self.losses += [Loss("service", note) for note in notes]
        return " ".join([self._mailbox(recipient.descriptor), *(f"({note})" for note in notes)])

    def _mailbox(self, descriptor: Descriptor) -> str:
        name = descriptor.name
        telephone = f" (Tel {_escaped(descriptor.telephone)})" if descriptor.telephone else ""
        if descriptor.address is None:
            group = name.removesuffix(":;").strip() or "undisclosed-recipients"
            return f"{_phrase(group)}:;{telephone}"
        text, losses = to_rfc822(descriptor.address, self._gateway)
        self.losses += losses
        mailbox = f"{_phrase(name)} <{text}>" if name else f"<{text}>" if text[:1] == "@" else text
        return mailbox + telephone


def _escaped(text: str) -> str:
    return _COMMENT.sub(r"\\\1", text)


def _phrase(text: str) -> str:
    return (
        text
        if re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+", text)
        else '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    )


def _dated(at: int) -> str:
    return format_datetime(datetime.fromtimestamp(at, UTC))


def _cased(name: str) -> str:
    """A field's name, or a word of one, as it is usually written."""
    return "-".join("ID" if part == "id" else part.capitalize() for part in name.split("-"))
