"""UUCP's machines: a whole call, octet by octet; the table; what is illegal; jobs with their real sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol import uucp
from sim.protocol.uucp import NEED_DATA, ConnectionClosed, Endpoint, Job, Side, State
from sim.protocol.uucp import messages as said
from sim.protocol.uucp.jobs import read_execution, sequence
from sim.protocol.uucp.states import TRANSITIONS

MAIL = said.Execute("D.0001", "D.aN0001", "uucp", "-C", "D.0001", "0666", '""', 5, "rmail bob")
FILE = said.Send("/a", "/b", "ann", "-", "D.0", "0644", '""', 5)


def pass_on(sender, receiver, *messages):
    """Messages, or octets of a file, from one end to the other, byte by byte: the octets, and what came out."""
    octets = b"".join(sender.send_file(one) if isinstance(one, bytes) else sender.send(one) for one in messages)
    events = []
    for at in range(len(octets)):
        receiver.receive_data(octets[at : at + 1])
        while (event := receiver.next_event()) is not NEED_DATA and not isinstance(event, ConnectionClosed):
            events.append(event)
    return octets, events


def connected(letter="g"):
    """The two ends after the hello."""
    caller, called = Endpoint(caller=True), Endpoint(caller=False)
    pass_on(called, caller, said.Shere("b"))
    pass_on(caller, called, said.Start("a"))
    pass_on(called, caller, said.Rok(), said.Protocols("gi"))
    pass_on(caller, called, said.Use(letter))
    return caller, called


def test_a_hello_has_the_octets_of_the_real_one():
    """With names of one letter: 9, 13, 9 and 4, 4 octets."""
    caller, called = Endpoint(caller=True), Endpoint(caller=False)
    assert pass_on(called, caller, said.Shere("b")) == (b"\x10Shere=b\0", [said.Shere("b")])
    assert pass_on(caller, called, said.Start("a")) == (b"\x10Sa -R -N047\0", [said.Start("a")])
    assert pass_on(called, caller, said.Rok(), said.Protocols("gi")) == (
        b"\x10ROKN047\0\x10Pgi\0",
        [said.Rok(), said.Protocols("gi")],
    )
    assert pass_on(caller, called, said.Use("g")) == (b"\x10Ug\0", [said.Use("g")])
    assert (caller.state, called.state) == (State.READY, State.READY)


def test_a_login_comes_before_it():
    """login: and Password: without a line's end; what is typed ends with CR; who is wrong is asked again."""
    caller, called = Endpoint(caller=True), Endpoint(caller=False)
    for _ in range(2):
        assert pass_on(called, caller, said.LoginPrompt()) == (b"login: ", [said.LoginPrompt()])
        assert pass_on(caller, called, said.LoginName("uu a")) == (b"uu a\r", [said.LoginName("uu a")])
        assert pass_on(called, caller, said.PasswordPrompt()) == (b"Password:", [said.PasswordPrompt()])
        assert pass_on(caller, called, said.Password("x")) == (b"x\r", [said.Password("x")])
    assert pass_on(called, caller, said.Shere("b"))[1] == [said.Shere("b")]


def test_a_mail_goes_as_one_command_and_one_file():
    """E, EY, the file and its end, CY; then H, HY three times, and goodbye."""
    caller, called = connected()
    line = b'E D.0001 D.aN0001 uucp -C D.0001 0666 "" 0x5 rmail bob\0'
    assert pass_on(caller, called, MAIL) == (line, [MAIL])
    assert pass_on(called, caller, said.Yes("E")) == (b"EY\0", [said.Yes("E")])
    octets, events = pass_on(caller, called, b"hello")
    assert (octets, b"".join(event.data for event in events[:-1]), events[-1]) == (b"hello", b"hello", said.FileEnd())
    assert pass_on(called, caller, said.Copied()) == (b"CY\0", [said.Copied()])
    pass_on(caller, called, said.Hangup())
    assert pass_on(called, caller, said.HangupYes()) == (b"HY\0", [said.HangupYes()])
    pass_on(caller, called, said.HangupYes())
    assert pass_on(called, caller, said.HangupYes(), said.Goodbye())[0] == b"HY\0\x10OOOOOOO\0"
    assert (caller.state, caller.next_event()) == (State.CLOSED, ConnectionClosed())
    called.close()
    assert called.next_event() == ConnectionClosed()
    called.receive_data(b"more")
    assert called.next_event() == ConnectionClosed()


def test_who_was_called_sends_after_hn():
    """HN changes the two; a file may be asked for, too; an empty one has an end only."""
    caller, called = connected()
    pass_on(caller, called, said.Hangup())
    pass_on(called, caller, said.HangupNo(), FILE)
    assert (caller.master, called.master, caller.state) == (False, True, State.ASKED)
    pass_on(caller, called, said.Yes("S", 3))
    assert pass_on(called, caller, b"lo")[1][-1] == said.FileEnd()
    pass_on(caller, called, said.NotCopied())
    pass_on(called, caller, said.Receive("/x", "/y", "ann"))
    assert pass_on(caller, called, said.Yes("R", 2))[1] == [said.Yes("R", 2)]
    assert pass_on(caller, called, b"ab")[1][-1] == said.FileEnd()
    pass_on(called, caller, said.Copied())
    pass_on(called, caller, said.Send("/a", "/b", "ann", "-", "D.0", "0644", '""', 0))
    pass_on(caller, called, said.Yes("S"))
    assert called.send_file(b"") == b""
    assert (caller.next_event(), caller.state) == (said.FileEnd(), State.SENT)


def test_with_i_the_file_follows_at_once():
    """The answer comes when all has gone; a file that is not wanted is passed over."""
    caller, called = connected("i")
    octets = caller.send(MAIL) + caller.send_file(b"hello")
    with pytest.raises(uucp.LocalProtocolError, match="no file is due"):
        caller.send_file(b"hello")
    called.receive_data(octets)
    assert (called.ahead, called.next_event()) == (True, MAIL)
    with pytest.raises(uucp.LocalProtocolError, match="goes on from 0 to 0, not from 3"):
        called.send(said.Yes("E", 3))
    answer = called.send(said.Yes("E"))
    assert [called.next_event(), called.next_event()] == [said.FileData(b"hello"), said.FileEnd()]
    caller.receive_data(answer + called.send(said.Copied()))
    assert [caller.next_event(), caller.next_event(), caller.state] == [said.Yes("E"), said.Copied(), State.READY]
    called.receive_data(caller.send(FILE) + caller.send_file(b"hello")[:2])
    assert called.next_event() == FILE
    caller.receive_data(called.send(said.No("S")))
    assert [called.next_event(), caller.next_event()] == [NEED_DATA, said.No("S")]
    called.receive_data(b"llo" + caller.send(said.Hangup()))
    assert called.next_event() == said.Hangup()


def test_a_refused_caller_hears_why():
    """RLCK: the two are talking already."""
    caller, called = Endpoint(caller=True), Endpoint(caller=False)
    pass_on(called, caller, said.Shere("b"))
    pass_on(caller, called, said.Start("a", ""))
    assert pass_on(called, caller, said.Refusal("LCK")) == (b"\x10RLCK\0", [said.Refusal("LCK")])
    assert (caller.state, called.state) == (State.CLOSED, State.CLOSED)


@pytest.mark.parametrize(
    ("do", "why"),
    [
        (lambda caller, _: caller.send(said.HangupYes()), "HangupYes is not legal for a master in state READY"),
        (lambda _, called: called.send(said.Hangup()), "Hangup is not legal for a slave in state READY"),
        (lambda caller, _: caller.send_file(b""), "no file is due from a master in state READY"),
        (lambda caller, _: caller.send(said.Receive("\n", "b", "c")), "cannot be sent"),
    ],
)
def test_our_own_illegal_moves_are_refused(do, why):
    """The machine is as it was before."""
    caller, called = connected()
    with pytest.raises(uucp.LocalProtocolError, match=why):
        do(caller, called)
    assert (caller.state, called.state) == (State.READY, State.READY)


def test_a_file_has_the_length_that_was_said():
    """From the position that the slave asked for."""
    caller, called = connected()
    pass_on(caller, called, FILE)
    with pytest.raises(uucp.LocalProtocolError, match="goes on from 0 to 5, not from 6"):
        called.send(said.Yes("S", 6))
    pass_on(called, caller, said.Yes("S", 2))
    with pytest.raises(uucp.LocalProtocolError, match="a file of 5 octets: 3 were announced"):
        caller.send_file(b"hello")
    caller.receive_data(b"")
    with pytest.raises(uucp.LocalProtocolError, match="after the peer had closed the connection"):
        caller.receive_data(b"x")
    assert caller.next_event() == ConnectionClosed()


@pytest.mark.parametrize(
    "octets",
    [
        b"HY\0", b"XYZ\0", b"\xff\0", b"\x10Ug\0", b"\x10nonsense\0", b"\x10\0", b"\0", b"S a b c - D 0 x 0xzz\0",
        b"S a b c - D 0 x 99999999999999999\0", b"E a b c - D 0 x 5\0", b"R a\0", b"x" * 400_002, b"SY zz\0", b"\x10P\0",
    ],
)  # fmt: skip
def test_what_the_peer_may_not_say_ends_the_call(octets):
    """Said once; then the call is over."""
    _, called = connected()
    called.receive_data(octets)
    with pytest.raises(uucp.RemoteProtocolError, match="is not legal in state READY"):
        called.next_event()
    assert called.next_event() == ConnectionClosed()


@pytest.mark.parametrize(
    "message",
    [
        said.Yes("S"), said.Yes("E", 5376), said.No("E", "4"), said.Copied(), said.NotCopied("8"), said.Hangup(),
        said.HangupYes(), said.HangupNo(), MAIL, FILE, said.Receive("/a", "~/b", "ann", "-d"),
    ],
)  # fmt: skip
def test_a_command_is_read_as_it_was_written(message):
    """And 0x1500 is a position."""
    assert said.read_command(said.write_message(message, caller=True)[:-1].decode()) == message


def test_commands_of_others_are_read():
    """Without options, reasons or hexadecimals; the M behind CY asks for a turn."""
    assert said.read_command("R /a /b ann") == said.Receive("/a", "/b", "ann", "-")
    assert [said.read_command(word) for word in ("SN", "CN", "CYM")] == [said.No("S"), said.NotCopied(), said.Copied()]
    assert said.read_command('S /a /b ann - D.0 0644 "" 5') == FILE
    assert said.read_command("SN22") == said.BadMessage("SN22")
    assert said.read_hello("Sa") == said.Start("a", "")


def test_the_table_has_every_state_and_no_dead_end():
    """Every state is reached, and all lead to CLOSED by somebody's word."""
    reached = {to for moves in TRANSITIONS.values() for sides in moves.values() for to in sides.values()}
    assert [*TRANSITIONS] == [*State]
    assert [state for state in State if state not in reached] == []
    assert [state for state, moves in TRANSITIONS.items() if not moves] == [State.CLOSED]
    assert {side for moves in TRANSITIONS.values() for sides in moves.values() for side in sides} == set(Side)


def test_a_job_has_the_files_of_the_real_one():
    """`uux - b!rmail (bob)` of 2000 bytes: C. of 53 bytes, E of 57 with its NUL, X. of 43; older ones are sent both."""
    job = Job("a", "uucp", "rmail bob", 2000, 1)
    assert job.control_file == ("C.N0001", 'E D.0001 D.aN0001 uucp -C D.0001 0666 "" 0 rmail bob\n')
    assert len(job.control_file[1]) == 53
    assert len(said.write_message(job.execute(), caller=True)) == 57
    name, text = job.execution_file
    assert (name, len(text)) == ("X.aN0001", 43)
    assert read_execution(text) == ("a", "D.aN0001", "rmail bob")
    assert read_execution("nonsense") == ("", "", "")
    assert [sequence(n) for n in (0, 35, 36, 36**4)] == ["0000", "000Z", "0010", "0000"]


@given(st.lists(st.binary(max_size=80), max_size=12), st.booleans(), st.integers(0, 6))
def test_any_octets_are_events_or_one_error(pieces, calls, steps):
    """Whatever comes, in whatever pieces, in whatever state: only the room's own error, and then the end."""
    caller, called = Endpoint(caller=True), Endpoint(caller=False)
    moves = [
        (called, caller, said.Shere("b")), (caller, called, said.Start("a")), (called, caller, said.Rok()),
        (called, caller, said.Protocols("gi")), (caller, called, said.Use("i")), (caller, called, MAIL),
    ]  # fmt: skip
    for sender, receiver, message in moves[:steps]:
        pass_on(sender, receiver, message)
    machine = caller if calls else called
    for piece in pieces:
        if piece:
            machine.receive_data(piece)
        try:
            while (event := machine.next_event()) is not NEED_DATA and not isinstance(event, ConnectionClosed):
                assert not isinstance(event, said.BadMessage)
        except uucp.RemoteProtocolError:
            assert machine.next_event() == ConnectionClosed()


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), max_size=20), st.sampled_from(["g", "i"]))
def test_a_file_comes_out_as_it_went_in(data, cuts, letter):
    """Cut anywhere."""
    caller, called = connected(letter)
    job = said.Send("/a", "/b", "ann", "-", "D.0", "0644", '""', len(data))
    octets = caller.send(job) + (caller.send_file(data) if letter == "i" else b"")
    found, at, ended = [], 0, False
    while not ended:
        cut = cuts.pop() if cuts else 1000
        if at < len(octets):
            called.receive_data(octets[at : at + cut])
        at = min(at + cut, len(octets))
        while (event := called.next_event()) is not NEED_DATA:
            if isinstance(event, said.Send):
                caller.receive_data(called.send(said.Yes("S")))
                caller.next_event()
                octets += b"" if letter == "i" else caller.send_file(data)
            elif isinstance(event, said.FileData):
                found.append(event.data)
            else:
                ended = True
                break
    assert b"".join(found) == data
