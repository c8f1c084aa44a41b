"""Addresses of a scenario's mail, and whose mail it draws: read, kept as written, and said to be nobody's."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.schema import schema
from sim.scenario.show import show

TEXT = """
network: {{nodes: [a, b], links: [{{between: [a, b]}}]}}
hosts: {{b: {{addresses: [192.0.2.1]}}}}
domains:
  a.example: {{mx: a, users: [ann, Bob], lists: {{all: [ann@a.example]}}, forwards: {{f: ann@a.example}}}}
  null.example: {{mx: none}}
workload: {{messages_at: [{{at: 0 s, from: {}, to: {}}}]}}
"""


def scenario(to: str, sender: str = "ann@a.example"):
    """The scenario with one message."""
    return loads(TEXT.format(sender, to), file="x.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "ann@A.Example",
        '"ann"@a.example',
        "ann (Gérard Florin) @a.example",
        "Gérard\\n Florin <ann@a.example>",
        "ann@192.0.2.1",
        "<@a.example,@[192.0.2.1]:ann@a.example>",
        "<ann % a.example % b @ a.example>",
        "ghost@a.example",
        "ghost@nowhere.example",
        "gérard@café.example",
    ],
)
def test_an_address_stays_as_it_is_written(text):
    """On both sides, through `show`, too."""
    quoted = '"' + text.replace('"', '\\"') + '"'
    found = scenario(quoted, quoted)
    [letter] = found.workload[0].messages
    assert (letter.sender, letter.recipients) == (text.replace("\\n", "\n"), (text.replace("\\n", "\n"),))
    assert loads(show(found)) == found


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("''", "not an address ()"),
        ("3", "not an address (3)"),
        ("ann", "has no domain: write local-part@domain"),
        ("host!ann", "has no domain: write local-part@domain"),
        ("ann bob@a.example", "has a space inside its address"),
        ("'ann@a.example, bob@a.example'", "has a space inside its address"),
        ("'<>'", "holds no address"),
        ("ann..x@a.example", "put anything else between double quotes"),
        ("ann@a_b.example", "neither labels of letters, digits and inner hyphens"),
        ('"ann@[192.0.2.256]"', "nor an address literal such as [192.0.2.1]"),
        (f"{'l' * 65}@a.example", "has 65 octets: at most 64 are allowed"),
        (f"'<@{'d' * 240}:ann@a.example>'", "has 257 octets: at most 256 are allowed"),
        (f"ann@a.example ({'c' * 990})", "longer than 998 octets"),
        ('"ann\\u0007@a.example"', "allowed is USER@DOMAIN"),
        ('"ann\\n@a.example"', "allowed is USER@DOMAIN"),
    ],
)
def test_what_is_no_address(written, reason):
    """It is refused with its place, what is allowed, and why."""
    with pytest.raises(ScenarioError) as caught:
        scenario(written)
    assert str(caught.value).startswith("x.yaml:7:")
    assert "not an address (" in str(caught.value)
    assert "allowed is USER@DOMAIN, with or without a name, comments or a route" in str(caught.value)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("alise@a.example", "alise@a.example: no user of a.example"),
        ("bop@a.example", "bop@a.example: no user of a.example; did you mean Bob?"),
        ("ann@aa.example", "ann@aa.example: no domain of the scenario (aa.example); did you mean a.example?"),
        ("<@q.example:x@qwertz.net>", "x@qwertz.net: no domain of the scenario (qwertz.net)"),
        ("bob@A.EXAMPLE", ""),
        ("ALL@a.example", ""),
        ("f@a.example", ""),
        ("owner-all@a.example", ""),
        ("Postmaster@a.example", ""),
        ("postmaster@b", ""),
        ("x%y.example@a.example", ""),
        ("x@[192.0.2.9]", ""),
        ("anybody@null.example", ""),
    ],
)
def test_an_address_that_nobody_has_is_noted(text, note):
    """It is no mistake; where only a host can know whether it means somebody, nothing is said."""
    assert scenario(f'"{text}"').notes == ((note,) if note else ())


def test_no_more_than_ten_of_them_are_told():
    """And how many more there are."""
    notes = scenario(str([f"u{number}@a.example" for number in range(14)])).notes
    assert (len(notes), notes[-1]) == (11, "4 more addresses are nobody's")


def test_copies_are_counted_by_what_an_address_may_mean():
    """A list by percent address, by literal, in any case: its members count."""
    limits = "limits: {copies: 1}\n"
    for text in (
        "ALL@A.example",
        "x (all) <all@a.example>",
        "all%a.example@b",
        "all@[192.0.2.1]",
        "<@b:all@a.example>",
    ):
        with pytest.raises(ScenarioError, match="too many copies \\(2\\)"):
            loads(limits + TEXT.format("ann@a.example", f'"{text}"'))


DRAWN = """
network: {{nodes: [a, b], links: [{{between: [a, b]}}]}}
domains:
  a.example: {{mx: a, users: [ann, Bob], lists: {{all: [ann@a.example, Bob@a.example, c@b.example]}}}}
  b.example: {{mx: b, users: [c, d]}}
  null.example: {{mx: none}}
workload: {}
"""


def source(said: str, kind: str = "poisson", amount: str = "rate: 1 /h"):
    """The scenario's source of drawn mail."""
    return loads(DRAWN.format(f"{{{kind}: {{{amount}, {said}}}}}"), file="x.yaml").workload[0]


WHOSE = [
    ("a.example", (("a.example", 1.0),)),
    ("ann@A.Example", (("ann@A.Example", 1.0),)),
    ("[B.example, all@a.example]", (("B.example", 1.0), ("all@a.example", 1.0))),
    ("{a.example: 3, 'Ann <@b:ann@a.example>': 0.5}", (("a.example", 3.0), ("Ann <@b:ann@a.example>", 0.5))),
    ("[x@nowhere.example, 'u@[192.0.2.9]']", (("x@nowhere.example", 1.0), ("u@[192.0.2.9]", 1.0))),
]


@pytest.mark.parametrize(("kind", "amount"), [("poisson", "rate: 1 /h"), ("constant", "every: 1 h"), ("messages", "")])
@pytest.mark.parametrize(("written", "whose"), WHOSE)
def test_whose_mail_is_drawn(kind, amount, written, whose, tmp_path):
    """An address, a domain, a list of them or their weights, in every source that draws; `show` has it again."""
    (tmp_path / "x.eml").write_bytes(b"Subject: x\r\n\r\n")
    amount = amount or "path: x.eml"
    for said in (f"from: {written}", f"to: {written}", f"from: {written}, to: {written}"):
        found = loads(DRAWN.format(f"{{{kind}: {{{amount}, {said}}}}}"), folder=tmp_path)
        [own] = found.workload
        assert (own.senders or whose, own.recipients or whose) == (whose, whose)
        assert (bool(own.senders), bool(own.recipients)) == ("from:" in said, "to:" in said)
        assert loads(show(found), folder=tmp_path) == found


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ("to: []", "x.yaml:7:38: nobody's mail (a list): allowed is an address, a domain, a list of them"),
        ("to: {}", "x.yaml:7:38: nobody's mail (a mapping): allowed is an address"),
        ("from: [a.example, 3]", "neither an address nor a domain (3): allowed is an address, a domain"),
        ("from: 'not one'", "neither an address nor a domain (not one)"),
        ("from: ann@", "not an address (ann@)"),
        ("from: {a.example: 0}", "not a weight (0): allowed is a number from 1e-09 to 1e+09"),
        ("from: {a.example: .inf}", "not a weight (inf)"),
        ("from: {a.example: yes}", "not a weight (yes)"),
        ("to: c.example", "unknown domain (c.example): allowed are a.example, b.example, null.example"),
        ("to: {null.example: 1}", "a domain without users (null.example): allowed is one with users, or an address"),
    ],
)
def test_whose_mail_cannot_be_drawn(said, mistake):
    """Its place, what is wrong and what is allowed."""
    with pytest.raises(ScenarioError) as caught:
        source(said)
    assert mistake in str(caught.value)


def test_copies_of_drawn_mail_are_counted():
    """A list expands to its members: of four messages one goes to a list of three."""
    text = "limits: {copies: 42}\nduration: 1 d\n" + DRAWN.format(
        "{poisson: {rate: 1 /h, to: {a.example: 1, all@a.example: 1, b.example: 2}}}"
    )
    assert loads(text).workload
    with pytest.raises(ScenarioError, match="too many copies \\(42\\)"):
        loads(text.replace("copies: 42", "copies: 41"))


def test_nobody_needs_a_user_where_all_are_said():
    """Mail from and to given addresses goes through a network without users; forged mail needs some."""
    text = (
        "network: {nodes: [a, b], links: [{between: [a, b]}]}\ndomains: {n.example: {mx: none}}\n"
        "workload: {poisson: {rate: 1 /h, from: x@n.example, to: y@n.example%s}}\n"
    )
    assert loads(text % "").workload
    with pytest.raises(ScenarioError, match="nobody writes"):
        loads(text % ", forged: 1 %")


@pytest.mark.parametrize("said", ["a.example", ["a.example", "x@y.example"], {"a.example": 3, "ann@b.example": 0.5}])
def test_the_schema_takes_whose_mail(said):
    """In every source that draws, and nothing that the loader refuses for its form."""
    takes = Draft202012Validator(schema()).is_valid
    for kind, amount in (("poisson", {"rate": "1 /h"}), ("constant", {"every": "1 h"}), ("messages", {"path": "x"})):
        assert takes({"workload": {kind: {**amount, "from": said, "to": said}}})
        wrong = [{"workload": {kind: {**amount, "to": value}}} for value in ([], {}, {"a.example": 0}, 3)]
        assert [one for one in wrong if takes(one)] == []
