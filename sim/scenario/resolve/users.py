"""What the users of a domain do with their mail, each over what all do who say nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sim.mail.address import local_key, parse_local_part
from sim.scenario.findings import Findings
from sim.scenario.names import are, listing
from sim.scenario.quantity import PROBABILITY
from sim.scenario.source import Path
from sim.scenario.spec.devices import MAIL_PROGRAMS, Device
from sim.scenario.spec.domain import DomainSettings
from sim.scenario.spec.users import Reading, User, UserSettings


def resolve_people(name: str, form: DomainSettings, users: Sequence[str], findings: Findings) -> dict[str, User]:
    """The users of a domain who do more with their mail than have it."""
    for place, said in _said(name, form):
        _check(place, said, findings)
    usual: Mapping[str, Any] = form.get("user_defaults", {})
    own = {}
    if isinstance(form.get("users"), dict):
        own = {local_key(parse_local_part(written)): said for written, said in form["users"].items()}
    made: dict[int, User] = {}
    people = {}
    for user in users:
        said = own.get(local_key(user), usual)
        if usual or said:
            # Who says nothing shares what all do.
            people[user] = made[id(said)] if id(said) in made else made.setdefault(id(said), User(**{**usual, **said}))
    return people


def _said(name: str, form: DomainSettings) -> Iterator[tuple[Path, UserSettings]]:
    """What the file says of users, and where."""
    if "user_defaults" in form:
        yield ("domains", name, "user_defaults"), form["user_defaults"]
    if isinstance(form.get("users"), dict):
        for user, said in form["users"].items():
            yield ("domains", name, "users", user), said


def _check(place: Path, said: UserSettings, findings: Findings) -> None:
    for name, device in said.get("devices", {}).items():
        _check_device((*place, "devices", name), device, findings)
    if said.get("reads"):
        _check_shares((*place, "reads"), said["reads"], findings)


def _check_device(place: Path, device: Device, findings: Findings) -> None:
    speaks = MAIL_PROGRAMS[device.mua]
    if device.access not in speaks:
        findings.error(
            (*place, "access"),
            f"{device.mua} does not speak {device.access}: allowed {are([*speaks])} {listing([*speaks])}",
        )
    elif device.idles and not speaks[device.access].idles:
        why = "POP3 has no IDLE" if device.access == "pop3" else f"{device.mua} has no IDLE"
        findings.error((*place, "check"), f"{why}: allowed is how often it looks, as in check: 5 min")
    if device.at:
        findings.host((*place, "at"), device.at)


def _check_shares(place: Path, reads: Reading, findings: Findings) -> None:
    """No message has two fates."""
    total = reads.deletes + reads.archives + sum(reads.files.values())
    if total > 1 + 1e-9:
        findings.error(
            place,
            f"more messages deleted, filed and archived than there are ({PROBABILITY.format(round(total, 9))}): "
            "allowed is 100 % together",
        )
