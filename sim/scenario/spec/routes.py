"""A host's own routes, as a scenario file writes them: the host that takes a domain's mail, whatever the DNS says.

Postfix has them as transport_maps and relayhost, sendmail as mailertable and SMART_HOST, Exim as manualroute, qmail as
control/smtproutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from sim.scenario.names import is_domain_name, shown
from sim.scenario.pydantic_seam import KEY, Collected, JsonSchema, Reads
from sim.scenario.scalars import read_name

ALL_OTHERS = "*"
"""The domain that stands for all that have no route of their own."""


def read_next_hosts(value: object) -> dict[str, str]:
    """Hosts by domain, whose names are in lower case.

    Raises:
        ValueError: something else, a name that is no domain, or one that is there twice.
    """
    if not isinstance(value, dict):
        raise ValueError(f'not routes ({shown(value)}): allowed is e.g. {{a.example: HOST, "*": HOST}}')  # noqa: TRY004
    routes: dict[str, str] = {}
    collected = Collected()
    for key, host in value.items():
        name = collected.read((key, KEY), _read_domain, key, "")
        if name in routes:
            collected.read((key, KEY), _refuse_again, name, "")
        routes[name] = collected.read((key,), read_name, host, "")
    collected.done()
    return routes


def _read_domain(value: object) -> str:
    name = read_name(value)
    if name != ALL_OTHERS and not is_domain_name(name):
        raise ValueError(f'not a domain name ({shown(name)}): allowed are domains, and "*" for all others')
    return name.lower()


def _refuse_again(name: object) -> str:
    raise ValueError(f"this domain is there twice ({name}): upper and lower case are the same")


_SCHEMA: JsonSchema = {"type": "object", "additionalProperties": {"type": ["string", "integer"]}}

NextHosts = Annotated[Mapping[str, str], Reads(read_next_hosts, _SCHEMA, dict)]
