"""MX records."""

from __future__ import annotations

import pytest

from sim.network.dns import Dns
from sim.scenario import spec

DOMAINS = {"Mit.example": spec.Domain(name="Mit.example", mx=((20, "BBN"), (10, "MIT"), (10, "AMES")), users=())}
DOMAINS["bbn"] = spec.Domain(name="bbn", mx=(), users=())
DOMAINS["void.example"] = spec.Domain(name="void.example", mx=(), users=())
DNS = Dns(DOMAINS, ["BBN", "MIT", "AMES"])


@pytest.mark.parametrize("name", ["mit.example", "MIT.EXAMPLE", "mit.example."])
def test_records_come_best_first_whatever_the_case(name):
    """Lowest preference first, equal ones in the order of the file."""
    assert DNS.mx(name) == ((10, "MIT"), (10, "AMES"), (20, "BBN"))


@pytest.mark.parametrize("name", ["bbn", "BBN"])
def test_a_host_is_its_own_mx(name):
    """A name without records that is a host's has an implicit MX."""
    assert DNS.mx(name) == ((0, "BBN"),)


@pytest.mark.parametrize("name", ["void.example", "nowhere.example"])
def test_an_unknown_domain_has_no_answer(name):
    """Neither records nor a host: no such domain."""
    assert DNS.mx(name) is None
