"""The algorithms by which products try again, by the names that their files give them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sim.mta.retry.base import Retry
from sim.mta.retry.exim import EximRetry
from sim.mta.retry.hosts import HostRetry, Rfc5321Retry, ZoneMtaRetry
from sim.mta.retry.nullmailer import NullmailerRetry
from sim.mta.retry.opensmtpd import OpenSmtpdRetry
from sim.mta.retry.postfix import PostfixRetry
from sim.mta.retry.qmail import QmailRetry
from sim.mta.retry.sendmail import SendmailRetry
from sim.scenario.products import BY_TYPE
from sim.scenario.products.base import Product

ALGORITHMS: Mapping[str, Callable[[Any, Callable[[], float]], Retry]] = MappingProxyType(
    {
        "delays": Retry,
        "exim": EximRetry,
        "hosts": HostRetry,
        "nullmailer": NullmailerRetry,
        "opensmtpd": OpenSmtpdRetry,
        "postfix": PostfixRetry,
        "qmail": QmailRetry,
        "rfc5321": Rfc5321Retry,
        "sendmail": SendmailRetry,
        "zonemta": ZoneMtaRetry,
    }
)
"""`delays`: each message by the product's list; `hosts`: a host that failed rests, too; the others are a product's."""

_strangers = [kind.title for kind in BY_TYPE.values() if kind.retry_algorithm not in ALGORITHMS]
if _strangers:
    raise TypeError(f"products with an unknown retry algorithm: {', '.join(_strangers)}")


def retry_of(product: Product, random: Callable[[], float]) -> Retry:
    """A host's way to try again, with nothing on record yet; `random` draws from [0, 1)."""
    return ALGORITHMS[product.retry_algorithm](product, random)
