"""The logins of hosts, and how AUTH is taken, as a scenario file writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Collected, JsonSchema, Reads, read_mapping, settings
from sim.scenario.scalars import NAME_SCHEMA, Flag
from sim.scenario.sections import Section

_LONGEST = 255
"""RFC 4616 section 2: octets in a name or a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthForm(Section):
    """How a host takes AUTH."""

    clear: Flag | None = None
    """Whether it does without TLS; where nothing is said it does in a run, and from this machine where it is served."""


def read_login(value: object) -> tuple[str, str] | None:
    """A login: its name and password; None for `none`.

    Raises:
        ValueError: something else.
    """
    if value == "none":
        return None
    collected = Collected()
    given = settings(value, ["name", "password"], collected=collected)
    name, password = [collected.read((key,), read_secret, given[key], "") for key in ("name", "password")]
    collected.done()
    return name, password


def read_secret(value: object) -> str:
    """A login name or a password: 1 to 255 octets of text, without control characters (RFC 4616 section 2).

    Raises:
        ValueError: something else.
    """
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text.isprintable() or not 0 < len(text.encode()) <= _LONGEST:
        raise ValueError(
            f"not a name or password ({shown(value)}): allowed is text of 1 to {_LONGEST} octets "
            "without control characters; put other values in quotes"
        )
    return text


def _write_login(login: tuple[str, str] | None) -> object:
    return {"name": login[0], "password": login[1]} if login else "none"


_SAID = "accounts", "{ann: secret}"
_ACCOUNTS: JsonSchema = {"type": "object", "additionalProperties": NAME_SCHEMA}
_LOGIN: JsonSchema = {
    "anyOf": [
        {
            "type": "object",
            "properties": {"name": NAME_SCHEMA, "password": NAME_SCHEMA},
            "required": ["name", "password"],
            "additionalProperties": False,
        },
        {"const": "none"},
    ]
}

Accounts = Annotated[
    Mapping[str, str],
    Reads(partial(read_mapping, _SAID, read_secret, read_secret, ""), _ACCOUNTS, dict),
]
Login = Annotated[tuple[str, str] | None, Reads(read_login, _LOGIN, _write_login)]
