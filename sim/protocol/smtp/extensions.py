"""The SMTP extensions, one row each: how a server offers it, what it adds to MAIL and RCPT, and its own commands.

All else is read off this table: the lines of an EHLO reply, the check of parameters on both sides, the length limits,
and which commands a server knows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from sim.mail.xtext import XTEXT
from sim.protocol.errors import LocalProtocolError
from sim.protocol.smtp.events import (
    Atrn,
    Auth,
    Chunk,
    Ehlo,
    Etrn,
    Expn,
    Helo,
    LastChunk,
    Lhlo,
    Mail,
    Parameters,
    Rcpt,
    Saml,
    Send,
    Soml,
    StartTls,
    Vrfy,
)
from sim.protocol.smtp.replies import (
    E500_UNKNOWN,
    E501_PARAMETER,
    E502_NOT_IMPLEMENTED,
    E503_BAD_SEQUENCE,
    E555_PARAMETER,
    Reply,
)

COMMAND_LINE_LIMIT = 512
"""Octets in a command line, CRLF included, without any extension (RFC 5321 section 4.5.3.1.4)."""

TOLERATED_LINE = 2048
"""Octets in a command line that a server reads all the same, CRLF included (Postfix line_length_limit)."""

AUTH_LINE_LIMIT = 12288
"""Octets in a line of AUTH's dialogue, CRLF included (RFC 4954 section 4)."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """An ESMTP parameter of a command: its keyword, and its value's grammar (None: it takes no value)."""

    command: type
    keyword: str
    value: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Extension:
    """A row of the table.

    `offer` is what follows the keyword in the EHLO reply unless a server says otherwise, where `{size_limit}` stands
    for the server's limit in octets; `longer` says by how many octets the extension raises the length limit of a
    command line; `commands` are those that nobody knows without it; `needs` is another extension that it does not work
    without.
    """

    keyword: str
    offer: str = ""
    parameters: tuple[Parameter, ...] = ()
    longer: Mapping[type, int] = field(default_factory=dict)
    commands: tuple[type, ...] = ()
    needs: str = ""


_NOTIFY = re.compile("NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*", re.IGNORECASE)

# RFC 3461 section 4.2: addr-type ";" xtext; RFC 6533 section 3: the type utf-8 may have characters beyond US-ASCII.
_ORCPT = re.compile(rf"(?=.{{1,500}}$)(?:[A-Za-z0-9-]+;{XTEXT}|[Uu][Tt][Ff]-8;(?:{XTEXT}|[\x80-\U0010ffff])*)")

# RFC 2852 section 4: by-time ";" by-mode [by-trace]; mode R takes no time that is over.
_BY = re.compile(r"(?:(?=\+?[0-9]{1,9};)\+?0*[1-9][0-9]*;R|[+-]?[0-9]{1,9};N)T?", re.IGNORECASE)

# RFC 3339 section 5.6: date-time.
_DATE_TIME = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)"
    r"(?:\.[0-9]+)?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])",
    re.IGNORECASE,
)


_ROWS = (
    # RFC 1870: size-value = 1*20DIGIT, but what has more digits is no less a size, and too great a one (552); an offer
    # of 0 means that there is no fixed limit.
    Extension("SIZE", "{size_limit}", (Parameter(Mail, "SIZE", re.compile("[0-9]{1,100}")),), {Mail: 26}),
    # RFC 2920.
    Extension("PIPELINING"),
    # RFC 6152: body-value = "7BIT" / "8BITMIME".
    Extension("8BITMIME", "", (Parameter(Mail, "BODY", re.compile("7BIT|8BITMIME", re.IGNORECASE)),), {Mail: 17}),
    # RFC 2034.
    Extension("ENHANCEDSTATUSCODES"),
    # RFC 6531 section 3.1: a flag on MAIL, and an argument of VRFY and EXPN.
    Extension("SMTPUTF8", "", (Parameter(Mail, "SMTPUTF8", None),), {Mail: 10, Vrfy: 10, Expn: 10}),
    # RFC 3461 section 4: a client may use 100 characters in an envelope identifier; the server need not count them.
    Extension(
        "DSN",
        "",
        (
            Parameter(Mail, "RET", re.compile("FULL|HDRS", re.IGNORECASE)),
            Parameter(Mail, "ENVID", re.compile(rf"(?=.){XTEXT}")),
            Parameter(Rcpt, "NOTIFY", _NOTIFY),
            Parameter(Rcpt, "ORCPT", _ORCPT),
        ),
        {Mail: 100, Rcpt: 500},
    ),
    # RFC 2852.
    Extension("DELIVERBY", "", (Parameter(Mail, "BY", _BY),), {Mail: 17}),
    # RFC 4865 section 4: the offer says the longest interval in s, and the last moment.
    Extension(
        "FUTURERELEASE",
        "2592000 9999-12-31T23:59:59Z",
        (Parameter(Mail, "HOLDFOR", re.compile("[1-9][0-9]{0,8}")), Parameter(Mail, "HOLDUNTIL", _DATE_TIME)),
        {Mail: 34},
    ),
    # RFC 6710 section 4: -9 to 9.
    Extension("MT-PRIORITY", "", (Parameter(Mail, "MT-PRIORITY", re.compile("0|-?[1-9]")),), {Mail: 15}),
    # RFC 3030 section 2.
    Extension("CHUNKING", commands=(Chunk, LastChunk)),
    # RFC 3030 section 3: one more value of RFC 6152's parameter.
    Extension(
        "BINARYMIME",
        "",
        (Parameter(Mail, "BODY", re.compile("BINARYMIME", re.IGNORECASE)),),
        {Mail: 17},
        needs="CHUNKING",
    ),
    # RFC 3207.
    Extension("STARTTLS", commands=(StartTls,)),
    # RFC 4954: the offer lists the mechanisms; section 5 has the parameter, a mailbox in xtext or "<>".
    Extension(
        "AUTH",
        "PLAIN LOGIN CRAM-MD5",
        (Parameter(Mail, "AUTH", re.compile(f"<>|{XTEXT}")),),
        {Mail: 500, Auth: AUTH_LINE_LIMIT - COMMAND_LINE_LIMIT},
        (Auth,),
    ),
    # RFC 1985.
    Extension("ETRN", commands=(Etrn,)),
    # RFC 2645.
    Extension("ATRN", commands=(Atrn,), needs="AUTH"),
    # RFC 821; RFC 5321 appendix F.6 wants them offered.
    Extension("SEND", commands=(Send,)),
    Extension("SOML", commands=(Soml,)),
    Extension("SAML", commands=(Saml,)),
    # RFC 5321 section 4.1.1: these commands are known without being offered.
    Extension("VRFY"),
    Extension("EXPN"),
    Extension("HELP"),
    Extension("TURN"),
)

DEFAULT_EXTENSIONS = ("SIZE", "PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES")
"""What a server offers unless told otherwise."""

EXTENSIONS: Mapping[str, Extension] = MappingProxyType({row.keyword: row for row in _ROWS})
"""The extensions that this project knows, by keyword."""

COMMAND_EXTENSIONS: Mapping[type, str] = {command: row.keyword for row in _ROWS for command in row.commands}
"""Command -> the keyword of the extension that brings it, for those that only an extension brings."""

OLD_COMMANDS = frozenset({Send, Soml, Saml})
"""Commands that every server of RFC 821 knows, and that need no EHLO where they are offered."""

UNOFFERED: Mapping[type, Reply] = {
    Send: E500_UNKNOWN,
    Soml: E500_UNKNOWN,
    Saml: E500_UNKNOWN,
    Atrn: E500_UNKNOWN,
    Chunk: E502_NOT_IMPLEMENTED,
    LastChunk: E502_NOT_IMPLEMENTED,
    StartTls: E502_NOT_IMPLEMENTED,
    Etrn: E502_NOT_IMPLEMENTED,
    Auth: E503_BAD_SEQUENCE,
}
"""What a server says to a command whose extension it does not offer (RFC 5321 section 4.2.4; AUTH as Postfix and Exim).

Nearly nobody has heard of those of RFC 821 and of ATRN, all know the others.
"""

_PARAMETERS: dict[tuple[type, str], list[tuple[str, Parameter]]] = {}
for _row in _ROWS:
    for _parameter in _row.parameters:
        _PARAMETERS.setdefault((_parameter.command, _parameter.keyword), []).append((_row.keyword, _parameter))

# What the last word decides, as in Postfix and Exim; all other parameters come once (RFC 3461 section 4).
_REPEATABLE = frozenset({"SIZE", "BODY"})

# Who says on whose behalf mail is sent does no harm where nobody can prove it, and Postfix and Exim take it.
_HARMLESS = frozenset({"AUTH"})

# RFC 4865 section 4: one of the two.
_CLASHES = {"HOLDFOR": "HOLDUNTIL", "HOLDUNTIL": "HOLDFOR"}


def parameter_fault(command: type, parameters: Parameters, offered: Collection[str]) -> Reply | None:
    """The reply to a command whose parameters are at fault; None when they are not.

    A parameter that no offered extension brings gets 555 (RFC 5321 section 4.1.1.11), a bad value or a keyword that
    comes twice gets 501. `offered` holds the extensions in force: none after HELO, when even good ones get 555.
    """
    seen = []
    for keyword, value in parameters:
        name = keyword.upper()
        known = _PARAMETERS.get((command, name), ())
        rows = [row for extension, row in known if not offered or extension in offered or extension in _HARMLESS]
        twice = name in seen and name not in _REPEATABLE
        if rows and (twice or _CLASHES.get(name) in seen or not any(_fits(row, value) for row in rows)):
            return E501_PARAMETER(keyword)
        if not rows or not offered:
            return E555_PARAMETER(keyword)
        seen.append(name)
    return None


def _fits(parameter: Parameter, value: str | None) -> bool:
    if parameter.value is None or value is None:
        return parameter.value is None and value is None
    return parameter.value.fullmatch(value) is not None


def line_limit(command: type | None, offered: Container[str]) -> int:
    """How long the command's line may be, in octets with its CRLF, under the extensions in force."""
    if command is None:
        return COMMAND_LINE_LIMIT
    return COMMAND_LINE_LIMIT + sum(row.longer.get(command, 0) for row in _ROWS if row.keyword in offered)


def is_binary(parameters: Parameters) -> bool:
    """Whether MAIL's parameters announce BINARYMIME, which only BDAT can carry (RFC 3030 section 3)."""
    return any(keyword == "BODY" and value and value.upper() == "BINARYMIME" for keyword, value in parameters)


@lru_cache(maxsize=1024)
def longest_line(extensions: tuple[str, ...]) -> int:
    """Octets in the longest command line that a server reads under these extensions, CRLF included."""
    return max([TOLERATED_LINE, *[line_limit(command, extensions) for row in _ROWS for command in row.longer]])


@lru_cache(maxsize=1024)
def barred(extensions: tuple[str, ...], in_force: tuple[str, ...], esmtp: bool, lmtp: bool) -> frozenset[type]:
    """The commands that a server does not know now, whatever the state of the dialogue.

    Args:
        extensions: what the server offers.
        in_force: what the client has learnt of: all of it after EHLO, nothing before it and after HELO.
        esmtp: false for a server of RFC 821, which knows SEND, SOML and SAML, and nothing newer than RFC 821.
        lmtp: whether the server speaks LMTP, which has LHLO and neither HELO nor EHLO (RFC 2033 section 4.1).
    """
    if not esmtp:
        return frozenset({Ehlo, Lhlo, *COMMAND_EXTENSIONS}) - OLD_COMMANDS
    return (frozenset({Helo, Ehlo}) if lmtp else frozenset({Lhlo})) | {
        command
        for command, keyword in COMMAND_EXTENSIONS.items()
        if keyword not in (extensions if command in OLD_COMMANDS else in_force)
    }


@lru_cache(maxsize=1024)
def offerable(extensions: tuple[str, ...], secure: bool, *, clear_auth: bool = True) -> tuple[str, ...]:
    """Those of the extensions that a server can offer: all of them, but STARTTLS where TLS is there already.

    Where it is not, and nobody is to prove himself in the clear (RFC 4954 section 4), AUTH is not offered, nor is ATRN.

    Raises:
        LocalProtocolError: one is unknown, or lacks another that it needs.
    """
    for keyword in extensions:
        if keyword not in EXTENSIONS:
            raise LocalProtocolError(f"extension {keyword!r} is not known here: choose from {', '.join(EXTENSIONS)}")
        needs = EXTENSIONS[keyword].needs
        if needs and needs not in extensions:
            raise LocalProtocolError(f"extension {keyword!r} needs {needs!r}: offer both or neither")
    out = ("STARTTLS",) if secure else () if clear_auth else ("AUTH", "ATRN")
    return tuple([keyword for keyword in extensions if keyword not in out]) if out else extensions


@lru_cache(maxsize=1024)
def offer_lines(
    extensions: tuple[str, ...], size_limit: int, texts: tuple[tuple[str, str], ...] = ()
) -> tuple[str, ...]:
    """The lines of an EHLO reply that offer the extensions, in the order given; `texts` replace the table's offers."""
    said = dict(texts)
    return tuple(
        f"{keyword} {said.get(keyword, EXTENSIONS[keyword].offer.format(size_limit=size_limit))}".rstrip()
        for keyword in extensions
    )


def parse_offer(lines: Sequence[str]) -> Mapping[str, str]:
    """What an EHLO reply offers: keyword in upper case -> the text after it.

    Args:
        lines: all lines of the reply; the first holds the server's name and is left out.
    """
    words = [line.split(maxsplit=1) for line in lines[1:]]
    return MappingProxyType({word[0].upper(): " ".join(word[1:]) for word in words if word})


@lru_cache(maxsize=1024)
def ehlo_reply(
    host: str, peer: str, offered: tuple[str, ...], size_limit: int, offers: tuple[tuple[str, str], ...]
) -> Reply:
    """The reply that accepts EHLO and says what is offered (RFC 5321 section 4.1.1.1).

    Args:
        host: the server's name.
        peer: the client's.
        offered: the keywords of the extensions, in their order.
        size_limit: the greatest message, in octets; 0 means none.
        offers: what follows a keyword, where it is not what the table of extensions says.
    """
    return Reply(250, (f"{host:.255} greets {peer:.200}", *offer_lines(offered, size_limit, offers)))
