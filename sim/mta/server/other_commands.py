"""What a client may want of a host beside leaving mail: to prove who it is, to know users, to have mail of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from sim.mta.server.auth import Authentication
from sim.mta.server.etrn import HeldMail, answer_atrn, answer_etrn, answer_turn, atrn_nodes
from sim.mta.server.help_text import help_reply
from sim.mta.server.recipients import Directory
from sim.protocol.smtp import events, replies
from sim.protocol.smtp.replies import Reply
from sim.scenario.spec import Host


class OtherCommands:
    """The answers of one session to AUTH, VRFY, EXPN, HELP, ETRN, ATRN and TURN.

    `user` is who has proved himself with AUTH. `turn_nodes` holds, once TURN or ATRN got its 250, whose mail is to go
    the other way.

    Args:
        host: who is asked.
        directory: whom it knows.
        lmtp: whether LMTP is spoken.
        challenge: gives CRAM-MD5's next challenge; without it, they are the same in every run.
        held_mail: the mail that the host holds for others.
    """

    __slots__ = ("_authentication", "_challenge", "_directory", "_held_mail", "_host", "_lmtp", "turn_nodes", "user")

    def __init__(
        self,
        host: Host,
        directory: Directory,
        *,
        lmtp: bool,
        challenge: Callable[[], bytes] | None,
        held_mail: HeldMail | None,
    ) -> None:
        self._host = host
        self._directory = directory
        self._lmtp = lmtp
        self._challenge = challenge
        self._held_mail = held_mail
        self._authentication: Authentication | None = None
        self.turn_nodes: tuple[str, ...] | None = None
        self.user = ""

    def answer(self, event: object, helo: str, commands: int) -> Reply:
        """The reply to one of `OTHER_COMMANDS`.

        Args:
            event: what is wanted.
            helo: what the client calls itself.
            commands: how many it has given so far.
        """
        if isinstance(event, events.Auth):
            challenge = self._challenge() if self._challenge else f"<{commands}@{self._host.domain}>".encode()
            self._authentication = Authentication(self._host.accounts, challenge)
            return self._recognize(self._authentication.begin(event.mechanism, event.initial))
        if isinstance(event, events.Turn):
            return self._turn(helo)
        return self._ANSWERS[type(event)](self, event)

    def forget_user(self) -> None:
        """What was proved counts no more (RFC 3207 section 4.2)."""
        self.user, self._authentication = "", None

    def _auth_response(self, event: events.AuthResponse) -> Reply:
        # The machine gives a response only after the 334 to an AUTH.
        if self._authentication is None or event.data is None:
            return replies.E501_CANCELLED
        return self._recognize(self._authentication.respond(event.data))

    def _recognize(self, reply: Reply) -> Reply:
        if reply.positive and self._authentication is not None:
            self.user = self._authentication.user
        return reply

    def _verify(self, event: events.Vrfy) -> Reply:
        if self._host.vrfy == "answer":
            return self._directory.verify(event.text, utf8=event.utf8)
        return _WITHHELD[self._host.vrfy]

    def _expand(self, event: events.Expn) -> Reply:
        if self._host.expn == "answer":
            return self._directory.expand(event.text, utf8=event.utf8)
        return _WITHHELD[self._host.expn]

    def _help(self, event: events.Help) -> Reply:
        host = self._host
        return help_reply(event.text.strip().upper(), host.extensions, host.esmtp, self._lmtp)

    def _etrn(self, event: events.Etrn) -> Reply:
        return answer_etrn(event.node, self._directory, self._held_mail)

    def _atrn(self, event: events.Atrn) -> Reply:
        nodes = atrn_nodes(event.domains, self.user)
        reply = answer_atrn(nodes, self._directory, self._held_mail)
        return self._turn_round(reply, nodes or ())

    def _turn(self, helo: str) -> Reply:
        # A domain's mail is for whoever proves to be its host, where that can be proved (RFC 5321 appendix F.1).
        if "AUTH" in self._host.extensions and not self.user and "TURN" in self._host.extensions:
            return replies.E530_AUTH_REQUIRED
        return self._turn_round(answer_turn(self._host.extensions, self._held_mail), (helo,))

    def _turn_round(self, reply: Reply, nodes: tuple[str, ...]) -> Reply:
        if reply.positive:
            self.turn_nodes = nodes
        return reply

    _ANSWERS: ClassVar[dict[type, Callable[[OtherCommands, Any], Reply]]] = {
        events.AuthResponse: _auth_response,
        events.Vrfy: _verify,
        events.Expn: _expand,
        events.Help: _help,
        events.Etrn: _etrn,
        events.Atrn: _atrn,
    }


_WITHHELD = {"evade": replies.S252_CANNOT_VERIFY, "refuse": replies.E502_NOT_IMPLEMENTED}

OTHER_COMMANDS = (
    events.Auth,
    events.AuthResponse,
    events.Turn,
    events.Vrfy,
    events.Expn,
    events.Help,
    events.Etrn,
    events.Atrn,
)
"""The commands that are answered here."""
