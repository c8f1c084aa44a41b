"""Made-up facts for tests of tables, plots and reports: seeded, quick, of plausible size, without a simulation."""

from __future__ import annotations

import math
import random

from sim.results import metrics, store, summary
from sim.results.facts import AddressFact, AttemptFact, CopyFact, DialogueFact, Facts, MessageFact, QueueFact
from sim.results.tables import Tables, concat, frames

CITIES = {
    "UCLA": (34.07, -118.44),
    "SRI": (37.46, -122.18),
    "UCSB": (34.41, -119.85),
    "UTAH": (40.76, -111.85),
    "RAND": (34.01, -118.49),
    "MIT": (42.36, -71.09),
    "BBN": (42.39, -71.15),
    "HARVARD": (42.38, -71.12),
    "LINCOLN": (42.46, -71.27),
    "CARNEGIE": (40.44, -79.94),
    "CASE": (41.5, -81.6),
    "ILLINOIS": (40.1, -88.23),
}
LINKS = (
    ("UCLA", "SRI"),
    ("UCLA", "UCSB"),
    ("UCLA", "RAND"),
    ("SRI", "UCSB"),
    ("SRI", "UTAH"),
    ("UTAH", "ILLINOIS"),
    ("ILLINOIS", "MIT"),
    ("MIT", "BBN"),
    ("MIT", "LINCOLN"),
    ("BBN", "HARVARD"),
    ("HARVARD", "CARNEGIE"),
    ("CARNEGIE", "CASE"),
    ("CASE", "LINCOLN"),
    ("RAND", "BBN"),
)
SCENARIO = {
    "title": "ARPANET 1971, hop by hop or end to end",
    "seed": 1971,
    "replications": 6,
    "duration": "2 d",
    "network": {
        "nodes": {name: {"lat": lat, "lon": lon} for name, (lat, lon) in CITIES.items()},
        "links": [{"between": list(pair), "rate": "50 kbit/s", "loss": "0.1 %"} for pair in LINKS],
    },
    "architectures": {"end-to-end": {"transfer": "end-to-end"}, "store-and-forward": {"transfer": "store-and-forward"}},
}


def copy(message_id=1, outcome="delivered", created_s=0.0, ended_s=10.0, **more) -> CopyFact:
    """A copy fact of which only what matters need be said."""
    values = {
        "recipient": "u1@mit.example",
        "reason": "",
        "hops": 1,
        "attempts": 1,
        "duplicates": 0,
        "path": "UCLA>MIT",
        "queue_s": 0.0,
        "retry_s": 0.0,
        "contact_s": 0.0,
        "transfer_s": ended_s - created_s,
        "service_s": 0.0,
    }
    values |= more
    values = {
        "relays": values["hops"] + values["duplicates"],
        "drops": int(outcome in ("bounced", "expired", "lost")),
        **values,
    }
    return CopyFact(message_id=message_id, outcome=outcome, created_s=created_s, ended_s=ended_s, **values)


def attempt(message_id=1, outcome="accepted", session_id=0, **more) -> AttemptFact:
    """An attempt fact of which only what matters need be said."""
    values = {
        "from_host": "UCLA",
        "to_host": "MIT",
        "started_s": 0.0,
        "ended_s": 10.0,
        "reply_code": 250,
        "enhanced_code": "2.0.0",
        "round_trips": 8,
        "bytes_on_wire": 1500,
        "retransmissions": 0,
        "recipients": 1,
        "delay_a_s": 0.0,
        "delay_b_s": 0.0,
        "delay_c_s": 3.0,
        "delay_d_s": 7.0,
    }
    return AttemptFact(message_id=message_id, outcome=outcome, session_id=session_id, **{**values, **more})


def message(
    message_id=1, created_s=0.0, sender="u2@ucla.example", size_bytes=1000, recipients=1, author=None, about=0
) -> MessageFact:
    """A message fact of which only what matters need be said."""
    author = sender.strip("<>") if author is None else author
    return MessageFact(message_id, created_s, size_bytes, sender, recipients, author, about)


def tables_of(
    messages=(),
    copies=(),
    attempts=(),
    *,
    queues=(),
    deferrals=(),
    dialogues=(),
    acts=(),
    losses=(),
    addresses=(),
    architecture="a",
    replication=0,
) -> Tables:
    """The tables of one run with these facts."""
    by_host = list(attempts), list(queues), list(deferrals), list(dialogues), list(acts)
    facts = Facts(list(messages), list(copies), *by_host, losses=list(losses), addresses=list(addresses))
    return frames(facts, architecture, replication)


def dialogue(session_id: int, message_id: int, at: float, server: str, lines: int) -> list[DialogueFact]:
    """A session that passes one message on, in the words of RFC 5321 appendix D."""
    said = [
        ("<", f"220 {server} ESMTP"),
        (">", "EHLO ucla.example"),
        ("<", f"250-{server}"),
        ("<", "250 PIPELINING"),
        (">", "MAIL FROM:<u2@ucla.example>"),
        ("<", "250 2.1.0 Ok"),
        (">", "RCPT TO:<u1@mit.example>"),
        ("<", "250 2.1.5 Ok"),
        (">", "DATA"),
        ("<", "354 End data with <CR><LF>.<CR><LF>"),
        (">", f"Subject: message {message_id}"),
        (">", ""),
        *[(">", f"line {i}") for i in range(lines)],
        (">", "."),
        ("<", "250 2.0.0 Ok: queued"),
        (">", "QUIT"),
        ("<", "221 2.0.0 Bye"),
    ]
    return [DialogueFact(session_id, at + 0.01 * i, *line) for i, line in enumerate(said)]


def facts(architecture: int, replication: int, copies: int = 300) -> Facts:
    """One run: the same mail for every architecture, which then fares by its number."""
    mail, luck = random.Random(replication), random.Random(1000 * architecture + replication)
    names = list(CITIES)
    crossed = AddressFact(0, "u1@mit.example", "UCLA", "MIT", 10.0, "uucp", "mit!u1", "ucla!u2")
    found = Facts([], [], [], [], [], [], [], addresses=[crossed])
    for number in range(copies):
        born = mail.uniform(0, 2 * 86400)
        origin, target = mail.sample(names, 2)
        sender = "<>" if number % 50 == 49 else f"u{number % 10}@{origin.lower()}.example"
        size = int(mail.lognormvariate(7.6, 1))
        found.messages.append(MessageFact(number, born, size, sender, 1, sender.strip("<>"), 0))
        _one_copy(found, luck, architecture, born, (origin, target))
    found.attempts.extend(attempt(0, session_id=10**6 + n, protocol="imap", recipients=0) for n in range(3))
    _queues(found, luck, names)
    return found


def _one_copy(found: Facts, luck: random.Random, architecture: int, born: float, ends) -> None:
    number = len(found.copies)
    fate = luck.choices(
        ["delivered", "bounced", "expired", "lost", "queued", "in-transfer", "submitted"],
        [300 - 12 * architecture, 6 + 4 * architecture, 1, architecture, 2, 1, 1],
    )[0]
    hops = 1 if architecture == 0 else luck.randint(1, 4)
    retry = luck.lognormvariate(8.5, 1) if luck.random() < 0.08 + 0.05 * architecture else 0.0
    queue, contact, transfer = luck.expovariate(1), 1.5 * hops, luck.lognormvariate(0.5, 1) * hops
    age = queue + retry + contact + transfer + 0.1 * hops
    steps = _steps(born, born + age) if fate == "delivered" else {}
    path = ">".join([ends[0], *luck.sample(sorted(set(CITIES) - set(ends)), hops - 1), ends[1]])
    duplicates, drops = int(luck.random() < 0.01), int(fate in ("bounced", "expired", "lost"))
    found.copies.append(
        CopyFact(
            number, f"u1@{ends[1].lower()}.example", fate, "" if fate == "delivered" else "no answer", born, born + age,
            hops, hops, duplicates, path, queue, retry, contact, transfer, 0.1 * hops, relays=hops + duplicates, drops=drops,
            **steps,
        )
    )  # fmt: skip
    for hop in range(hops):
        pair = ends if architecture == 0 else luck.choice(LINKS)
        session = len(found.attempts)
        found.attempts.append(
            attempt(number, session_id=session, from_host=pair[0], to_host=pair[1], started_s=born + hop, ended_s=born + hop + 1,
                    bytes_on_wire=luck.randint(1000, 20000), outcome=luck.choice(["accepted"] * 9 + ["connect-timeout"]))
        )  # fmt: skip


def _steps(born: float, stored: float) -> dict[str, float]:
    """A delivered copy's steps: its recipient looks every ten minutes, and reads what he finds after three."""
    told = math.ceil(stored / 600) * 600
    return {
        "composed_s": born, "submitted_s": min(born + 0.5, stored), "accepted_s": stored, "stored_s": stored,
        "announced_s": told + 0.2, "fetched_s": told + 0.4, "read_s": told + 180.0,
    }  # fmt: skip


def _queues(found: Facts, luck: random.Random, names: list[str]) -> None:
    for nth, host in enumerate(names):
        at, length = 0.0, 0
        while at < 2.2 * 86400:
            at += luck.expovariate(1 / 2400)
            length = max(0, length + luck.choice([-1, 1]) * luck.randint(0, 1 + 12 // (nth + 1)))
            found.queues.append(QueueFact(host, at, length, 1200 * length))


def result(
    architectures=("end-to-end", "store-and-forward"), replications=6, copies=300, scenario=None
) -> store.Result:
    """A whole result, as a comparison of these architectures would leave it."""
    runs = [(nth, name, r) for nth, name in enumerate(architectures) for r in range(replications)]
    made = [(name, r, facts(nth, r, copies)) for nth, name, r in runs]
    tables = concat([frames(found, name, r) for name, r, found in made])
    measures = metrics.measure(tables)
    prints = [store.fingerprint(found) for _, _, found in made]
    manifest = store.manifest(
        scenario_hash="0" * 64,
        seed=1971,
        fingerprint=store.combine(prints),
        wall_time_s=1.25,
        architectures=list(architectures),
        replications=replications,
        command=["mtasim", "compare", "arpanet"],
    )
    data = dict(SCENARIO if scenario is None else scenario)
    return store.Result(
        **vars(tables),
        scenario=data,
        measures=measures,
        summary=summary.summarise(measures),
        manifest={**manifest, "scenario": data},
    )
