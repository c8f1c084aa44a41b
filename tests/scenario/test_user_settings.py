"""What users do with their mail, as a scenario file says it."""

from __future__ import annotations

from sim.scenario import load, show
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
