"""What hosts call themselves in SMTP: no two alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario.load import loads
from sim.scenario.names import ehlo_names, is_domain_name


@pytest.mark.parametrize(
    ("hosts", "found"),
    [
        (["a", "b.example"], ["a", "b.example"]),
        (["Köln", "koln"], ["koln-2", "koln"]),
        (["St. Gallen", "St Gallen", "st-gallen"], ["st-gallen-2", "st-gallen-3", "st-gallen"]),
        (["A", "a"], ["A", "a-2"]),
        (["東京", "大阪", "host"], ["host-2", "host-3", "host"]),
    ],
)
def test_folding_makes_no_two_alike(hosts: list[str], found: list[str]):
    """A name that is a domain name keeps its spelling before one that only folds to it."""
    assert [ehlo_names(hosts)[host] for host in hosts] == found


@given(st.lists(st.text("aAbBöß -._2", min_size=1, max_size=6), unique=True))
def test_no_two_are_alike_in_any_case(hosts: list[str]):
    """And all are domain names."""
    names = ehlo_names(hosts)
    assert set(names) == set(hosts)
    assert len({name.lower() for name in names.values()}) == len(hosts)
    assert all(map(is_domain_name, names.values()))


def test_hosts_of_a_scenario_have_them():
    """In every architecture."""
    text = "network: {nodes: [Köln, koln], links: [{between: [Köln, koln], rate: 1 Mbit/s, delay: 1 ms}]}\nduration: 1 h\nworkload: {constant: {every: 1 min}}"
    for architecture in loads(text).architectures.values():
        assert [host.domain for host in architecture.hosts.values()] == ["koln-2", "koln"]
