"""The DNS as mail sees it: which hosts take a domain's mail (RFC 5321 section 5.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sim.scenario import spec

__all__ = ["Dns"]


class Dns:
    """Answers MX questions; names are compared without regard to case (RFC 4343).

    Args:
        domains: The mail domains by name.
        hosts: The names of the hosts; each is a domain of its own, too.
    """

    __slots__ = ("_records",)

    def __init__(self, domains: Mapping[str, spec.Domain], hosts: Collection[str]) -> None:
        self._records: dict[str, tuple[tuple[int, str], ...]] = {host.lower(): ((0, host),) for host in hosts}
        for name, domain in domains.items():
            if domain.mx:
                self._records[name.lower()] = tuple(sorted(domain.mx, key=lambda record: record[0]))

    def mx(self, domain: str) -> tuple[tuple[int, str], ...] | None:
        """The domain's MX records (preference, host), lowest preference first, equal ones in the order of the file.

        A name without records that is a host's own has an implicit MX of preference 0. None says that there is no such
        domain (NXDOMAIN), which is permanent.
        """
        return self._records.get(domain.lower().removesuffix("."))
