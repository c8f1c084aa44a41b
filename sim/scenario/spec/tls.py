"""What TLS is with a host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Certificate = Literal["ec", "rsa", "chain"]
"""`ec`: a certificate with a P-256 key; `rsa`: one with RSA-2048; `chain`: such a one and an intermediate one's."""

TlsVersion = Literal["TLSv1.2", "TLSv1.3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """What TLS is with a host: the `certificate` that its server shows, and the newest `version` that it knows.

    With `session_cache` its client resumes sessions (Postfix smtp_tls_session_cache_database). With `implicit` it
    begins with TLS (port 465, RFC 8314 section 3; Postfix smtp_tls_wrappermode) where the server offers STARTTLS.
    """

    certificate: Certificate = "ec"
    version: TlsVersion = "TLSv1.3"
    session_cache: bool = False
    implicit: bool = False
