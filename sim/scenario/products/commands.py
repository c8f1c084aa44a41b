"""What an operator can tell a running host, and in which words each product takes it.

Sources: postqueue(1), postsuper(1), postfix(1); Exim's spec ("The Exim command line"), exiqgrep(8); sendmail(8), with
quarantine by -Q; qmail-send(8) and Life with qmail's qmailctl; smtpctl(8); the documents of Exchange (Retry-Queue,
Suspend-Message, Resume-Message), Haraka (bin/haraka), stalwart-cli, nullmailer-send(8), and imsimta (qm, run, restart).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

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

__all__ = ["COMMANDS", "RESTART_TIME", "Act", "Do", "command"]

Do = Literal["flush", "hold", "release", "restart"]
"""Try what waits at once; keep what is in the queue from being tried; let that go again; stop and start."""

RESTART_TIME = 1.0
"""How long nobody listens when a product is stopped and started, s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What operators do at a time, in s: to which hosts, and to mail for which domain (empty: to all mail)."""

    at: float
    hosts: tuple[str, ...]
    do: Do
    of: str = ""


_PLAIN: Mapping[Do, tuple[str, str]] = {
    "flush": ("flush", "flush {of}"),
    "hold": ("hold", "hold {of}"),
    "release": ("release", "release {of}"),
    "restart": ("restart", ""),
}

COMMANDS: Mapping[type[Product], Mapping[Do, tuple[str, str]]] = MappingProxyType(
    {
        Postfix: {
            "flush": ("postqueue -f", "postqueue -s {of}"),
            "hold": ("postsuper -h ALL", "postsuper -h -  # of {of}"),
            "release": ("postsuper -H ALL", "postsuper -H -  # of {of}"),
            "restart": ("postfix stop && postfix start", ""),
        },
        Exim: {
            "flush": ("exim -qff", "exim -Rff {of}"),
            "hold": ("exim -Mf $(exiqgrep -xi)", "exim -Mf $(exiqgrep -xi -r {of})"),
            "release": ("exim -Mt $(exiqgrep -zi)", "exim -Mt $(exiqgrep -zi -r {of})"),
            "restart": ("systemctl restart exim4", ""),
        },
        Sendmail: {
            "flush": ("sendmail -q", "sendmail -qR{of}"),
            "hold": ("sendmail -Qhold -q", "sendmail -Qhold -qR{of}"),
            "release": ("sendmail -Q -qQ", "sendmail -Q -qQ -qR{of}"),
            "restart": ("systemctl restart sendmail", ""),
        },
        Qmail: {"flush": ("qmailctl flush", ""), "restart": ("qmailctl restart", "")},
        OpenSmtpd: {
            "flush": ("smtpctl schedule all", "smtpctl schedule  # of {of}"),
            "hold": ("smtpctl pause mta", ""),
            "release": ("smtpctl resume mta", ""),
            "restart": ("rcctl restart smtpd", ""),
        },
        Exchange: {
            "flush": (
                "Retry-Queue -Filter {{Status -eq 'Retry'}}",
                "Retry-Queue -Filter {{NextHopDomain -eq '{of}'}}",
            ),
            "hold": (
                "Suspend-Message -Filter {{Status -ne 'Suspended'}}",
                "Suspend-Message -Filter {{Queue -like '*\\{of}'}}",
            ),
            "release": (
                "Resume-Message -Filter {{Status -eq 'Suspended'}}",
                "Resume-Message -Filter {{Queue -like '*\\{of}'}}",
            ),
            "restart": ("Restart-Service MSExchangeTransport", ""),
        },
        Haraka: {"flush": ("haraka --qunstick", "haraka --qunstick {of}"), "restart": ("systemctl restart haraka", "")},
        Stalwart: {
            "flush": ("stalwart-cli queue retry", "stalwart-cli queue retry --domain {of}"),
            "restart": ("systemctl restart stalwart", ""),
        },
        ZoneMta: {"restart": ("systemctl restart zone-mta", "")},
        Nullmailer: {
            "flush": ("echo > /var/spool/nullmailer/trigger", ""),
            "restart": ("systemctl restart nullmailer", ""),
        },
        Jsms: {
            "flush": ("imsimta run tcp_local", ""),
            "hold": ("imsimta qm hold", "imsimta qm hold  # of {of}"),
            "release": ("imsimta qm release", "imsimta qm release  # of {of}"),
            "restart": ("imsimta restart", ""),
        },
        Rfc5321: _PLAIN,
        Delays: _PLAIN,
    }
)
"""By product and act: the command for all mail, and that for the mail of one domain; empty where it has none."""


def command(product: Product, do: Do, of: str = "") -> str:
    """The product's command; empty where it has none."""
    every, one = COMMANDS[type(product)].get(do, ("", ""))
    return (one if of else every).format(of=of)
