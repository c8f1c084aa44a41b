"""What X.400 puts on a wire, dissected by tshark: no field of it is malformed."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "protocol"))

from x400_pair import Pair, address, message

from sim.protocol.x400 import pdus, write_mpdu
from sim.protocol.x400.ipms import Ipm, write_ipm
from sim.protocol.x400.mpdus import Diagnostic, MtsIdentifier, Priority, Probe, Report, ReportedRecipient
from sim.protocol.x400.presentation import wrap_apdu, wrap_data, write_release

TSHARK = shutil.which("tshark")
pytestmark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed (Debian: tshark)")
REFERENCES = {
    "1984": (b"\x14\x0e" + b"x" * 14, b"\x14\x08" + b"y" * 8),
    "1988": (b"\x04\x0c" + b"x" * 12, b"\x04\x06" + b"y" * 6),
}


def capture(path, flights):
    """A capture file of flights over TCP's port 102, who sent each and its octets, in packets of raw IP."""
    out, sequence, number = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101), [1, 1], 0
    for to_server, octets in flights:
        for at in range(0, len(octets), 1400):
            piece, me = octets[at : at + 1400], int(not to_server)
            ports = (40000, 102) if to_server else (102, 40000)
            tcp = struct.pack(">HHIIBBHHH", *ports, sequence[me], sequence[1 - me], 0x50, 0x18, 65535, 0, 0) + piece
            sequence[me] += len(piece)
            hosts = (b"\x0a\0\0\1", b"\x0a\0\0\2") if to_server else (b"\x0a\0\0\2", b"\x0a\0\0\1")
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), number, 0, 64, 6, 0, *hosts) + tcp
            out += struct.pack("<IIII", number, 0, len(ip), len(ip)) + ip
            number += 1
    path.write_bytes(out)


def dissected(path):
    """What tshark says of a capture, with all details."""
    return subprocess.run([TSHARK, "-r", path, "-V"], capture_output=True, text=True, check=True).stdout


def mpdus():
    """One of every kind, with all of their fields."""
    content = write_ipm(
        Ipm("i1", address("ann"), (address("bob"),), (address("eve"),), "Lunch", ("X: y",), b"hello\r\n" * 300)
    )
    sent = message(2)
    more = {
        "deferred": 10**9,
        "latest": 2 * 10**9,
        "expansions": ((address("all"), 10**9),),
        "priority": Priority.URGENT,
    }
    whole = type(sent)(sent.envelope, content, **more)
    trace = sent.envelope.trace
    told = (
        ReportedRecipient(address("bob"), 1, 10**9, diagnostic=Diagnostic.LOOP_DETECTED, supplement="why"),
        ReportedRecipient(address("eve"), 2, 10**9, 10**9, intended=address("eve")),
    )
    identifier = MtsIdentifier(sent.envelope.identifier.domain, "r1")
    report = Report(
        identifier, address("ann"), identifier, told, trace, sent.envelope.internal_trace, trace, "mine", 22, b"back"
    )
    return [whole, Probe(sent.envelope, 1000), report]


@pytest.mark.parametrize("mode", ["1984", "1988"])
def test_an_association(mode, tmp_path):
    """Set-up, messages, a probe and a report, an interrupted activity and its resumption, release."""
    both = Pair()
    both.open(mode, *REFERENCES[mode])
    for number, mpdu in enumerate(mpdus(), 1):
        octets = wrap_apdu(write_mpdu(mpdu, mode), mode)
        assert both.send(octets, mode, identifier=number)[0] == octets
    octets = wrap_apdu(write_mpdu(mpdus()[0], mode), mode)
    both.to(pdus.ActivityStart(8), pdus.Data(wrap_data(octets[:1024], mode)), pdus.MinorSync(1))
    both.back(pdus.MinorSyncAck(1))
    both.to(pdus.ActivityInterrupt())
    both.back(pdus.ActivityInterruptAck())
    both.to(pdus.ActivityResume(9, 8, 1), pdus.Data(wrap_data(octets[1024:], mode)), pdus.ActivityEnd(2))
    both.back(pdus.ActivityEndAck(2))
    both.to(pdus.Finish(write_release(mode, asks=True)))
    both.back(pdus.Disconnect(write_release(mode, asks=False)))
    both.to(pdus.DisconnectRequest())
    capture(tmp_path / "x.pcap", both.said)
    text = dissected(tmp_path / "x.pcap")
    # tshark's own trouble with two SPDUs of 1984 in one segment is none of a field.
    own = "can't get spdu type from session dissector"
    bad = [line.strip() for line in text.splitlines() if "Malformed)" in line and own not in line]
    assert bad == []
    for said in ("X.411", "initiator-name", *(["trace-information", "X.228"] if mode == "1988" else [])):
        assert said in text
