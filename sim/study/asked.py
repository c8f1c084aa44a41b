"""What `mtasim session` is asked, read into a case; all mistakes at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from sim.scenario.names import are, listing, shown, suggestion
from sim.scenario.quantity import BIT_RATE, DURATION, above_zero, format_size, parse_bytes
from sim.scenario.scalars import read_loss, read_mtu
from sim.scenario.spec import Loss, Tcp
from sim.scenario.spec.limits import Limits
from sim.scenario.spec.tcp import CONGESTION, PRESETS, read_tcp
from sim.scenario.syntax.loss import read_burst, read_queue
from sim.study.session import CLIENTS, SERVERS, Case

_PICTURES = (".png", ".svg", ".pdf")
_BIGGEST = Limits().size
_MOST = 10_000_000
"""Sessions: they are kept until the table of them all is printed."""
T = TypeVar("T")


class AskedError(ValueError):
    """Something that no session can be made of: a line for each mistake."""


def read_case(
    *,
    rtt: str,
    rate: str,
    loss: str,
    burst: str,
    size: str,
    client: str,
    server: str,
    congestion: str,
    tcp: str,
    queue: str,
    mtu: str,
    n: int,
    seed: int,
    plot: Path | None = None,
) -> Case:
    """The case of a session.

    Raises:
        AskedError: some of it is wrong; every line of the text names an option, its value and what is allowed.
    """
    problems: list[str] = []

    def read(option: str, parse: Callable[[object], T], value: object, instead: T) -> T:
        try:
            return parse(value)
        except ValueError as error:
            problems.append(f"--{option} {value}: {error}")
            return instead

    def one_of(option: str, value: str, words: Iterable[str]) -> str:
        return read(option, lambda _: _word(value, list(words)), value, value)

    share = read("loss", read_loss, _number(loss), 0.0)
    packets, seconds = read("burst", read_burst, _number(burst), (0.0, 0.0)) if burst else (0.0, 0.0)
    if packets and packets < share / (1 - share):
        problems.append(f"--burst {burst}: too short for so much loss: allowed is at least {share / (1 - share):.3g}")
    said = {"preset": one_of("tcp", tcp, PRESETS)}
    if congestion:
        said["congestion"] = one_of("congestion", congestion, CONGESTION)
    stack = Tcp() if problems else read_tcp(said)
    if plot is not None:
        read("plot", _picture, plot, None)
    case = Case(
        rtt=read("rtt", DURATION.parse, rtt, 0.0),
        rate=read("rate", lambda value: above_zero(BIT_RATE, value), rate, 1.0),
        loss=Loss(share=share, burst=packets, burst_time=seconds),
        size=read("size", _size, _bytes(size), 0),
        client=one_of("client", client, CLIENTS),
        server=one_of("server", server, SERVERS),
        tcp=stack,
        queue=read("queue", read_queue, _bytes(queue), 0) or math.inf,
        mtu=read("mtu", read_mtu, _bytes(mtu), 1500),
    )
    problems += _out_of_range(n, seed)
    if problems:
        raise AskedError("\n".join(problems))
    return case


def _size(value: object) -> int:
    """A message's size, which its octets have to find room for.

    Raises:
        ValueError: not a size, or too big.
    """
    size = parse_bytes(value)
    if size > _BIGGEST:
        raise ValueError(f"too big a message: allowed are {format_size(_BIGGEST)}")
    return size


def _out_of_range(n: int, seed: int) -> list[str]:
    problems = [f"-n {n}: at least 1 is needed"] if n < 1 else []
    if n > _MOST:
        problems = [f"-n {n}: allowed are {_MOST:,} sessions"]
    return [*problems, f"--seed {seed}: 0 or more is needed"] if seed < 0 else problems


def _number(value: object) -> object:
    """A number where the text is one: options are texts, a scenario file's values are not."""
    if not isinstance(value, str):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def _bytes(text: str) -> object:
    """A size: a bare number means bytes."""
    return f"{text} B" if isinstance(_number(text), int | float) else text


def _picture(path: object) -> None:
    if not isinstance(path, Path) or path.suffix not in _PICTURES:
        raise ValueError(f"no kind of picture: allowed are names that end in {listing(_PICTURES)}")
    if not path.parent.is_dir():
        raise ValueError(f"no folder {path.parent}: make it first, or name another")


def _word(value: str, words: list[str]) -> str:
    if value not in words:
        raise ValueError(f"unknown ({shown(value)}): allowed {are(words)} {listing(words)}{suggestion(value, words)}")
    return value
