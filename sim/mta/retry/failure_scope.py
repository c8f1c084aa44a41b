"""Host error or message error: what each product makes of a session that failed, by where it failed.

The tables are read as: who waits (`h` the host, after what Exim calls a host error, `m` this message, `-` nobody: what
is left is returned), and whether another of the domain's hosts is tried first (`>`). `->` so returns what no other host
takes; `.` cannot be. Columns are what had no good answer: the connection, the greeting, EHLO or HELO, MAIL, RCPT, DATA,
and the final dot with the mail data before it. How long a host or a message waits is the business of `mta.retry` and
`mta.queue.queue_manager`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from sim.mta.queue.failure import Failure, FailureScope
from sim.scenario.products.base import Product

PLACES = ("connect", "greeting", "hello", "mail", "rcpt", "data", "dot")
KINDS = ("silence", "broken", "4yz", "5yz")
"""What became of it: no answer in time, the end of the connection, or a refusal."""

_SCOPES: Mapping[str, FailureScope] = MappingProxyType(
    {
        "h>": FailureScope(host_error=True, tries_next_mx=True, returns=False),
        "h": FailureScope(host_error=True, tries_next_mx=False, returns=False),
        "m>": FailureScope(host_error=False, tries_next_mx=True, returns=False),
        "m": FailureScope(host_error=False, tries_next_mx=False, returns=False),
        "->": FailureScope(host_error=True, tries_next_mx=True, returns=True),
        "-": FailureScope(host_error=False, tries_next_mx=False, returns=True),
    }
)


def table_of(product: Product) -> dict[tuple[str, str], str]:
    """What a product makes of each kind of failure at each place, in the table's signs."""
    return {
        (kind, place): sign
        for kind, row in zip(KINDS, product.failure_table, strict=True)
        for place, sign in zip(PLACES, row.split(), strict=True)
    }


class FailureScopes:
    """What one host's product makes of failed sessions."""

    __slots__ = ("_scopes",)

    def __init__(self, product: Product) -> None:
        self._scopes = {key: _SCOPES[sign] for key, sign in table_of(product).items() if sign != "."}

    def applied(self, failure: Failure, *, silent: bool) -> Failure:
        """The failure with its scope; `silent` says that nothing was heard in time.

        It stays as it is where no session failed: what has no place is our own finding.
        """
        if not failure.at:
            return failure
        kind = "5yz" if failure.code >= 500 else "4yz" if failure.code else "silence" if silent else "broken"
        return replace(failure, scope=self._scopes[kind, failure.at])
