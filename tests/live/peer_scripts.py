"""What hostile clients of a served host say: sessions of SMTP, more or less in order, with anything else in between."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from itertools import pairwise
from random import Random

RECIPIENTS = ["bob@b.example", "ben@b.example", "cy@c.example", "eve@b.example", "far@a.example", "Postmaster"]
PROOF_LINE = b"AUTH PLAIN " + b64encode(b"\0u\0secret") + b"\r\n"
CLIENT_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
"""How TLS begins."""

GARBAGE = [
    *(b"EHLO\r\n", b"HELO x y\r\n", b"LHLO me\r\n", b"RSET\r\n", b"NOOP\r\n", b"HELP MAIL\r\n", b"STARTTLS now\r\n"),
    *(
        b"MAIL FROM:<>\r\n",
        b"MAIL FROM:<x@y.example> SIZE=99999999999\r\n",
        b"MAIL FROM:<x@y.example> BODY=BINARYMIME\r\n",
    ),
    *("MAIL FROM:<ü@ü.example> SMTPUTF8\r\n".encode(), b"SEND FROM:<>\r\n", b"SOML FROM:<a@b>\r\n"),
    *(b"RCPT TO:<bob@b.example>\r\n", b"RCPT TO:<@a,@b:x%y@[127.0.0.1]>\r\n", b"RCPT TO:<\xff@b.example>\r\n"),
    *(b"DATA\r\n", b"DATA now\r\n", b".\r\n", b"\r\n.\r\n", b"\n.\n", b"\r\n", b"\r", b"\n", b"\r\r\n", b"\0\0\r\n"),
    *(b"VRFY bob\r\n", b"EXPN staff\r\n", b"EXPN \xff\r\n", b"ETRN c.example\r\n", b"ETRN #x\r\n", b"TURN\r\n"),
    *(b"ATRN c.example\r\n", b"ATRN\r\n", b"AUTH\r\n", b"AUTH PLAIN\r\n", b"AUTH PLAIN =\r\n", b"AUTH PLAIN ====\r\n"),
    *(PROOF_LINE, b"AUTH LOGIN dQ==\r\n", b"AUTH LOGIN\r\n", b"c2VjcmV0\r\n", b"*\r\n"),
    *(b"AUTH CRAM-MD5\r\n", b"AUTH GSSAPI\r\n", b"AUTH PLAIN " + b"A" * 20_000 + b"\r\n", b"\xff\xfe\r\n"),
    *(
        b"BDAT\r\n",
        b"BDAT x\r\n",
        b"BDAT -1\r\n",
        b"BDAT 5 LAST x\r\n",
        b"BDAT 99999999999999999999\r\n",
        b"BDAT 0\r\n",
    ),
    *(
        b"BDAT 0 LAST\r\n",
        b"BDAT +5\r\n",
        b"BDAT 0x5\r\n",
        b"BDAT 5LAST\r\n",
        b"bdat 3 last\r\nabc",
        b"BDAT  3\tLAST\r\n",
    ),
    *(
        "BDAT ٣\r\n".encode(),
        b"BDAT 700\r\n",
        b"BDAT 3\r\nabc",
        b"GET / HTTP/1.1\r\nHost: b\r\n\r\n",
        b"\xff\xf4\xff\xfd\x06",
    ),
    *(CLIENT_HELLO + bytes(range(256)), b"x" * 3000, b"x" * 70_000 + b"\r\n"),
    *(
        b"220 c\r\n",
        b"250 ok\r\n",
        b"250-c\r\n",
        b"354 go\r\n",
        b"550 no\r\n",
        b"421 bye\r\n",
        b"QUIT\r\n",
        b"quit now\r\n",
    ),
]
FIRST = b"EHLO first.example\r\n" + b"MAIL FROM:<x@y.example>\r\nRCPT TO:<cy@c.example>\r\nDATA\r\n\r\nhi\r\n.\r\n" * 2
"""What waits for somebody else before the peers come, where the host speaks SMTP."""

BODIES = [
    b".",
    b"..",
    b".x",
    b"",
    b"x" * 1200,
    b"\0",
    bytes(range(128, 256)),
    b"a\nb",
    b"a\rb",
    b"\n.\n",
    b"From x",
    b"\r.\r",
]

Act = tuple[str, bytes, float]
"""What to do, octets, a number: how many octets, or how long."""


def digest(octets: bytes) -> bytes:
    """A sum of octets, SHA-256 in hexadecimal digits."""
    return hashlib.sha256(octets).hexdigest().encode()


def message(chance: Random) -> bytes:
    """Mail data with its sums: of the octets, and of what is left where CRLF becomes LF."""
    lines = chance.choices(BODIES, k=chance.choice([0, 1, 3, 10, 60]))
    rest = b"".join([line + b"\r\n" for line in [b"Subject: hi", b"", *lines]])
    return b"X-Sum: " + digest(rest.replace(b"\r\n", b"\n")) + b" " + digest(rest) + b"\r\n" + rest


def mailing(chance: Random) -> bytes:
    """A transaction, mostly in order, by DATA or in chunks."""
    content = message(chance)
    to = b"".join([f"RCPT TO:<{one}>\r\n".encode() for one in chance.choices(RECIPIENTS, k=chance.randint(1, 4))])
    chunked = chance.random() < 0.4
    body = chance.choice([b"", b" BODY=8BITMIME", b" SIZE=%d" % len(content), b" BODY=BINARYMIME" if chunked else b""])
    envelope = b"MAIL FROM:<x@y.example>" + body + b"\r\n" + to
    if not chunked:
        stuffed = b"\r\n".join([b"." + line if line[:1] == b"." else line for line in content.split(b"\r\n")])
        return envelope + b"DATA\r\n" + stuffed + b".\r\n"
    ends = [0, *sorted(chance.choices(range(len(content)), k=chance.randint(0, 4))), len(content)]
    pieces = [content[start:end] for start, end in pairwise(ends)]
    written = [b"BDAT %d\r\n" % len(piece) + piece for piece in pieces[:-1]]
    return b"".join([envelope, *written, b"BDAT %d LAST\r\n" % len(pieces[-1]), pieces[-1]])


def acts(chance: Random, name: bytes, *, lmtp: bool) -> list[Act]:
    """What a peer does, and last how it ends."""
    hello = (b"LHLO " if lmtp is (chance.random() < 0.95) else b"EHLO ") + name + b"\r\n"
    done: list[Act] = [] if chance.random() < 0.05 else [("write", hello, 0)]
    ends = ["quit", "quit", "quit", "half", "half", "close", "reset", "silent", "deaf"]
    steps = ["mail"] * 10 + ["garbage"] * 3 + ["octets", "tls", "tls", "login", "login", "turn", "turn"]
    first = ["tls"] if chance.random() < 0.2 else []
    for step in [*first, *chance.choices(steps, k=chance.randint(0, 7))]:
        if step == "tls":
            kind = chance.choice(["tls", "tls", "tls", "tls cut", "tls drip", "tls silent", "tls garbage"])
            done += [(kind, chance.choice([b"", b"", b"NOOP\r\n"]), chance.randint(0, 900)), ("write", hello, 0)]
            continue
        if step == "turn":
            done += _turn(chance)
            continue
        octets = b"".join(chance.choices(GARBAGE, k=chance.choice([0, 0, 0, 0, 1])))
        octets += _OCTETS[step](chance)
        kind = chance.choice(["write"] * 8 + ["pieces", "pieces", "drip", "cut"])
        done.append((kind, octets, chance.choice([1, 7, 500]) if kind == "pieces" else chance.randint(0, len(octets))))
        if kind == "cut":
            # What came behind would be taken for the rest of it.
            ends = ends[3:]
            break
        if chance.random() < 0.3:
            done.append(("read", b"", 0.05))
    end = chance.choice(ends)
    return [*done, (end, b"\r\nQUIT\r\n" if end == "quit" else b"", chance.choice([0, 0, 0.02]))]


_OCTETS = {
    "mail": mailing,
    "garbage": lambda chance: b"".join(chance.choices(GARBAGE, k=chance.randint(1, 4))),
    "octets": lambda chance: chance.randbytes(chance.choice([1, 30, 3000])),
    "login": lambda chance: chance.choice(
        [PROOF_LINE, PROOF_LINE, b"AUTH LOGIN\r\ndQ==\r\nc2VjcmV0\r\n", b"AUTH CRAM-MD5\r\ndQ==\r\n"]
    ),
}
"""What a peer writes."""


def _turn(chance: Random) -> list[Act]:
    """Ask for mail, and be the server for it, more or less well."""
    replies = [
        b"220 c\r\n",
        b"250-c\r\n250-CHUNKING\r\n250 8BITMIME\r\n",
        *[b"250 ok\r\n"] * 2,
        b"354 go\r\n",
        b"250 ok\r\n",
    ]
    replies += [b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 ok\r\n", b"221 bye\r\n"]
    asked = PROOF_LINE + chance.choice([b"TURN\r\n", b"ATRN c.example\r\n", b"ATRN\r\n"])
    done: list[Act] = [("write", asked, 0), ("read", b"", 0.05)]
    for reply in replies:
        said = chance.choice(GARBAGE) if chance.random() < 0.1 else reply
        done += [
            ("write", said[: chance.randint(0, len(said))] if chance.random() < 0.05 else said, 0),
            ("read", b"", 0.05),
        ]
    return done
