"""What users wrote to get from one network to another, by the facts of the Inter-Network Mail Guide and RFCs."""

from __future__ import annotations

import csv
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.gateway.spelling import WAYS, SpellingError, spell, spellings


@pytest.mark.parametrize(
    ("address", "source", "target", "gateway", "written"),
    [
        ("joe@CUNYVM", "internet", "bitnet", "", "joe%CUNYVM.bitnet@cunyvm.cuny.edu"),
        ("joe@MITVMA", "internet", "bitnet", "mitvma.mit.edu", "joe%MITVMA.bitnet@mitvma.mit.edu"),
        ("a_b@c.edu", "internet", "x.400", "", "/RFC-822=a(u)b(a)c.edu/PRMD=GW/ADMD=GW/C=CC/"),
        ("Joe Soap at 1:2/3.4", "internet", "fidonet", "", "Joe.Soap@p4.f3.n2.z1.fidonet.org"),
        ("Joe Soap at 1:2/3", "internet", "fidonet", "", "Joe.Soap@f3.n2.z1.fidonet.org"),
        ("joe at end of a,b,c", "internet", "uucp", "gw.edu", "a!b!c!joe@gw.edu"),
        ("joe@mit.edu", "uucp", "internet", "seismo", "seismo!mit.edu!joe"),
        ("joe@upenn", "internet", "csnet", "", "joe%upenn.csnet@relay.cs.net"),
    ],
)
def test_a_user_writes_to_another_network(address: str, source: str, target: str, gateway: str, written: str) -> None:
    """The preferred way, by the gateway that is said, or a usual one."""
    assert spell(address, source, target, gateway=gateway) == written


def test_what_nobody_knows_is_said() -> None:
    """The pair, and what is known from there; the forms that an address may have; characters X.400 lacks."""
    with pytest.raises(SpellingError, match="from 'att' to 'mars' no way is known: bitnet, internet is"):
        spell("a@b", "att", "mars")
    with pytest.raises(SpellingError, match="from 'mars' to 'att' no way is known: nothing is"):
        spell("a@b", "mars", "att")
    with pytest.raises(SpellingError, match=r"'joe' is no address of 'bitnet': write \{user\}@"):
        spell("joe", "internet", "bitnet")
    with pytest.raises(SpellingError, match="beyond US-ASCII"):
        spell("é@c.edu", "internet", "x.400")


# The facts name what is written with placeholders; these are for them where a name must look like one.
PLACEHOLDERS = {"DOMAIN": "D.EXAMPLE", " (no full stop)": "", "NAME (ID=ID)": "First Last (ID=ID)"}
BETWEEN = {"uucp": "H1!GW", "x.400": "GATEWAY", "fidonet": "", "wwivnet": ""}
USUAL = {"thenet (decnet)", "mfenet", "telemail (CMR)", "x.400"}


def test_the_facts_hold(shared: Path) -> None:
    """Every fact but one is among what can be written; batched UUCP has an envelope of its own, no address."""
    with (shared / "data/gateways/gateway_facts.csv").open() as file:
        rows = list(csv.DictReader(file))
    missing = []
    for row in rows:
        form, written = row["recipient_form"], row["address_to_write"].replace("/...", "/")
        for placeholder, value in PLACEHOLDERS.items():
            form, written = form.replace(placeholder, value), written.replace(placeholder, value)
        source, target = row["from_network"], row["to_network"]
        if source == "gold-400":
            form, written = form.replace("HOST", "H.EXAMPLE"), written.replace("HOST", "H.EXAMPLE")
        form, written = form.replace("any O/R address", "/KEY=VALUE/"), written.replace("VALUE//", "VALUE/")
        gateway = "" if target in USUAL else BETWEEN.get(source, "GATEWAY")
        try:
            known = spellings(form, source, target, gateway=gateway)
        except SpellingError:
            known = ()
        if written not in known:
            missing.append((source, target, written))
    assert [target for _, target, _ in missing] == ["uucp (batch)"]


@given(st.sampled_from(sorted(WAYS)), st.text() | st.text("ab @,.:!<>()1-/"))
def test_any_text_is_spelled_or_refused(networks: tuple[str, str], text: str) -> None:
    """With the room's own error, and never to nothing."""
    with suppress(SpellingError):
        assert all(spellings(text, *networks))
