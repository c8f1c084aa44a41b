"""Greylisting: strangers are told to come again, and those that do are let in (postgrey 1.37: smtpd_access_policy).

A triplet's network is what the address of a client has in common with its neighbours' (do_client_substitutions); who is
trusted is trusted by his whole address. Times go on without a break where postgrey counts whole seconds, and what is
too old is forgotten at once, not at night (do_maintenance).
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from sim.mta.server.ttl_cache import TtlCache
from sim.scenario.spec import policies

Triplet = tuple[str, str, str]
"""Client, reverse-path, forward-path."""

_ONE_AN_HOUR = 3600.0
"""A client's passes count once in so many s."""


class Greylist:
    """Whom a host knows; it forgets who never came back in the window, and who has not come for a lifetime."""

    __slots__ = ("_how", "_known", "_passes", "_waiting")

    def __init__(self, how: policies.Greylist) -> None:
        self._how = how
        self._waiting: TtlCache[bytes, None] = TtlCache(how.window)
        self._known: TtlCache[bytes, None] = TtlCache(how.lifetime)
        self._passes: TtlCache[str, int] = TtlCache(how.lifetime)

    def wait(self, triplet: Triplet, now: float) -> float:
        """How long they have to wait that come now, in s; 0 lets them in."""
        client, *paths = triplet
        if self._trusts(client, now):
            return 0.0
        key = _digest(network_of(client, self._how.ipv4cidr, self._how.ipv6cidr), *paths)
        if self._known.get(key, now) is None:
            first = self._waiting.get(key, now)
            if first is None:
                self._waiting.set(key, None, now)
                return self._how.delay
            if now - first[0] < self._how.delay:
                return first[0] + self._how.delay - now
            self._waiting.forget(key)
            self._passed(client, now)
        self._known.set(key, None, now)
        return 0.0

    def _trusts(self, client: str, now: float) -> bool:
        """Whether a client has passed often enough; then it is seen again."""
        passes = self._passes.get(client, now) if self._how.whitelist_after else None
        if passes is None or passes[1] < self._how.whitelist_after:
            return False
        self._passes.set(client, passes[1], now)
        return True

    def _passed(self, client: str, now: float) -> None:
        passes = self._passes.get(client, now)
        if self._how.whitelist_after and (passes is None or now >= passes[0] + _ONE_AN_HOUR):
            self._passes.set(client, passes[1] + 1 if passes else 1, now)


@lru_cache(maxsize=4096)
def network_of(client: str, ipv4cidr: int, ipv6cidr: int) -> str:
    """The network of so many bits that a client's address lies in; of a client without an address, itself."""
    try:
        address: IPv4Address | IPv6Address = ip_address(client.partition("%")[0])
    except ValueError:
        return client
    address = getattr(address, "ipv4_mapped", None) or address
    return str(ip_network((address, ipv4cidr if address.version == 4 else ipv6cidr), strict=False))


def _digest(*texts: str) -> bytes:
    """Few octets for texts that may be long (as postgrey's --privacy has it)."""
    return blake2b("\0".join(texts).encode(errors="backslashreplace"), digest_size=16).digest()
