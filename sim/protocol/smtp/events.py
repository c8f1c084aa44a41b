"""What happens in an SMTP dialogue: the commands, the mail data, and the end of the connection.

Values without behaviour. A client machine is given commands and mail data to send, a server machine reports them.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.mail.path import Path
from sim.protocol.smtp.replies import Reply

Parameters = tuple[tuple[str, str | None], ...]
"""ESMTP parameters of MAIL or RCPT in their order: (keyword, value), or (keyword, None) where none has a value."""


@dataclass(frozen=True, slots=True)
class Helo:
    """HELO: who the client is, by RFC 821's greeting. The domain is as written."""

    domain: str


@dataclass(frozen=True, slots=True)
class Ehlo:
    """EHLO: who the client is, and a request for the list of extensions. The domain is as written."""

    domain: str


@dataclass(frozen=True, slots=True)
class Lhlo:
    """LHLO: EHLO, as LMTP calls it (RFC 2033). The domain is as written."""

    domain: str


@dataclass(frozen=True, slots=True)
class Mail:
    """MAIL FROM: a mail transaction begins. A server machine gives the parameters' keywords in upper case."""

    reverse_path: Path
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True)
class Send:
    """SEND FROM: as MAIL, but for the terminals of users who are logged in (RFC 821 section 3.4)."""

    reverse_path: Path
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True)
class Soml:
    """SOML FROM: as SEND for users who are logged in, as MAIL for the others (RFC 821 section 3.4)."""

    reverse_path: Path
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True)
class Saml:
    """SAML FROM: as SEND and as MAIL, both (RFC 821 section 3.4)."""

    reverse_path: Path
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True)
class Rcpt:
    """RCPT TO: one more recipient. A server machine gives the parameters' keywords in upper case."""

    forward_path: Path
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True)
class Data:
    """DATA: the client asks to send mail data."""


@dataclass(frozen=True, slots=True)
class MailData:
    """The whole mail data: lines ended by CRLF, dots unstuffed, without the final dot.

    `too_big` says that it was above the server's size limit; the content is then empty, and 552 is the answer.
    """

    content: bytes
    too_big: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """BDAT: a part of the mail data, as it is; more follow (RFC 3030).

    `too_big` says that the mail data was above the server's size limit; the content is then empty, and 552 the answer.
    """

    content: bytes
    too_big: bool = False


@dataclass(frozen=True, slots=True)
class LastChunk:
    """BDAT LAST: the last chunk. A client gives its content, which may be empty; a server machine all chunks joined.

    `too_big` is as in Chunk.
    """

    content: bytes
    too_big: bool = False


@dataclass(frozen=True, slots=True)
class StartTls:
    """STARTTLS: the client asks for TLS on this connection (RFC 3207). After a 220 the callers shake hands.

    Both machines are then as after the greeting, with nothing that was said before.
    """


@dataclass(frozen=True, slots=True)
class Auth:
    """AUTH: the client wants to prove who it is (RFC 4954). The initial response is decoded, None where there is none.

    235 accepts, 334 asks for a response, all else refuses.
    """

    mechanism: str
    initial: bytes | None = None


@dataclass(frozen=True, slots=True)
class AuthResponse:
    """What a client says to a 334, decoded; None, which a server machine never gives, to cancel the dialogue."""

    data: bytes | None


@dataclass(frozen=True, slots=True)
class Rset:
    """RSET: the mail transaction is given up."""


@dataclass(frozen=True, slots=True)
class Vrfy:
    """VRFY: is this a user, and what is the mailbox? `utf8` says that the client understands UTF-8 (RFC 6531)."""

    text: str
    utf8: bool = False


@dataclass(frozen=True, slots=True)
class Expn:
    """EXPN: is this a mailing list, and who is on it? `utf8` says that the client understands UTF-8 (RFC 6531)."""

    text: str
    utf8: bool = False


@dataclass(frozen=True, slots=True)
class Noop:
    """NOOP: an answer is all that is asked for."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Help:
    """HELP: a text for people is asked for."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Etrn:
    """ETRN: the client asks that mail waiting for this node be sent now, on connections of its own (RFC 1985).

    The node is a domain, `@domain` for it and what is below it, or `#queue` for a queue of the server's.
    """

    node: str


@dataclass(frozen=True, slots=True)
class Turn:
    """TURN: the client asks to become the server (RFC 821 section 3.8). After a 250, see `turn.reverse`."""


@dataclass(frozen=True, slots=True)
class Atrn:
    """ATRN: TURN by a client that proved who it is, for mail to these domains; none means all its own (RFC 2645)."""

    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quit:
    """QUIT: the client asks for the end of the session."""


Command = (
    Helo
    | Ehlo
    | Lhlo
    | Mail
    | Send
    | Soml
    | Saml
    | Rcpt
    | Data
    | MailData
    | Chunk
    | LastChunk
    | StartTls
    | Auth
    | AuthResponse
    | Rset
    | Vrfy
    | Expn
    | Noop
    | Help
    | Etrn
    | Turn
    | Atrn
    | Quit
)
"""What a client sends and a server answers with one reply (the mail data counts: its final dot is answered)."""


@dataclass(frozen=True, slots=True)
class BadCommand:
    """A line that is no legal command here: answer with this reply, or another 4yz or 5yz.

    The state stays, but for AUTH's dialogue, which is over.

    `line` is what came, without its CRLF; of a line above the length limit it is the beginning.
    """

    line: bytes
    reply: Reply
