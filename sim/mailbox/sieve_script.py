"""Reading a Sieve script: sievelib parses it, what it means and may not say is looked at here (RFC 5228 section 2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import zip_longest
from typing import Any, Final

from sim.mail.address import AddressError
from sim.mail.content import canonical
from sim.mail.mailbox import parse_mailbox
from sim.mailbox.interface import BadNameError, checked_name
from sim.mailbox.sieve import (
    DAY,
    Answer,
    Discard,
    Fileinto,
    If,
    Redirect,
    Reject,
    Script,
    SieveError,
    Statement,
    Stop,
    Vacation,
)
from sim.mailbox.sieve_tests import (
    ADDRESS_FIELDS,
    AddressTest,
    Combined,
    Envelope,
    Exists,
    Header,
    Match,
    Size,
    Test,
)

CAPABILITIES: Final = (
    "fileinto",
    "reject",
    "envelope",
    "vacation",
    "vacation-seconds",
    "copy",
    "mailbox",
    "comparator-i;octet",
    "comparator-i;ascii-casemap",
)
"""What `require` may name."""

SIZE_LIMIT: Final = 65_536
"""Octets of a script."""

DEPTH_LIMIT: Final = 32
"""How deep blocks, and tests, may nest (Pigeonhole's limit)."""

_COMMENTS = ("hash_comment", "bracket_comment")
_ERROR = re.compile(r"line (\d+): (?:parsing error: )?(.*)", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_STUFFED = re.compile(r"^\.(?=\.)", re.MULTILINE)
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}

# What sievelib makes of a script: its classes have no types.
_Command = Any


def read_script(octets: bytes) -> Script:
    """Read a script.

    Raises:
        SieveError: it is none, or asks for what is not there; the text says in which line.
    """
    if len(octets) > SIZE_LIMIT:
        raise SieveError(1, f"a script of {len(octets)} octets: {SIZE_LIMIT} are allowed")
    from sievelib.parser import Parser

    tokens = list(_tokens(octets))
    _check_depth(tokens)
    parser = Parser()
    if not parser.parse(octets):
        found = _ERROR.fullmatch(parser.error)
        raise SieveError(int(found[1]), found[2]) if found else SieveError(1, parser.error)
    if tokens and tokens[-1][0] not in ("semicolon", "right_cbracket"):
        raise SieveError(tokens[-1][2], "the script ends within a command: a semicolon or a block is missing")
    # Each command and test is one identifier of the script, and they stand in the same order.
    names = [(text.decode().lower(), line) for kind, text, line in tokens if kind == "identifier"]
    lines: dict[int, int] = {}
    commands = (command for top in parser.result for command in top.walk())
    for (name, line), command in zip_longest(names, commands):
        # sievelib passes over what ends before all of it is there.
        if command is None or command.name != name or not _is_whole(command):
            raise SieveError(line, f"{name} is not complete")
        lines[id(command)] = line
    return Script(_Reader(lines).script(parser.result))


def _tokens(octets: bytes) -> Iterator[tuple[str, bytes, int]]:
    """What the script consists of, without comments: the kind, the text and its line; up to what is nothing."""
    from sievelib.parser import Lexer, ParseError, Parser

    lexer = Lexer(Parser.lrules)
    # The parser finds it, too, and says it.
    with suppress(ParseError):
        for kind, text in lexer.scan(octets):
            if kind not in _COMMENTS:
                yield kind, text, lexer.curlineno()


def _is_whole(command: _Command) -> bool:
    return all(each["name"] in command for each in command.args_definition if each.get("required"))


def _check_depth(tokens: Sequence[tuple[str, bytes, int]]) -> None:
    """Hold that nothing nests too deep: blocks, and tests in `not` and in parentheses."""
    blocks = nots = 0
    # How deep the tests around each open parenthesis are.
    around: list[int] = []
    for kind, text, line in tokens:
        if kind == "left_cbracket":
            blocks += 1
        elif kind == "right_cbracket":
            blocks -= 1
        elif kind == "left_parenthesis":
            around.append(nots + 1)
        elif kind == "right_parenthesis" and around:
            around.pop()
        nots = nots + 1 if text.lower() == b"not" else nots if kind == "identifier" else 0
        if max(blocks, sum(around) + nots) > DEPTH_LIMIT:
            raise SieveError(line, f"nested deeper than {DEPTH_LIMIT} levels")


class _Reader:
    """Reads what sievelib has parsed.

    Args:
        lines: where each command stands, by its identity.
    """

    def __init__(self, lines: Mapping[int, int]) -> None:
        self._lines = lines

    def script(self, commands: Sequence[_Command]) -> Sequence[Statement]:
        """The statements behind what the script requires."""
        first = next((n for n, command in enumerate(commands) if command.name != "require"), len(commands))
        for command in commands[:first]:
            for name in _strings(command["capabilities"]):
                if name not in CAPABILITIES:
                    raise self._error(command, f"no {name!r} here: there are {', '.join(CAPABILITIES)}")
        return self._block(commands[first:])

    def _error(self, command: _Command, said: str) -> SieveError:
        return SieveError(self._lines[id(command)], said)

    def _block(self, commands: Sequence[_Command]) -> Sequence[Statement]:
        statements: list[Statement] = []
        for command in commands:
            line = self._lines[id(command)]
            if command.name == "require":
                raise self._error(command, "require stands before all else")
            if command.name in ("elsif", "else"):
                before = statements.pop()
                branches = before.branches if isinstance(before, If) else ()
                statements.append(If(before.line, (*branches, self._branch(command))))
            elif command.name == "if":
                statements.append(If(line, (self._branch(command),)))
            else:
                statements.append(self._action(command, line))
        return tuple(statements)

    def _branch(self, command: _Command) -> tuple[Test, Sequence[Statement]]:
        test = Combined("allof", ()) if command.name == "else" else self._test(command["test"])
        return test, self._block(command.children)

    def _action(self, command: _Command, line: int) -> Statement:
        found = _ACTIONS.get(command.name)
        if found is None:
            raise self._error(command, f"no {command.name} here")
        try:
            return found(command, line)
        except (AddressError, BadNameError) as error:
            raise self._error(command, str(error)) from error

    def _test(self, command: _Command) -> Test:
        if command.name in ("not", "allof", "anyof"):
            inner = [command["test"]] if command.name == "not" else command["tests"]
            return Combined(command.name, tuple(map(self._test, inner)))
        if command.name not in _TESTS:
            raise self._error(command, f"no test {command.name} here")
        try:
            return _TESTS[command.name](command)
        except _UnknownNameError as error:
            raise self._error(command, f"the test {command.name} does not look at {error}") from error


class _UnknownNameError(Exception):
    """A test is to look at what it does not look at."""


def _header(command: _Command) -> Test:
    return Header(_strings(command["header-names"]), _match(command))


def _address(command: _Command) -> Test:
    return AddressTest(_names(command, ADDRESS_FIELDS), _tag(command, "address-part", ":all"), _match(command))


def _envelope(command: _Command) -> Test:
    return Envelope(_names(command, ("from", "to")), _tag(command, "address-part", ":all"), _match(command))


def _names(command: _Command, known: Collection[str]) -> Sequence[str]:
    names = _strings(command["header-list"])
    for name in names:
        if name.lower() not in known:
            raise _UnknownNameError(repr(name))
    return names


def _match(command: _Command) -> Match:
    octets = _string(command.extra_arguments.get("comparator", '""')) == "i;octet"
    return Match(_tag(command, "match-type", ":is"), _strings(command["key-list"]), octets)


_TESTS: Mapping[str, Callable[[_Command], Test]] = {
    "true": lambda _command: Combined("allof", ()),
    "false": lambda _command: Combined("anyof", ()),
    "header": _header,
    "address": _address,
    "envelope": _envelope,
    "size": lambda command: Size(command["comparator"].lower(), _number(command["limit"])),
    "exists": lambda command: Exists(_strings(command["header-names"])),
}


def _fileinto(command: _Command, line: int) -> Statement:
    return Fileinto(line, checked_name(_string(command["mailbox"])), "copy" in command)


def _redirect(command: _Command, line: int) -> Statement:
    return Redirect(line, str(parse_mailbox(_string(command["address"])).address), "copy" in command)


def _vacation(command: _Command, line: int) -> Statement:
    extra: Mapping[str, Any] = command.extra_arguments
    days = max(_number(extra.get("days", "7")), 1)
    sender = _string(extra.get("from", '""'))
    addresses = _strings(extra.get("addresses", []))
    for each in [*([sender] if sender else []), *addresses]:
        parse_mailbox(each)
    reason, subject = _string(command["reason"]), _string(extra.get("subject", '""'))
    return Answer(
        line,
        Vacation(
            reason=reason,
            period=max(_number(extra["seconds"]), 1) if "seconds" in extra else days * DAY,
            subject=subject,
            sender=sender,
            addresses=addresses,
            handle=_string(extra.get("handle", '""')) or f"{reason}\n{subject}\n{sender}\n{'mime' in command}",
            mime="mime" in command,
        ),
    )


_ACTIONS: Mapping[str, Callable[[_Command, int], Statement]] = {
    "keep": lambda _command, line: Fileinto(line),
    "fileinto": _fileinto,
    "redirect": _redirect,
    "discard": lambda _command, line: Discard(line),
    "reject": lambda command, line: Reject(line, _string(command["text"])),
    "vacation": _vacation,
    "stop": lambda _command, line: Stop(line),
}


def _tag(command: _Command, name: str, default: str) -> str:
    return str(command[name]).lower() if name in command else default


def _number(text: str) -> int:
    unit = text[-1:].upper() if text[-1:].isalpha() else ""
    return int(text[: len(text) - len(unit)]) * _UNITS[unit]


def _strings(value: str | Sequence[str]) -> Sequence[str]:
    return tuple(_string(each) for each in ([value] if isinstance(value, str) else value))


def _string(text: str) -> str:
    """What a string as sievelib leaves it stands for: quoted, or `text:` with its lines; they end in CRLF."""
    if text.startswith('"'):
        return _crlf(_ESCAPED.sub(r"\1", text[1:-1]))
    lines = _crlf(text).split("\r\n", 1)[1]
    return _STUFFED.sub("", lines.rstrip("\r\n").removesuffix("."))


def _crlf(text: str) -> str:
    """The text with CRLF for each kind of line end within it."""
    ends = canonical((text + "\n").encode("utf-8", "surrogateescape"))
    return ends.decode("utf-8", "surrogateescape").removesuffix("\r\n")
