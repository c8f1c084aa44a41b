"""A host's own routes, as a scenario file writes them: the host that takes a domain's mail, whatever the DNS says.

Postfix has them as transport_maps and relayhost, sendmail as mailertable and SMART_HOST, Exim as manualroute, qmail as
control/smtproutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated

from sim.scenario.names import is_domain_name, shown
from sim.scenario.pydantic_seam import JsonSchema, Reads, read_mapping
from sim.scenario.scalars import NAME_SCHEMA, read_name

ALL_OTHERS = "*"
"""The domain that stands for all that have no route of their own."""


_ROUTES = "routes", '{a.example: HOST, "*": HOST}'


def read_next_hosts(value: object) -> dict[str, str]:
    """Hosts by domain, whose names are in lower case.

    Raises:
        ValueError: something else, a name that is no domain, or one that is there twice.
    """
    return read_mapping(_ROUTES, partial(_read_domain, set()), read_name, "", value)


def _read_domain(seen: set[str], value: object) -> str:
    name = read_name(value)
    if name != ALL_OTHERS and not is_domain_name(name):
        raise ValueError(f'not a domain name ({shown(name)}): allowed are domains, and "*" for all others')
    if name.lower() in seen:
        raise ValueError(f"this domain is there twice ({name.lower()}): upper and lower case are the same")
    seen.add(name.lower())
    return name.lower()


_SCHEMA: JsonSchema = {"type": "object", "additionalProperties": NAME_SCHEMA}

NextHosts = Annotated[Mapping[str, str], Reads(read_next_hosts, _SCHEMA, dict)]
