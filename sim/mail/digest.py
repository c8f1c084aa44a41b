"""Content-MD5: a digest of a message's body that its reader can hold it to (RFC 1864)."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import md5

from sim.mail.content import split

_FIELD = re.compile(rb"^Content-MD5:[ \t]*([^\r\n]*?)[ \t]*\r$", re.IGNORECASE | re.MULTILINE)


def seal(content: bytes) -> bytes:
    """The message with the digest of its body in its header; one that has such a field stays as it is."""
    header, body = split(content)
    if _FIELD.search(header):
        return content
    return b"%sContent-MD5: %s\r\n\r\n%s" % (header, _digest(body), body)


def seal_holds(content: bytes) -> bool:
    """Whether the body is what its digest says; true where there is none. The header is nobody's business."""
    header, body = split(content)
    found = _FIELD.search(header)
    return found is None or found[1] == _digest(body)


def _digest(body: bytes) -> bytes:
    return b64encode(md5(body, usedforsecurity=False).digest())
