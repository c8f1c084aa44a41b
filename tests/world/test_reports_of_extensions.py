"""A report of mail that only an extension could carry reaches its sender all the same, over hops that lack it."""

from __future__ import annotations

from itertools import product as combinations

import pytest
from asked import KNOWS_ALL, Mail
from test_delivery_reports import over

from sim.scenario.products import PRODUCTS
from sim.scenario.products.delays import Delays

BARE = ("PIPELINING",)
WIDE = ("PIPELINING", "8BITMIME", "SMTPUTF8", "BINARYMIME", "CHUNKING")
MIME = b"MIME-Version: 1.0\r\n"
SIGNED = MIME + b"Content-Type: multipart/signed; boundary=x\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--x\r\n"
MAIL = {
    "a raw header": (b"Subject: caf\xe9\r\n\r\nhi\r\n", ()),
    "a raw header of a part": (
        MIME + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nX: \xc3\xa9\r\n\r\nhi\r\n--x--\r\n",
        (),
    ),
    "a raw body": (b"Subject: x\r\n\r\n\xe9\r\n", ()),
    "a marked body": (MIME + b"Content-Transfer-Encoding: 8bit\r\n\r\n\xc3\xa9\r\n", (("BODY", "8BITMIME"),)),
    "a signed body": (
        SIGNED + b"Content-Transfer-Encoding: 8bit\r\n\r\n\xc3\xa9\r\n--x--\r\n",
        (("BODY", "8BITMIME"),),
    ),
    "binary": (MIME + b"Content-Transfer-Encoding: binary\r\n\r\n\0\n", (("BODY", "BINARYMIME"),)),
    "UTF-8": ("Subject: é\r\n\r\nhi\r\n".encode(), (("SMTPUTF8", None),)),
    "long lines": (b"Subject: x\r\n\r\n" + b"x" * 5000 + b"\r\n", ()),
}


@pytest.mark.parametrize("name", [*PRODUCTS, "delays"])
def test_each_message_comes_or_its_sender_hears_of_it(name: str):
    """Over a last hop of seven bits, to somebody or nobody, and back over hops of seven bits or of eight."""
    mta = PRODUCTS[name]() if name in PRODUCTS else Delays(delays=(300.0,), lifetime=3600.0)
    for (what, (content, asked)), seven, to in combinations(
        MAIL.items(), (False, True), ("u1@c.example", "nobody@c.example")
    ):
        hosts = {"*": {**KNOWS_ALL, "mta": mta}, "c": {"extensions": BARE, "uses": BARE, "mta": mta}}
        if seven:
            hosts |= {
                "a": {"extensions": BARE, "uses": WIDE, "mta": mta},
                "b": {"extensions": WIDE, "uses": BARE, "mta": mta},
            }
        copies = over(hosts, Mail({to: ()}, asked, content=content)).facts.copies
        ends = {copy.recipient: copy.outcome for copy in copies}
        assert "delivered" in (ends[to], ends.get("u1@a.example")), (what, ends)
