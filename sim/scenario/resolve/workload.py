"""The workload of a scenario: its sources, checked against domains and files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sim.scenario.findings import Findings
from sim.scenario.inputs import InputError
from sim.scenario.names import counted, listing, shown
from sim.scenario.quantity import format_duration, format_size
from sim.scenario.resolve.address_owners import Owners
from sim.scenario.resolve.bounds import copies_of, typical_most
from sim.scenario.resolve.mail_trace import addresses_of, read_letters, unknown_people
from sim.scenario.resolve.messages import read_messages
from sim.scenario.source import Path as Place
from sim.scenario.spec.limits import raised
from sim.scenario.spec.sources import Arrivals, MessageAt, Messages, MessagesAt, Source, Trace, WorkloadForm
from sim.scenario.syntax.form import ScenarioForm

_TOLD = 10
"""More people of a trace than these are not all told."""
_CURE = "allowed are users, lists and forwards; with `deal: yes` people are dealt to the users"


def resolve_workload(
    scenario: ScenarioForm, owners: Owners, findings: Findings, folder: Path, *, known: bool
) -> tuple[Source, ...]:
    """The sources in the order of the file; `known` when the owners of addresses are all there are."""
    checks = _Checks(scenario, owners, findings, folder, known)
    sources = [source for index, form in enumerate(scenario.workload) for source in checks.sources(form, index)]
    if not sources and findings.untouched("workload"):
        findings.note("no workload: nobody writes a message")
    return tuple(sources)


class _Checks:
    """Sources held against who can write to whom, the time that they have, files, and limits as they add up."""

    def __init__(self, scenario: ScenarioForm, owners: Owners, findings: Findings, folder: Path, known: bool) -> None:
        self._owners = owners
        self._findings = findings
        self._folder = folder
        self._known = known
        self._duration = scenario.duration
        self._limits = scenario.limits
        self._total = {"messages": 0.0, "copies": 0.0}
        self._copies: dict[str, int] = {}

    def sources(self, form: WorkloadForm, index: int) -> list[Source]:
        """The sources of an entry of the file."""
        place: Place = ("workload", index)
        said = {key: source for key in form.allowed() if (source := getattr(form, key)) is not None}
        if not said and self._findings.untouched("workload"):
            self._error(place, f"a source that says nothing: allowed are {listing(form.allowed())}")
        users = any(domain.users for domain in self._owners.domains.values())
        drawing = next((key for key, source in said.items() if key != "messages_at" and _draws(source)), None)
        if drawing is not None and self._known and not users:
            fault = "nobody writes: no domain has users (mx: none has none); add one with some"
            self._error((*place, drawing), fault)
        for key, source in said.items():
            match source:
                case Arrivals():
                    self._arrivals(source, (*place, key))
                case Trace():
                    self._trace(source, (*place, key))
                case Messages():
                    self._messages(source, (*place, key))
                case _:
                    self._messages_at(source, (*place, key))
        return [MessagesAt(messages=source) if key == "messages_at" else source for key, source in said.items()]

    def _error(self, place: Place, message: str) -> None:
        self._findings.error(place, message)

    def _copies_of(self, address: str) -> int:
        """How many copies a message to this address becomes."""
        if address not in self._copies:
            self._copies[address] = copies_of(address, self._owners)
        return self._copies[address]

    def _add(self, place: Place, messages: float, copies: float) -> None:
        """Add mail, of which the file speaks there."""
        for key, more in (("messages", messages), ("copies", copies)):
            before, self._total[key] = self._total[key], self._total[key] + more
            if self._total[key] > getattr(self._limits, key) >= before:
                self._error(place, f"too many {key} ({self._total[key]:,.0f}): {raised(key, self._limits)}")

    def _size(self, size: float, place: Place) -> None:
        """No message is bigger than the limit."""
        if size > self._limits.size:
            self._error(place, f"too big a message ({format_size(size)}): {raised('size', self._limits)}")

    def _arrivals(self, source: Arrivals, place: Place) -> None:
        victims = source.forged.domain if source.forged is not None else None
        domains = self._owners.domains
        if victims and self._known and victims not in domains:
            self._error((*place, "forged", "domain"), self._findings.unknown("domain", victims, domains))
        elif victims and self._known and not domains[victims].users:
            fault = f"a domain without users ({victims}): allowed is one whose users' addresses can be borne"
            self._error((*place, "forged", "domain"), fault)
        count = source.rate * self._duration
        self._size(typical_most(source.size), (*place, "size"))
        self._add(place, count, count * self._drawn_copies(source, place))

    def _drawn_copies(self, source: Arrivals | Messages, place: Place) -> float:
        """How many copies a message becomes on average, after a check that there is somebody to draw."""
        domains = self._owners.domains
        for key, whose in (("from", source.senders), ("to", source.recipients)):
            for name in [who for who, _ in whose if "@" not in who] if self._known else ():
                if name.lower() not in domains:
                    self._error((*place, key), self._findings.unknown("domain", name, list(domains)))
                elif not domains[name.lower()].users:
                    fault = f"a domain without users ({name}): allowed is one with users, or an address"
                    self._error((*place, key), fault)
        weights = sum(weight for _, weight in source.recipients)
        copies = sum(weight * (self._copies_of(who) if "@" in who else 1) for who, weight in source.recipients)
        return copies / weights if weights else 1.0

    def _messages_at(self, messages: Sequence[MessageAt], place: Place) -> None:
        for index, message in enumerate(messages):
            where = (*place, index)
            said = "text" if message.text is not None else "size" if message.file is None else "file"
            self._size(message.size, (*where, said))
            self._add(where, 1, sum(map(self._copies_of, message.recipients)))
            if message.at >= self._duration:
                written = f"{format_duration(message.at)}; the duration is {format_duration(self._duration)}"
                self._error((*where, "at"), f"written when nobody writes any more ({written})")

    def _trace(self, trace: Trace, place: Place) -> None:
        name, place, note = trace.file, (*place, "file"), self._findings.note
        try:
            recorded = read_letters(
                self._folder, name, start=trace.start, duration=self._duration, most=self._limits.file
            )
        except InputError as error:
            self._error(place, str(error))
            return
        self._size(typical_most(trace.size), (*place[:-1], "size"))
        known = addresses_of(recorded, self._owners, [""])
        targets = [known[target] for letter in recorded.letters for target in letter.targets]
        copies = sum(self._copies_of(target) if target else 1 for target in targets)
        self._add(place[:-1], len(recorded.letters), copies)
        note(f"{name}: {counted(len(recorded.letters), 'message')} to {counted(len(targets), 'recipient')}")
        if recorded.left_out:
            rows = f"{recorded.left_out} of {counted(recorded.rows, 'row')}"
            first, last = recorded.span
            until = f"{trace.start:.10g} to {trace.start + self._duration:.10g} s"
            left_out = f"left out are {rows}, which are at {first:.10g} to {last:.10g} s"
            note(f"{name}: {left_out}; replayed are {until}, by `start` and `duration`")
        unknown = unknown_people(recorded, self._owners)
        if unknown and trace.deal:
            note(f"{name}: {len(unknown)} people who are no addresses of the scenario are dealt to its users")
        elif self._known:
            for person in unknown[:_TOLD]:
                line = f"{name}:{recorded.people[person]}"
                self._error(place, f"{line}: no address of the scenario ({shown(person)}): {_CURE}")
            if len(unknown) > _TOLD:
                more = len(unknown) - _TOLD
                self._error(place, f"{name}: {more} more people are no addresses of the scenario: {_CURE}")

    def _messages(self, source: Messages, place: Place) -> None:
        try:
            found = read_messages(self._folder, source.path, self._limits.file)
        except InputError as error:
            self._error((*place, "path"), str(error))
            return
        self._size(max(map(len, found.contents)), (*place, "path"))
        count = source.rate * self._duration if source.rate else len(found.contents)
        self._add(place, count, count * self._drawn_copies(source, place))
        for remark in found.remarks:
            self._findings.note(remark)


def _draws(source: Arrivals | Trace | Messages) -> bool:
    """Whether a source goes to all domains for their users; a trace does where its people are dealt to them."""
    if isinstance(source, Trace):
        return source.deal
    forged = source.forged if isinstance(source, Arrivals) else None
    return (forged is not None and forged.share > 0) or not (source.senders and source.recipients)
