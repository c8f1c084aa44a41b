"""Site failure or message failure: what each product makes of a session that failed, by where it failed.

The tables are read as: who waits (`s` the site, `m` this message, `-` nobody: what is left is returned), and whether
another of the domain's hosts is tried first (`>`). `->` so returns what no other host takes; `.` cannot be. Columns
are what had no good answer: the connection, the greeting, EHLO or HELO, MAIL, RCPT, DATA, and the final dot with the
mail data before it. How long a site or a message waits is the business of `mta.retry` and `mta.queue.queue_manager`.

Sources: Postfix smtp_proto.c, smtp_trouble.c (a 5yz greeting counts as 4yz, unless smtp_skip_5xx_greeting is no); Exim
transports/smtp.c (smtp_setup_conn, smtp_deliver: what it calls message errors); sendmail deliver.c, usersmtp.c;
qmail-remote.c; OpenSMTPD mta_session.c; Haraka outbound/hmail.js; Stalwart smtp/outbound/delivery.rs; ZoneMTA
lib/sender.js, with mx-connect; nullmailer protocols/smtp.cc and send.cc, which backs off its whole queue; Exchange's
documents (Set-TransportService) and its notice "attempted failover to alternate host". JSMS, the RFC's advice and a
free list are played by RFC 5321 sections 4.2.1, 4.5.4.1 and 5.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from sim.mta.queue.queue import Failure, Verdict
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

PLACES = ("connect", "greeting", "hello", "mail", "rcpt", "data", "dot")
KINDS = ("silence", "broken", "4yz", "5yz")
"""What became of it: no answer in time, the end of the connection, or a refusal."""

_LOST = "s> s> s> m> m> m> m>"
_PUT_OFF, _REFUSED = ". s> s> m> m> m> m>", ". -> -> - - - -"

_TABLES: Mapping[type[Product], tuple[str, str, str, str]] = MappingProxyType(
    {
        Postfix: ("s> s> s> s> s> s> s>", "s> s> s> s> s> s> s>", _PUT_OFF, ". s> - - - - -"),
        Exim: ("s> s> s> m> m> s> m>", "s> s> s> s> s> s> m>", _PUT_OFF, _REFUSED),
        Sendmail: (_LOST, _LOST, _PUT_OFF, _REFUSED),
        Qmail: ("s> m m m m m m", "s> m m m m m m", ". m m m m m m", ". m m - - - -"),
        OpenSmtpd: ("s> s> s> s s s s", "s> s> s> s s s s", ". s> s> m m m m", ". s> s> - - - -"),
        Exchange: ("s> s> s> s> s> s> s>", "s> s> s> s> s> s> s>", ". s> s> m m m m", ". s> s> - - - -"),
        Haraka: ("m> m> m> m> m> m> m>", "m> m> m> m> m> m> m>", ". m m m m m m", ". - - - - - -"),
        Stalwart: ("m> m> m> m m m m", "m> m> m> m m m m", ". m> m> m m m m", ". -> -> - - - -"),
        ZoneMta: ("s> m> m> m m m m", "s> m> m> m m m m", ". m m m m m m", ". - - - - - -"),
        Nullmailer: ("s> s> s> s> s> s> s>", "s> s> s> s> s> s> s>", ". s> s> s> s> s> s>", ". - - - - - -"),
        Jsms: (_LOST, _LOST, _PUT_OFF, _REFUSED),
        Rfc5321: (_LOST, _LOST, _PUT_OFF, _REFUSED),
        Delays: (_LOST, _LOST, _PUT_OFF, _REFUSED),
    }
)

_VERDICTS: Mapping[str, Verdict] = MappingProxyType(
    {
        "s>": Verdict("site", goes_on=True, returns=False),
        "s": Verdict("site", goes_on=False, returns=False),
        "m>": Verdict("message", goes_on=True, returns=False),
        "m": Verdict("message", goes_on=False, returns=False),
        "->": Verdict("site", goes_on=True, returns=True),
        "-": Verdict("message", goes_on=False, returns=True),
    }
)


def table_of(product: Product) -> dict[tuple[str, str], str]:
    """What a product makes of each kind of failure at each place, in the table's signs."""
    rows = _TABLES.get(type(product), _TABLES[Delays])
    if isinstance(product, Postfix) and not product.smtp_skip_5xx_greeting:
        rows = (*rows[:3], rows[3].replace("s>", "-"))
    return {
        (kind, place): sign
        for kind, row in zip(KINDS, rows, strict=True)
        for place, sign in zip(PLACES, row.split(), strict=True)
    }


class Blame:
    """What one host's product makes of failed sessions."""

    __slots__ = ("_verdicts",)

    def __init__(self, product: Product) -> None:
        self._verdicts = {key: _VERDICTS[sign] for key, sign in table_of(product).items() if sign != "."}

    def judged(self, failure: Failure, *, silent: bool) -> Failure:
        """The failure with the product's verdict; `silent` says that nothing was heard in time.

        It stays as it is where no session failed: what has no place is our own finding.
        """
        if not failure.at:
            return failure
        kind = "5yz" if failure.code >= 500 else "4yz" if failure.code else "silence" if silent else "broken"
        return replace(failure, verdict=self._verdicts[kind, failure.at])
