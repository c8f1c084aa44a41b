"""X.400 in a run: mail goes from MTA to MTA, over TCP and X.25; reports, priorities, loops, breaks."""

from __future__ import annotations

import pytest

import sim

NETWORK = "network: {nodes: [a, b, c], links: [{between: [a, b], rate: 64 kbit/s, delay: 0.25 s%s}, {between: [b, c], rate: 64 kbit/s, delay: 0.25 s}]}"


def run(mail, *, link="", more="", transfer="store-and-forward"):
    """The result of a scenario whose hosts speak X.400."""
    architecture = f"architectures: {{x: {{transfer: {transfer}, protocol: x400}}}}"
    hosts = "hosts: {defaults: {mta: x400}}"
    text = ", ".join(
        [NETWORK % link, architecture, more or hosts, f"workload: {{messages_at: [{mail}]}}", "dialogues: yes"]
    )
    return sim.run(sim.loads("{" + text + "}"))


def test_mail_goes_and_reports_come_back():
    """Delivered over a relay; a report on a user who is not there comes back as a report of X.400."""
    result = run("{at: 1 s, from: postmaster@a, to: postmaster@c}, {at: 100 s, from: postmaster@a, to: nobody@c}")
    copies = result.copies
    assert copies["outcome"].to_list()[:2] == ["delivered", "bounced"]
    assert copies["path"].to_list()[0] == "a>b>c"
    assert set(result.attempts["protocol"]) == {"x400"}
    assert len(copies) == 3
    assert copies["outcome"].to_list()[2] == "delivered"


def test_times_beside_those_of_a_real_mta():
    """Where a round trip is 0.5 s: 1.51 s until the bind is answered, 1.06 s for 1.5 kB, 0.5 s for the release.

    103 kB cost about 60 round trips, since the window of three checkpoints is small and Nagle's algorithm on. What the
    line itself takes comes on top.
    """
    mail = "{at: 1 s, from: postmaster@a, to: postmaster@b, size: %s}"
    [short] = run(mail % "1000 B").attempts.to_dict("records")
    line = short["bytes_on_wire"] * 8 / 64_000
    assert short["delay_c_s"] == pytest.approx(1.51, abs=0.15)
    assert short["delay_d_s"] == pytest.approx(1.06 + 0.5, abs=line)
    [long] = run(mail % "103 kB").attempts.to_dict("records")
    line = long["bytes_on_wire"] * 8 / 64_000
    assert (long["delay_d_s"] - line) / 0.5 == pytest.approx(60, abs=6)


def test_over_x25():
    """The same association over a circuit."""
    result = run("{at: 1 s, from: postmaster@a, to: postmaster@c}", link=", carrier: x25")
    assert result.copies["outcome"].to_list() == ["delivered"]


def test_a_loop_ends_by_the_trace():
    """Two MTAs that send mail to each other: the first one that has had it reports."""
    routes = "hosts: {defaults: {mta: x400}, a: {routes: {c: b}}, b: {routes: {c: a}}}"
    result = run("{at: 1 s, from: postmaster@a, to: postmaster@c}", more=routes)
    first = result.copies.to_dict("records")[0]
    assert (first["outcome"], "Too many hops" in first["reason"]) == ("bounced", True)
    assert len(result.attempts) <= 4


def test_a_list():
    """It is expanded once, and knows its own mail again."""
    domains = (
        "domains: {l.example: {mx: {10: b}, lists: {all: [ann@c.example, all@l.example]}}, "
        "a.example: {mx: {10: a}}, c.example: {mx: {10: c}, users: [ann]}}"
    )
    mail = "{at: 1 s, from: postmaster@a.example, to: all@l.example}"
    result = run(mail, more=f"hosts: {{defaults: {{mta: x400}}}}, {domains}")
    outcomes = result.copies.groupby("recipient")["outcome"].apply(list).to_dict()
    assert outcomes["ann@c.example"] == ["delivered"]


def test_a_break_is_resumed():
    """A long message over a link that fails under way: what was acknowledged does not go again."""
    weather = ", down: [{from: 20 s, to: 2000 s}]"
    mail = "{at: 1 s, from: postmaster@a, to: postmaster@b, size: 200 kB}"
    [whole] = run(mail).attempts.to_dict("records")
    attempts = run(mail, link=weather).attempts.to_dict("records")
    assert [one["outcome"] for one in attempts][-1] == "accepted"
    assert attempts[-1]["bytes_on_wire"] < 0.9 * whole["bytes_on_wire"]


@pytest.mark.parametrize(("priority", "limit"), [(4, 45 * 60), (0, 24 * 3600), (-4, 36 * 3600)])
def test_time_limits_by_priority(priority, limit):
    """Urgent mail is given up after 45 min, normal after 24 h, non-urgent after 36 h."""
    mail = f"{{at: 1 s, from: postmaster@a, to: postmaster@b, asks: {{priority: {priority}}}}}"
    down = ", down: [{from: 0 s, to: 4 d}]"
    [copy] = run(mail, link=down).copies.to_dict("records")[:1]
    assert copy["outcome"] == "bounced"
    assert copy["ended_s"] == pytest.approx(limit + 1, abs=200)


LISTS = """
duration: 1 h
drain: 3 d
network: {nodes: [a, g, c], links: [{between: [a, g]}, {between: [g, c], protocol: x400}]}
domains:
  a.example: {mx: a, users: [ann], lists: {l: [m@c.example]}}
  g.example: {mx: g, users: [gus]}
  c.example: {mx: c, users: [cid], lists: {m: MEMBERS}}
workload: {messages_at: [{at: 1 s, from: ann@a.example, to: m@c.example}]}
architectures: {only: {transfer: end-to-end}}
"""


def test_a_list_reaches_members_where_its_mail_has_been():
    """Over a gateway, and back to the host that wrote."""
    copies = sim.run(sim.loads(LISTS.replace("MEMBERS", "[gus@g.example, ann@a.example]"))).copies
    assert dict(zip(copies.recipient, copies.outcome, strict=True)) == {
        "m@c.example": "delivered",
        "gus@g.example": "delivered",
        "ann@a.example": "delivered",
    }


def test_two_lists_of_two_worlds_that_contain_each_other():
    """End by the history of expansions, and the ledger balances."""
    copies = sim.run(sim.loads(LISTS.replace("MEMBERS", "[l@a.example, cid@c.example]"))).copies
    assert sorted(copies.outcome[copies.recipient == "cid@c.example"]) == ["delivered"]
    assert len(copies) < 10
