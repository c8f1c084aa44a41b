"""The mail transfer agents that a host can play: their parameters, under the products' own names, and defaults.

A product is a frozen dataclass: what a scenario file can set. Beside that every product answers to the names of
`Product`, so that the world need not know which one it is. Times are in s. Where a default is not from the product's
own source or manual, it is that of RFC 5321 section 4.5.3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sim.scenario.products.base import MANY, Product, RateWindows, Refuses, Reuse
from sim.scenario.products.delays import Delays
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim, RetryRule
from sim.scenario.products.haraka import Haraka
from sim.scenario.products.jsms import Jsms
from sim.scenario.products.nullmailer import Nullmailer
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.rfc5321 import Rfc5321
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.stalwart import Stalwart
from sim.scenario.products.zonemta import ZoneMta
from sim.scenario.quantity import DAY, HOUR, MINUTE

__all__ = [
    "DAY",
    "HOUR",
    "MANY",
    "MINUTE",
    "PRODUCTS",
    "TITLES",
    "Delays",
    "Exchange",
    "Exim",
    "Haraka",
    "Jsms",
    "Nullmailer",
    "OpenSmtpd",
    "Postfix",
    "Product",
    "Qmail",
    "RateWindows",
    "Refuses",
    "RetryRule",
    "Reuse",
    "Rfc5321",
    "Sendmail",
    "Stalwart",
    "ZoneMta",
    "product_name",
]

PRODUCTS: Mapping[str, type[Product]] = MappingProxyType(
    {
        "postfix": Postfix,
        "exim": Exim,
        "sendmail": Sendmail,
        "qmail": Qmail,
        "opensmtpd": OpenSmtpd,
        "exchange": Exchange,
        "haraka": Haraka,
        "stalwart": Stalwart,
        "zonemta": ZoneMta,
        "nullmailer": Nullmailer,
        "jsms": Jsms,
        "rfc5321": Rfc5321,
    }
)
"""The products by the names that a scenario file has for them."""

TITLES: Mapping[type[Product], str] = MappingProxyType(
    {
        Postfix: "Postfix",
        Exim: "Exim",
        Sendmail: "sendmail",
        Qmail: "qmail",
        OpenSmtpd: "OpenSMTPD",
        Exchange: "Exchange",
        Haraka: "Haraka",
        Stalwart: "Stalwart",
        ZoneMta: "ZoneMTA",
        Nullmailer: "nullmailer",
        Jsms: "JSMS",
        Rfc5321: "RFC 5321",
        Delays: "a list of delays",
    }
)
"""The products as one speaks of them."""


def product_name(product: Product | type[Product]) -> str:
    """The product's name in a scenario file; empty for a list of delays, which has none."""
    kind = product if isinstance(product, type) else type(product)
    return next((name for name, one in PRODUCTS.items() if one is kind), "")
