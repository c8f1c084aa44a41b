"""Command lines: one table of their syntax, from which they are both read and written (RFC 5321 section 4.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from functools import lru_cache
from typing import Any, NamedTuple

from sim.mail.address import AddressError
from sim.mail.path import Path, parse_forward_path, parse_path
from sim.protocol.smtp.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.smtp.events import (
    Command,
    Data,
    Ehlo,
    Expn,
    Helo,
    Help,
    Mail,
    Noop,
    Parameters,
    Quit,
    Rcpt,
    Rset,
    Turn,
    Vrfy,
)
from sim.protocol.smtp.extensions import COMMAND_LINE_LIMIT, line_limit, parameter_fault
from sim.protocol.smtp.replies import (
    E500_BAD_OCTETS,
    E500_TOO_LONG,
    E500_UNKNOWN,
    E501_BAD_RECIPIENT,
    E501_BAD_SENDER,
    E501_SYNTAX,
    Reply,
)

__all__ = ["command_kind", "read_command", "write_command"]

_DOMAIN_LIMIT = 255

# Printable US-ASCII; HT counts as white space, which servers should tolerate at the end (RFC 5321 section 4.1.1).
_LINE = re.compile(rb"[\t\x20-\x7e]*")

_WORDS = re.compile(r"([^ \t]+)(?:[ \t]+(.*))?")

# A path ends at its first ">" outside a Quoted-string (section 4.1.2). Some clients put a space before it.
_PATH = re.compile(r'[ \t]*(<(?:[^">]++|"(?:[^"\\]|\\.)*+")*+>)(?:[ \t]+(.*))?')

# esmtp-param = esmtp-keyword ["=" esmtp-value]; the value is printable, without "=" and space (section 4.1.2).
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~]+))?")


class _Syntax(NamedTuple):
    """A row of the table: how a command is to be written (for a 501), its event, and how it is read and written.

    `read` is given what stands behind the verb, the row, and the keywords of the extensions in force.
    """

    usage: str
    kind: type
    read: Callable[[str, _Syntax, Container[str]], Command]
    write: Callable[[Any], str]


def _read_nothing(argument: str, syntax: _Syntax, _: Container[str]) -> Command:
    if argument:
        raise _refused(argument, E501_SYNTAX(syntax.usage))
    command: Command = syntax.kind()
    return command


def _read_text(argument: str, syntax: _Syntax, _: Container[str]) -> Command:
    command: Command = syntax.kind(argument)
    return command


def _read_word(argument: str, syntax: _Syntax, offered: Container[str]) -> Command:
    if not argument:
        raise _refused(argument, E501_SYNTAX(syntax.usage))
    return _read_text(argument, syntax, offered)


def _read_domain(argument: str, syntax: _Syntax, offered: Container[str]) -> Command:
    # Whatever the client calls itself is only for the record: section 4.1.4 forbids to refuse mail for it.
    if len(argument) > _DOMAIN_LIMIT:
        raise _refused(argument, E501_SYNTAX(syntax.usage))
    return _read_word(argument, syntax, offered)


def _read_mail(argument: str, syntax: _Syntax, offered: Container[str]) -> Command:
    path, parameters = _read_path(_after("FROM:", argument, syntax), parse_path, E501_BAD_SENDER)
    return Mail(path, _read_parameters(Mail, parameters, offered))


def _read_rcpt(argument: str, syntax: _Syntax, offered: Container[str]) -> Command:
    path, parameters = _read_path(_after("TO:", argument, syntax), parse_forward_path, E501_BAD_RECIPIENT)
    return Rcpt(path, _read_parameters(Rcpt, parameters, offered))


def _after(word: str, argument: str, syntax: _Syntax) -> str:
    if argument[: len(word)].upper() != word:
        raise _refused(argument, E501_SYNTAX(syntax.usage))
    return argument[len(word) :]


def _read_path(argument: str, parse: Callable[[str], Path], fault: Reply) -> tuple[Path, str]:
    """Split `<path> parameters`."""
    match = _PATH.fullmatch(argument)
    if match is None:
        raise _refused(argument, fault)
    try:
        return parse(match[1]), match[2] or ""
    except AddressError as error:
        raise _refused(str(error), fault) from error


def _read_parameters(kind: type, text: str, offered: Container[str]) -> Parameters:
    if not text:
        return ()
    parameters = []
    for word in text.split():
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise _refused(word, E501_SYNTAX("keyword or keyword=value, separated by spaces"))
        parameters.append((match[1].upper(), match[2]))
    fault = parameter_fault(kind, tuple(parameters), offered)
    if fault is not None:
        raise _refused(text, fault)
    return tuple(parameters)


def _write_parameters(parameters: Parameters) -> str:
    return "".join([f" {keyword}" if value is None else f" {keyword}={value}" for keyword, value in parameters])


_TABLE = {
    "HELO": _Syntax("HELO <domain>", Helo, _read_domain, lambda helo: f"HELO {helo.domain}"),
    "EHLO": _Syntax("EHLO <domain>", Ehlo, _read_domain, lambda ehlo: f"EHLO {ehlo.domain}"),
    "MAIL": _Syntax(
        "MAIL FROM:<reverse-path> [parameters]",
        Mail,
        _read_mail,
        lambda mail: f"MAIL FROM:{mail.reverse_path}{_write_parameters(mail.parameters)}",
    ),
    "RCPT": _Syntax(
        "RCPT TO:<forward-path> [parameters]",
        Rcpt,
        _read_rcpt,
        lambda rcpt: f"RCPT TO:{rcpt.forward_path}{_write_parameters(rcpt.parameters)}",
    ),
    "DATA": _Syntax("DATA", Data, _read_nothing, lambda _: "DATA"),
    "RSET": _Syntax("RSET", Rset, _read_nothing, lambda _: "RSET"),
    "VRFY": _Syntax("VRFY <text>", Vrfy, _read_word, lambda vrfy: f"VRFY {vrfy.text}"),
    "EXPN": _Syntax("EXPN <text>", Expn, _read_word, lambda expn: f"EXPN {expn.text}"),
    "NOOP": _Syntax("NOOP [text]", Noop, _read_text, lambda noop: f"NOOP {noop.text}".rstrip()),
    "HELP": _Syntax("HELP [text]", Help, _read_text, lambda query: f"HELP {query.text}".rstrip()),
    "TURN": _Syntax("TURN", Turn, _read_nothing, lambda _: "TURN"),
    "QUIT": _Syntax("QUIT", Quit, _read_nothing, lambda _: "QUIT"),
}
_BY_KIND = {syntax.kind: syntax for syntax in _TABLE.values()}


def command_kind(line: bytes) -> type | None:
    """The event type of the command that the line's verb names; None for an unknown verb."""
    verb = re.split(rb"[ \t]", line, maxsplit=1)[0]
    syntax = _TABLE.get(verb.decode("ascii", "replace").upper())
    return None if syntax is None else syntax.kind


@lru_cache(maxsize=4096)
def read_command(line: bytes, offered: tuple[str, ...]) -> Command:
    """Read a command line.

    Args:
        line: the line without its CRLF.
        offered: the keywords of the extensions in force.

    Raises:
        RemoteProtocolError: it is no command, or its argument or length is at fault; the error carries the reply.
    """
    if len(line) + 2 > COMMAND_LINE_LIMIT and len(line) + 2 > line_limit(command_kind(line), offered):
        raise _refused(line, E500_TOO_LONG)
    if _LINE.fullmatch(line) is None:
        raise _refused(line, E500_BAD_OCTETS)
    words = _WORDS.fullmatch(line.decode("ascii").rstrip(" \t"))
    syntax = _TABLE.get(words[1].upper()) if words else None
    if words is None or syntax is None:
        raise _refused(line, E500_UNKNOWN)
    return syntax.read(words[2] or "", syntax, offered)


def write_command(command: Command, offered: tuple[str, ...]) -> bytes:
    """The command's line with its CRLF: any command but mail data, which is no line.

    Raises:
        LocalProtocolError: no server would read the line, because a value in it, a parameter that none of the `offered`
            extensions brings, or its length is at fault.
    """
    return _checked(_BY_KIND[type(command)].write(command), offered)


@lru_cache(maxsize=4096)
def _checked(text: str, offered: tuple[str, ...]) -> bytes:
    line = text.encode("utf-8", "surrogatepass")
    try:
        read_command(line, offered)
    except RemoteProtocolError as error:
        raise LocalProtocolError(f"cannot send {text!r}: {error}") from error
    return line + b"\r\n"


def _refused(what: object, reply: Reply) -> RemoteProtocolError:
    return RemoteProtocolError(f"{what!r} deserves {reply.code} {reply.text}", reply)
