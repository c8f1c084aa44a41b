"""The workload of a scenario: its sources, checked against domains and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.scenario.findings import Findings
from sim.scenario.inputs import InputError
from sim.scenario.names import counted, listing, shown
from sim.scenario.quantity import format_duration
from sim.scenario.resolve.address_owners import Owners
from sim.scenario.resolve.bounds import check_size, copies_of, typical_most
from sim.scenario.resolve.mail_trace import addresses_of, read_letters, strangers
from sim.scenario.resolve.messages import read_messages
from sim.scenario.source import Path as Place
from sim.scenario.spec import Domain
from sim.scenario.spec.limits import Limits, raised
from sim.scenario.spec.sources import Arrivals, Messages, MessagesAt, Source, Trace, WorkloadForm

_STRANGERS = 10
"""More people of a trace than these are not all told."""
_CURE = "allowed are users, lists and forwards; with `deal: yes` people are dealt to the users"


@dataclass(frozen=True, slots=True)
class People:
    """Who can write to whom, for how long (s) and how much, and where files are; `sure` when all domains are known."""

    domains: Mapping[str, Domain]
    findings: Findings
    folder: Path
    sure: bool
    duration: float
    limits: Limits
    owners: Owners


def resolve_workload(forms: Sequence[WorkloadForm], people: People) -> tuple[Source, ...]:
    """The sources in the order of the file."""
    findings, duration = people.findings, people.duration
    volume = _Volume(people)
    sources: list[Source] = []
    for index, form in enumerate(forms):
        place: Place = ("workload", index)
        found = _sources(form, place, people, volume)
        if not found and findings.untouched("workload"):
            findings.error(place, f"a source that says nothing: allowed are {listing(WorkloadForm.allowed())}")
        for i, message in enumerate(form.messages_at or ()):
            if message.at >= duration:
                written = f"{format_duration(message.at)}; the duration is {format_duration(duration)}"
                findings.error((*place, "messages_at", i, "at"), f"written when nobody writes any more ({written})")
        sources += found
    if not sources and findings.untouched("workload"):
        findings.note("no workload: nobody writes a message")
    return tuple(sources)


class _Volume:
    """How much mail is written in a run, held against the limits as it is added up."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._total = {"messages": 0.0, "copies": 0.0}
        self._copies: dict[str, int] = {}

    def copies(self, address: str) -> int:
        """How many copies a message to this address becomes."""
        if address not in self._copies:
            self._copies[address] = copies_of(address, self._people.owners)
        return self._copies[address]

    def add(self, place: Place, messages: float, copies: float) -> None:
        """Add a source, which stands there."""
        limits = self._people.limits
        for key, more in (("messages", messages), ("copies", copies)):
            before, self._total[key] = self._total[key], self._total[key] + more
            if self._total[key] > getattr(limits, key) >= before:
                self._people.findings.error(place, f"too many {key} ({self._total[key]:,.0f}): {raised(key, limits)}")


def _sources(form: WorkloadForm, place: Place, people: People, volume: _Volume) -> list[Source]:
    found: list[Source] = []
    domains, findings, sure = people.domains, people.findings, people.sure
    for kind, source in (("poisson", form.poisson), ("constant", form.constant)):
        if source is not None:
            _check_victims(source, (*place, kind), domains, findings, sure=sure)
            _check_arrivals(source, (*place, kind), people, volume)
            found.append(source)
    drawing = [key for key in _DRAWING if getattr(form, key) is not None and _draws(getattr(form, key))]
    if drawing and sure and not any(domain.users for domain in domains.values()):
        findings.error(
            (*place, drawing[0]), "nobody writes: no domain has users (mx: none has none); add one with some"
        )
    if form.messages_at is not None:
        for i, message in enumerate(form.messages_at):
            where = (*place, "messages_at", i)
            check_size(message.size, (*where, "size" if message.text is None else "text"), people.limits, findings)
            volume.add(where, 1, sum(map(volume.copies, message.recipients)))
        found.append(MessagesAt(messages=form.messages_at))
    if form.trace is not None:
        found.append(_trace(form.trace, (*place, "trace"), people, volume))
    if form.messages is not None:
        found.append(_messages(form.messages, (*place, "messages"), people, volume))
    return found


_DRAWING = ("poisson", "constant", "trace", "messages")


def _draws(source: Arrivals | Trace | Messages) -> bool:
    """Whether a source goes to all domains for their users; a trace does where its people are dealt to them."""
    if isinstance(source, Trace):
        return source.deal
    return (isinstance(source, Arrivals) and source.forged is not None and source.forged.share > 0) or not (
        source.senders and source.recipients
    )


def _check_victims(
    source: Arrivals, place: Place, domains: Mapping[str, Domain], findings: Findings, *, sure: bool
) -> None:
    """Whoever's addresses are borne is there."""
    name = source.forged.domain if source.forged is not None else None
    if not name or not sure:
        return
    where = (*place, "forged", "domain")
    if name not in domains:
        findings.error(where, findings.unknown("domain", name, domains))
    elif not domains[name].users:
        findings.error(where, f"a domain without users ({name}): allowed is one whose users' addresses can be borne")


def _check_arrivals(source: Arrivals, place: Place, people: People, volume: _Volume) -> None:
    """Arrivals held against the limits."""
    count = source.rate * people.duration
    check_size(typical_most(source.size), (*place, "size"), people.limits, people.findings)
    volume.add(place, count, count * _drawn_copies(source, place, people, volume))


def _drawn_copies(source: Arrivals | Messages, place: Place, people: People, volume: _Volume) -> float:
    """How many copies a message becomes on average, after a check that there is somebody to draw."""
    for key, whose in (("from", source.senders), ("to", source.recipients)):
        for domain in [who for who, _ in whose if "@" not in who] if people.sure else ():
            if domain.lower() not in people.domains:
                people.findings.error((*place, key), people.findings.unknown("domain", domain, list(people.domains)))
            elif not people.domains[domain.lower()].users:
                allowed = "allowed is one with users, or an address"
                people.findings.error((*place, key), f"a domain without users ({domain}): {allowed}")
    weights = sum(weight for _, weight in source.recipients)
    copies = sum(weight * (volume.copies(who) if "@" in who else 1) for who, weight in source.recipients)
    return copies / weights if weights else 1.0


def _trace(trace: Trace, place: Place, people: People, volume: _Volume) -> Trace:
    findings = people.findings
    try:
        recorded = read_letters(
            people.folder, trace.file, start=trace.start, duration=people.duration, most=people.limits.file
        )
    except InputError as error:
        findings.error((*place, "file"), str(error))
        return trace
    count = sum(len(letter.targets) for letter in recorded.letters)
    check_size(typical_most(trace.size), (*place, "size"), people.limits, findings)
    known = addresses_of(recorded, people.owners, [""])
    copies = sum(
        volume.copies(known[target]) if known[target] else 1 for letter in recorded.letters for target in letter.targets
    )
    volume.add(place, len(recorded.letters), copies)
    findings.note(f"{trace.file}: {counted(len(recorded.letters), 'message')} to {counted(count, 'recipient')}")
    if recorded.left_out:
        first, last = recorded.span
        left_out = f"{recorded.left_out} of {counted(recorded.rows, 'row')}, which are at {first:.10g} to {last:.10g} s"
        until = f"{trace.start:.10g} to {trace.start + people.duration:.10g} s"
        findings.note(f"{trace.file}: left out are {left_out}; replayed are {until}, by `start` and `duration`")
    unknown_people = strangers(recorded, people.owners)
    if unknown_people and trace.deal:
        findings.note(
            f"{trace.file}: {len(unknown_people)} people who are no addresses of the scenario are dealt to its users"
        )
    elif people.sure:
        for person in unknown_people[:_STRANGERS]:
            line = f"{trace.file}:{recorded.people[person]}"
            findings.error((*place, "file"), f"{line}: no address of the scenario ({shown(person)}): {_CURE}")
        if len(unknown_people) > _STRANGERS:
            more = len(unknown_people) - _STRANGERS
            findings.error(
                (*place, "file"), f"{trace.file}: {more} more people are no addresses of the scenario: {_CURE}"
            )
    return trace


def _messages(source: Messages, place: Place, people: People, volume: _Volume) -> Messages:
    findings, limits = people.findings, people.limits
    try:
        found = read_messages(people.folder, source.path, limits.file)
    except InputError as error:
        findings.error((*place, "path"), str(error))
    else:
        check_size(max(map(len, found.contents)), (*place, "path"), limits, findings)
        count = source.rate * people.duration if source.rate else len(found.contents)
        volume.add(place, count, count * _drawn_copies(source, place, people, volume))
        for remark in found.remarks:
            findings.note(remark)
    return source
