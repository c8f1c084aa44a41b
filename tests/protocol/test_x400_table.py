"""Every PDU of an association in every state, from either side: where it leads, and who refuses it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from x400_pair import Pair, heard

from sim.protocol.x400 import (
    ConnectionClosed,
    Initiator,
    LocalProtocolError,
    RemoteProtocolError,
    Responder,
    Side,
    State,
    pdus,
)
from sim.protocol.x400.association import LONGEST
from sim.protocol.x400.spdus import write_session
from sim.protocol.x400.states import TRANSITIONS
from sim.protocol.x400.transport import write_data, write_transport

FROM, BACK = Side.INITIATOR, Side.RESPONDER
# Who may send a PDU in which state, and where it leads.
TABLE = {
    pdus.ConnectRequest(): {(State.START, FROM): State.CONNECTING},  # X.224 6.5
    pdus.ConnectConfirm(): {(State.CONNECTING, BACK): State.CONNECTED},  # X.224 6.5
    pdus.Connect(b"u"): {(State.CONNECTED, FROM): State.BINDING},  # X.225 7.1
    pdus.Accept(b"u"): {(State.BINDING, BACK): State.OPEN},  # X.225 7.2
    pdus.Refuse(): {(State.BINDING, BACK): State.RELEASED},  # X.225 7.3
    pdus.ActivityStart(1): {(State.OPEN, FROM): State.TRANSFER},  # X.225 7.23
    pdus.ActivityResume(2, 1, 1): {(State.OPEN, FROM): State.TRANSFER},  # X.225 7.24
    pdus.Data(b"u"): {(State.TRANSFER, FROM): State.TRANSFER},  # X.225 7.11
    pdus.MinorSync(1): {(State.TRANSFER, FROM): State.TRANSFER},  # X.225 7.17
    pdus.MinorSyncAck(1): {
        (state, BACK): state for state in (State.TRANSFER, State.ENDING, State.INTERRUPTING)
    },  # 7.18
    pdus.ActivityEnd(1): {(State.TRANSFER, FROM): State.ENDING},  # X.225 7.29
    pdus.ActivityEndAck(1): {(State.ENDING, BACK): State.OPEN},  # X.225 7.30
    pdus.ActivityInterrupt(): {(State.TRANSFER, FROM): State.INTERRUPTING},  # X.225 7.25
    pdus.ActivityInterruptAck(): {(State.INTERRUPTING, BACK): State.OPEN},  # X.225 7.26
    pdus.ActivityDiscard(): {(state, FROM): State.INTERRUPTING for state in (State.TRANSFER, State.ENDING)},  # 7.27
    pdus.ActivityDiscardAck(): {(State.INTERRUPTING, BACK): State.OPEN},  # X.225 7.28
    pdus.ExceptionReport(): {(state, BACK): state for state in (State.TRANSFER, State.ENDING)},  # X.225 7.22
    pdus.Finish(): {(State.OPEN, FROM): State.RELEASING},  # X.225 7.6
    pdus.Disconnect(): {(State.RELEASING, BACK): State.RELEASED},  # X.225 7.7
    pdus.Abort(): {
        (state, side): State.CLOSED
        for state in (State.BINDING, State.OPEN, State.TRANSFER, State.ENDING, State.INTERRUPTING, State.RELEASING)
        for side in Side
    },  # X.225 7.9
    pdus.DisconnectRequest(): {
        (state, side): State.CLOSED
        for state in State
        for side in Side
        if state not in (State.START, State.CONNECTING, State.CLOSED)
    }
    | {(State.CONNECTING, BACK): State.CLOSED},  # X.224 6.6, 6.7
}


def pair(state):
    """Two ends in a state."""
    both = Pair()
    both.initiator._state = both.responder._state = state
    both.initiator.size = both.responder.size = 2048
    return both


def test_none_is_missing():
    """The table has every PDU that any state knows, and every state."""
    assert {type(pdu) for pdu in TABLE} == {kind for moves in TRANSITIONS.values() for kind in moves}
    assert set(TRANSITIONS) == set(State)


@pytest.mark.parametrize("pdu", TABLE, ids=lambda pdu: type(pdu).__name__)
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("state", State)
def test_a_pair_by_the_table(state, side, pdu):
    """What has a place moves both ends alike; what has none is not sent, and ends the association where it comes."""
    both = pair(state)
    sender, reader = (both.initiator, both.responder) if side is FROM else (both.responder, both.initiator)
    after = TABLE[pdu].get((state, side))
    if after is not None:
        reader.receive_data(sender.send(pdu))
        assert (reader.next_event(), reader.state, sender.state) == (pdu, after, after)
        return
    with pytest.raises(LocalProtocolError, match=f"is not legal for the {side.value} in state {state.name}"):
        sender.send(pdu)
    own = isinstance(pdu, pdus.ConnectRequest | pdus.ConnectConfirm | pdus.DisconnectRequest)
    reader.receive_data(write_transport(pdu) if own else write_data(write_session(pdu), 128))
    if state is State.CLOSED:
        assert reader.next_event() == ConnectionClosed()
        return
    with pytest.raises(RemoteProtocolError, match=f"is not legal in state {state.name}"):
        reader.next_event()
    assert (reader.state, reader.next_event()) == (State.CLOSED, ConnectionClosed())


def test_the_size_of_tpdus():
    """The responder may lower it, and not raise it; there are seven sizes (X.224 section 13.3.4)."""
    both = Pair()
    assert both.to(pdus.ConnectRequest(size=512)) == [pdus.ConnectRequest(size=512)]
    assert both.back(pdus.ConnectConfirm(256)) == [pdus.ConnectConfirm(256)]
    assert (both.initiator.size, both.responder.size) == (256, 256)
    both = Pair()
    both.to(pdus.ConnectRequest(size=512))
    with pytest.raises(RemoteProtocolError, match="TPDUs of 1024 octets where 512 were proposed"):
        both.back(pdus.ConnectConfirm(1024))
    with pytest.raises(LocalProtocolError, match="TPDUs of 1000 octets: allowed are 128, 256"):
        Initiator().send(pdus.ConnectRequest(size=1000))


def test_a_tsdu_of_several_tpdus():
    """What does not fit into one TPDU is cut, and put together again (X.224 section 6.3)."""
    both = pair(State.TRANSFER)
    both.initiator.size = 128
    assert both.to(pdus.Data(b"x" * 500)) == [pdus.Data(b"x" * 500)]
    assert len(both.said[0][1]) == 504 + 7 * 5


def test_a_tsdu_without_end():
    """One that is longer than any is not collected."""
    both = pair(State.TRANSFER)
    with pytest.raises(RemoteProtocolError, match=f"at most {LONGEST} are taken"):
        both.to(pdus.Data(b"x" * LONGEST))


def test_the_end_of_the_connection():
    """The peer's end ends the association; nothing comes behind it, and what is closed reads nothing."""
    both = pair(State.OPEN)
    both.responder.receive_data(both.initiator.send(pdus.Finish()))
    both.responder.receive_data(b"")
    assert [both.responder.next_event(), both.responder.next_event()] == [pdus.Finish(), ConnectionClosed()]
    with pytest.raises(LocalProtocolError, match="2 octets came after"):
        both.responder.receive_data(b"\3\0")
    both.initiator.close()
    both.initiator.receive_data(b"\3\0")
    assert both.initiator.next_event() == ConnectionClosed()


@given(
    state=st.sampled_from(State),
    pieces=st.lists(st.binary(max_size=40)),
    tpdu=st.binary(max_size=60),
    side=st.booleans(),
)
def test_any_octets(state, pieces, tpdu, side):
    """Whatever comes, in whatever pieces: PDUs, or the room's own error."""
    framed = b"\3\0" + (len(tpdu) + 7).to_bytes(2, "big") + b"\2\xf0\x80" + tpdu
    for octets in (pieces, [framed], [framed[:9], framed[9:]]):
        end = Responder() if side else Initiator()
        end._state = state
        try:
            for piece in octets:
                if piece:
                    end.receive_data(piece)
                heard(end)
        except RemoteProtocolError:
            assert end.state is State.CLOSED
