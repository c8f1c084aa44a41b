"""The whole workload of a run: every source's messages, in order of time.

It depends on the scenario's workload, its domains and the streams alone, never on an architecture, so that all
architectures carry the same mail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import ceil
from operator import attrgetter
from random import Random
from typing import NamedTuple

from sim.mail.xtext import encode_xtext
from sim.scenario.distribution import Distribution
from sim.scenario.resolve.address_owners import Owners
from sim.scenario.resolve.mail_trace import addresses_of, read_letters
from sim.scenario.resolve.messages import read_messages
from sim.scenario.spec import Scenario
from sim.scenario.spec.asks import Asks
from sim.scenario.spec.sources import ConstantArrivals, Messages, MessagesAt, PoissonArrivals, Source, Trace
from sim.workload.pairs import Pairs
from sim.workload.users import Population

Parameters = tuple[tuple[str, str | None], ...]
"""ESMTP parameters: keyword and value."""

Streams = Callable[[str], Random]
"""Gives the random stream of a name; the same stream for the same name in every architecture."""


class Submission(NamedTuple):
    """A message that somebody hands to their MTA.

    `at` in seconds, `size` in octets of mail data; addresses as people write them (`sim.mail.mailbox`). `author` is the
    user who hands it in where `sender`, the reverse-path, is somebody else's address; else empty. `content` is a real
    message's mail data, or None where the message is to be composed when it is submitted: of `text`, or at `size` where
    there is none. `parameters` are those of MAIL, and `recipient_parameters` of every RCPT, that say what the sender
    asks for; None where that is nothing. `binary` says that the message is a file of so many octets.
    """

    at: float
    sender: str
    recipients: tuple[str, ...]
    size: int
    content: bytes | None = None
    text: str | None = None
    parameters: Parameters | None = None
    recipient_parameters: Parameters = ()
    author: str = ""
    binary: bool = False


def submissions(scenario: Scenario, streams: Streams) -> list[Submission]:
    """All messages written within the scenario's duration, sorted by time, then source, then order in the source.

    Source number i draws its times from the stream `workload/i/times`, its senders and recipients from
    `workload/i/pairs`, its sizes from `workload/i/sizes`, who of them is nobody from `workload/i/strangers` and whose
    address is borne from `workload/i/forged`: a change of one leaves the others as they were.

    Raises:
        InputError: a trace or message file cannot be read, or is not what it should be.
    """
    population = Population(scenario.domains)
    everything = [
        submission
        for index, source in enumerate(scenario.workload)
        for submission in _source(source, scenario, population, partial(_named, streams, index))
        if submission.at < scenario.duration
    ]
    # The sort is stable, so equal times keep the order of sources and of messages in them.
    everything.sort(key=attrgetter("at"))
    return everything


def parameters_of(asks: Asks) -> tuple[Parameters, Parameters]:
    """The parameters of MAIL, and of every RCPT, that ask for this (RFC 3461, 2852, 4865, 6710)."""
    mail: list[tuple[str, str | None]] = []
    if asks.returns:
        mail.append(("RET", "HDRS" if asks.returns == "headers" else "FULL"))
    if asks.envelope_id:
        mail.append(("ENVID", encode_xtext(asks.envelope_id)))
    if asks.deliver_within:
        mail.append(("BY", f"{round(asks.deliver_within)};{'R' if asks.late == 'return' else 'N'}"))
    if asks.hold_for:
        mail.append(("HOLDFOR", str(round(asks.hold_for))))
    if asks.priority:
        mail.append(("MT-PRIORITY", str(asks.priority)))
    notify = ",".join(asks.notify).upper()
    return tuple(mail), ((("NOTIFY", notify),) if notify else ())


def _named(streams: Streams, index: int, name: str) -> Random:
    return streams(f"workload/{index}/{name}")


def _source(source: Source, scenario: Scenario, population: Population, streams: Streams) -> Iterator[Submission]:
    match source:
        case PoissonArrivals() | ConstantArrivals():
            return _arrivals(source, scenario, population, streams)
        case MessagesAt():
            return _messages_at(source)
        case Trace():
            return _trace(source, scenario, population, streams)
    return _messages(source, scenario, population, streams)


def _arrivals(
    source: PoissonArrivals | ConstantArrivals, scenario: Scenario, population: Population, streams: Streams
) -> Iterator[Submission]:
    numbers, sizes, fates, forgeries = (streams(name) for name in ("pairs", "sizes", "strangers", "forged"))
    pairs = Pairs(population, source.pairs, source.senders, source.recipients)
    if isinstance(source, PoissonArrivals):
        times = _poisson(source.rate, scenario.duration, streams("times"))
    else:
        times = _even(source.rate, scenario.duration)
    forged = source.forged
    for number, at in enumerate(times):
        sender, recipient = pairs.draw(numbers)
        if source.strangers and fates.random() < source.strangers:
            recipient = population.stranger(number, recipient)
        submission = Submission(at, sender, (recipient,), _octets(source.size, sizes, scenario.limits.size))
        if forged is not None and forged.share and forgeries.random() < forged.share:
            victim = population.victim(sender, forged.domain or "", forgeries)
            submission = submission._replace(sender=victim, author=sender)
        yield submission


def _messages_at(source: MessagesAt) -> Iterator[Submission]:
    for message in source.messages:
        asked = parameters_of(message.asks) if message.asks else (None, ())
        size = max(1, round(message.size))
        said = Submission(message.at, message.sender, message.recipients, size, None, message.text, *asked)
        yield said._replace(binary=message.file is not None)


def _trace(source: Trace, scenario: Scenario, population: Population, streams: Streams) -> Iterator[Submission]:
    recorded = read_letters(
        scenario.folder, source.file, start=source.start, duration=scenario.duration, most=scenario.limits.file
    )
    address = addresses_of(recorded, Owners(scenario.domains), population.in_turn)
    sizes = streams("sizes")
    for letter in recorded.letters:
        # Two people may have come to one user, who gets the message once.
        recipients = tuple(dict.fromkeys(address[target] for target in letter.targets))
        yield Submission(
            letter.at, address[letter.source], recipients, _octets(source.size, sizes, scenario.limits.size)
        )


def _messages(source: Messages, scenario: Scenario, population: Population, streams: Streams) -> Iterator[Submission]:
    contents = read_messages(scenario.folder, source.path, scenario.limits.file).contents
    numbers, pairs = streams("pairs"), Pairs(population, source.pairs, source.senders, source.recipients)
    if source.rate:
        times = _poisson(source.rate, scenario.duration, streams("times"))
    else:
        times = (number * scenario.duration / len(contents) for number in range(len(contents)))
    for number, at in enumerate(times):
        sender, recipient = pairs.draw(numbers)
        content = contents[number % len(contents)]
        yield Submission(at, sender, (recipient,), len(content), content)


def _poisson(rate: float, duration: float, random: Random) -> Iterator[float]:
    """Times at exponential gaps of mean 1 / rate, the first gap from 0."""
    at = random.expovariate(rate)
    while at < duration:
        yield at
        at += random.expovariate(rate)


def _even(rate: float, duration: float) -> Iterator[float]:
    """Times at gaps of exactly 1 / rate, the first one 0."""
    # Rounding keeps an even division even: 24 messages a day for a rate of 1 / 3600, not a 25th.
    return (number / rate for number in range(ceil(round(rate * duration, 6))))


def _octets(size: Distribution, random: Random, most: int) -> int:
    """A size drawn, in whole octets; no message is empty, and none bigger than the limit."""
    return max(1, min(round(size.sample(random)), most))
