"""Properties of mail between whatever addresses people write: check refuses them, or each recipient has a fate."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.mail.address import AddressError
from sim.mail.mailbox import parse_mailbox
from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.products import PRODUCTS
from sim.scenario.show import show
from sim.world.simulation import simulate

FINAL = {"delivered", "bounced", "expired"}

locals_ = st.one_of(
    st.sampled_from(
        [
            *(
                "u1",
                "U2",
                "ghost",
                "PostMaster",
                "all",
                "f",
                "gone",
                "owner-all",
                "nobody!u1",
                "u1%b.example",
                "\u00e9",
            ),
            *("u1%c.example%B.example", "u1%[192.0.2.1]%c", "u1%nowhere.example", "u1%", "%b.example", "", "l" * 64),
            *("a b", 'a"b', "u1%b.example%a.example%b.example", "u1%caf\u00e9.example"),
        ]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
)
domains = st.sampled_from(
    [
        *("a.example", "B.example", "c.example", "alias.example", "null.example", "nowhere.example", "a", "B"),
        *("[192.0.2.1]", "192.0.2.1", "[IPv6:2001:DB8::1]", "[192.0.2.9]", "[192.0.2.256]", "caf\u00e9.example"),
        *("XN--CAF-DMA.example", f"{'d' * 60}.{'d' * 60}.{'d' * 60}.example", "-", "", "a..b"),
    ]
)


@st.composite
def mailboxes(draw):
    """Texts that are addresses, or nearly."""
    local, domain = draw(locals_), draw(domains)
    if draw(st.booleans()):
        local = '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'
    space = draw(st.sampled_from(["", "", " ", "\n ", " (\u00fc (x) ) "]))
    text = f"{local}{space}@{space}{domain}"
    route = draw(st.lists(domains, max_size=3))
    if route:
        text = f"{','.join('@' + step for step in route)}:{text}"
    form = draw(st.sampled_from(["{}", "<{}>", "G\u00e9rard <{}>", '"F, G." < {} >', "{} (comment)"]))
    return form.format(text)


delays = {"delays": ["5 min", "1 h"]}
hosts = st.fixed_dictionaries(
    {"mta": st.sampled_from([*PRODUCTS, "delays"])},
    optional={
        "source_routes": st.sampled_from(["honour", "strip", "reject"]),
        "percent_hack": st.booleans(),
        "esmtp": st.booleans(),
        "policies": st.sampled_from([{"unknown_users": "bounce"}, {"greylist": {"delay": "1 min"}}]),
    },
)


def host(settings_):
    """A host's settings as a file has them."""
    return settings_ | ({"mta": delays} if settings_["mta"] == "delays" else {})


def written(senders, recipients, of_hosts, transfer):
    """A scenario file (JSON is YAML) with a message from each sender to all recipients."""
    return json.dumps(
        {
            "network": {
                "nodes": ["a", "b", "c"],
                "links": [{"between": ["a", "b"]}, {"between": ["b", "c"]}],
            },
            "hosts": dict(zip("abc", map(host, of_hosts), strict=True))
            | {"c": host(of_hosts[2]) | {"addresses": ["192.0.2.1", "2001:db8::1"]}},
            "domains": {
                "a.example": {"mx": "a", "users": ["u1", "u2"], "lists": {"all": ["u1@b.example", "u2@a.example"]}},
                "b.example": {"mx": "TWO", "users": ["u1"], "forwards": {"f": "u1@c.example"}},
                "c.example": {"mx": "c", "users": ["u1", "u2"], "moved": {"gone": "u1@a.example"}},
                "xn--caf-dma.example": {"mx": "b", "users": ["u1"]},
                "alias.example": {"cname": "c.example"},
                "null.example": {"mx": "none"},
            },
            "architectures": {"x": {"transfer": transfer}},
            "drain": "15 d",
            "workload": {
                "messages_at": [
                    {"at": f"{number} s", "from": sender, "to": recipients} for number, sender in enumerate(senders)
                ]
            },
        }
    ).replace('"TWO"', "{10: b, 20: a}")


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    st.lists(mailboxes(), min_size=1, max_size=2),
    st.lists(mailboxes(), min_size=1, max_size=3),
    st.tuples(hosts, hosts, hosts),
    st.sampled_from(["end-to-end", "store-and-forward"]),
)
def test_every_address_is_refused_or_has_a_fate(senders, recipients, of_hosts, transfer):
    """With any product and any policy: nothing vanishes, and nothing is left after the longest lifetime."""
    text = written(senders, recipients, of_hosts, transfer)
    parsed = [_parsed(one) for one in (*senders, *recipients)]
    try:
        scenario = loads(text, file="x.yaml")
    except ScenarioError as error:
        assert "allowed" in str(error)  # noqa: PT017 - both outcomes are right
        assert not all(parsed)
        return
    assert all(parsed)
    assert loads(show(scenario)) == scenario
    facts = simulate(scenario, "x", 0)
    fates = {(copy.message_id, copy.recipient): copy.outcome for copy in facts.copies}
    asked = {parse_mailbox(one).address.key for one in recipients}
    for number in range(1, len(senders) + 1):
        assert len([key for key in fates if key[0] == number]) == len(asked)
    assert set(fates.values()) <= FINAL


def _parsed(text: str) -> bool:
    try:
        parse_mailbox(text.strip())
    except AddressError:
        return False
    return True
