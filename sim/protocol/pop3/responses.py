"""Responses: how they are written and read (RFC 1939 section 3; response codes by RFC 2449 section 8)."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from enum import Enum

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError

LINE_LIMIT = 512
"""Octets of a response's first line, CRLF included (RFC 2449 section 4)."""

END = b".\r\n"
"""What ends a multi-line response."""

_WRITABLE = re.compile(r"[\t\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]*")
_CODE = re.compile(r"[!-.0-Z^-~]+(?:/[!-.0-Z^-~]+)*")
_FIRST_LINE = re.compile(rb"(\+OK|-ERR)(?:[ \t]+(?:\[([^\]\r\n]*)\])?[ \t]*([^\r\n]*))?\r?", re.IGNORECASE)


class Status(Enum):
    """How a response begins."""

    OK = "+OK"
    ERR = "-ERR"
    CONTINUE = "+"
    """A challenge of AUTH: the client is to respond (RFC 5034 section 4)."""

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Response:
    """A server's answer to a command.

    Attributes:
        status: success, failure, or a challenge.
        text: the words after the status; of a challenge its base64.
        code: the extended response code without its brackets, e.g. `IN-USE` or `SYS/TEMP`; empty where there is none.
        content: what follows in a multi-line response, lines ended by CRLF, dots not doubled, without the final dot;
            None in a response of one line.
    """

    status: Status
    text: str = ""
    code: str = ""
    content: bytes | None = None


def ok(text: str = "", content: bytes | None = None) -> Response:
    """A success."""
    return Response(Status.OK, text, "", content)


def err(text: str, code: str = "") -> Response:
    """A failure."""
    return Response(Status.ERR, text, code)


def challenge(data: bytes) -> Response:
    """What a server asks within AUTH."""
    return Response(Status.CONTINUE, b64encode(data).decode("ascii"))


def write_response(response: Response) -> bytes:
    """The octets of a response, its CRLFs and final dot included.

    Raises:
        LocalProtocolError: it has a line that POP3 does not allow.
    """
    text = f"[{response.code}] {response.text}" if response.code else response.text
    if response.code and _CODE.fullmatch(response.code) is None:
        raise LocalProtocolError(f"response code {response.code!r}: write e.g. IN-USE or SYS/TEMP")
    if _WRITABLE.fullmatch(text) is None:
        raise LocalProtocolError(f"a response cannot say {text!r}: it has control characters")
    line = f"{response.status.value} {text}".rstrip(" ") if text else response.status.value
    if response.status is Status.CONTINUE:
        line = f"+ {text}"
    octets = line.encode("utf-8") + b"\r\n"
    if response.status is not Status.CONTINUE and len(octets) > LINE_LIMIT:
        raise LocalProtocolError(f"a response's line has {len(octets)} octets: at most {LINE_LIMIT} are allowed")
    if response.content is None:
        return octets
    return octets + stuff(response.content) + END


def stuff(content: bytes) -> bytes:
    """Lines as they stand in a multi-line response: a dot in front of each that begins with one, a CRLF at the end.

    A lone LF ends a line, too: most clients take it for an end, and a dot behind it would end the response for them.
    """
    content = content.replace(b"\n.", b"\n..")
    if content.startswith(b"."):
        content = b"." + content
    return content if not content or content.endswith(b"\r\n") else content + b"\r\n"


def read_first_line(line: bytes, *, in_auth: bool) -> Response:
    """The response that a line, without its LF, begins or is.

    Args:
        line: the line.
        in_auth: whether it answers AUTH or a response to a challenge, so that a `+` is a challenge.

    Raises:
        RemoteProtocolError: it is none.
    """
    if in_auth and (line == b"+" or line.startswith((b"+ ", b"+\r"))):
        return Response(Status.CONTINUE, line[1:].strip().decode("utf-8", "replace"))
    found = _FIRST_LINE.fullmatch(line)
    if found is None:
        raise RemoteProtocolError(f"{line!r} is no response of POP3: it begins with neither +OK nor -ERR")
    status = Status.OK if found[1].upper() == b"+OK" else Status.ERR
    code, text = (part.decode("utf-8", "replace") for part in (found[2] or b"", found[3] or b""))
    return Response(status, text, code.upper())
