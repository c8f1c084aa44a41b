"""What TLS is with a host: which certificate its server shows, and so how much it sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, get_args

from sim.scenario.reading import Form
from sim.scenario.spec import DEFAULT_CERTIFICATE, Certificate
from sim.scenario.values import word

__all__ = ["TlsForm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsForm(Form):
    """What TLS is with a host that offers STARTTLS."""

    certificate: Annotated[Certificate, word("certificate", *get_args(Certificate))] = DEFAULT_CERTIFICATE
    """What its server shows: one certificate of `ec` (P-256) or `rsa` (2048), or an RSA `chain` of two."""
