"""The command that finds routes over a UUCP map."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sim.cli.common import DONE, EXPECTATION_FAILED, UsageError, put, tell

_MOST_OCTETS = 64_000_000

MapFiles = Annotated[
    tuple[str, ...],
    Parameter(name="--map", negative="", help="A map in pathalias's syntax, plain or gzip; may be given again."),
]


def route(
    *to: Annotated[str, Parameter(help="The sites and domains to be reached; all of them if none is named.")],
    files: MapFiles,
    home: Annotated[str, Parameter(name="--from", help="The site where the routes begin.")],
    dead: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="A site, or a link as SITE!SITE, that is not to be used; may be given again."),
    ] = (),
    keep_case: Annotated[bool, Parameter(negative="", help="Take Seismo and seismo for two sites.")] = False,
    terminal_domains: Annotated[
        bool, Parameter(negative="", help="Pass nothing on beyond members of domains (pathalias -D).")
    ] = False,
    first_hop_cost: Annotated[
        bool, Parameter(negative="", help="Print the cost of a route's first hop instead of its own (pathalias -f).")
    ] = False,
) -> int:
    """Print the cheapest routes over a UUCP map as pathalias does: cost, site, and the address of %s there.

    Mistakes in the map are told on stderr, and so are sites that there is no way to; the exit status is 1 if one of
    them was asked for.
    """
    from sim.mail.pathalias import Map, Tree, read_map, routes
    from sim.scenario.inputs import read_input

    declared = Map(fold_case=not keep_case, terminal_domains=terminal_domains)
    for one in dead:
        declared.kill(*map(declared.site, one.split("!", 1)))
    for file in files:
        read_map(read_input(Path(), file, _MOST_OCTETS).decode("latin-1"), file, declared)
    for complaint in declared.complaints:
        tell(complaint)
    start = declared.known(home)
    if start is None:
        raise UsageError(f"--from {home}: no such site in {', '.join(files)}")
    tree = Tree(declared, start)
    found = routes(tree, first_hop_cost=first_hop_cost)
    if not to:
        put("\n".join(map(str, found)))
        for site in tree.unreached:
            tell(f"no way from {home} to {site.name}")
        return DONE
    known = {route.to: route for route in found}
    missing = [name for name in to if declared.spelled(name) not in known]
    for name in to:
        if name not in missing:
            put(known[declared.spelled(name)])
    for name in missing:
        tell(f"no route from {home} to {name}" + ("" if declared.known(name) else ": no such site in the map"))
    return EXPECTATION_FAILED if missing else DONE
