"""What TLS is with a host: what its server shows, and so how much it sends, and how its client begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, get_args

from sim.scenario.pydantic_seam import Section
from sim.scenario.scalars import Flag, word
from sim.scenario.spec import Certificate, Tls, TlsVersion

__all__ = ["TlsForm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsForm(Section):
    """What TLS is with a host."""

    certificate: Annotated[Certificate, word("certificate", *get_args(Certificate))] = "ec"
    """What its server shows: one certificate of `ec` (P-256) or `rsa` (2048), or an RSA `chain` of two."""
    version: Annotated[TlsVersion, word("version of TLS", *get_args(TlsVersion))] = "TLSv1.3"
    """The newest that it knows."""
    session_cache: Flag = False
    """Whether its client resumes sessions."""
    implicit: Flag = False
    """Whether its client begins with TLS (port 465) where the server offers STARTTLS."""

    def tls(self) -> Tls:
        """What it means."""
        return Tls(
            certificate=self.certificate,
            version=self.version,
            session_cache=self.session_cache,
            implicit=self.implicit,
        )
