"""Seeds tried one by one, for programs that look for inputs that break a rule."""

from __future__ import annotations

import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

PROCESSES = 8
"""Most of the time they wait for a socket."""


def try_seeds(what: str, tried: Callable[[int], list[str]], count: int, first: int = 0) -> int:
    """Try so many seeds, and print those that break a rule, with the rules; how many do.

    Args:
        what: what a seed makes.
        tried: gives the rules that a seed breaks.
        count: how many to try.
        first: the first one.
    """
    bad, seeds = 0, range(first, first + count)
    with ProcessPoolExecutor(PROCESSES) as pool:
        for seed, found in zip(seeds, pool.map(tried, seeds), strict=True):
            if found:
                bad += 1
                print(f"{what}, seed {seed}: {'; '.join(found)}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1000
    print(f"{what}: {count} seeds, {bad} of them break a rule; at most {peak} MB of memory")
    return bad
