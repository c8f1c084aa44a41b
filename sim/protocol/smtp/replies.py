"""Replies, and the one registry of the replies that this project's servers give.

A name in the registry is S (2yz and 3yz) or E (4yz and 5yz), the reply code, and what it says; its enhanced status code
(RFC 3463) stands beside it. Codes and their meaning: RFC 5321 sections 4.2 and 4.3.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Reply(NamedTuple):
    """An SMTP reply: its code (200 to 599), its lines of text, and its enhanced status code (`5.1.1`) or nothing.

    The lines are without code, enhanced code and CRLF. Decide by the first digit (the four properties), since any code
    may come (RFC 5321 section 4.3.2).
    """

    code: int
    lines: tuple[str, ...] = ("",)
    enhanced: str = ""

    @property
    def text(self) -> str:
        """All lines, joined by newlines."""
        return "\n".join(self.lines)

    @property
    def positive(self) -> bool:
        """2yz: done."""
        return self.code // 100 == 2

    @property
    def intermediate(self) -> bool:
        """3yz: go on."""
        return self.code // 100 == 3

    @property
    def transient(self) -> bool:
        """4yz: not now; the same command may succeed later."""
        return self.code // 100 == 4

    @property
    def permanent(self) -> bool:
        """5yz: no; the same command will fail again."""
        return self.code // 100 == 5


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """A reply with blanks in its text (`str.format` fields): call it with what goes there.

    Every blank has a greatest length, so that nothing the peer wrote makes a reply line longer than 512 octets.
    """

    code: int
    form: str
    enhanced: str = ""

    def __call__(self, *values: str) -> Reply:
        """The reply with its blanks filled in, in order."""
        return Reply(self.code, (self.form.format(*values),), self.enhanced)


S214_HELP = Reply(
    214, ("Commands: HELO EHLO MAIL RCPT DATA RSET VRFY EXPN HELP NOOP TURN QUIT; see RFC 5321",), "2.0.0"
)
S220_READY = ReplyForm(220, "{:.255} ESMTP ready")  # (host); RFC 2034: a greeting has no enhanced code
S220_TLS = Reply(220, ("Ready to start TLS",), "2.0.0")
S221_BYE = Reply(221, ("Bye",), "2.0.0")
S235_AUTHENTICATED = Reply(235, ("Authentication succeeded",), "2.7.0")
S250_CHUNK = ReplyForm(250, "{:.20} octets received", "2.0.0")  # (number)
S250_ETRN_STARTED = ReplyForm(250, "OK, queuing for node {:.400} started", "2.0.0")  # (node), RFC 1985 section 5.3
S250_HELLO = ReplyForm(250, "{:.255}")  # (host), the answer to HELO; Server.ehlo_reply answers EHLO
S250_OK = Reply(250, ("Ok",), "2.0.0")
S250_QUEUED = Reply(250, ("Ok: queued",), "2.0.0")
S250_RCPT = Reply(250, ("Ok",), "2.1.5")
S250_SENDER = Reply(250, ("Ok",), "2.1.0")
S250_TURN = Reply(250, ("Ok, now reversing the connection",), "2.0.0")
S251_ETRN_NOTHING = ReplyForm(251, "OK, no messages waiting for node {:.400}", "2.0.0")  # (node)
S251_WILL_FORWARD = ReplyForm(251, "User not local; will forward to {:.400}", "2.1.5")  # (forward-path)
S252_CANNOT_VERIFY = Reply(252, ("Cannot verify the user, but will take mail for this user and try",), "2.5.2")
S252_ETRN_PENDING = ReplyForm(252, "OK, pending messages for node {:.400} started", "2.0.0")  # (node)
S253_ETRN_PENDING = ReplyForm(253, "OK, {:.20} pending messages for node {:.400} started", "2.0.0")  # (number, node)
S334_CHALLENGE = ReplyForm(334, "{:.500}")  # (challenge in base64), see `sasl.challenge`
S354_GO_AHEAD = Reply(354, ("End data with <CR><LF>.<CR><LF>",))

E421_CLOSING = Reply(421, ("Service not available, closing transmission channel",), "4.3.2")
E421_FOREIGN = Reply(421, ("This is no HTTP server, closing transmission channel",), "4.7.0")
E421_TOO_MANY_MESSAGES = Reply(421, ("Too many messages in this connection",), "4.7.0")
E421_TIMEOUT = Reply(421, ("Timeout exceeded, closing transmission channel",), "4.4.2")
E421_TOO_MANY_ERRORS = Reply(421, ("Too many errors, closing transmission channel",), "4.7.0")
E421_TOO_MANY_SESSIONS = Reply(421, ("Too many sessions, try again later",), "4.3.2")
E450_GREYLISTED = Reply(450, ("Recipient address rejected: greylisted, try again later",), "4.7.1")
E450_MAILBOX_BUSY = Reply(450, ("Mailbox unavailable, try again later",), "4.2.0")
E450_NOT_ACTIVE = Reply(450, ("User is not at a terminal; use MAIL, SOML or SAML",), "4.2.1")  # RFC 821 section 3.4
E451_LOCAL_ERROR = Reply(451, ("Requested action aborted: local error in processing",), "4.3.0")
E452_NO_STORAGE = Reply(452, ("Insufficient system storage",), "4.3.1")
E452_TOO_MANY_RCPTS = Reply(452, ("Too many recipients",), "4.5.3")
E453_NO_MAIL = Reply(453, ("You have no mail",), "4.2.0")
E454_AUTH_FAILED = Reply(454, ("Temporary authentication failure",), "4.7.0")
E454_TLS_UNAVAILABLE = Reply(454, ("TLS not available due to temporary reason",), "4.7.0")
E458_UNABLE = ReplyForm(458, "Unable to queue messages for node {:.400}", "4.3.0")  # (node), RFC 1985 section 5.3
E459_NOT_ALLOWED = ReplyForm(459, "Node {:.300} not allowed: {:.100}", "4.7.1")  # (node, reason)

E500_BAD_OCTETS = Reply(500, ("Command line has an octet that is not printable US-ASCII",), "5.5.2")
E500_RESPONSE_TOO_LONG = Reply(500, ("Authentication exchange line is too long",), "5.5.6")
E500_TOO_LONG = Reply(500, ("Line too long",), "5.5.2")
E500_UNKNOWN = Reply(500, ("Command unrecognized",), "5.5.2")
E501_BAD_RECIPIENT = Reply(501, ("Bad recipient address syntax",), "5.1.3")
E501_BAD_SENDER = Reply(501, ("Bad sender address syntax",), "5.1.7")
E501_NOT_DECODABLE = Reply(501, ("Cannot decode the response",), "5.5.2")
E501_CANCELLED = Reply(501, ("Authentication cancelled",), "5.7.0")
E501_PARAMETER = ReplyForm(501, "Bad value of parameter {:.200}", "5.5.4")  # (keyword)
E501_SYNTAX = ReplyForm(501, "Syntax: {:.200}", "5.5.4")  # (how to write the command)
E502_NOT_IMPLEMENTED = Reply(502, ("Command not implemented",), "5.5.1")
E503_BAD_SEQUENCE = Reply(503, ("Bad sequence of commands",), "5.5.1")
E504_MECHANISM = Reply(504, ("Unrecognized authentication type",), "5.5.4")
E504_PARAMETER = Reply(504, ("Command parameter not implemented",), "5.5.4")
E521_BAD_CHUNK = Reply(521, ("Syntax: BDAT <size> [LAST]; closing transmission channel",), "5.5.4")
E530_AUTH_REQUIRED = Reply(530, ("Authentication required",), "5.7.0")
E530_TLS_REQUIRED = Reply(530, ("Must issue a STARTTLS command first",), "5.7.0")
E534_TOO_WEAK = Reply(534, ("Authentication mechanism is too weak",), "5.7.9")
E535_BAD_CREDENTIALS = Reply(535, ("Authentication credentials invalid",), "5.7.8")
E538_TLS_REQUIRED = Reply(538, ("Encryption required for requested authentication mechanism",), "5.7.11")
E550_NO_SUCH_DOMAIN = Reply(550, ("No such domain",), "5.1.2")
E550_NO_SUCH_LIST = Reply(550, ("No such mailing list here",), "5.1.1")
E550_NO_SUCH_USER = Reply(550, ("No such user here",), "5.1.1")
E550_RELAY_DENIED = Reply(550, ("Relay access denied",), "5.7.1")
E551_NOT_LOCAL = ReplyForm(551, "User not local; please try {:.400}", "5.1.6")  # (forward-path)
E552_MAILBOX_FULL = Reply(552, ("Mailbox full",), "5.2.2")
E552_TOO_BIG = Reply(552, ("Message size exceeds fixed maximum message size",), "5.3.4")
E553_BAD_MAILBOX_NAME = Reply(553, ("Mailbox name not allowed",), "5.1.3")
E553_NOT_ASCII = Reply(553, ("Address with non-ASCII characters needs SMTPUTF8 on MAIL, VRFY or EXPN",), "5.6.7")
E554_FAILED = Reply(554, ("Transaction failed",), "5.0.0")
E554_NO_SERVICE = Reply(554, ("No SMTP service here",), "5.3.2")
E554_TOO_MANY_HOPS = Reply(554, ("Too many hops",), "5.4.6")
E555_PARAMETER = ReplyForm(555, "Parameter {:.200} not recognized or not implemented", "5.5.4")  # (keyword)
