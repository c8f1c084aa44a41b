"""The key `tls` of a host: what TLS is with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from sim.scenario.pydantic_seam import Word
from sim.scenario.scalars import Flag
from sim.scenario.sections import Section

Certificate = Literal["ec", "rsa", "chain"]
"""`ec`: a certificate with a P-256 key; `rsa`: one with RSA-2048; `chain`: such a one and an intermediate one's."""

TlsVersion = Literal["TLSv1.2", "TLSv1.3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls(Section):
    """What TLS is with a host."""

    certificate: Annotated[Certificate, Word("certificate")] = "ec"
    """What its server shows: one certificate of `ec` (P-256) or `rsa` (2048), or an RSA `chain` of two."""
    version: Annotated[TlsVersion, Word("version of TLS")] = "TLSv1.3"
    """The newest that it knows."""
    session_cache: Flag = False
    """Whether its client resumes sessions (Postfix smtp_tls_session_cache_database)."""
    implicit: Flag = False
    """Whether its client begins with TLS (port 465, RFC 8314 section 3) where the server offers STARTTLS."""
