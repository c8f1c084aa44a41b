"""The lines of a served host's log."""

from __future__ import annotations

from pathlib import Path

import pytest
from live_host import ENVELOPE, Peer, served

from sim.live import log
from sim.mail.path import NULL_PATH, parse_forward_path
from sim.mta.server.transactions import AcceptedMail
from sim.protocol.smtp import events, replies
from sim.scenario.products.exim import Exim
from sim.scenario.spec.policies import Policies, Refusal


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (None, "session"),
        (events.Mail(NULL_PATH), "MAIL FROM:<>"),
        (events.Rcpt(parse_forward_path("<bob@b.example>")), "RCPT TO:<bob@b.example>"),
        (events.Data(), "DATA"),
        (events.LastChunk(b"hi"), "mail data"),
        (events.BadCommand(b"HELO \x1b", replies.E501_SYNTAX("HELO")), "HELO"),
        (events.BadCommand(b"c2VjcmV0", replies.E501_NOT_DECODABLE), "what is no command"),
        (events.AuthResponse(b"secret"), "AUTH"),
    ],
)
def test_refusals(event: object, words: str):
    """What was refused, to whom, and why; never what may be a password."""
    line = log.refused(event, replies.E550_NO_SUCH_USER, "[192.0.2.1]", "me")
    assert line == f"refused: {words} from [192.0.2.1], helo=<me>: 550 5.1.1 No such user here"


def test_many_recipients_are_not_all_named():
    """Twenty are."""
    mail = AcceptedMail(NULL_PATH, (), b"", "me", "SMTP")
    assert log.kept("1", mail, ["a@b"] * 21, "[::1]").count("<a@b>") == 20


def test_a_session_that_is_refused_is_a_line(tmp_path: Path):
    """Whether by a policy, by a limit, or when mail data has come."""
    refuse = (Refusal(at="dot", code=550, text="no"),)
    with served(tmp_path, sessions=1, mta=Exim(), policies=Policies(refuse=refuse)) as host, Peer(host.port) as peer:
        peer.write(ENVELOPE + b"DATA\r\nhi\r\n.\r\n")
        assert peer.codes(6)[-1] == 550
        with Peer(host.port) as other:
            assert other.rest() == [421]
        assert [line.split(" from ")[0] for line in host.log] == ["refused: mail data", "refused: session"]
