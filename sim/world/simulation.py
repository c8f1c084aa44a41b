"""One run: a scenario under one architecture, in one replication."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, islice

from sim.mail.address import domain_key
from sim.mail.composition import filler
from sim.mail.content import body_of, compose
from sim.mail.digest import seal
from sim.mail.mailbox import Mailbox, header_form, parse_mailbox
from sim.mail.path import Path
from sim.mail.trace import date_time
from sim.mta.queue.entry import Copy
from sim.network.links.timeline import Timeline, all_down
from sim.protocol.smtp.events import Parameters
from sim.results.facts import Facts
from sim.results.outcomes import CopyOutcome, Step
from sim.scenario.spec import Architecture, Scenario
from sim.workload.submissions import Submission, submissions
from sim.world.access.readers import Readers
from sim.world.engine.ledger import LedgerError
from sim.world.engine.stepping import Waits
from sim.world.engine.streams import Streams
from sim.world.host.contacts import Party, meet
from sim.world.host.etrn import collect
from sim.world.host.host import HostAtWork
from sim.world.host.subscriber import subscribe
from sim.world.host.world import World
from sim.world.mailbox.housekeeping import Housekeeping
from sim.world.operators import operate


class Simulation(World):
    """A world and everything in it. Nothing outlives it and nothing outside it changes.

    Mail is written from 0 to `scenario.duration`; the run ends when every copy has met its end, or at the horizon.
    """

    def __init__(self, scenario: Scenario, architecture: Architecture, replication: int, seed: int) -> None:
        streams = Streams(seed, replication)
        self._scenario = scenario
        self._submissions = submissions(scenario, streams)
        super().__init__(scenario, architecture, streams, len(self._submissions))
        self.housekeeping = Housekeeping(self.user_mailboxes, self.clock, self.recorder, self.messages.epoch)
        self._unsent: dict[int, list[Copy]] = {}
        self.hosts = {name: HostAtWork(host, self) for name, host in self.specs.items()}
        domains = {**scenario.domains, **architecture.domains}
        self._readers = Readers(self, self.hosts, domains, scenario.duration, self._answer)

    def run(self) -> Facts:
        """Run to the end.

        Raises:
            LedgerError: the copies or the sessions do not add up; a defect of the simulator.
        """
        clock = self.clock
        if self._submissions:
            for act in self._scenario.acts:
                clock.call_at(act.at, partial(operate, act, self.hosts, self.recorder))
            end = clock.any_of([self.over, clock.at(clock.horizon)])
            for host in self.hosts.values():
                self._start(host)
            self._start_receivers()
            clock.start(self._submit_all())
            collects_garbage = gc.isenabled()
            # Nothing refers to itself when a run is done with it: looking for such garbage would only cost time.
            gc.disable()
            try:
                clock.run(until=end)
            finally:
                if collects_garbage:
                    gc.enable()
        for host in self.hosts.values():
            host.deliveries.cache.close_all()
            for record_unfinished in host.client.sessions.values():
                if record_unfinished is not None:
                    record_unfinished(clock.now)
        self._check_sessions()
        self.housekeeping.note()
        return self.recorder.facts(self.ledger.close(self._held(), clock.now))

    def _start_receivers(self) -> None:
        """What becomes of mail where it has come to: it ages, is asked for by subscribers, and read by users."""
        clock = self.clock
        if self.user_mailboxes.are_any:
            clock.start(self.housekeeping.go_on())
        for one, other, link in self._pairs():
            clock.start_soon(meet(one, other, link))
        for name, domains in self.subscribed.items():
            clock.start(subscribe(self.hosts[name], self.hosts[self.broker], domains))
        for task in self._readers.tasks():
            clock.start_soon(task)

    def _pairs(self) -> Iterator[tuple[Party, Party, Timeline]]:
        """Who meets whom, and when a link is up between the two; nobody where hosts have no buffers."""
        parties = {name: Party(host, host.buffer) for name, host in self.hosts.items() if host.buffer is not None}
        for number, (name, one) in enumerate(parties.items()):
            around = self.mesh.neighbours[name]
            for other in islice(parties, number + 1, None):
                if other in around:
                    yield one, parties[other], all_down([link.timeline for link in around[other]])

    def _start(self, host: HostAtWork) -> None:
        self.clock.start(host.live())
        if host.device is not None:
            self.clock.start(host.send_when_online())
        collects = host.spec.collects
        if collects is not None and host.domains:
            self.clock.start(collect(host, collects, self.hosts[collects.source]))

    def _submit_all(self) -> Waits:
        for message_id, submission in enumerate(self._submissions, 1):
            if submission.at > self.clock.now:
                yield submission.at
            self._submit(message_id, submission)

    def _submit(self, message_id: int, submission: Submission) -> None:
        """A user writes a message and hands it to his host, which may first have to come back."""
        sender, recipients = parse_mailbox(submission.sender), [*map(parse_mailbox, submission.recipients)]
        author = parse_mailbox(submission.author) if submission.author else sender
        reverse_path, forward_paths = sender.path, [recipient.path for recipient in recipients]
        content = submission.content
        if content is None:
            mime, body = _body(submission)
            content = compose(
                sender=header_form(submission.sender),
                recipients=[*map(header_form, submission.recipients)],
                subject=f"message {message_id}",
                message_id=f"<{message_id}@{sender.address.domain}>",
                date=date_time(self.clock.now + self.messages.epoch),
                size=submission.size,
                mime=mime,
                body=body,
            )
        asked, each = submission.parameters, submission.recipient_parameters
        if submission.binary:
            asked = (*(asked or ()), ("BODY", "BINARYMIME"))
        self._post(message_id, author, reverse_path, forward_paths, content, asked=asked, of_each=each)
        self.ledger.came()

    def _answer(self, message_id: int, author: Mailbox, recipient: Mailbox, content: bytes) -> None:
        """A user who has read a message writes one about it."""
        self._post(message_id, author, author.path, [recipient.path], content)

    def _post(
        self,
        message_id: int,
        author: Mailbox,
        reverse_path: Path,
        forward_paths: Sequence[Path],
        content: bytes,
        *,
        asked: Parameters | None = None,
        of_each: Parameters = (),
    ) -> None:
        """A message goes to its author's host, or into his device's outbox."""
        device = self.device_of(author.address, self.clock.now) if self.devices else None
        mta = self._submission_host(author.address.domain) if device is None else device.submits_to
        host = self.hosts[mta if device is None else device.host.name]
        if self.specs[mta].digests:
            content = seal(content)
        copies = self.messages.write(message_id, reverse_path, forward_paths, len(content), author=str(author.address))
        for copy in copies if device is not None else ():
            self.ledger.reach((copy.message_id, copy.recipient), Step.COMPOSED, self.clock.now)
        if of_each:
            for copy in copies:
                copy.parameters = of_each
        up = host.uptime.product.next_up(self.clock.now)
        if up == self.clock.now:
            host.submit(reverse_path, copies, content, asked)
        else:
            self._unsent[message_id] = copies
            self.clock.call_at(up, lambda: host.submit(reverse_path, self._unsent.pop(message_id), content, asked))

    def _submission_host(self, domain: str) -> str:
        """The host that the domain's users hand their mail to now: the first, where the domain has none."""
        its_own = self._scenario.domains.get(domain_key(domain))
        if its_own is not None and its_own.submission:
            return its_own.submission
        place = self.literals.get(domain_key(domain))
        if place is not None:
            return place[0]
        return next(iter(self.mailbox_hosts(domain, self.clock.now) or self.hosts))

    def _held(self) -> Iterator[tuple[Copy, CopyOutcome]]:
        for host in self.hosts.values():
            yield from host.deferred.copies(self.clock.now)
        for copies in self._unsent.values():
            for copy in copies:
                yield copy, CopyOutcome.SUBMITTED

    def _check_sessions(self) -> None:
        """Every session that a host counts is one that goes on."""
        for name, host in self.hosts.items():
            listeners = host.server.listener, *[service.listener for service in host.server.others]
            for peer in chain.from_iterable(listener.inbound.values() for listener in listeners):
                if not peer.is_there(self.clock.now):
                    raise LedgerError(f"{name} counts session {peer.session_id}, which is over")


def _body(submission: Submission) -> tuple[str, bytes | None]:
    """The MIME fields and the body of a message that is to be composed; no body where it is filler of its size."""
    if submission.binary:
        return _FILE, filler(_FILE_TYPE, submission.size)
    return ("", None) if submission.text is None else body_of(submission.text)


_FILE_TYPE = "application/octet-stream"
_FILE = f"MIME-Version: 1.0\r\nContent-Type: {_FILE_TYPE}\r\nContent-Transfer-Encoding: binary\r\n"


def simulate(scenario: Scenario, architecture: str, replication: int, *, seed: int | None = None) -> Facts:
    """All facts of one run.

    Args:
        scenario: the full scenario.
        architecture: the name of one of its architectures.
        replication: which replication, from 0; equal numbers mean equal mail and equal weather in every architecture.
        seed: instead of the scenario's own.
    """
    chosen = scenario.architectures[architecture]
    return Simulation(scenario, chosen, replication, scenario.seed if seed is None else seed).run()
