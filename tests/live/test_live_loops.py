"""Mail that goes round, at a served host: it is refused at the final dot, as there is no queue to return it from."""

from __future__ import annotations

from pathlib import Path

import pytest
from live_host import Peer, served

from sim.scenario.products.base import Product
from sim.scenario.products.exim import Exim
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.sendmail import Sendmail

RECEIVED = b"Received: from a by b; Sat, 01 Jan 2000 00:00:00 +0000\r\n"


def answer(port: int, fields: bytes, to: bytes = b"bob@b.example") -> bytes:
    """What is said to a message with these fields on top."""
    with Peer(port) as peer:
        peer.write(b"EHLO me.example\r\nMAIL FROM:<x@y.example>\r\nRCPT TO:<" + to + b">\r\nDATA\r\n")
        peer.write(fields + b"Subject: round\r\n\r\nDelivered-To: bob@b.example\r\n.\r\nQUIT\r\n")
        return b"\n".join(iter(peer.line, b""))


@pytest.mark.parametrize(
    ("product", "most"), [(Postfix(), 48), (Exim(), 29), (Sendmail(), 24), (Qmail(), 99), (OpenSmtpd(), 99)]
)
def test_too_many_received_fields_are_refused(tmp_path: Path, product: Product, most: int):
    """By the product's own number, also where the product itself would take the mail and return it."""
    with served(tmp_path, mta=product) as host:
        assert b"250 2.0.0 Ok" in answer(host.port, RECEIVED * most)
        refused = answer(host.port, RECEIVED * (most + 1))
        assert any(word in refused.lower() for word in (b"hops", b"loop"))
        assert len(host.messages()) == 1


@pytest.mark.parametrize(("product", "stopped"), [(Postfix(), True), (Qmail(), True), (Exim(), False)])
def test_what_a_recipient_has_had_is_refused_where_the_product_finds_it(
    tmp_path: Path, product: Product, stopped: bool
):
    """By the Delivered-To field that the first delivery has left, as Postfix's local(8) and qmail-local do."""
    with served(tmp_path, mta=product) as host:
        assert b"250 2.0.0 Ok" in answer(host.port, b"Delivered-To: ben@b.example\r\n")
        again = answer(host.port, b"Delivered-To: Bob@B.example\r\n")
        assert (b"5.4.6" in again, len(host.messages())) == (stopped, 1 if stopped else 2)
