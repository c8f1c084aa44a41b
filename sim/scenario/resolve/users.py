"""What the users of a domain do with their mail, each over what all do who say nothing else; what of it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sim.mail.address import local_key, parse_local_part
from sim.scenario.distribution import Constant, Distribution, Empirical, Uniform
from sim.scenario.findings import Findings
from sim.scenario.names import are, listing, some
from sim.scenario.pydantic_seam import KEY
from sim.scenario.quantity import PROBABILITY, format_duration, format_size
from sim.scenario.source import Path
from sim.scenario.spec.calendar import ClockWindow, Window, format_start, opens
from sim.scenario.spec.devices import MAIL_PROGRAMS, Device
from sim.scenario.spec.domain import DomainSettings
from sim.scenario.spec.limits import raised
from sim.scenario.spec.quota import NO_QUOTA, MailboxQuota
from sim.scenario.spec.sources import Messages, MessagesAt, Source
from sim.scenario.spec.users import Away, Reading, User, UserSettings, twice
from sim.scenario.spec.windows import format_window
from sim.scenario.syntax.form import ScenarioForm

FaultOf = Callable[[str], tuple[int, str] | None]
"""What is wrong with a Sieve script: its line, from 1, and what; None where nothing is."""

Forms = Mapping[str, DomainSettings]


def resolve_people(form: DomainSettings, users: Sequence[str]) -> dict[str, User]:
    """The users of a domain who do more with their mail than have it; those who say nothing share what all do."""
    usual: Mapping[str, Any] = form.get("user_defaults", {})
    own = {local_key(parse_local_part(written)): said for written, said in _named(form).items()}
    everybody = User(**usual)
    people = {}
    for user in users:
        said: Mapping[str, Any] = own.get(local_key(user), {})
        if usual or said:
            people[user] = User(**{**usual, **said}) if said else everybody
    return people


def _named(form: DomainSettings) -> Mapping[str, UserSettings]:
    """What a domain says of single users."""
    users = form.get("users")
    return users if isinstance(users, dict) else {}


def _said(forms: Forms) -> Iterator[tuple[Path, UserSettings, Mapping[str, Any]]]:
    """What the file says of users: where, what, and what it is said over."""
    for name, form in forms.items():
        usual = form.get("user_defaults", {})
        if usual:
            yield ("domains", name, "user_defaults"), usual, {}
        for user, said in _named(form).items():
            yield ("domains", name, "users", user), said, usual


def check_users(form: ScenarioForm, workload: Sequence[Source], findings: Findings, fault_of: FaultOf | None) -> None:
    """Report what users cannot do, and tell of what comes to nothing.

    `fault_of` looks at their rules; nobody does where there is none.
    """
    forms, horizon = form.domains or {}, form.duration + form.drain
    _check_once(forms, findings)
    for place, said, usual in _said(forms):
        merged = {**usual, **said}
        for name, device in said.get("devices", {}).items():
            _check_device((*place, "devices", name), device, form, findings)
        _check_rules((*place, "sieve"), said.get("sieve", ""), findings, fault_of)
        for index, away in enumerate(said.get("away", ())):
            _check_away((*place, "away", index), away, horizon, findings)
        if said.get("reads"):
            _check_reading((*place, "reads"), said["reads"], form, findings)
            if not merged.get("devices") and place[2] == "users":
                findings.warn([(*place, "reads")], "he has no device to read with: nothing is read")
        _check_ages(place, merged, findings)
    _check_quotas(forms, workload, findings)


def _check_once(forms: Forms, findings: Findings) -> None:
    """No user is there twice."""
    for name, form in forms.items():
        seen: dict[str, str] = {}
        for written in _named(form):
            first = seen.setdefault(local_key(parse_local_part(written)), written)
            if first != written:
                findings.error(("domains", name, "users", written, KEY), twice(written, first))


def _check_quotas(forms: Forms, workload: Sequence[Source], findings: Findings) -> None:
    """Some message fits into a mailbox."""
    least = min(map(_least, workload), default=0.0)
    for name, form in forms.items():
        quotas: dict[Path, MailboxQuota] = {("quotas", who): quota for who, quota in form.get("quotas", {}).items()}
        for path, quota in {("quota",): form.get("quota", NO_QUOTA), **quotas}.items():
            if quota.size and quota.size + quota.grace < least:
                text = f"no message is so small ({format_size(quota.size)}): the least has {format_size(least)}"
                findings.warn([("domains", name, *path)], f"{text}, and none is taken")


def _check_rules(place: Path, script: str, findings: Findings, fault_of: FaultOf | None) -> None:
    fault = fault_of(script) if fault_of is not None and script else None
    if fault is not None:
        findings.error_in_text(place, fault[0], f"not a Sieve script: {fault[1]}")


def _check_device(place: Path, device: Device, form: ScenarioForm, findings: Findings) -> None:
    speaks = MAIL_PROGRAMS[device.mua]
    usual = speaks.get(device.access)
    if usual is None:
        text = f"{device.mua} does not speak {device.access}: allowed {are([*speaks])} {listing([*speaks])}"
        findings.error((*place, "access"), text)
        return
    if device.idles and not usual.idles:
        whose = "POP3" if device.access == "pop3" else device.mua
        findings.error((*place, "check"), f"{whose} has no IDLE: allowed is how often it looks, as in check: 5 min")
    if device.leave is not None and usual.leave is None:
        text = f"{device.mua} takes nothing away from the server by {device.access}, whatever leave says"
        findings.warn([(*place, "leave")], text)
    often = 0.0 if device.idles else (form.duration + form.drain) / device.check
    if often > form.limits.attempts:
        text = f"it looks for mail too often ({often:,.0f} times): {raised('attempts', form.limits)}"
        findings.error((*place, "check"), text)
    _check_opens((*place, "online"), device.online, form, findings, "it is never online, and nothing comes or goes")
    if device.at:
        findings.host((*place, "at"), device.at)


def _check_reading(place: Path, reads: Reading, form: ScenarioForm, findings: Findings) -> None:
    """No message has two fates, and there is some time to read."""
    _check_opens((*place, "at"), reads.at, form, findings, "there is no time to read, and nothing is read")
    total = round(reads.deletes + reads.archives + sum(reads.files.values()), 9)
    if total > 1:
        text = f"more messages deleted, filed and archived than there are ({PROBABILITY.format(total)})"
        findings.error(place, f"{text}: allowed is 100 % together")


def _check_opens(
    place: Path, windows: Sequence[Window | ClockWindow], form: ScenarioForm, findings: Findings, what: str
) -> None:
    """Windows that never open are told; those that open too often for the limits are an error."""
    horizon = form.duration + form.drain
    bounded = sum(horizon / window.period for window in windows) <= form.limits.outages
    if windows and bounded and not opens(windows, form.start, horizon):
        texts = some([*map(format_window, windows)])
        since = f"{format_duration(horizon)} from {format_start(form.start)} on"
        findings.warn([place], f"windows that never open ({texts}, in {since}): {what}")


def _check_away(place: Path, away: Away, horizon: float, findings: Findings) -> None:
    if away.start >= horizon:
        when = f"{format_duration(away.start)}, of {format_duration(horizon)}"
        findings.warn([place], f"away when the run is over ({when}): nobody is answered")


def _check_ages(place: Path, said: Mapping[str, Any], findings: Findings) -> None:
    archive, retention = said.get("archive"), said.get("retention", 0.0)
    if archive is not None and 0 < retention <= archive.after:
        ages = f"{format_duration(archive.after)}, and is removed after {format_duration(retention)}"
        findings.warn([(*place, "archive")], f"no mail becomes old enough for the archive (it goes there after {ages})")


def _least(source: Source) -> float:
    """The size of the smallest message that a source may have, in bytes, as far as it is known; else 0."""
    if isinstance(source, MessagesAt):
        return min((message.size for message in source.messages), default=0.0)
    return 0.0 if isinstance(source, Messages) else _smallest(source.size)


def _smallest(sizes: Distribution) -> float:
    match sizes:
        case Constant():
            return sizes.value
        case Uniform():
            return sizes.low
        case Empirical():
            return min(sizes.values)
    return 0.0
