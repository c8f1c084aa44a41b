"""A dialogue with an IMAP session in memory, each response read by the formal syntax and held to the state so far."""

from __future__ import annotations

from itertools import count

from imap_lines import MESSAGE, session
from strict_responses import Response, read_all

from sim.mailbox.memory import MemoryAccount

# While these are answered no message may lose its number (RFC 3501 section 7.4.1).
_QUIET = ("FETCH", "STORE", "SEARCH")


class Answer(list[Response]):
    """The responses to one command, the tagged one last."""

    @property
    def status(self) -> str:
        """OK, NO or BAD; `+` where the server waits for more."""
        return self[-1].kind

    @property
    def code(self) -> str:
        """The response code of the tagged response, without brackets."""
        return self[-1].code

    def of(self, kind: str) -> list[Response]:
        """The untagged responses of that kind."""
        return [each for each in self[:-1] if each.kind == kind]

    def items(self, kind: str) -> list:
        """What they say."""
        return [each.items for each in self.of(kind)]

    def numbers(self, kind: str) -> list[int]:
        """Their numbers."""
        return [each.number for each in self.of(kind)]

    @property
    def codes(self) -> list[str]:
        """The response codes of untagged OKs."""
        return [each.code for each in self.of("OK")]

    @property
    def kinds(self) -> list[str]:
        """What came, in its order, without the tagged response: e.g. `2 EXPUNGE`, `OK UIDNEXT`, `FLAGS`."""
        return [
            f"{each.number} {each.kind}"
            if each.kind in ("EXISTS", "RECENT", "EXPUNGE", "FETCH")
            else f"{each.kind} {each.code.partition(' ')[0]}".strip()
            for each in self[:-1]
        ]


def account(*boxes: str, messages: int = 3, **limits: int) -> MemoryAccount:
    """An account with these mailboxes and some messages in INBOX."""
    made = MemoryAccount(**limits)
    for name in boxes:
        made.create(name)
    for number in range(messages):
        made.mailbox("INBOX").append(MESSAGE, [], 86_400.0 * number)
    return made


class Dialogue:
    """One session; called with a command without its tag it gives the Answer.

    Args:
        of: whose mailboxes.
        before: commands to begin with; by default INBOX is selected.
        settings: of the session.
    """

    def __init__(self, of: MemoryAccount | None = None, *before: str, **settings) -> None:
        self.access = session(account() if of is None else of, **settings)
        self.exists = 0
        self.keywords: set[str] = set()
        self.rev2 = False
        self._tags = map("t{}".format, count(1))
        read_all(self.access.greet())
        for command in before or ("LOGIN ann secret", "SELECT INBOX"):
            assert self(command).status == "OK", command

    def __call__(self, command: str | bytes, tag: str = "") -> Answer:
        """What is answered to a command, which is given without its tag."""
        tag = tag or next(self._tags)
        octets = command if isinstance(command, bytes) else command.encode()
        answer = self.raw(f"{tag} ".encode() + octets + b"\r\n")
        word = octets.split(maxsplit=1)[0].decode().upper()
        self._hold(word, answer)
        assert answer[-1].tag in (tag, "+", "*"), answer
        if word == "ENABLE":
            self.rev2 |= any("IMAP4rev2" in each for each in answer.items("ENABLED"))
        return answer

    def raw(self, octets: bytes) -> Answer:
        """What is answered to octets."""
        return Answer(read_all(b"".join(self.access.replies(octets)), utf8=self.rev2))

    def news(self) -> Answer:
        """What is said to a client that waits."""
        return Answer(read_all(self.access.notify(), utf8=self.rev2))

    def _hold(self, word: str, answer: Answer) -> None:
        """Hold the responses to the rules of when which may come, and follow them."""
        if word in ("SELECT", "EXAMINE"):
            self.exists, self.keywords = 0, set()
        for each in answer:
            if each.kind == "EXISTS":
                assert each.number >= self.exists, answer
                self.exists = each.number
            elif each.kind == "EXPUNGE":
                assert word not in _QUIET, answer
                assert 0 < each.number <= self.exists, answer
                self.exists -= 1
            elif each.kind == "FLAGS":
                self.keywords = set(each.items)
            elif each.kind == "FETCH":
                assert 0 < each.number <= self.exists, answer
                flags = each.items.get("FLAGS", "()")[1:-1].split()
                assert self.keywords | {"\\Recent"} >= set(flags), answer
