"""When a product takes a message for one that goes round."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.address import Address
from sim.mail.trace import delivered_to
from sim.mta.server.loops import has_passed, is_looping
from sim.scenario.products.base import Product
from sim.scenario.products.delays import Delays
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim
from sim.scenario.products.haraka import Haraka
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.rfc5321 import Rfc5321
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.stalwart import Stalwart

RECEIVED = b"Received: from a by b; Sat, 01 Jan 2000 00:00:00 +0000\r\n"


def mail(received: int, others: bytes = b"") -> bytes:
    """A message with so many Received fields."""
    return others + RECEIVED * received + b"Subject: round\r\n\r\nReceived: not\r\nDelivered-To: not@a.example\r\n"


@pytest.mark.parametrize(
    ("product", "first"),
    [
        (Postfix(), 49),
        (Exim(), 30),
        (Sendmail(), 25),
        (Qmail(), 100),
        (OpenSmtpd(), 100),
        (Exchange(), 60),
        (Haraka(), 101),
        (Stalwart(), 51),
        (Rfc5321(), 100),
        (Delays(hopcount_limit=3), 3),
    ],
)
def test_how_many_received_fields_are_too_many(product: Product, first: int):
    """Each product's own number, in the mail that comes in."""
    assert [is_looping(mail(count), product) for count in (first - 1, first)] == [False, True]


def test_qmail_counts_what_its_own_deliveries_leave():
    """qmail-smtpd's blast() counts Delivered-To beside Received; the others do not."""
    content = mail(60, b"Delivered-To: a@b.example\r\n" * 40)
    assert [is_looping(content, product) for product in (Qmail(), OpenSmtpd())] == [True, False]


def test_stalwart_puts_off_what_goes_round():
    """The only one that says 4yz."""
    codes = {
        type(product): product.loop_detection.too_many.code // 100 for product in (Stalwart(), Postfix(), Haraka())
    }
    assert codes == {Stalwart: 4, Postfix: 5, Haraka: 5}


@given(st.lists(st.sampled_from(["a@x.example", "A@X.example", "b@x.example", ""]), max_size=8))
def test_an_address_has_passed_where_its_field_is(fields: list[str]):
    """Anywhere in the header, or since the last Received field; in upper or lower case alike."""
    tops = [delivered_to(one) if one else RECEIVED for one in fields]
    content = b"".join(tops) + b"\r\nDelivered-To: a@x.example\r\n"
    since = fields[: fields.index("")] if "" in fields else fields
    address = Address("a", "x.example")
    assert has_passed(content, address, here=False) == ("a@x.example" in map(str.lower, fields))
    assert has_passed(content, address, here=True) == ("a@x.example" in map(str.lower, since))
