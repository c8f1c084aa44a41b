"""Which way to try again belongs to which product."""

from __future__ import annotations

from collections.abc import Callable

from sim.mta.retry.base import Retry
from sim.mta.retry.daemon import PostfixRetry, SendmailRetry
from sim.mta.retry.exim import EximRetry
from sim.mta.retry.listed import JsmsRetry, ListedRetry, StalwartRetry
from sim.mta.retry.nullmailer import NullmailerRetry
from sim.mta.retry.opensmtpd import OpenSmtpdRetry
from sim.mta.retry.qmail import QmailRetry
from sim.mta.retry.site import ExchangeRetry, Rfc5321Retry, ZoneMtaRetry
from sim.scenario.products.base import Product
from sim.scenario.products.delays import Delays
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim
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


def retry_of(product: Product, random: Callable[[], float]) -> Retry:  # noqa: C901, PLR0911, PLR0912 - a table
    """A host's way to try again, with nothing on record yet; `random` draws from [0, 1)."""
    match product:
        case Postfix():
            return PostfixRetry(product)
        case Exim():
            return EximRetry(product, random)
        case Sendmail():
            return SendmailRetry(product)
        case Qmail():
            return QmailRetry(product, random)
        case OpenSmtpd():
            return OpenSmtpdRetry(product)
        case Exchange():
            return ExchangeRetry(product)
        case Haraka():
            return ListedRetry(product.temp_fail_intervals, finite=True)
        case Stalwart():
            return StalwartRetry(product)
        case ZoneMta():
            return ZoneMtaRetry(product)
        case Nullmailer():
            return NullmailerRetry(product)
        case Jsms():
            return JsmsRetry(product)
        case Rfc5321():
            return Rfc5321Retry(product)
        case Delays():
            return ListedRetry(product.delays, product.lifetime)
    raise TypeError(f"{type(product).__name__} has no way to try again: it is none of the products")
