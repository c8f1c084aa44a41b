"""The SMTP extensions, one row each: how a server offers it, and what it adds to MAIL and RCPT.

All else is read off this table: the lines of an EHLO reply, the check of parameters on both sides, the length limits.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from sim.protocol.smtp.events import Mail, Parameters
from sim.protocol.smtp.replies import E501_PARAMETER, E555_PARAMETER, Reply

__all__ = [
    "COMMAND_LINE_LIMIT",
    "EXTENSIONS",
    "LONGEST_COMMAND_LINE",
    "Extension",
    "Parameter",
    "line_limit",
    "offer_lines",
    "parameter_fault",
    "parse_offer",
]

COMMAND_LINE_LIMIT = 512
"""Octets in a command line, CRLF included, without any extension (RFC 5321 section 4.5.3.1.4)."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """An ESMTP parameter of a command: its keyword, and its value's grammar (None: it takes no value)."""

    command: type
    keyword: str
    value: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Extension:
    """A row of the table.

    `offer` is what follows the keyword in the EHLO reply, where `{size_limit}` stands for the server's limit in octets;
    `longer` says by how many octets the extension raises the length limit of a command line.
    """

    keyword: str
    offer: str = ""
    parameters: tuple[Parameter, ...] = ()
    longer: Mapping[type, int] = field(default_factory=dict)


_ROWS = (
    # RFC 1870: size-value = 1*20DIGIT; an offer of 0 means that there is no fixed limit.
    Extension("SIZE", "{size_limit}", (Parameter(Mail, "SIZE", re.compile("[0-9]{1,20}")),), {Mail: 26}),
    # RFC 2920.
    Extension("PIPELINING"),
    # RFC 6152: body-value = "7BIT" / "8BITMIME".
    Extension("8BITMIME", "", (Parameter(Mail, "BODY", re.compile("7BIT|8BITMIME", re.IGNORECASE)),), {Mail: 17}),
    # RFC 2034.
    Extension("ENHANCEDSTATUSCODES"),
)

EXTENSIONS: Mapping[str, Extension] = MappingProxyType({row.keyword: row for row in _ROWS})
"""The extensions that this project knows, by keyword."""

_PARAMETERS = {
    (parameter.command, parameter.keyword): (row.keyword, parameter) for row in _ROWS for parameter in row.parameters
}


def parameter_fault(command: type, parameters: Parameters, offered: Container[str]) -> Reply | None:
    """The reply to a command whose parameters are at fault; None when they are not.

    A parameter that no offered extension brings gets 555 (RFC 5321 section 4.1.1.11), a bad value or a keyword that
    comes twice gets 501. `offered` holds the extensions in force: none after HELO.
    """
    seen = []
    for keyword, value in parameters:
        name = keyword.upper()
        extension, parameter = _PARAMETERS.get((command, name), ("", None))
        if parameter is None or extension not in offered:
            return E555_PARAMETER(keyword)
        grammar = parameter.value
        fits = value is None if grammar is None else value is not None and grammar.fullmatch(value) is not None
        if name in seen or not fits:
            return E501_PARAMETER(keyword)
        seen.append(name)
    return None


def line_limit(command: type | None, offered: Container[str]) -> int:
    """How long the command's line may be, in octets with its CRLF, under the extensions in force."""
    if command is None:
        return COMMAND_LINE_LIMIT
    return COMMAND_LINE_LIMIT + sum(row.longer.get(command, 0) for row in _ROWS if row.keyword in offered)


LONGEST_COMMAND_LINE = max(line_limit(command, EXTENSIONS) for row in _ROWS for command in row.longer)
"""Octets in the longest legal command line there is, CRLF included."""


@lru_cache(maxsize=1024)
def offer_lines(extensions: tuple[str, ...], size_limit: int) -> tuple[str, ...]:
    """The lines of an EHLO reply that offer the extensions, in the order given."""
    return tuple(
        f"{keyword} {EXTENSIONS[keyword].offer.format(size_limit=size_limit)}".rstrip() for keyword in extensions
    )


@lru_cache(maxsize=1024)
def parse_offer(lines: Sequence[str]) -> Mapping[str, str]:
    """What an EHLO reply offers: keyword in upper case -> the text after it.

    Args:
        lines: all lines of the reply; the first holds the server's name and is left out.
    """
    words = [line.split(maxsplit=1) for line in lines[1:]]
    return MappingProxyType({word[0].upper(): " ".join(word[1:]) for word in words if word})
