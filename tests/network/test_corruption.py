"""Damage that no checksum sees."""

from __future__ import annotations

from random import Random
from time import process_time

import pytest

from sim.network.links.corruption import Corruption

CONTENT = b"Subject: hi\r\n\r\n" + b"All mail shall be carried with care\r\n" * 40


def test_whole_content_is_the_same_object():
    """Nothing is copied where nothing is damaged."""
    assert Corruption(1e-9, Random(1)).pass_on(CONTENT, 100) is CONTENT


def test_damage_is_one_octet_of_a_line():
    """Lines stay lines, and what comes out is printable: it is mail data still."""
    for seed in range(200):
        found = Corruption(1.0, Random(seed)).pass_on(CONTENT, 1)
        differ = [(a, b) for a, b in zip(CONTENT, found, strict=True) if a != b]
        assert len(differ) == 1
        assert all(a not in b"\r\n" and 0x21 <= b < 0x7F for a, b in differ)


def test_empty_lines_have_nothing_to_damage():
    """They come out as they went in."""
    assert Corruption(1.0, Random(1)).pass_on(b"\r\n\r\n", 1) == b"\r\n\r\n"


def test_much_damage_to_much_mail_takes_no_time_but_its_own():
    """A message is not copied for each octet that is damaged."""
    content = b"word " * 2_000_000
    began = process_time()
    found = Corruption(1.0, Random(1)).pass_on(content, 7_000)
    assert sum(a != b for a, b in zip(content, found, strict=True)) > 6_900
    assert process_time() - began < 5


@pytest.mark.parametrize("packets", [1, 7, 50])
def test_damage_comes_as_often_as_it_should(packets: int):
    """The share of transfers that come out whole is (1 - p) to the power of their packets."""
    line, p, times = Corruption(0.01, Random(5)), 0.01, 5000
    whole = sum(line.pass_on(CONTENT, packets) is CONTENT for _ in range(times))
    expected = (1 - p) ** packets
    assert whole / times == pytest.approx(expected, abs=4 * (expected * (1 - expected) / times) ** 0.5)
