"""Loading a scenario with all that it is made of known: the rules of its users are looked at as well."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec, cast

from sim.mailbox.sieve import SieveError
from sim.mailbox.sieve_script import read_script
from sim.scenario import load as scenario_load
from sim.scenario.spec import Scenario

P = ParamSpec("P")


def fault_of(script: str) -> tuple[int, str] | None:
    """The line of a Sieve script, from 1, and what is wrong there; None where nothing is."""
    try:
        read_script(script.encode())
    except SieveError as error:
        return error.line, error.said
    return None


def _knowing_sieve(read: Callable[P, Scenario]) -> Callable[P, Scenario]:
    @wraps(read)
    def knowing(*args: P.args, **kwargs: P.kwargs) -> Scenario:
        asked: dict[str, Any] = {"fault_of": fault_of, **kwargs}
        return cast("Callable[..., Scenario]", read)(*args, **asked)

    return knowing


load: Final = _knowing_sieve(scenario_load.load)
loads: Final = _knowing_sieve(scenario_load.loads)
from_dict: Final = _knowing_sieve(scenario_load.from_dict)
