"""TPKTs, TPDUs and SPDUs that are none: said by the room's own error, with what is allowed."""

from __future__ import annotations

import pytest
from x400_pair import Pair

from sim.protocol.x400 import RemoteProtocolError, Responder, pdus
from sim.protocol.x400.spdus import read_session, write_session
from sim.protocol.x400.transport import TpduReader, whole_tpkts, write_data, write_transport


def tpkt(tpdu):
    """A TPDU in its packet."""
    return b"\3\0" + (len(tpdu) + 4).to_bytes(2, "big") + tpdu


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"\4\0\0\7", "a TPKT of version 4 and 7 octets"),
        (b"\3\0\0\4", "a TPKT of version 3 and 4 octets"),
        (tpkt(b"\x03\xf0\x80\x00"), "a header of 3 octets"),
        (tpkt(b"\x02\xf0"), "a header of 2 octets"),
        (tpkt(b"\x00"), "its header has 00 octets: 1 came"),
        (tpkt(b"\x05\xe0\0\0\0\0"), "octets: 6 came"),
        (tpkt(b"\x06\xe0\0\0\0\0\x20"), "class 2 and size 07"),
        (tpkt(b"\x09\xe0\0\0\0\0\0\xc0\1\6"), "class 0 and size 06"),
        (tpkt(b"\x06\x70\0\0\0\0\0"), "the code 0x70"),
        (tpkt(b"\x08\xe0\0\0\0\0\0\xc1\5"), "longer than the TPDU"),
        (tpkt(b"\x07\xe0\0\0\0\0\0\xc1"), "longer than the TPDU"),
    ],
)
def test_tpdus_that_are_none(octets, why):
    """X.224 section 13, RFC 1006 section 6."""
    end = Responder()
    end.receive_data(octets)
    with pytest.raises(RemoteProtocolError, match=why):
        end.next_event()


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"", "the code 0"),
        (b"\x07\x00", "the code 7"),
        (b"\x01\x00\x07\x00", "the code 7"),
        (b"\x0a\x00\x00", "1 octets behind"),
        (b"\x0a\x05\x00", "says that it has 5 octets"),
        (b"\x0a", "says that it has 1 octets"),
        (b"\x0a\xff\x01\x00\x00", "says that it has 256 octets"),
        (b"\x01\x00\x31\x00", "a serial number is b''"),
        (b"\x01\x00\x31\x09\x2a\x07" + b"1" * 7, "1 to 6 digits"),
        (b"\x01\x00\x31\x03\x2a\x01a", "a serial number is b'a'"),
        (b"\x01\x00\x2d\x00", "identifier is ''"),
        (b"\x01\x00\x2d\x05\x29\x03\x04\x01\x01", "identifier is '040101'"),
        (b"\x01\x00\x2d\x05\x29\x03\x02\x02\x01", "identifier is '020201'"),
    ],
)
def test_spdus_that_are_none(octets, why):
    """X.225 section 8.3."""
    with pytest.raises(RemoteProtocolError, match=why):
        read_session(octets)


def test_what_else_may_come():
    """PLEASE TOKENS, a reason that is not given, user data of more than 254 octets, DT behind its tokens alone."""
    assert read_session(b"\2\0\x31\3\x2a\1" + b"7") == pdus.MinorSync(7)
    assert read_session(b"\x0c\x00") == pdus.Refuse(0)
    long = pdus.Accept(b"u" * 400, b"r", b"c")
    assert read_session(write_session(long)) == long
    assert read_session(b"\1\0\1\0x") == pdus.Data(b"x")
    with pytest.raises(RemoteProtocolError, match="the code 1,"):
        read_session(b"\1\0")


def test_whole_tpkts():
    """As many as have come whole."""
    two = write_data(b"x" * 200, 128)
    assert [whole_tpkts(two[:count]) for count in (3, 131, 132, 133, len(two))] == [0, 0, 132, 132, len(two)]
    with pytest.raises(RemoteProtocolError, match="version 9"):
        whole_tpkts(b"\x09\0\0\7")


def test_pieces_of_tpkts():
    """Octet by octet it is the same."""
    reader, octets = TpduReader(10), write_transport(pdus.ConnectRequest(b"a", b"b", 512)) + write_data(b"", 128)
    found = []
    for octet in octets:
        reader.append(bytes([octet]))
        if (one := reader.next()) is not None:
            found.append(one)
    assert found == [pdus.ConnectRequest(b"a", b"b", 512), b""]


def test_selectors_are_optional():
    """So is the size of TPDUs, which is 128 then (X.224 section 13.3.4)."""
    assert Pair().to(pdus.ConnectRequest()) == [pdus.ConnectRequest()]
    reader = TpduReader(10)
    reader.append(tpkt(b"\x06\xd0\0\1\0\1\0"))
    assert reader.next() == pdus.ConnectConfirm(128)
