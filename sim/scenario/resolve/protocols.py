"""Protocols of links, and of architectures: where they meet is a gateway, which passes on what it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sim.scenario.findings import Findings
from sim.scenario.names import some
from sim.scenario.pydantic_seam import Step
from sim.scenario.source import Path
from sim.scenario.spec import Architecture, Network
from sim.scenario.spec.protocols import ENDS
from sim.scenario.syntax.form import NetworkForm

_BROKERED = "mqtt"


def check_protocols(
    form: NetworkForm, network: Network, architectures: Mapping[str, Architecture], findings: Findings
) -> None:
    """Find protocols that cannot be those of a part of the network; note which hosts are gateways."""
    for place in _places(form):
        fault = f"{_BROKERED} over a link: allowed is a protocol without a broker; an architecture as a whole has one"
        findings.error(place, fault)
    gateways: dict[str, None] = {}
    for name, architecture in architectures.items():
        protocols = network.protocols(architecture.protocol)
        if len(set(protocols.values())) > 1 and architecture.protocol in ENDS:
            findings.error(
                ("architectures", name, "protocol"),
                f"{architecture.protocol} where some links have another protocol: allowed is one by which hosts pass "
                "on what they take",
            )
        spoken = some(sorted({architecture.protocol, *protocols.values()} - {"smtp"}))
        if architecture.replicas is not None and spoken:
            fault = f"replicas where hosts speak {spoken}: allowed is smtp, behind an exchange of summary vectors"
            findings.error(("architectures", name, "transfer"), fault)
        met: dict[str, str] = {}
        for link in network.links:
            for end in link.between:
                if met.setdefault(end, protocols[link.name]) != protocols[link.name]:
                    gateways[end] = None
    if gateways:
        findings.note(f"gateways, where links of several protocols meet: {some(list(gateways))}")


def _places(form: NetworkForm) -> Iterator[Path]:
    """Where the file names a protocol that a link cannot have."""
    links: list[tuple[tuple[Step, ...], Mapping[str, object]]] = [(("link_defaults",), form.link_defaults or {})]
    links += [(("links", index), link) for index, link in enumerate(form.links or ())]
    for place, link in links:
        if link.get("protocol") == _BROKERED:
            yield ("network", *place, "protocol")
