"""Texts in any script on their way through hosts of every product: what arrives decodes to what was written."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import message, scenario

from sim.scenario.products import PRODUCTS
from sim.scenario.products.base import Product
from sim.world.simulation import Simulation

EXTENSIONS = ("PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8", "CHUNKING", "BINARYMIME")
PIECES = st.text(max_size=20) | st.sampled_from(
    ["\r\n", "\r", "\n", " \n", "\n.\n", "\n..x\n", "\nFrom me\n", "é" * 600]
)
TEXTS = st.lists(PIECES, max_size=6).map("".join)
OFFERS = st.sets(st.sampled_from(EXTENSIONS)).map(
    lambda found: tuple(one for one in EXTENSIONS if one in found and (one != "BINARYMIME" or "CHUNKING" in found))
)


def lines(text: str) -> str:
    """A text with every line ended by LF."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.endswith("\n") or not text else text + "\n"


def arrived(text: str, product: Product, offers: dict[str, tuple[str, ...]]) -> list[bytes]:
    """What is in the mailbox after a way over two more hosts, whose servers offer these extensions."""
    hosts = {name: {"mta": product, "extensions": said, "uses": EXTENSIONS} for name, said in offers.items()}
    spec = scenario(
        "a-b b-c", message(0, "u1@a", "u1@c"), hosts=hosts, transfer="store-and-forward", dialogues=True, rate=1e9
    )
    own = replace(spec.workload[0].messages[0], text=text)
    spec = replace(spec, workload=(replace(spec.workload[0], messages=(own,)),))
    world = Simulation(spec, spec.architectures["store-and-forward"], 0, 1)
    world.run()
    return world.hosts["c"].custody.mailboxes["u1@c.example"]


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.sampled_from([*PRODUCTS.values()]), OFFERS, OFFERS)
def test_what_arrives_is_what_was_written(
    text: str, product: type[Product], one: tuple[str, ...], other: tuple[str, ...]
):
    """Whatever the products are and whatever their servers offer."""
    [content] = arrived(text, product(), {"a": EXTENSIONS, "b": one, "c": other})
    assert lines(message_from_bytes(content, policy=default).get_content()) == lines(text)


@pytest.mark.slow
def test_a_megabyte_arrives():
    """Of Chinese, in lines that no host takes as they are."""
    text = "电子邮件" * 87_500
    [content] = arrived(text, PRODUCTS["postfix"](), {"b": ("PIPELINING",), "c": EXTENSIONS})
    assert message_from_bytes(content, policy=default).get_content().strip() == text
