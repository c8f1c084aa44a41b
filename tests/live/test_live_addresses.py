"""A served host does with routes, percent forms and address literals what its policies say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from live_host import MESSAGE, Peer, served

from sim.scenario.spec import Address

OWN = (Address(ip="192.0.2.2"), Address(ip="2001:db8::2"))
HONOUR = {"source_routes": "honour"}
STRIP = {"source_routes": "strip"}
REJECT = {"source_routes": "reject"}
PERCENT = {"percent_hack": True}


@pytest.mark.parametrize(
    ("policies", "path", "reply", "kept"),
    [
        (STRIP, "@x.example,@y.example:bob@b.example", b"250", "bob@b.example"),
        (STRIP, "@b.example:ann@a.example", b"554 5.7.1", ""),
        (REJECT, "@b.example:bob@b.example", b"550 5.7.1", ""),
        (REJECT, "bob@b.example", b"250", "bob@b.example"),
        (HONOUR, "@B.example,@b:bob@b.example", b"250", "bob@b.example"),
        (HONOUR, "@b.example,@a.example:bob@b.example", b"554 5.7.1", ""),
        (HONOUR, "@nowhere.example:bob@b.example", b"554 5.7.1", ""),
        (HONOUR, "@[127.0.0.1],@[192.0.2.2]:bob@b.example", b"250", "bob@b.example"),
        (HONOUR, "@[192.0.2.9]:bob@b.example", b"554 5.7.1", ""),
        (HONOUR | PERCENT, "@b:bob%b.example%b@b.example", b"250", "bob@b.example"),
        ({}, "bob%b.example@b.example", b"550 5.1.1", ""),
        (PERCENT, "bob%b.example@b.example", b"250", "bob@b.example"),
        (PERCENT, '"bob%b.example"@B.EXAMPLE', b"250", "bob@b.example"),
        (PERCENT, "bob%[127.0.0.1]@b.example", b"501 5.1.3", ""),
        (PERCENT, '"bob%[127.0.0.1]"@b.example', b"250", "bob@b.example"),
        (PERCENT, "ann%a.example@b.example", b"554 5.7.1", ""),
        (PERCENT, "bob%b.example@a.example", b"554 5.7.1", ""),
        ({}, "bob@[127.0.0.1]", b"250", "bob@b.example"),
        ({}, "Bob@[192.0.2.2]", b"250", "Bob@b.example"),
        ({}, "ben@[ipv6:2001:DB8:0::2]", b"250", "ben@b.example"),
        ({}, "postmaster@[192.0.2.2]", b"250", "postmaster@b.example"),
        ({}, "ghost@[127.0.0.1]", b"550 5.1.1", ""),
        ({}, "bob@[192.0.2.1]", b"554 5.7.1", ""),
        ({}, "bob@192.0.2.2", b"554 5.7.1", ""),
    ],
)
def test_what_an_address_leads_to(tmp_path: Path, policies, path: str, reply: bytes, kept: str):
    """The reply to RCPT, and whose mail it is that is kept."""
    with served(tmp_path, addresses=OWN, **policies) as host, Peer(host.port) as peer:
        assert peer.code() == 220
        peer.write(b"EHLO me.example\r\nMAIL FROM:<@q.example:x@y.example>\r\n")
        assert [peer.code(), peer.code()] == [250, 250]
        peer.write(f"RCPT TO:<{path}>\r\n".encode())
        assert peer.line()[: len(reply)] == reply
        if kept:
            peer.write(b"DATA\r\n" + MESSAGE + b".\r\n")
            assert [peer.code(), peer.code()] == [354, 250]
        found = [re.search(rb"(?m)^Delivered-To: (.*)$", message)[1].decode() for message in host.messages()]
        assert found == ([kept] if kept else [])
