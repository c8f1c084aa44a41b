"""Users, lists and aliases whose local-parts are quoted or beyond US-ASCII, in a scenario file."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.mail.address import LOCAL_PART_LIMIT, Address, local_key
from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.show import show

TEXT = """
network: {{nodes: [a, b], links: [{{between: [a, b]}}]}}
domains:
  a.example: {{mx: a, users: [ann]}}
  x.example: {{{}}}
workload: {{messages_at: [{{at: 0 s, from: ann@a.example, to: ann@a.example}}]}}
"""

_CHARACTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.sampled_from(' "\\@.')
LOCAL_PARTS = st.text(_CHARACTERS, max_size=20).filter(lambda text: len(text.encode()) <= LOCAL_PART_LIMIT)
"""What local-parts can mean."""


def text(value: str) -> str:
    """A text as a YAML file takes it."""
    return json.dumps(value, ensure_ascii=False)


def quoted(local: str) -> str:
    """A local-part as a quoted string that a YAML file takes."""
    return text('"' + local.replace("\\", r"\\").replace('"', r"\"") + '"')


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("bob", "bob"),
        ('"bob"', "bob"),
        ('"john doe"', "john doe"),
        (r'"a\"b\\c"', r'a"b\c'),
        (r'"\b\ob"', "bob"),
        ('"a@b.c"', "a@b.c"),
        ('".a..b."', ".a..b."),
        ('""', ""),
        ("jürgen", "jürgen"),
        ("用户", "用户"),
        ("محمد", "محمد"),
        ('"ö x"', "ö x"),
    ],
)
def test_a_user_is_what_his_local_part_means(written: str, meant: str):
    """Quotes and backslashes are how it is written (RFC 5321 section 4.1.2); it is shown in its shortest form."""
    scenario = loads(TEXT.format(f"mx: b, users: [{text(written)}]"))
    assert scenario.domains["x.example"].users == (meant,)
    assert loads(show(scenario)) == scenario


@settings(max_examples=50, deadline=None)
@given(st.lists(LOCAL_PARTS, min_size=1, max_size=4, unique_by=local_key))
def test_any_local_part_is_a_users(names: list[str]):
    """Also a list's, a forward's and one that has moved, and their addresses; `show` loads back."""
    last = Address(names[-1], "x.example")
    said = f"mx: b, users: [{', '.join(map(quoted, names))}], lists: {{l1: [{text(str(last))}]}}"
    scenario = loads(TEXT.format(said + f", forwards: {{f1: {text(str(last))}}}"))
    domain = scenario.domains["x.example"]
    assert (domain.users, domain.lists["l1"], domain.forwards["f1"]) == (tuple(names), (str(last),), str(last))
    assert loads(show(scenario)) == scenario


@pytest.mark.parametrize(("one", "other"), [("bob", '"bob"'), ("Bob", "bOB"), ("u\u0308", "\u00fc"), ("Ü", '"ü"')])
def test_two_forms_of_one_user(one: str, other: str):
    """Case, quotes and Unicode normalization forms make no other user, and are known in members."""
    said = f"mx: b, users: [{text(one)}], lists: {{l1: [{text(f'{other}@x.example')}]}}"
    assert loads(TEXT.format(said)).domains["x.example"].lists
    with pytest.raises(ScenarioError, match="is there twice"):
        loads(TEXT.format(f"mx: b, users: [{text(one)}, {text(other)}]"))
    with pytest.raises(ScenarioError, match="a user and a list of one name"):
        loads(TEXT.format(f"mx: b, users: [{text(one)}], lists: {{{text(other)}: [ann@a.example]}}"))
    looping = loads(TEXT.format(f"mx: b, lists: {{{text(one)}: [{text(f'{other}@x.example')}]}}"))
    assert [note for note in looping.notes if "a mail loop" in note] != []


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ("users: [john doe]", "x.yaml:5:30: not a local-part (john doe): allowed are letters"),
        ("users: [a@b]", "x.yaml:5:30: not a local-part (a@b)"),
        ("""users: ['"a"b"']""", "x.yaml:5:30: not a local-part ("),
        ("users: [.a]", "x.yaml:5:30: not a local-part (.a)"),
        (f"users: [{'ü' * 33}]", "x.yaml:5:30: not a local-part ("),
        (
            "lists: {l: [john doe@a.example]}",
            "x.yaml:5:34: not an address (john doe@a.example): allowed is USER@DOMAIN",
        ),
        ("""forwards: {'"f g"': ann}""", "x.yaml:5:42: not an address (ann): allowed is USER@DOMAIN"),
        ("""moved: {'"m m"': '"a b"@a.example'}""", "x.yaml:5:39: unknown user of a.example (a b): allowed is ann"),
    ],
)
def test_mistakes_are_named(said: str, mistake: str):
    """Where it is, what is wrong, and how it is written."""
    with pytest.raises(ScenarioError) as caught:
        loads(TEXT.format(f"mx: b, {said}"), file="x.yaml")
    assert mistake in str(caught.value)


DEVICES = "{a.example: {mx: a, users: {ann: {devices: {phone: {mua: mutt}}}}}}"


@pytest.mark.parametrize(
    "said",
    [
        f"domains: {DEVICES}",
        (
            "domains: {a.example: {mx: a, users: [ann]}}\n"
            f"architectures: {{end-to-end: {{transfer: end-to-end, domains: {DEVICES}}}}}"
        ),
    ],
)
def test_a_device_is_called_as_no_host_is(said: str):
    """It is a host of its own in a run: the other one would be dropped in silence."""
    text = f"""
network: {{nodes: [a, ann@a.example/phone], links: [{{between: [a, ann@a.example/phone]}}]}}
workload: {{messages_at: [{{at: 0 s, from: ann@a.example, to: ann@a.example}}]}}
{said}
"""
    with pytest.raises(ScenarioError, match=r"called as the host ann@a\.example/phone: allowed is another name"):
        loads(text)
