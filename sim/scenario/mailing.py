"""The workload of a scenario: its sources, checked against domains and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from sim.scenario.arriving import ConstantForm, PoissonForm
from sim.scenario.asking import asks
from sim.scenario.distribution import Distribution, Lognormal
from sim.scenario.findings import Findings
from sim.scenario.form import MessageAtForm, MessagesForm, TraceForm, WorkloadForm
from sim.scenario.inputs import InputError
from sim.scenario.messages import read_messages
from sim.scenario.names import listing, shown, unknown
from sim.scenario.people import resolve_address
from sim.scenario.quantity import format_duration
from sim.scenario.source import Path as Place
from sim.scenario.spec import Domain
from sim.scenario.workload import Arrivals, MessageAt, Messages, MessagesAt, Source, Trace

DEFAULT_MESSAGE = 2000
"""Size of the mail data of a single message, in bytes."""

DEFAULT_SIZE: Distribution = Lognormal(2000.0, 20000.0)
"""Of the mail data, in bytes."""


def resolve_workload(
    forms: Sequence[WorkloadForm],
    domains: Mapping[str, Domain],
    findings: Findings,
    folder: Path,
    *,
    sure: bool,
    duration: float,
) -> tuple[Source, ...]:
    """The sources in the order of the file; `sure` when the domains are all known."""
    sources: list[Source] = []
    for index, form in enumerate(forms):
        place: Place = ("workload", index)
        found = _sources(form, place, domains, findings, folder, sure=sure)
        if not found and findings.untouched("workload"):
            findings.error(place, f"a source that says nothing: allowed are {listing(WorkloadForm.keys())}")
        for i, message in enumerate(form.messages_at or ()):
            if message.at >= duration:
                written = f"{format_duration(message.at)}; the duration is {format_duration(duration)}"
                findings.error((*place, "messages_at", i, "at"), f"written when nobody writes any more ({written})")
        sources += found
    if not sources and findings.untouched("workload"):
        findings.note("no workload: nobody writes a message")
    return tuple(sources)


def _sources(
    form: WorkloadForm, place: Place, domains: Mapping[str, Domain], findings: Findings, folder: Path, *, sure: bool
) -> list[Source]:
    found: list[Source] = []
    if form.poisson is not None:
        _check_victims(form.poisson, (*place, "poisson"), domains, findings, sure=sure)
        found.append(_poisson(form.poisson))
    if form.constant is not None:
        _check_victims(form.constant, (*place, "constant"), domains, findings, sure=sure)
        found.append(_constant(form.constant))
    if form.messages_at is not None:
        address = partial(resolve_address, domains=domains, findings=findings, sure=sure)
        messages = (_message(item, (*place, "messages_at", i), address) for i, item in enumerate(form.messages_at))
        found.append(MessagesAt(messages=tuple(messages)))
    if form.trace is not None:
        found.append(_trace(form.trace, (*place, "trace", "file"), findings, folder))
    if form.messages is not None:
        found.append(_messages(form.messages, (*place, "messages", "path"), findings, folder))
    return found


def _check_victims(
    form: PoissonForm | ConstantForm, place: Place, domains: Mapping[str, Domain], findings: Findings, *, sure: bool
) -> None:
    """Whoever's addresses are borne is there."""
    name = form.forged.domain if form.forged else None
    if name is None or not sure:
        return
    where = (*place, "forged", "domain")
    if name.lower() not in domains:
        findings.error(where, unknown("domain", name, list(domains)))
    elif not domains[name.lower()].users:
        findings.error(where, f"a domain without users ({name}): allowed is one whose users' addresses can be borne")


def _poisson(form: PoissonForm) -> Arrivals:
    return Arrivals(
        kind="poisson",
        rate=form.rate,
        size=form.size or DEFAULT_SIZE,
        pairs=form.pairs,
        strangers=form.strangers,
        forged=form.forged.share if form.forged else 0.0,
        victims=(form.forged.domain or "").lower() if form.forged else "",
    )


def _constant(form: ConstantForm) -> Arrivals:
    rate = form.rate if form.rate is not None else 1 / (form.every or 1.0)
    return Arrivals(
        kind="constant",
        rate=rate,
        size=form.size or DEFAULT_SIZE,
        pairs=form.pairs,
        strangers=form.strangers,
        forged=form.forged.share if form.forged else 0.0,
        victims=(form.forged.domain or "").lower() if form.forged else "",
    )


def _message(form: MessageAtForm, place: Place, address: partial[str]) -> MessageAt:
    sender = address(form.from_, (*place, "from"))
    recipients = tuple(address(text, (*place, "to", index)) for index, text in enumerate(form.to))
    size = DEFAULT_MESSAGE if form.size is None else form.size
    size = len(form.text.encode()) or size
    return MessageAt(
        at=form.at, sender=sender, recipients=recipients, size=float(size), text=form.text, asks=asks(form.asks)
    )


def _trace(form: TraceForm, place: Place, findings: Findings, folder: Path) -> Trace:
    if not _exists(folder / form.file):
        findings.error(place, f"no such trace file ({shown(form.file)}): allowed is a file, found from {folder}")
    return Trace(file=form.file, size=form.size or DEFAULT_SIZE, start=form.start)


def _messages(form: MessagesForm, place: Place, findings: Findings, folder: Path) -> Messages:
    try:
        remarks = read_messages(folder, form.path).remarks
    except InputError as error:
        findings.error(place, str(error))
    else:
        for remark in remarks:
            findings.note(remark)
    return Messages(path=form.path, rate=form.rate or 0.0, pairs=form.pairs)


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
