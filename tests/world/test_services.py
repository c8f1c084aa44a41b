"""Mail, files and messages between the same hosts, by an architecture's protocol: SMTP, FTP and MQTT in a run."""

from __future__ import annotations

import pytest

import sim

TEXT = """
duration: 1 h
drain: 2 d
network:
  nodes: [a, b, hub]
  link_defaults: {{rate: 1 Mbit/s, delay: 20 ms}}
  links: [{{between: [a, hub]{line}}}, {{between: [b, hub]}}]
hosts: {hosts}
domains:
  a.example: {{mx: {{10: a}}, users: [ann], lists: {{all: [bill@b.example, beth@b.example, ann@a.example]}}}}
  b.example: {{mx: {{10: b}}, users: [bill, beth, "b+c"]}}
  hub.example: {{mx: {{10: hub}}, users: [x]}}
workload: {{messages_at: [{mail}]}}
architectures:
  smtp: {{transfer: end-to-end}}
  ftp: {{transfer: end-to-end, protocol: ftp}}
  mqtt: {{transfer: end-to-end, protocol: mqtt, broker: hub}}
"""
ALL = ["smtp", "ftp", "mqtt"]


def result(mail, *, hosts="{}", line="", only=ALL):
    """One run under each of the three protocols."""
    scenario = sim.loads(TEXT.format(mail=mail, hosts=hosts, line=line))
    return sim.run(scenario, architectures=only)


def rows(table, *columns, **where):
    """The rows of a table that have these values, as tuples of some columns."""
    for column, value in where.items():
        table = table[table[column] == value]
    return [tuple(row) for row in table[list(columns)].itertuples(index=False)]


def test_a_message_arrives_by_each():
    """By SMTP and FTP straight from host to host, by MQTT by way of the broker; and each attempt says what was spoken."""
    found = result("{at: 1 s, from: ann@a.example, to: bill@b.example, size: 20 kB}")
    assert rows(found.copies, "architecture", "outcome", "path") == [
        ("smtp", "delivered", "a>b"),
        ("ftp", "delivered", "a>b"),
        ("mqtt", "delivered", "a>hub>b"),
    ]
    assert rows(found.attempts, "architecture", "from_host", "to_host", "protocol", "reply_code", message_id=1) == [
        ("smtp", "a", "b", "smtp", 250),
        ("ftp", "a", "b", "ftp", 226),
        ("mqtt", "a", "hub", "mqtt", 0),
        ("mqtt", "hub", "b", "mqtt", 0),
    ]


def test_what_each_costs():
    """FTP goes to and fro most: a login, and a second connection for each file; MQTT needs two flights to the broker."""
    found = result("{at: 1 s, from: ann@a.example, to: bill@b.example, size: 20 kB}")
    trips = rows(found.attempts, "architecture", "round_trips", message_id=1)
    assert trips == [("smtp", 5), ("ftp", 9), ("mqtt", 4), ("mqtt", 2)]


def test_each_recipient_has_a_file_or_a_message_of_his_own():
    """Mail to two users of a host is one transaction; by FTP and MQTT the content crosses the network twice."""
    one, two = (
        result(f"{{at: 1 s, from: ann@a.example, to: {to}, size: 50 kB}}").attempts
        for to in ("bill@b.example", "[bill@b.example, beth@b.example]")
    )
    grows = {
        name: sum(octets for (octets,) in rows(two, "bytes_on_wire", architecture=name, from_host="a", message_id=1))
        / sum(octets for (octets,) in rows(one, "bytes_on_wire", architecture=name, from_host="a", message_id=1))
        for name in ALL
    }
    assert {name: round(grown, 1) for name, grown in grows.items()} == {"smtp": 1.0, "ftp": 2.0, "mqtt": 2.0}


@pytest.mark.parametrize(("name", "expands"), [("smtp", "a"), ("ftp", "b"), ("mqtt", "hub")])
def test_who_knows_a_groups_members(name, expands):
    """By SMTP the list's own host, by FTP everybody who puts files, by MQTT the broker."""
    found = result("{at: 1 s, from: bill@b.example, to: all@a.example}", only=[name])
    (path, reason), *members = rows(found.copies, "path", "reason")
    assert (path.split(">")[-1], reason) == (expands, "expanded to 3 members")
    assert len(members) == 3
    assert set(found.copies["outcome"]) == {"delivered"}


def test_a_receiver_that_is_not_there():
    """The broker passes on what it has kept when the receiver connects; SMTP and FTP find out when they next try."""
    found = result("{at: 1 s, from: ann@a.example, to: bill@b.example}", hosts="{b: {down: [{from: 0 s, to: 20 min}]}}")
    ended = dict(rows(found.copies, "architecture", "ended_s"))
    assert 1200.0 < ended["mqtt"] < 1202.0
    assert min(ended["smtp"], ended["ftp"]) > 2000.0
    tries = {name: len(rows(found.attempts, "outcome", architecture=name, from_host="a", message_id=1)) for name in ALL}
    assert (tries["mqtt"], tries["smtp"]) == (1, tries["ftp"])


def test_a_receiver_whose_host_restarts():
    """It connects again at once, and misses nothing."""
    found = result(
        "{at: 15 min, from: ann@a.example, to: bill@b.example}",
        hosts="{b: {down: [{from: 10 min, to: 14 min}]}}",
        only=["mqtt"],
    )
    assert [round(at) for (at,) in rows(found.copies, "ended_s")] == [900]
    sessions = rows(found.attempts, "started_s", "outcome", message_id=0, from_host="b")
    assert [(round(at), outcome) for at, outcome in sessions] == [(0, "host-crash"), (840, "unfinished")]


def test_a_broker_that_restarts():
    """Its clients find out when they next ask, and connect again; what is published meanwhile is tried again."""
    found = result(
        "{at: 11 min, from: ann@a.example, to: bill@b.example}",
        hosts="{hub: {down: [{from: 10 min, to: 12 min}]}}",
        only=["mqtt"],
    )
    assert rows(found.copies, "outcome", "path") == [("delivered", "a>hub>b")]
    ends = rows(found.attempts, "from_host", "outcome", message_id=0)
    assert {host: next(end for one, end in ends if one == host) for host in "ab"} == {"a": "timeout", "b": "timeout"}


def test_a_line_that_is_cut():
    """The subscriber's question goes unanswered: it gives up, and connects again when it can."""
    found = result(
        "{at: 20 min, from: beth@b.example, to: ann@a.example}",
        line=", down: [{from: 10 min, to: 30 min}]",
        only=["mqtt"],
    )
    ((outcome, at),) = rows(found.copies, "outcome", "ended_s")
    assert (outcome, 1800.0 < at < 1950.0) == ("delivered", True)


def test_who_is_not_known():
    """SMTP and FTP tell the sender; by MQTT nobody does: the broker has acknowledged the message."""
    mail = "{at: 1 s, from: ann@a.example, to: nobody@b.example}, {at: 2 s, from: ann@a.example, to: x@c.example}"
    found = result(mail)
    outcomes = {
        name: [found for _, found in rows(found.copies, "message_id", "outcome", architecture=name)] for name in ALL
    }
    assert [outcomes[name].count("bounced") for name in ALL] == [2, 2, 0]
    assert outcomes["mqtt"] == ["expired", "expired"]


def test_what_users_are_called():
    """A name with a character that topics do not allow is a topic all the same."""
    found = result('{at: 1 s, from: ann@a.example, to: "b+c@b.example"}')
    assert set(found.copies["outcome"]) == {"delivered"}


@pytest.mark.slow
def test_a_file_that_is_put_again_replaces_the_first():
    """The server's host goes down over the 226: mail comes twice (RFC 1047), a file of the same name does not."""
    twice = []
    for at in range(20):
        down = f"[{{from: {1.0 + at / 25} s, to: 30 s}}]"
        found = result(
            "{at: 1 s, from: ann@a.example, to: bill@b.example}", hosts=f"{{b: {{down: {down}}}}}", only=["smtp", "ftp"]
        )
        twice += rows(found.copies, "architecture", duplicates=1)
        assert set(found.copies["outcome"]) == {"delivered"}
    assert set(twice) <= {("smtp",)}


def test_what_a_scenario_may_not_say():
    """MQTT has a broker, nobody else has, and neither it nor FTP goes from neighbour to neighbour."""
    network = "network: {nodes: [a, b], links: [{between: [a, b]}]}\narchitectures:\n  x: "
    wrong = {
        "{transfer: end-to-end, protocol: mqtt}": "mqtt without a broker",
        "{transfer: end-to-end, broker: a}": "a broker where the protocol is smtp",
        "{transfer: end-to-end, protocol: mqtt, broker: c}": "unknown host",
        "{transfer: store-and-forward, protocol: ftp}": "ftp where the transfer is store-and-forward",
        "{transfer: end-to-end, protocol: amqp}": "unknown protocol",
    }
    for said, why in wrong.items():
        with pytest.raises(sim.ScenarioError, match=why):
            sim.loads(network + said)
    scenario = sim.loads(network + "{transfer: end-to-end, protocol: mqtt, broker: a}")
    assert sim.loads(sim.scenario.show.show(scenario)) == scenario


def test_a_file_goes_as_it_is_or_in_base64():
    """Mail to a host that takes no binary is longer by a third and its line ends (RFC 2045 section 6.8)."""
    found = result("{at: 1 s, from: ann@a.example, to: bill@b.example, file: 300 kB}")
    octets = {name: sum(row[0] for row in rows(found.attempts, "bytes_on_wire", architecture=name)) for name in ALL}
    assert (round(octets["smtp"] / octets["ftp"], 2), round(octets["mqtt"] / octets["ftp"], 2)) == (1.36, 1.0)
    assert set(found.copies["outcome"]) == {"delivered"}
    hosts = "{defaults: {extensions: [CHUNKING, BINARYMIME, 8BITMIME, SIZE]}}"
    binary = result("{at: 1 s, from: ann@a.example, to: bill@b.example, file: 300 kB}", hosts=hosts, only=["smtp"])
    assert sum(row[0] for row in rows(binary.attempts, "bytes_on_wire")) < 1.02 * octets["ftp"]


def test_what_a_message_may_be():
    """A size, a text or a file; a file is written as one again."""
    message = "{at: 1 s, from: ann@a.example, to: bill@b.example, "
    for said, why in {
        "size: 1 kB, file: 1 kB": "either size or file is needed",
        "text: x, file: 1 kB": "either text or file is needed",
        "size: 1 kB, text: x, file: 1 kB": "size, text and file are given",
    }.items():
        with pytest.raises(sim.ScenarioError, match=why):
            sim.loads(TEXT.format(mail=message + said + "}", hosts="{}", line=""))
    scenario = sim.loads(TEXT.format(mail=message + "file: 1 kB}", hosts="{}", line=""))
    assert sim.loads(sim.scenario.show.show(scenario)) == scenario
    assert (scenario.workload[0].messages[0].file, scenario.workload[0].messages[0].size) == (1000, 1000.0)


def test_a_broker_that_is_slow_and_full():
    """Nobody waits for a greeting where the client speaks first; who finds no place waits for one, and goes on then."""
    found = result(
        "{at: 10 s, from: ann@a.example, to: bill@b.example}",
        hosts="{hub: {greeting_time: 1 s, sessions: 3, mta: sendmail}}",
        only=["mqtt"],
    )
    ((outcome, ended, contact),) = rows(found.copies, "outcome", "ended_s", "contact_s")
    assert (outcome, 10.0 < ended < 11.0, contact > 0.0) == ("delivered", True, True)
