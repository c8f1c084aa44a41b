"""Mail in a UUCP call: what uux says and what rmail is given, and the From_ line that grows host by host."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.address import Address
from sim.mail.from_line import asctime, from_bang, read_from, to_bang, write_from
from sim.mail.path import NULL_PATH, Path
from sim.mta.client.envelope import Mailing
from sim.mta.client.uux import CONFIRMED, UuxCall
from sim.mta.server.rmail import RmailReception
from sim.protocol.uucp import Endpoint, messages
from sim.scenario.spec import Host

ANN, BOB, CY = (Path(Address(*who.split("@"))) for who in ("ann@a", "bob@b.example", "cy@c.example"))


def mailing(content=b"Subject: x\r\n\r\nHello\r\n", back=ANN, to=(BOB,)):
    """A message for some."""
    return Mailing(back, to, content, (), ())


def call(first=None, *, letter="g", stays=None, host=None, busy=False):
    """A call from a to b: the caller, the called, and what was written, flight by flight, with its parts."""
    caller = UuxCall(Host(name="a"), first or mailing(), number=1, at=0.0, stays=stays)
    caller.protocol = letter
    called = RmailReception(host or Host(name="b"))
    caller.read(called.greet(busy=busy))
    return caller, called, [*talk(caller, called)]


def talk(caller, called):
    """They take turns until the caller is done."""
    while not caller.done:
        said = caller.write()
        yield said, caller.parts, list(called.accepted)
        answer = called.read(said)
        yield answer, called.parts, list(called.accepted)
        caller.read(answer)
        if not answer:
            return


def test_a_call_with_one_message():
    """Hello, E and EY, the file and CY, H, HY: with the octets of the real ones; the mail is rmail's."""
    caller, called, said = call()
    assert [octets[:14] for octets, _, _ in said] == [
        b"\x10Sa -R -N047\0", b"\x10ROKN047\0\x10Ptgi", b"\x10Ug\0E D.0001 D", b"EY\0", b"From ann Sat J", b"CY\0",
        b"H\0", b"HY\0", b"HY\0", b"HY\0\x10OOOOOOO\0"[:14],
    ]  # fmt: skip
    assert [parts for _, parts, _ in said][:5] == [(13, ()), (15, []), (4, [66]), (0, [3]), (0, [66, 0])]
    [mail] = [mail for _, _, accepted in said[::2] for mail in accepted]
    assert (mail.reverse_path, mail.forward_paths, mail.content) == (ANN, (BOB,), b"Subject: x\r\n\r\nHello\r\n")
    assert (mail.helo, mail.protocol, caller.replies, caller.round_trips) == ("a", "UUCP", {BOB: CONFIRMED}, 3)
    assert (called.is_over, called.commands, caller.kept, caller.failure) == (True, 1, False, None)
    assert called.read(b"x") == b""


def test_with_i_the_file_follows_its_command():
    """With its position, all in one flight; EY and CY come back together."""
    _, _, said = call(letter="i")
    assert [parts for _, parts, _ in said][2:4] == [(4, [66, 4, 66, 0]), (0, [3, 3])]


def test_the_next_message_goes_in_the_same_call():
    """At once where it is there, or when it has come; then the call is hung up."""
    following = [mailing(to=(CY,)), True, False]
    caller, called, said = call(stays=lambda: following.pop(0))
    assert (caller.kept, caller.done) == (True, True)
    caller.resume()
    said += talk(caller, called)
    assert (caller.kept, caller.replies) == (True, {CY: CONFIRMED})
    caller.follow(mailing(), lambda: False)
    caller.resume()
    said += talk(caller, called)
    assert [octets[:8] for octets, _, _ in said if octets.startswith(b"E")] == [
        b"EY\0",
        b"E D.0002",
        b"EY\0",
        b"E D.0003",
        b"EY\0",
    ]
    caller.resume()
    assert caller.kept is False


@pytest.mark.parametrize(
    ("host", "busy", "letter", "text"),
    [
        (Host(name="b", size_limit=10), False, "g", "does not take the file (No6)"),
        (Host(name="b"), True, "g", "refuses the call (RLCK)"),
        (Host(name="b"), False, "z", "no mutually supported protocols"),
    ],
)
def test_what_does_not_go_is_said(host, busy, letter, text):
    """The file is too big, the called has no room for a call, or none of the protocols."""
    caller, _, _ = call(host=host, busy=busy, letter=letter)
    assert (text in caller.failure.text, caller.replies, caller.done) == (True, {}, True)


def test_who_hangs_up_or_talks_nonsense_has_nothing():
    """What was confirmed counts."""
    caller = UuxCall(Host(name="a"), mailing(), number=1, at=0.0)
    assert (caller.awaits, caller.timeout(), caller.complete(b"ab\0c")) == ("greeting", 120.0, 3)
    caller.read(b"")
    assert caller.failure.text == "the called system hung up"
    for octets in (b"\x10nonsense\0", b"H\0"):
        caller = UuxCall(Host(name="a"), mailing(), number=1, at=0.0)
        caller.read(octets)
        assert "broke the protocol" in caller.failure.text
    with pytest.raises(LookupError):
        caller.refusal(BOB, "b")
    called = RmailReception(Host(name="b"))
    called.greet(busy=False)
    assert (called.read(b"H\0"), called.is_over, called.time_out(), called.in_transaction) == (b"", True, b"", False)
    called.disconnected()
    caller, _, _ = call()
    caller.read(b"")
    assert (caller.failure, caller.connect_timeout > 0, str(CONFIRMED.positive)) == (None, True, "True")


def test_older_systems_send_two_files():
    """The input and the X. file that names it: mail when both are there; others' files and commands are nothing."""
    caller, called = Endpoint(caller=True), RmailReception(Host(name="b"))
    caller.receive_data(called.greet(busy=False))
    caller.next_event()

    def say(*octets):
        caller.receive_data(called.read(b"".join(octets)))
        while (event := caller.next_event()) is not messages.Copied and type(event).__name__ != "NeedData":
            pass

    say(caller.send(messages.Start("a", "")))
    data, text = b"From ann Sat Jan  1 00:00:00 2000 remote from a\nHello\n", b"U uucp a\nI D.1\nC rmail bob\n"
    say(caller.send(messages.Use("g")), caller.send(messages.Receive("/a", "/b", "x")))
    for to, octets in (("X.9", text), ("D.1", data), ("X.1", text), ("X.2", text)):
        say(caller.send(messages.Send("D.0", to, "uucp", "-C", "D.0", "0666", '""', len(octets))))
        say(caller.send_file(octets))
        assert bool(called.accepted) == (to == "X.1")
        if called.accepted:
            assert called.accepted[0].forward_paths == (Path(Address("bob", "")),)
    for command in ("rnews", "rmail", "rmail !"):
        say(caller.send(messages.Execute("D.0", "D.a", "uucp", "-C", "D.0", "0666", '""', 1, command)))
        say(caller.send_file(b"x"))
        assert called.accepted == []


def test_a_from_line_grows_host_by_host():
    """As a source route does: a's user, by way of b."""
    line = write_from(Path(Address("ann", "a")), "a", 0)
    assert line == b"From ann Sat Jan  1 00:00:00 2000 remote from a\n"
    back, system, rest = read_from(line + b"x")
    assert (back, system, rest) == (Path(Address("ann", "a")), "a", b"x")
    back, _, _ = read_from(write_from(Path(Address("ann", "d.example"), ("a",)), "b", 9e9))
    assert back == Path(Address("ann", "d.example"), ("b", "a"))
    assert read_from(write_from(NULL_PATH, "b", 0)) == (NULL_PATH, "b", b"")
    assert read_from(b"Subject: x\n") == (NULL_PATH, "", b"Subject: x\n")
    assert (asctime(1e15)[-4:], from_bang("a!"), to_bang(Address("Postmaster", ""))) == ("9999", None, "Postmaster")


@given(st.text(min_size=1, max_size=20), st.sampled_from(["a.example", "", "[127.0.0.1]", "bücher.example"]))
def test_any_address_is_one_word(local, domain):
    """And read back as it was."""
    try:
        local.encode()
    except UnicodeEncodeError:
        return
    word = to_bang(Address(local, domain))
    assert (word.isascii(), " " in word, from_bang(word)) == (True, False, Address(local, domain))
