"""A user and his device may be called anything that a scenario takes: his mail comes, he reads and answers it."""

from __future__ import annotations

import json
import math

import pytest
from mailboxes import world

from sim.agent.products import MAIL_USER_AGENTS

NAMES = [
    "jürgen",
    '"john doe"',
    r'"a\"b"',
    '"a@b"',
    '"x/../y"',
    '"(){%*"',
    r'"a\\b"',
    "用户",
    '"ä b"',
    "o'hara",
    '"{3}"',
    "nil",
]
DEVICES = ["ä", "..", 'a"b', "x{3}y", "(){%*'", "日本", "a:b"]
PROGRAMS = list(MAIL_USER_AGENTS)


@pytest.mark.parametrize("place", range(len(NAMES) + 2))
def test_mail_comes_to_any_name_and_is_answered(place):
    """Every name has some program, and every program some name."""
    name, device, (mua, access) = NAMES[place % len(NAMES)], DEVICES[place % len(DEVICES)], PROGRAMS[place]
    reads = "{after: 0 s, takes: 1 s, replies: 100 %, writes_for: 1 s, files: {'Ä/{3} \"x\"': 100 %}}"
    devices = f"{{{json.dumps(device)}: {{mua: {mua}, access: {access}}}}}"
    address = json.dumps(f"{name}@b.example")
    made = world(
        f"at: 600 s, from: ann@a.example, to: {address}",
        a="{ann: {devices: [desk], reads: {after: 0 s}}}",
        b=f"{{{json.dumps(name)}: {{devices: {devices}, reads: {reads}}}}}",
        duration="2 h",
        drain="2 h",
    )
    facts = made.run()
    assert [(copy.outcome, math.isnan(copy.read_s)) for copy in facts.copies] == [("delivered", False)] * 2
