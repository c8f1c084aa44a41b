"""The workload of a scenario: its sources, checked against domains and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.mail.text import body_of
from sim.scenario.distribution import Distribution, Lognormal
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
from sim.scenario.spec.sources import Arrivals, MessageAt, Messages, MessagesAt, Source, Trace
from sim.scenario.syntax.arrivals import ConstantForm, PoissonForm
from sim.scenario.syntax.delivery_options import asks
from sim.scenario.syntax.form import MessageAtForm, MessagesForm, TraceForm, WorkloadForm

DEFAULT_MESSAGE = 2000
"""Size of the mail data of a single message, in bytes."""

DEFAULT_SIZE: Distribution = Lognormal(2000.0, 20000.0)
"""Of the mail data, in bytes."""


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
            findings.error(place, f"a source that says nothing: allowed are {listing(WorkloadForm.keys())}")
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
    for key, drawn in (("poisson", form.poisson), ("constant", form.constant)):
        if drawn is not None:
            _check_victims(drawn, (*place, key), domains, findings, sure=sure)
            found.append(_arriving(_arrivals(drawn), (*place, key), people, volume))
    drawing = [key for key in _DRAWING if getattr(form, key) is not None and _draws(getattr(form, key))]
    if drawing and sure and not any(domain.users for domain in domains.values()):
        findings.error(
            (*place, drawing[0]), "nobody writes: no domain has users (mx: none has none); add one with some"
        )
    if form.messages_at is not None:
        messages = tuple(map(_message, form.messages_at))
        for i, message in enumerate(messages):
            where = (*place, "messages_at", i)
            check_size(message.size, (*where, "size" if message.text is None else "text"), people.limits, findings)
            volume.add(where, 1, sum(map(volume.copies, message.recipients)))
        found.append(MessagesAt(messages=messages))
    if form.trace is not None:
        found.append(_trace(form.trace, (*place, "trace"), people, volume))
    if form.messages is not None:
        found.append(_messages(form.messages, (*place, "messages"), people, volume))
    return found


_DRAWING = ("poisson", "constant", "trace", "messages")


def _draws(form: PoissonForm | ConstantForm | TraceForm | MessagesForm) -> bool:
    """Whether a source goes to all domains for their users; a trace does where its people are dealt to them."""
    if isinstance(form, TraceForm):
        return form.deal
    forged = not isinstance(form, MessagesForm) and form.forged is not None
    return forged or not (form.from_ and form.to)


def _check_victims(
    form: PoissonForm | ConstantForm, place: Place, domains: Mapping[str, Domain], findings: Findings, *, sure: bool
) -> None:
    """Whoever's addresses are borne is there."""
    name = form.forged.domain if form.forged else None
    if name is None or not sure:
        return
    where = (*place, "forged", "domain")
    if name.lower() not in domains:
        findings.error(where, findings.unknown("domain", name, domains))
    elif not domains[name.lower()].users:
        findings.error(where, f"a domain without users ({name}): allowed is one whose users' addresses can be borne")


def _arrivals(form: PoissonForm | ConstantForm) -> Arrivals:
    every = form.every if isinstance(form, ConstantForm) else None
    rate = form.rate if form.rate is not None else 1 / (every or 1.0)
    return Arrivals(
        kind="poisson" if isinstance(form, PoissonForm) else "constant",
        rate=rate,
        size=form.size or DEFAULT_SIZE,
        pairs=form.pairs,
        senders=form.from_,
        recipients=form.to,
        strangers=form.strangers,
        forged=form.forged.share if form.forged else 0.0,
        victims=(form.forged.domain or "").lower() if form.forged else "",
    )


def _message(form: MessageAtForm) -> MessageAt:
    size = DEFAULT_MESSAGE if form.size is None else form.size
    if form.text is not None:
        size = len(body_of(form.text)[1])
    return MessageAt(
        at=form.at, sender=form.from_, recipients=form.to, size=float(size), text=form.text, asks=asks(form.asks)
    )


def _arriving(source: Arrivals, place: Place, people: People, volume: _Volume) -> Arrivals:
    """The source, held against the limits."""
    count = source.rate * people.duration
    check_size(typical_most(source.size), (*place, "size"), people.limits, people.findings)
    volume.add(place, count, count * _drawn_copies(source, place, people, volume))
    return source


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


def _trace(form: TraceForm, place: Place, people: People, volume: _Volume) -> Trace:
    trace = Trace(file=form.file, size=form.size or DEFAULT_SIZE, start=form.start, deal=form.deal)
    findings = people.findings
    try:
        recorded = read_letters(
            people.folder, form.file, start=form.start, duration=people.duration, most=people.limits.file
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
    findings.note(f"{form.file}: {counted(len(recorded.letters), 'message')} to {counted(count, 'recipient')}")
    if recorded.left_out:
        first, last = recorded.span
        left_out = f"{recorded.left_out} of {counted(recorded.rows, 'row')}, which are at {first:.10g} to {last:.10g} s"
        until = f"{form.start:.10g} to {form.start + people.duration:.10g} s"
        findings.note(f"{form.file}: left out are {left_out}; replayed are {until}, by `start` and `duration`")
    unknown_people = strangers(recorded, people.owners)
    if unknown_people and form.deal:
        findings.note(
            f"{form.file}: {len(unknown_people)} people who are no addresses of the scenario are dealt to its users"
        )
    elif people.sure:
        for person in unknown_people[:_STRANGERS]:
            line = f"{form.file}:{recorded.people[person]}"
            findings.error((*place, "file"), f"{line}: no address of the scenario ({shown(person)}): {_CURE}")
        if len(unknown_people) > _STRANGERS:
            more = len(unknown_people) - _STRANGERS
            findings.error(
                (*place, "file"), f"{form.file}: {more} more people are no addresses of the scenario: {_CURE}"
            )
    return trace


def _messages(form: MessagesForm, place: Place, people: People, volume: _Volume) -> Messages:
    findings, limits = people.findings, people.limits
    source = Messages(path=form.path, rate=form.rate or 0.0, pairs=form.pairs, senders=form.from_, recipients=form.to)
    try:
        found = read_messages(people.folder, form.path, limits.file)
    except InputError as error:
        findings.error((*place, "path"), str(error))
    else:
        check_size(max(map(len, found.contents)), (*place, "path"), limits, findings)
        count = form.rate * people.duration if form.rate else len(found.contents)
        volume.add(place, count, count * _drawn_copies(source, place, people, volume))
        for remark in found.remarks:
            findings.note(remark)
    return source
