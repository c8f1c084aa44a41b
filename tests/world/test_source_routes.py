"""Mail with a way written on it (RFC 821 section 3.6; RFC 5321 appendix F.2)."""

from __future__ import annotations

import pytest
from asked import Mail, send

from sim.mail.path import parse_forward_path
from sim.mta.server.recipients import Directory

ROUTE = "<@b,@c:u1@d.example>"
STAR = "a-b a-c a-d b-c c-d"


def routed(policy: str, **mail):
    """A message from a to d by way of b and c, though a line leads to d."""
    hosts = {"*": {"source_routes": policy}}
    return send(STAR, Mail({ROUTE: ()}, **mail), hosts=hosts)


def test_a_route_is_followed_where_it_is_honoured():
    """No short cuts."""
    outcome = routed("honour")
    assert [(attempt.from_host, attempt.to_host) for attempt in outcome.facts.attempts] == [
        ("a", "b"),
        ("b", "c"),
        ("c", "d"),
    ]
    assert outcome.facts.copies[-1].outcome == "delivered"


def test_each_host_strikes_itself_off_and_notes_the_way_back():
    """The forward-path becomes shorter, the reverse-path longer."""
    outcome = routed("honour")
    assert outcome.said("RCPT") == [
        "RCPT TO:<@b,@c:u1@d.example>",
        "RCPT TO:<@c:u1@d.example>",
        "RCPT TO:<u1@d.example>",
    ]
    assert [line.split()[1] for line in outcome.said("MAIL")] == [
        "FROM:<u1@a.example>",
        "FROM:<@b:u1@a.example>",
        "FROM:<@c,@b:u1@a.example>",
    ]


def test_a_report_comes_back_the_same_way():
    """The reverse-path is followed, too."""
    outcome = send(STAR, Mail({"<@b,@c:nobody@d.example>": ()}), hosts={"*": {"source_routes": "honour"}})
    assert [(attempt.from_host, attempt.to_host) for attempt in outcome.facts.attempts[3:]] == [("c", "b"), ("b", "a")]
    assert len(outcome.reports) == 1


def test_a_route_is_ignored_where_it_is_stripped():
    """RFC 5321 appendix C: the mailbox is what counts."""
    outcome = routed("strip")
    assert [(attempt.from_host, attempt.to_host) for attempt in outcome.facts.attempts] == [("a", "d")]
    assert outcome.said("RCPT") == ["RCPT TO:<u1@d.example>"]


def test_a_null_reverse_path_stays_null():
    """There is no way back to note."""
    assert [line.split()[1] for line in routed("honour", sender="<>").said("MAIL")] == ["FROM:<>"] * 3


def test_a_route_that_ends_here_is_local():
    """The first host of the route is the sender's own, and so is the mailbox."""
    outcome = send(STAR, Mail({"<@a:u2@a.example>": ()}), hosts={"*": {"source_routes": "honour"}})
    assert (outcome.facts.attempts, outcome.facts.copies[-1].outcome) == ([], "delivered")


@pytest.mark.parametrize("length", [1, 30])
def test_a_reverse_path_does_not_grow_beyond_the_limit(length: int):
    """256 octets (RFC 5321 section 4.5.3.1.3): a host that has no room for its name leaves it out."""
    name = "x" * 60
    back = f"<@{name}.example,@{name}.example,@{name}.example:{'u' * length}@a.example>"
    outcome = routed("honour", sender=back)
    assert [len(line.split()[1]) - 5 <= 256 for line in outcome.said("MAIL")] == [True] * 3
    assert outcome.facts.copies[-1].outcome == "delivered"


def test_two_recipients_by_a_route_go_apart():
    """A rewritten forward-path may equal another one's, so each goes in a transaction of its own."""
    outcome = send(
        STAR, Mail({"<@a:u1@d.example>": (), "<@a:u2@d.example>": ()}), hosts={"*": {"source_routes": "honour"}}
    )
    assert len(outcome.facts.attempts) == 2


def test_the_percent_form_is_routed_as_the_directory_reads_it(monkeypatch: pytest.MonkeyPatch):
    """The path that the directory makes of an address is where the mail goes; the books keep the name it came with."""

    def rewritten(_: Directory, path):
        return parse_forward_path("<u1@d.example>") if "%" in str(path) else path

    monkeypatch.setattr(Directory, "canonical_path", rewritten)
    outcome = send(STAR, Mail({"u1%d.example@a.example": (), "u2@a.example": ()}), hosts={"a": {"percent_hack": True}})
    assert outcome.said("RCPT") == ["RCPT TO:<u1@d.example>"]
    assert outcome.fates()["u1%d.example@a.example"] == "delivered"
