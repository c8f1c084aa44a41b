"""Files that commands read, mutated: whatever is in them, a command ends in order, in bounded time and memory.

Every input is drawn from its kind and its number alone, and tried in a process of its own. A command ends with exit
status 0 or 2 (1 where an expectation fails), says nothing that moves a cursor, and leaves no traceback. What `check`
accepts, `show` shows so that it loads back as the same scenario, and `run` runs.

Run as a program, it tries so many inputs of each kind (or of those that are named), and prints those that break a
rule, made smaller: `python tests/fuzz/files.py 500`, or `python tests/fuzz/files.py 1 17 graph` for number 17 alone.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from random import Random

from apart import apart, where
from cases import KINDS, Case
from damaged import COMMANDS, damaged, in_folder, whole

from sim import cli
from sim.cli import command
from sim.scenario.errors import ScenarioError
from sim.scenario.load import load, loads
from sim.scenario.spec import Scenario
from sim.scenario.spec.sources import Arrivals
from sim.workload.submissions import submissions

SECONDS = 60.0
"""How much of a processor all commands of an input may take; those that end take far less."""
MEMORY = 2_000_000_000
"""How much more memory than at the start they may have, in bytes."""
_WORK = {"messages": 100, "attempts": 30_000.0, "octets": 3_000_000}
"""What a scenario that is run has at most: others may take long, as their authors want it."""
_SMALLER = 120
"""How often a failing input is tried with less in it."""
_RUNS = ("run", "compare")


def result(random: Random) -> Case:
    """A damaged result folder."""
    return Case(in_folder(damaged(random, whole())), "", tuple(random.sample(COMMANDS, 4)))


DRAWERS = {**KINDS, "result": result}


def drawn(kind: str, number: int) -> Case:
    """The input of this number."""
    return DRAWERS[kind](Random(f"{kind}/{number}"))


def faults(case: Case, ends: Counter[str] | None = None) -> list[str]:
    """What is wrong with the ends of commands about these files; nothing, as it should be.

    Args:
        case: the files and commands.
        ends: counts how often which command ended with which exit status.
    """
    with tempfile.TemporaryDirectory() as home:
        for name, octets in case.files.items():
            path = Path(home, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(octets)
        return list(_faults(case, home, Counter() if ends is None else ends))


def _faults(case: Case, home: str, ends: Counter[str]) -> Iterator[str]:
    for words in case.commands:
        yield from _done([word.replace("{}", home) for word in words], ends)[1]
    if not case.scenario:
        return
    file = f"{home}/{case.scenario}"
    status, wrong, _ = _done(["check", file], ends)
    yield from wrong
    scenario = None if wrong or status else load(file)
    if scenario is not None and _is_big(scenario):
        return
    shown_status, wrong, shown = _done(["show", file], ends)
    yield from wrong
    if shown_status != status:
        yield f"check ends with {status}, show with {shown_status}"
    if scenario is None or wrong or shown_status:
        return
    try:
        if loads(shown, home) != scenario:
            yield "what is shown loads back as another scenario"
    except ScenarioError as error:
        yield f"what is shown does not load back: {str(error)[:300]}"
    if _is_small(scenario):
        out = f"{home}/result"
        kind = "compare" if len(case.files[case.scenario]) % 8 == 0 else "run"
        status, wrong, _ = _done([kind, file, "--jobs", "1", "--replications", "1", "-q", "--out", out], ends)
        yield from wrong
        if status == 2 and not wrong:
            yield f"check accepts what {kind} refuses"


def _done(words: list[str], ends: Counter[str]) -> tuple[int, list[str], str]:
    """Do a command: its exit status, what is wrong with how it ended, and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    defects: list[str] = []

    def seen() -> None:
        error = sys.exc_info()[1]
        defects.append(f"{type(error).__name__} in {where(error)}: {str(error)[:200]}")

    command.traceback.print_exc, kept = seen, command.traceback.print_exc
    try:
        with redirect_stdout(out), redirect_stderr(err):
            status = cli.main(words)
    finally:
        command.traceback.print_exc = kept
    ends[f"{words[0]} {status}"] += 1
    said = err.getvalue() + ("" if words[0] == "show" else out.getvalue())
    wrong = [f"{words[0]}: {defect}" for defect in defects]
    if status not in {0, 2} and not defects and not (status == 1 and words[0] in _RUNS):
        wrong.append(f"{words[0]}: exit status {status}")
    if not said.replace("\n", "").replace("\t", "").isprintable() and not defects:
        strange = next(c for c in said if not c.isprintable() and c not in "\n\t")
        wrong.append(f"{words[0]}: prints {strange!r}")
    if status == 2 and not err.getvalue().strip():
        wrong.append(f"{words[0]}: exit status 2, and not a word")
    signs = [sign for sign in ("not enough memory", "Warning:") if sign in err.getvalue() and not defects]
    wrong += [f"{words[0]}: {sign}: {err.getvalue()[:200]}" for sign in signs]
    return status, wrong, out.getvalue()


def _is_big(scenario: Scenario) -> bool:
    """Whether writing it out takes long: some 3 ms for each node, link and host."""
    return len(scenario.network.nodes) + len(scenario.network.links) > 2000


def _is_small(scenario: Scenario) -> bool:
    """Whether a run of it is a matter of seconds."""
    arriving = sum(s.rate * scenario.duration for s in scenario.workload if isinstance(s, Arrivals))
    if arriving > _WORK["messages"]:
        return False
    mail = submissions(scenario, Random)
    architectures = len(scenario.architectures)
    octets = sum(one.size * len(one.recipients) for one in mail)
    return (
        len(mail) * architectures <= 2 * _WORK["messages"]
        and octets * architectures <= _WORK["octets"]
        and len(scenario.network.nodes) * architectures <= 100
    )


def tried(kind: str, number: int) -> tuple[list[str], Case | None, Counter[str]]:
    """Try the input of this number: what is wrong, the input if something is, and how its commands ended."""
    case, ends = drawn(kind, number), Counter[str]()
    found = faults(case, ends)
    return found, case if found else None, ends


def smaller(case: Case, wanted: str) -> Case:
    """The input with as little in it as breaks the same rule."""
    tries = 0

    def holds(less: Case) -> bool:
        nonlocal tries
        tries += 1
        ended = apart(partial(faults, less), seconds=SECONDS, memory=MEMORY)
        found = [ended.fault] if ended.fault else ended.value
        return bool(found) and _kind(found[0]) == _kind(wanted)

    for words in case.commands if len(case.commands) > 1 else ():
        if holds(less := replace(case, commands=(words,))):
            case = less
            break
    for name in [name for name in case.files if name != case.scenario]:
        if holds(less := replace(case, files={k: v for k, v in case.files.items() if k != name})):
            case = less
    for name, cut in product(case.files, (b"\n", b", ", b"")):
        size = len(_pieces(case.files[name], cut))
        while size > 1 and tries < _SMALLER:
            size = -(-size // 2)
            case = _shorter(case, name, cut, size, lambda less: tries < _SMALLER and holds(less))
    return case


def _shorter(case: Case, name: str, cut: bytes, size: int, holds: Callable[[Case], bool]) -> Case:
    """The input without those runs of so many pieces of a file, at such cuts, that it can do without."""
    start = 0
    while start < len(pieces := _pieces(case.files[name], cut)):
        left = cut.join([*pieces[:start], *pieces[start + size :]])
        if holds(less := replace(case, files={**case.files, name: left})):
            case = less
        else:
            start += size
    return case


def _pieces(octets: bytes, cut: bytes) -> list[bytes]:
    return octets.split(cut) if cut else [bytes([octet]) for octet in octets]


def _kind(fault: str) -> str:
    return re.sub(r"[\d.e-]+|\(.*", "", fault)[:80]


def main(count: int, first: int = 0, *kinds: str) -> int:
    """Try so many inputs of each kind, and print what breaks a rule; how many do."""
    bad, most = 0, 0
    whole()
    loads("network: {nodes: [a]}")
    for kind in kinds or DRAWERS:
        known, ends = set[str](), Counter[str]()
        before = bad
        for number in range(first, first + count):
            ended = apart(partial(tried, kind, number), seconds=SECONDS, memory=MEMORY)
            most = max(most, ended.memory)
            if ended.fault:
                found = [ended.fault]
                case = apart(partial(drawn, kind, number), seconds=SECONDS, memory=MEMORY).value
            else:
                found, case, counted = ended.value
                ends += counted
            if not found:
                continue
            bad += 1
            print(f"{kind} {number}: {'; '.join(found)[:600]}", flush=True)
            if case is not None and _kind(found[0]) not in known:
                print(_text(smaller(case, found[0])), flush=True)
            known.add(_kind(found[0]))
        told = ", ".join(f"{end}: {ends[end]}" for end in sorted(ends))
        print(f"{kind}: {count} inputs, {bad - before} of them break a rule (exit statuses: {told})", flush=True)
    print(f"at most {most // 1_000_000} MB of memory")
    return bad


def _text(case: Case) -> str:
    lines = [f"    {' '.join(words)}" for words in case.commands]
    for name, octets in case.files.items():
        lines.append(f"    {name}: {octets[:2000]!r}{f' and {len(octets) - 2000} more' if len(octets) > 2000 else ''}")
    return "\n".join(lines)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(int(sys.argv[1]), *map(int, sys.argv[2:3]), *sys.argv[3:]) > 0)
