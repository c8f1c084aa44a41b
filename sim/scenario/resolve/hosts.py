"""The hosts and domains of each architecture. Of hosts: built-in settings and four layers of the file's, weakest first.

The order is `hosts.defaults`, the architecture's `hosts.defaults`, `hosts.NAME`, the architecture's `hosts.NAME`. A
stronger layer replaces a setting as a whole; only the parameters of one MTA add up, and extensions that are set one by
one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sim.scenario.findings import Findings
from sim.scenario.names import ehlo_names
from sim.scenario.products.base import Product
from sim.scenario.products.postfix import Postfix
from sim.scenario.pydantic_seam import KEY
from sim.scenario.quantity import format_duration
from sim.scenario.resolve.collects import check_collects
from sim.scenario.resolve.mx import resolve_own_domains
from sim.scenario.resolve.plan import DEFAULTS
from sim.scenario.resolve.transfers import appoint, reach, replicas_of
from sim.scenario.source import Path
from sim.scenario.spec import Architecture, Domain, Host, Weather
from sim.scenario.spec.accounts import AuthForm
from sim.scenario.spec.protocols import ENDS
from sim.scenario.spec.weather import CrashesForm
from sim.scenario.syntax.extensions import missing, resolve_extensions, split_words
from sim.scenario.syntax.form import ArchitectureForm, HostSettings, ScenarioForm
from sim.scenario.syntax.mta import Choice, faults_of

DEFAULT_ARCHITECTURES: Mapping[str, ArchitectureForm] = {
    "end-to-end": ArchitectureForm(transfer="end-to-end"),
    "store-and-forward": ArchitectureForm(transfer="store-and-forward"),
}

Hosts = Mapping[str, HostSettings]
Layer = tuple[Path, HostSettings]


def resolve_architectures(
    scenario: ScenarioForm,
    domains: Mapping[str, Domain],
    nodes: Iterable[str],
    findings: Findings,
    *,
    known: bool,
) -> dict[str, Architecture]:
    """The architectures with every host and domain as each has it; `known` when the nodes are all there are."""
    forms, nodes, common = scenario.architectures, list(nodes), scenario.hosts or {}
    unreachable = (scenario.network and scenario.network.unreachable) or "silent"
    _check_names(("hosts",), common, nodes, findings, known=known)
    if forms is not None and not forms and findings.whole("architectures"):
        findings.error(("architectures",), "no architectures (an empty mapping): allowed is at least one")
    architectures, names = {}, ehlo_names(nodes)
    for name, form in (DEFAULT_ARCHITECTURES if forms is None else forms).items():
        own = form.hosts or {}
        _check_names(("architectures", name, "hosts"), own, nodes, findings, known=known)
        layers = {node: _layers(node, (("hosts",), common), (("architectures", name, "hosts"), own)) for node in nodes}
        hosts = {node: _host(node, names[node], layers[node], findings) for node in nodes}
        for node, host in hosts.items():
            _check_collecting(host, hosts, layers[node], findings)
        if form.routing == "static" and form.convergence:
            findings.note(f"{name} waits {format_duration(form.convergence)} for nothing: static routing never changes")
        _check_protocol(name, form, nodes, findings, known=known)
        plain = Architecture(
            name=name,
            transfer=reach(form),
            routing=form.routing,
            hosts=hosts,
            convergence=form.convergence,
            unreachable=form.unreachable or unreachable,
            domains=resolve_own_domains(name, form.domains or {}, domains, scenario.domains or {}, findings),
            protocol=form.protocol,
            broker=form.broker or "",
            replicas=replicas_of(form, name, findings),
        )
        architectures[name] = appoint(form, plain, domains, findings)
    return architectures


def _check_protocol(
    name: str, form: ArchitectureForm, nodes: Sequence[str], findings: Findings, *, known: bool
) -> None:
    """By FTP and MQTT a session goes the whole way, by NJE and PhoneNet one link, and MQTT has its broker."""
    place = ("architectures", name)
    if form.protocol in ("nje", "phonenet") and form.transfer == "end-to-end":
        findings.error(
            (*place, "protocol"),
            f"{form.protocol} where the transfer is end-to-end: allowed is store-and-forward, since every host on "
            "the way takes the message",
        )
    if form.protocol in ENDS and form.transfer != "end-to-end":
        findings.error(
            (*place, "protocol"),
            f"{form.protocol} where the transfer is {form.transfer}: allowed is end-to-end, since no host on the way "
            "passes anything on",
        )
    if form.protocol == "mqtt" and form.broker is None:
        findings.error((*place, "protocol"), "mqtt without a broker: needed is e.g. broker: hub, the name of a host")
    if form.broker is not None:
        if form.protocol != "mqtt":
            findings.error(
                (*place, "broker"),
                f"a broker where the protocol is {form.protocol}: allowed is one with protocol: mqtt",
            )
        findings.known((*place, "broker"), "host", form.broker, nodes, whole=known)


def _layers(node: str, *places: tuple[Path, Hosts]) -> list[Layer]:
    """What the file says of a host, weakest first, and where."""
    return [((*path, name), hosts[name]) for name in (DEFAULTS, node) for path, hosts in places if name in hosts]


def _check_names(path: Path, hosts: Hosts, nodes: list[str], findings: Findings, *, known: bool) -> None:
    allowed = [DEFAULTS, *nodes]
    for name, form in hosts.items():
        findings.known((*path, name, KEY), "host", name, allowed, whole=known)
        for domain, host in form.get("routes", {}).items():
            findings.known((*path, name, "routes", domain), "host", host, nodes, whole=known)
        if form.get("collects"):
            place = (*path, name, "collects", "from")
            findings.known(place, "host", form["collects"].source, nodes, whole=known)


def _check_collecting(host: Host, hosts: Mapping[str, Host], layers: Sequence[Layer], findings: Findings) -> None:
    said = [path for path, form in layers if form.get("collects")]
    if said and all(findings.untouched(*map(str, path)) for path, _ in layers):
        check_collects(host, hosts, (*said[-1], "collects"), findings)


def _host(name: str, ehlo: str, layers: Sequence[Layer], findings: Findings) -> Host:
    said: dict[str, Any] = {}
    choice: Choice | None = None
    for _, layer in layers:
        said |= layer
        if "mta" in layer:
            choice = layer["mta"].over(choice)
    mta = choice.product() if choice else Postfix()
    _check_product(mta, choice, layers, findings)
    _check_addresses(layers, findings)
    offers, uses = _extensions(mta, said, layers, findings)
    crashes: CrashesForm | None = said.pop("crashes", None)
    weather = Weather(
        outages=crashes.outages if crashes else None, down=said.pop("down", ()), windows=said.pop("windows", ())
    )
    own = {
        "called": "" if ehlo == name else ehlo,
        "mta": mta,
        "extensions": offers,
        "uses": uses,
        "clear_auth": said.pop("auth", AuthForm()).clear,
        "weather": weather,
        "spool": _spool(layers, findings),
    }
    return Host(name=name, **said | own)


def _check_addresses(layers: Sequence[Layer], findings: Findings) -> None:
    """What the strongest layer says of the addresses has each of them once."""
    said = [(path, form["addresses"]) for path, form in layers if "addresses" in form]
    path, addresses = said[-1] if said else ((), ())
    seen: set[str] = set()
    for index, address in enumerate(addresses):
        if address.ip in seen:
            fault = f"this address is there twice ({address.ip}): allowed is each once"
            findings.error((*path, "addresses", index), fault)
        seen.add(address.ip)


def _spool(layers: Sequence[Layer], findings: Findings) -> Literal["durable", "volatile"]:
    """What the strongest layer says of the spool, by its own key or among the crashes that hold."""
    spool: Literal["durable", "volatile"] | None = None
    own: Literal["durable", "volatile"] | None = None
    for path, form in layers:
        said = form.get("spool")
        crashes = form["crashes"].spool if form.get("crashes") else None
        if said and crashes and said != crashes:
            findings.error((*path, "spool"), f"two words on one spool ({said}, and {crashes} with crashes): say one")
        own = said or own
        if said or "crashes" in form:
            spool = said or crashes or own
    return spool or "durable"


def _check_product(mta: Product, choice: Choice | None, layers: Sequence[Layer], findings: Findings) -> None:
    """Report backoffs that are too long where the strongest layer sets one of the two times."""
    if choice is None or not all(findings.untouched(*map(str, path), "mta") for path, _ in layers):
        return
    for parameters, fault in faults_of(mta):
        path, parameter = next(
            (path, parameter)
            for path, form in reversed(layers)
            for parameter in parameters
            if "mta" in form and form["mta"].name == choice.name and parameter in form["mta"].parameters
        )
        findings.error((*path, "mta", *([choice.name] if choice.name else []), parameter), fault)


def _extensions(
    mta: Product, settings: Mapping[str, Any], layers: Sequence[Layer], findings: Findings
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the host offers and uses."""
    said = [(path, form["extensions"]) for path, form in layers if "extensions" in form]
    words = resolve_extensions(
        type(mta),
        [extensions for _, extensions in said],
        has_accounts=bool(settings.get("accounts")),
        has_login=bool(settings.get("login")),
    )
    for fault in missing(words):
        findings.error((*said[-1][0], "extensions"), fault)
    return split_words(words)
