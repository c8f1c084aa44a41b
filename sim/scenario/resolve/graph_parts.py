"""A part of a network: the nodes that are fewest links away from some of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sim.scenario.resolve.plan import Plan


def part_around(plan: Plan, around: Sequence[str], sites: int) -> Plan:
    """So many nodes of a plan, with the links between them; what is as far comes in the plan's order.

    Args:
        plan: the whole.
        around: nodes to begin with; where there are none, the one with most links.
        sites: how many nodes are wanted at the most.
    """
    neighbours: dict[str, dict[str, None]] = defaultdict(dict)
    for one, other in (edge.between for edge in plan.edges):
        neighbours[one][other] = neighbours[other][one] = None
    found = dict.fromkeys(around or [max(plan.nodes, key=lambda node: len(neighbours[node]))])
    waiting = list(found)
    for node in waiting:
        new = [other for other in neighbours[node] if other not in found]
        found |= dict.fromkeys(new)
        waiting += new
        if len(found) >= sites:
            break
    kept = dict.fromkeys(list(found)[:sites])
    return Plan(
        {node: said for node, said in plan.nodes.items() if node in kept},
        [edge for edge in plan.edges if all(end in kept for end in edge.between)],
    )
