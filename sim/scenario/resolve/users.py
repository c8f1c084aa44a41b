"""What the users of a domain do with their mail, each over what all do who say nothing else; what of it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sim.mail.address import Address, local_key, parse_local_part
from sim.scenario.distribution import Constant, Distribution, Empirical, Uniform
from sim.scenario.findings import Findings
from sim.scenario.names import are, listing, some
from sim.scenario.pydantic_seam import KEY
from sim.scenario.quantity import PROBABILITY, format_duration, format_size
from sim.scenario.source import Path
from sim.scenario.spec import Architecture, Domain
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

_Layer = Mapping[str, Any]
"""What a file says of a domain, or an architecture of it."""

_NOTHING = User()


def resolve_people(users: Sequence[str], *layers: _Layer) -> dict[str, User]:
    """The users of a domain who do more with their mail than have it; those who say nothing share what all do.

    A stronger layer, which comes later, replaces a setting as a whole; what a user says comes over what all do.
    """
    usual = _merged(layer.get("user_defaults", {}) for layer in layers)
    own: dict[str, dict[str, Any]] = {}
    for layer in layers:
        for written, said in _named(layer).items():
            own.setdefault(local_key(parse_local_part(written)), {}).update(said)
    everybody = User(**usual)
    does = {key: User(**{**usual, **said}) if said else everybody for key, said in own.items()}
    known = {user: does.get(local_key(user), everybody) for user in users}
    # That somebody does nothing is said where a weaker layer has it otherwise.
    before = resolve_people(users, *layers[:-1]) if len(layers) > 1 else {}
    return {user: one for user, one in known.items() if one != _NOTHING or user in before}


def unknown_users(layer: _Layer, users: Sequence[str]) -> list[str]:
    """Of whom something is said who is none of the users."""
    keys = {*map(local_key, users)}
    return [written for written in _named(layer) if local_key(parse_local_part(written)) not in keys]


def _merged(layers: Iterable[_Layer]) -> dict[str, Any]:
    return {key: value for layer in layers for key, value in layer.items()}


def _named(layer: _Layer) -> Mapping[str, UserSettings]:
    """What is said of single users."""
    users = layer.get("users")
    return users if isinstance(users, dict) else {}


def _domains(form: ScenarioForm) -> Iterator[tuple[Path, Sequence[_Layer]]]:
    """Where the file says something of a domain, and what: that, after what it is said over."""
    common = {name.lower(): said for name, said in (form.domains or {}).items()}
    for name, said in (form.domains or {}).items():
        yield ("domains", name), [said]
    for architecture, its in (form.architectures or {}).items():
        for name, own in (its.domains or {}).items():
            yield ("architectures", architecture, "domains", name), [common.get(name.lower(), {}), own]


def _said(place: Path, layers: Sequence[_Layer]) -> Iterator[tuple[Path, UserSettings, _Layer]]:
    """What the last layer says of users: where, what, and what they do then."""
    usual = _merged(layer.get("user_defaults", {}) for layer in layers)
    if layers[-1].get("user_defaults"):
        yield (*place, "user_defaults"), layers[-1]["user_defaults"], usual
    for user, said in _named(layers[-1]).items():
        yield (*place, "users", user), said, _merged([usual, *[_named(layer).get(user, {}) for layer in layers]])


def check_users(form: ScenarioForm, workload: Sequence[Source], findings: Findings, fault_of: FaultOf | None) -> None:
    """Report what users cannot do, and tell of what comes to nothing.

    `fault_of` looks at their rules; nobody does where there is none.
    """
    for where, layers in _domains(form):
        _check_once(where, layers[-1], findings)
        for place, said, merged in _said(where, layers):
            _check_user(place, said, merged, form, findings)
            _check_rules((*place, "sieve"), said.get("sieve", ""), findings, fault_of)
    _check_quotas(form.domains or {}, workload, findings)


def check_device_names(
    domains: Mapping[str, Domain], architectures: Mapping[str, Architecture], nodes: Container[str], findings: Findings
) -> None:
    """Report devices that would be called as a host is; a device is a host of that name in a run."""
    said: list[tuple[Path, Domain]] = [(("domains", name), domain) for name, domain in domains.items()]
    for architecture in architectures.values():
        place: Path = ("architectures", architecture.name, "domains")
        said += [((*place, name), domain) for name, domain in architecture.domains.items()]
    for place, domain in said:
        for name, user in domain.people.items():
            for called in user.devices:
                if (host := f"{Address(name, domain.name)}/{called}") in nodes:
                    findings.error((*place, "users"), f"a device called as the host {host}: allowed is another name")


def _check_user(place: Path, said: UserSettings, merged: _Layer, form: ScenarioForm, findings: Findings) -> None:
    for name, device in said.get("devices", {}).items():
        _check_device((*place, "devices", name), device, form, findings)
    for index, away in enumerate(said.get("away", ())):
        _check_away((*place, "away", index), away, form.duration + form.drain, findings)
    if said.get("reads"):
        _check_reading((*place, "reads"), said["reads"], form, findings)
        if not merged.get("devices") and place[-1] != "user_defaults":
            findings.warn([(*place, "reads")], "he has no device to read with: nothing is read")
    _check_ages(place, merged, findings)


def _check_once(place: Path, layer: _Layer, findings: Findings) -> None:
    """No user is there twice."""
    seen: dict[str, str] = {}
    for written in _named(layer):
        first = seen.setdefault(local_key(parse_local_part(written)), written)
        if first != written:
            findings.error((*place, "users", written, KEY), twice(written, first))


def _check_quotas(forms: Mapping[str, DomainSettings], workload: Sequence[Source], findings: Findings) -> None:
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
