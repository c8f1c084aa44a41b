"""Command lines: one table of their syntax, from which they are both read and written (RFC 5321 section 4.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sim.mail.address import is_domain
from sim.mail.path import parse_forward_path, parse_path
from sim.protocol.errors import LocalProtocolError
from sim.protocol.smtp import sasl
from sim.protocol.smtp.errors import RemoteProtocolError, refused
from sim.protocol.smtp.events import (
    Atrn,
    Auth,
    AuthResponse,
    Chunk,
    Command,
    Data,
    Ehlo,
    Etrn,
    Expn,
    Helo,
    Help,
    LastChunk,
    Lhlo,
    Mail,
    MailData,
    Noop,
    Parameters,
    Quit,
    Rcpt,
    Rset,
    Saml,
    Send,
    Soml,
    StartTls,
    Turn,
    Vrfy,
)
from sim.protocol.smtp.extensions import (
    AUTH_LINE_LIMIT,
    COMMAND_LINE_LIMIT,
    TOLERATED_LINE,
    line_limit,
    parameter_fault,
)
from sim.protocol.smtp.mail_data import stuff
from sim.protocol.smtp.path_argument import read_path
from sim.protocol.smtp.replies import (
    E421_FOREIGN,
    E500_BAD_OCTETS,
    E500_RESPONSE_TOO_LONG,
    E500_TOO_LONG,
    E500_UNKNOWN,
    E501_BAD_RECIPIENT,
    E501_BAD_SENDER,
    E501_CANCELLED,
    E501_SYNTAX,
    E553_NOT_ASCII,
)

_DOMAIN_LIMIT = 255

# Printable US-ASCII; HT counts as white space, which servers should tolerate at the end (RFC 5321 section 4.1.1).
_LINE = re.compile(rb"[\t\x20-\x7e]*")

# What RFC 6531 adds to that.
_UTF8_LINE = re.compile("[\t\x20-\x7e\x80-\U0010ffff]*")
_UTF8_COMMANDS = frozenset({Mail, Rcpt, Vrfy, Expn})

# What may have any character of US-ASCII but NUL in it, since nobody looks at its text.
_ASCII_LINE = re.compile(rb"[\x01-\x7f]*")
_ASCII_COMMANDS = frozenset({Noop, Help})

# A request of HTTP, whose author may be a browser that somebody else's page made write to us. What follows it is not to
# be read as commands (Postfix smtpd_forbidden_commands), though after anything else unknown the session goes on (RFC
# 5321 section 3.8).
_FOREIGN = re.compile(rb"(?:CONNECT|GET|POST) .* HTTP/[0-9].*", re.IGNORECASE)

_WORDS = re.compile(r"([^ \t]+)(?:[ \t]+(.*))?")

# esmtp-param = esmtp-keyword ["=" esmtp-value]; the value is printable, without "=" and space (section 4.1.2), and
# may have characters beyond US-ASCII (RFC 6531 section 3.3).
_PARAMETER = re.compile("([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\x80-\U0010ffff]+))?")
_SPACES = re.compile("[ \t]+")

# RFC 1985 section 5.2: a domain, "@" and a domain for what is below it too, or "#" and a name that is the server's own.
# RFC 3030 section 2: bdat-cmd = "BDAT" SP chunk-size [SP end-marker]; as in SIZE, 20 digits must do.
_CHUNK = re.compile("([0-9]{1,20})([ \t]+LAST)?", re.IGNORECASE)

# RFC 4954 section 4: "AUTH" SP sasl-mech [SP (base64 / "=")]; a mechanism's name by RFC 4422 section 3.1.
_AUTH = re.compile("([A-Za-z0-9_-]{1,20})(?:[ \t]+([^ \t]+))?")

_QUEUE = re.compile("#[!-~]+")


class Bdat(NamedTuple):
    """A BDAT line: that many octets follow it. With them it is a Chunk, or a LastChunk."""

    size: int
    last: bool


class _Syntax(NamedTuple):
    """A row of the table: how a command is to be written (for a 501), its event, and how it is read and written.

    `read` is given what stands behind the verb, the row, and the keywords of the extensions in force.
    """

    usage: str
    kind: type
    read: Callable[[str, _Syntax, Collection[str]], Command | Bdat]
    write: Callable[[Any], str]


def _read_nothing(argument: str, syntax: _Syntax, _: Collection[str]) -> Command:
    if argument:
        raise refused(argument, E501_SYNTAX(syntax.usage))
    command: Command = syntax.kind()
    return command


def _read_text(argument: str, syntax: _Syntax, _: Collection[str]) -> Command:
    command: Command = syntax.kind(argument)
    return command


def _read_word(argument: str, syntax: _Syntax, offered: Collection[str]) -> Command:
    if not argument:
        raise refused(argument, E501_SYNTAX(syntax.usage))
    return _read_text(argument, syntax, offered)


def _read_query(argument: str, syntax: _Syntax, offered: Collection[str]) -> Command:
    """VRFY and EXPN: under SMTPUTF8, a last word of that name is no part of the text (RFC 6531 section 3.7.4)."""
    text, _, flag = argument.rpartition(" ")
    utf8 = "SMTPUTF8" in offered and text != "" and flag.upper() == "SMTPUTF8"
    if not utf8 and not argument.isascii():
        raise refused(argument, E553_NOT_ASCII)
    if not utf8:
        return _read_word(argument, syntax, offered)
    command: Command = syntax.kind(text.rstrip(" \t"), utf8)
    return command


def _read_node(argument: str, syntax: _Syntax, offered: Collection[str]) -> Command:
    if not _QUEUE.fullmatch(argument) and not is_domain(argument.removeprefix("@")):
        raise refused(argument, E501_SYNTAX(syntax.usage))
    return _read_word(argument, syntax, offered)


def _read_chunk(argument: str, syntax: _Syntax, _: Collection[str]) -> Bdat:
    match = _CHUNK.fullmatch(argument)
    if match is None:
        raise refused(argument, E501_SYNTAX(syntax.usage))
    return Bdat(int(match[1]), match[2] is not None)


def _read_auth(argument: str, syntax: _Syntax, _: Collection[str]) -> Command:
    match = _AUTH.fullmatch(argument)
    if match is None:
        raise refused(argument, E501_SYNTAX(syntax.usage))
    mechanism, initial = match.groups()
    if initial is None:
        return Auth(mechanism.upper())
    # An empty initial response is "=", since nothing at all says that there is none.
    return Auth(mechanism.upper(), b"" if initial == "=" else sasl.decode(initial))


def _read_domains(argument: str, syntax: _Syntax, _: Collection[str]) -> Command:
    domains = tuple(argument.split(",")) if argument else ()
    if not all(map(is_domain, domains)):
        raise refused(argument, E501_SYNTAX(syntax.usage))
    return Atrn(domains)


def _read_domain(argument: str, syntax: _Syntax, offered: Collection[str]) -> Command:
    # Whatever the client calls itself is only for the record: section 4.1.4 forbids to refuse mail for it.
    return _read_word(argument[:_DOMAIN_LIMIT], syntax, offered)


def _read_mail(argument: str, syntax: _Syntax, offered: Collection[str]) -> Command:
    path, parameters = read_path(_after("FROM:", argument, syntax), parse_path, E501_BAD_SENDER)
    read = _read_parameters(syntax.kind, parameters, offered)
    if not argument.isascii() and ("SMTPUTF8", None) not in read:
        raise refused(argument, E553_NOT_ASCII)
    command: Command = syntax.kind(path, read)
    return command


def _read_rcpt(argument: str, syntax: _Syntax, offered: Collection[str]) -> Command:
    path, parameters = read_path(_after("TO:", argument, syntax), parse_forward_path, E501_BAD_RECIPIENT)
    return Rcpt(path, _read_parameters(Rcpt, parameters, offered))


def _after(word: str, argument: str, syntax: _Syntax) -> str:
    if argument[: len(word)].upper() != word:
        raise refused(argument, E501_SYNTAX(syntax.usage))
    return argument[len(word) :]


def _read_parameters(kind: type, text: str, offered: Collection[str]) -> Parameters:
    if not text:
        return ()
    parameters = []
    for word in _SPACES.split(text):
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise refused(word, E501_SYNTAX("keyword or keyword=value, separated by spaces"))
        parameters.append((match[1].upper(), match[2]))
    fault = parameter_fault(kind, tuple(parameters), offered)
    if fault is not None:
        raise refused(text, fault)
    # Of those that may come twice the last one counts.
    return tuple(dict(parameters).items())


def _write_query(query: Vrfy | Expn) -> str:
    return f"{type(query).__name__.upper()} {query.text}{' SMTPUTF8' if query.utf8 else ''}"


def _write_chunk(chunk: Chunk | LastChunk) -> str:
    return f"BDAT {len(chunk.content)}{' LAST' if isinstance(chunk, LastChunk) else ''}"


def _write_auth(auth: Auth) -> str:
    return f"AUTH {auth.mechanism}" + ("" if auth.initial is None else f" {sasl.encode(auth.initial) or '='}")


def _write_parameters(parameters: Parameters) -> str:
    if not parameters:
        return ""
    return "".join([f" {keyword}" if value is None else f" {keyword}={value}" for keyword, value in parameters])


_TABLE = {
    "HELO": _Syntax("HELO <domain>", Helo, _read_domain, lambda helo: f"HELO {helo.domain}"),
    "EHLO": _Syntax("EHLO <domain>", Ehlo, _read_domain, lambda ehlo: f"EHLO {ehlo.domain}"),
    "LHLO": _Syntax("LHLO <domain>", Lhlo, _read_domain, lambda lhlo: f"LHLO {lhlo.domain}"),
    "MAIL": _Syntax(
        "MAIL FROM:<reverse-path> [parameters]",
        Mail,
        _read_mail,
        lambda mail: f"MAIL FROM:{mail.reverse_path}{_write_parameters(mail.parameters)}",
    ),
    "SEND": _Syntax("SEND FROM:<reverse-path>", Send, _read_mail, lambda send: f"SEND FROM:{send.reverse_path}"),
    "SOML": _Syntax("SOML FROM:<reverse-path>", Soml, _read_mail, lambda soml: f"SOML FROM:{soml.reverse_path}"),
    "SAML": _Syntax("SAML FROM:<reverse-path>", Saml, _read_mail, lambda saml: f"SAML FROM:{saml.reverse_path}"),
    "RCPT": _Syntax(
        "RCPT TO:<forward-path> [parameters]",
        Rcpt,
        _read_rcpt,
        lambda rcpt: f"RCPT TO:{rcpt.forward_path}{_write_parameters(rcpt.parameters)}",
    ),
    "DATA": _Syntax("DATA", Data, _read_nothing, lambda _: "DATA"),
    "BDAT": _Syntax("BDAT <size> [LAST]", Chunk, _read_chunk, _write_chunk),
    "STARTTLS": _Syntax("STARTTLS", StartTls, _read_nothing, lambda _: "STARTTLS"),
    "AUTH": _Syntax("AUTH <mechanism> [initial-response]", Auth, _read_auth, _write_auth),
    "RSET": _Syntax("RSET", Rset, _read_nothing, lambda _: "RSET"),
    "VRFY": _Syntax("VRFY <text>", Vrfy, _read_query, _write_query),
    "EXPN": _Syntax("EXPN <text>", Expn, _read_query, _write_query),
    "NOOP": _Syntax("NOOP [text]", Noop, _read_text, lambda noop: f"NOOP {noop.text}".rstrip()),
    "HELP": _Syntax("HELP [text]", Help, _read_text, lambda query: f"HELP {query.text}".rstrip()),
    "ETRN": _Syntax(
        "ETRN <domain>, ETRN @<domain> or ETRN #<queue>", Etrn, _read_node, lambda etrn: f"ETRN {etrn.node}"
    ),
    "TURN": _Syntax("TURN", Turn, _read_nothing, lambda _: "TURN"),
    "ATRN": _Syntax(
        "ATRN [domain,domain...]", Atrn, _read_domains, lambda atrn: f"ATRN {','.join(atrn.domains)}".rstrip()
    ),
    "QUIT": _Syntax("QUIT", Quit, _read_nothing, lambda _: "QUIT"),
}
_BY_KIND = {syntax.kind: syntax for syntax in _TABLE.values()} | {LastChunk: _TABLE["BDAT"]}


def command_kind(line: bytes) -> type | None:
    """The event type of the command that the line's verb names; None for an unknown verb."""
    verb = re.split(rb"[ \t]", line, maxsplit=1)[0]
    syntax = _TABLE.get(verb.decode("ascii", "replace").upper())
    return None if syntax is None else syntax.kind


def usage(verb: str) -> str | None:
    """How the command of that name, in upper case, is written; None for an unknown one."""
    syntax = _TABLE.get(verb)
    return None if syntax is None else syntax.usage


def read_command(line: bytes, offered: tuple[str, ...]) -> Command | Bdat:
    """Read a command line. Of a BDAT this is the line alone, whose octets follow.

    Args:
        line: the line without its CRLF.
        offered: the keywords of the extensions in force.

    Raises:
        RemoteProtocolError: it is no command, or its argument or length is at fault; the error carries the reply.
    """
    if len(line) + 2 > TOLERATED_LINE and len(line) + 2 > line_limit(command_kind(line), offered):
        raise refused(line[:40], E500_TOO_LONG)
    text = _unusual(line, offered) if _LINE.fullmatch(line) is None else line.decode("ascii")
    words = _WORDS.fullmatch(text.rstrip(" \t"))
    syntax = _TABLE.get(words[1].upper()) if words else None
    if words is None or syntax is None:
        raise refused(line, E500_UNKNOWN if _FOREIGN.fullmatch(line) is None else E421_FOREIGN)
    return syntax.read(words[2] or "", syntax, offered)


def _unusual(line: bytes, offered: tuple[str, ...]) -> str:
    """A command line that is not printable US-ASCII: legal where SMTPUTF8 is in force and the command takes UTF-8.

    Octets beyond US-ASCII get 500 (RFC 5321 section 2.4), control characters in an argument 501.
    """
    kind = command_kind(line)
    if kind is not None and line.isascii():
        if kind in _ASCII_COMMANDS and _ASCII_LINE.fullmatch(line):
            return re.sub("[\x01-\x1f\x7f]", " ", line.decode("ascii"))
        raise refused(line, E501_SYNTAX(_BY_KIND[kind].usage))
    if "SMTPUTF8" in offered and kind in _UTF8_COMMANDS:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            raise refused(line, E500_BAD_OCTETS) from None
        if _UTF8_LINE.fullmatch(text):
            return text
    raise refused(line, E500_BAD_OCTETS)


def write_command(command: Any, offered: tuple[str, ...]) -> bytes:  # noqa: ANN401 - of a Command its kind says more
    """The octets of a command: its line with its CRLF, with a chunk its octets, or mail data with its final dot.

    Raises:
        LocalProtocolError: no server would read the line, because a value in it, a parameter that none of the `offered`
            extensions brings, or its length is at fault.
    """
    kind = type(command)
    bare = _BARE.get(kind)
    if bare is not None:
        return bare
    write = _PAYLOADS.get(kind)
    if write is not None:
        return write(command)
    if kind in _QUERIES and command.utf8 and "SMTPUTF8" not in offered:
        raise LocalProtocolError(f"cannot send {command!r}: the server does not offer SMTPUTF8")
    line = _checked(_BY_KIND[kind].write(command), offered)
    return line + command.content if kind in _CHUNKS else line


@lru_cache(maxsize=4096)
def _checked(text: str, offered: tuple[str, ...]) -> bytes:
    line = text.encode("utf-8", "surrogatepass")
    if len(line) + 2 > COMMAND_LINE_LIMIT and len(line) + 2 > (limit := line_limit(command_kind(line), offered)):
        raise LocalProtocolError(f"cannot send {text[:40]!r}...: its line has {len(line) + 2} octets of {limit}")
    if _UTF8_LINE.fullmatch(text) is None:
        raise LocalProtocolError(f"cannot send {text!r}: it has control characters")
    try:
        read_command(line, offered)
    except RemoteProtocolError as error:
        raise LocalProtocolError(f"cannot send {text!r}: {error}") from error
    return line + b"\r\n"


def read_auth_response(line: bytes) -> AuthResponse:
    """Read a line that answers a 334.

    Raises:
        RemoteProtocolError: it is no base64, too long, or `*`, which cancels (RFC 4954 section 4).
    """
    if len(line) + 2 > AUTH_LINE_LIMIT:
        raise refused(line[:40], E500_RESPONSE_TOO_LONG)
    if line == b"*":
        raise refused(line, E501_CANCELLED)
    return AuthResponse(sasl.decode(line.decode("ascii", "replace")))


def _write_auth_response(response: AuthResponse) -> bytes:
    line = b"*" if response.data is None else sasl.encode(response.data).encode("ascii")
    if len(line) + 2 > AUTH_LINE_LIMIT:
        raise LocalProtocolError(f"an AUTH response has {len(line) + 2} octets: at most {AUTH_LINE_LIMIT} are allowed")
    return line + b"\r\n"


_BARE = {syntax.kind: f"{verb}\r\n".encode() for verb, syntax in _TABLE.items() if syntax.read is _read_nothing}
"""The lines of those that have no argument."""

_CHUNKS = frozenset({Chunk, LastChunk})
_QUERIES = frozenset({Vrfy, Expn})
_PAYLOADS: Mapping[type, Callable[[Any], bytes]] = {
    MailData: lambda mail_data: stuff(mail_data.content),
    AuthResponse: _write_auth_response,
}
"""What is no line of the table."""
