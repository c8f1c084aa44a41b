"""What users do with their mail, as a scenario file says it."""

from __future__ import annotations

from dataclasses import replace

import pytest

import sim
from sim.scenario import load, show
from sim.scenario.errors import ScenarioError
from sim.scenario.show import as_data, scenario_hash
from sim.scenario.spec import IDLE, Archive, Away, Device, User

NETWORK = "network: {nodes: [a, b], links: [{between: [a, b]}]}\nworkload: {poisson: {rate: 1 /h}}\n"

PEOPLE = """\
domains:
  a.example:
    mx: {10: a}
    user_defaults: {retention: 52 w}
    users:
      bob:
      ann:
        devices:
          phone: {check: idle, online: daily 07:00-23:00, link: {rate: 2 Mbit/s, delay: 40 ms}, at: b}
          desk: {mua: fetchmail, access: pop3, check: 10 min, leave: no}
        reads: {after: {exponential: {mean: 5 min}}, takes: 30 s, deletes: 20 %, files: {Projects: 10 %}}
        away: {from: 2 d, to: 9 d, says: I am out of office}
        archive: {after: 30 d}
"""


def people(text: str) -> dict[str, User]:
    """The users of the first domain that do more with their mail than have it."""
    return dict(next(iter(load.loads(NETWORK + text).domains.values())).people)


def test_a_device_is_what_its_program_is_where_nothing_else_is_said():
    """Thunderbird stays in IDLE; fetchmail deletes what it has fetched."""
    found = people(
        "domains: {a.example: {mx: {10: a}, users: {ann: {devices: [phone]}, bob: {devices: {desk: {mua: fetchmail}}}}}}"
    )
    phone, desk = found["ann"].devices["phone"], found["bob"].devices["desk"]
    assert (phone.mua, phone.access, phone.check, phone.leave) == ("thunderbird", "imap", IDLE, None)
    assert (desk.access, desk.check, desk.leave) == ("pop3", 300.0, "no")


def test_users_do_what_all_do_and_what_they_say():
    """A user without settings has those of `user_defaults`."""
    found = people(PEOPLE)
    assert found["bob"] == User(retention=52 * 7 * 86400.0)
    assert found["ann"].retention == found["bob"].retention
    assert (found["ann"].archive, found["ann"].away) == (
        Archive(after=30 * 86400.0),
        (Away(start=2 * 86400.0, end=9 * 86400.0, says="I am out of office"),),
    )
    assert list(found["ann"].devices) == ["phone", "desk"]


def test_all_of_numbered_users_have_what_all_have():
    """`users: 3` with `user_defaults`."""
    found = people("domains: {a.example: {mx: {10: a}, users: 3, user_defaults: {devices: [phone]}}}")
    assert {name: user.devices for name, user in found.items()} == {f"u{n}": {"phone": Device()} for n in (1, 2, 3)}


def test_users_with_no_settings_are_names():
    """A mapping of names to nothing is a list of them."""
    found = load.loads(NETWORK + "domains: {a.example: {mx: {10: a}, users: {ann: , bob: }}}").domains["a.example"]
    assert (found.users, dict(found.people)) == (("ann", "bob"), {})


def test_what_users_do_is_shown_as_it_loads_back():
    """`show` keeps the form, and what all have is said once."""
    scenario = load.loads(NETWORK + PEOPLE)
    assert load.loads(show.show(scenario)) == scenario


ARCHITECTURES = """\
architectures:
  idle: {transfer: end-to-end}
  polled:
    transfer: end-to-end
    domains:
      a.example:
        user_defaults: {retention: 1 y}
        users: {ann: {devices: {phone: {mua: mbsync}}, away: []}}
"""


def test_an_architecture_has_users_otherwise():
    """What it says of a user replaces single settings; all else stays, and is shown as it loads back."""
    scenario = load.loads(NETWORK + PEOPLE + ARCHITECTURES)
    usual, own = scenario.domains["a.example"].people, scenario.architectures["polled"].domains["a.example"].people
    assert scenario.architectures["idle"].domains == {}
    assert own["bob"] == replace(usual["bob"], retention=365 * 86400.0)
    assert own["ann"] == replace(
        usual["ann"], devices={"phone": Device(mua="mbsync")}, away=(), retention=365 * 86400.0
    )
    assert load.loads(show.show(scenario)) == scenario


def test_an_architecture_knows_the_users_of_the_domain():
    """It has no others."""
    text = NETWORK + PEOPLE + ARCHITECTURES.replace("ann:", "anna:")
    with pytest.raises(ScenarioError) as error:
        load.loads(text)
    assert str(error.value) == "scenario:23:17: unknown user (anna): allowed are bob, ann; did you mean ann?"


def users(settings: str) -> str:
    """A scenario of which a user says this: from line 4, column 40 on."""
    return NETWORK + "domains: {a.example: {mx: {10: a}, users: {ann: " + settings + "}}}"


@pytest.mark.parametrize(
    ("settings", "mistake"),
    [
        ("{device: [x]}", "3:50: unknown key (device): allowed are devices, reads, sieve, away, retention, archive; did you mean devices?"),
        ("{devices: 3}", "3:59: not a mapping (3): allowed is a mapping of names"),
        ("{devices: [x, x]}", "3:63: this device is there twice (x): allowed is each name once"),
        ("{devices: {a/b: }}", "3:60: not a name for a device (a/b): allowed are at most 64 octets without /, @ and blanks"),
        ("{devices: {x: {mua: mut}}}", "3:69: unknown mail program (mut): allowed are thunderbird, mutt, mbsync, fetchmail, getmail, mpop, imaplib, poplib, curl; did you mean mutt?"),
        ("{devices: {x: {mua: mpop, access: imap}}}", "3:83: mpop does not speak imap: allowed is pop3"),
        ("{devices: {x: {access: pop3, check: idle}}}", "3:85: POP3 has no IDLE: allowed is how often it looks, as in check: 5 min"),
        ("{devices: {x: {mua: mbsync, check: idle}}}", "3:84: mbsync has no IDLE: allowed is how often it looks, as in check: 5 min"),
        ("{devices: {x: {access: pop3, check: 1 ms}}}", "3:85: it looks for mail too often (518,400,000 times): allowed are 1 M, or more by `limits: {attempts: ...}`"),
        ("{devices: {x: {leave: perhaps}}}", "3:71: not yes, no or a duration (perhaps): allowed is e.g. leave: 14 d"),
        ("{devices: {x: {online: never}}}", "3:72: not a window (never): allowed are daily 02:00-03:00, weekdays 18:00-08:00, weekends, mon 09:00-17:00 Europe/Paris, hourly 00-05 (minutes), hourly for 5 min, every 6 h for 20 min"),
        ("{devices: {x: {link: {delay: from-coordinates}}}}", "3:78: a device is nowhere on the map: allowed is a duration, or a distribution"),
        ("{devices: {x: {link: {windows: daily}}}}", "3:71: unknown key (windows): allowed are rate, delay, loss, queue, mtu, corruption, byte_errors, carrier, outages, down"),
        ("{devices: {x: {at: c}}}", "3:68: unknown host (c): allowed are a, b"),
        ("{reads: {deletes: 80 %, archives: 30 %}}", "3:57: more messages deleted, filed and archived than there are (110 %): allowed is 100 % together"),
        ("{reads: {files: {../x: 5 %}}}", "3:66: not the name of a mailbox (../x): allowed are at most 100 octets without * and %, with / between levels"),
        ("{away: {from: 2 d, to: 1 d}}", "3:56: a time away that ends before it begins (2 d, 1 d): allowed is from < to"),
        ("{retention: 0}", "3:61: a duration must be above zero (0): allowed is e.g. 30 s"),
        ("{sieve: 'keep; frob;'}", "3:57: not a Sieve script: unknown command 'frob' (line 1 of the text)"),
        ("{}, ANN: {}", "3:53: this user is there twice (ANN): allowed is each name once, as ann: case, quotes and Unicode forms make no other one"),
        ("{}, 'a b': {}", "3:53: not a local-part (a b): allowed are letters, digits, !#$%&'*+-/=?^_`{|}~ and dots inside, and anything else between double quotes, as in '\"john doe\"'; at most 64 octets"),
    ],
)  # fmt: skip
def test_what_a_user_cannot_do_is_a_mistake_at_its_place(settings: str, mistake: str):
    """Each with what is allowed."""
    with pytest.raises(ScenarioError) as error:
        sim.loads(users(settings))
    assert str(error.value) == f"scenario:{mistake}"


def test_a_mistake_in_rules_is_told_by_its_line_in_the_file():
    """Where the script stands line by line, below `|`."""
    text = (
        NETWORK
        + "domains:\n  a.example:\n    mx: {10: a}\n    users:\n      ann:\n        sieve: |\n          keep;\n\n          frob;\n"
    )
    with pytest.raises(ScenarioError) as error:
        sim.loads(text)
    assert str(error.value) == "scenario:11:1: not a Sieve script: unknown command 'frob'"


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        ("{devices: {x: {mua: mbsync, leave: no}}}", "3:84: mbsync takes nothing away from the server by imap, whatever leave says"),
        ("{devices: {x: {online: sun 01:00-02:00}}}", "3:72: windows that never open (sun 01:00-02:00, in 6 d from 2000-01-03 00:00 UTC on): it is never online, and nothing comes or goes"),
        ("{devices: [x], reads: {at: sun}}", "3:76: windows that never open (sun 00:00-24:00, in 6 d from 2000-01-03 00:00 UTC on): there is no time to read, and nothing is read"),
        ("{reads: {takes: 1 s}}", "3:57: he has no device to read with: nothing is read"),
        ("{away: {from: 6 d, to: 7 d}}", "3:56: away when the run is over (6 d, of 6 d): nobody is answered"),
        ("{retention: 30 d, archive: {after: 1 y}}", "3:76: no mail becomes old enough for the archive (it goes there after 1 y, and is removed after 30 d)"),
    ],
)  # fmt: skip
def test_what_comes_to_nothing_is_told(settings: str, note: str):
    """It is no mistake."""
    assert [each for each in load.loads(users(settings)).notes if "unknown address" not in each] == [f"scenario:{note}"]


def test_a_quota_below_every_message_is_told():
    """The least that anybody writes does not fit."""
    text = "network: {nodes: [a, b], links: [{between: [a, b]}]}\nworkload: {poisson: {rate: 1 /h, size: 3 kB}}\n"
    notes = load.loads(text + "domains: {a.example: {mx: a, quota: 2 kB, quotas: {u1: 3 kB}}}").notes
    assert notes == ("scenario:3:37: no message is so small (2 kB): the least has 3 kB, and none is taken",)


def test_many_who_do_the_same_are_as_much_data_as_one():
    """As data, and in the hash, who does the same is told once."""
    text = "domains: {a.example: {mx: a, users: 1000, user_defaults: {retention: 1 y}}}"
    people = as_data(load.loads(NETWORK + text))["domains"]["a.example"]["people"]
    assert [(len(each["users"]), each["do"]["retention"]) for each in people] == [(1000, 365 * 86400.0)]


def test_a_scenario_and_what_is_shown_of_it_have_the_same_hash():
    """However it is said that two users do the same."""
    same = NETWORK + "domains: {a.example: {mx: a, users: {ann: {retention: 1 y}, bob: {retention: 1 y}}}}"
    assert scenario_hash(load.loads(show.show(load.loads(same)))) == scenario_hash(load.loads(same))


def test_devices_are_nodes_to_the_limits():
    """Each is a host and a link of its own."""
    text = "limits: {nodes: 10}\ndomains: {a.example: {mx: a, users: 9, user_defaults: {devices: [x]}}}"
    with pytest.raises(ScenarioError, match="too many nodes \\(2 and 9 devices\\)"):
        load.loads(NETWORK + text)


def test_users_in_python_have_their_path_in_mistakes():
    """`from_dict` names the place of what is wrong."""
    data = {
        "network": {"nodes": ["a", "b"], "links": [{"between": ["a", "b"]}]},
        "domains": {
            "a.example": {"mx": "a", "users": {"ann": {"sieve": "keep;\nfrob;", "devices": {"x": {"at": "c"}}}}}
        },
    }
    with pytest.raises(ScenarioError) as error:
        sim.from_dict(data)
    assert {str(problem) for problem in error.value.problems} == {
        "scenario: domains.a.example.users.ann.devices.x.at: unknown host (c): allowed are a, b",
        "scenario: domains.a.example.users.ann.sieve: not a Sieve script: unknown command 'frob' (line 2 of the text)",
    }
