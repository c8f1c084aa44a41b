"""The hosts and domains of each architecture. Of hosts: built-in settings and four layers of the file's, weakest first.

The order is `hosts.defaults`, the architecture's `hosts.defaults`, `hosts.NAME`, the architecture's `hosts.NAME`. A
stronger layer replaces a setting as a whole; only the parameters of one MTA add up, and extensions that are set one by
one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Literal

from sim.scenario.findings import Findings
from sim.scenario.names import ehlo_names
from sim.scenario.products.base import Product
from sim.scenario.products.postfix import Postfix
from sim.scenario.pydantic_seam import KEY
from sim.scenario.quantity import format_duration
from sim.scenario.resolve.collects import check_collects
from sim.scenario.resolve.mx import resolve_own_domains
from sim.scenario.resolve.plan import DEFAULTS
from sim.scenario.resolve.weather import availability, sky, weather
from sim.scenario.source import Path
from sim.scenario.spec import TIMES, Address, Architecture, Domain, Host, Tls
from sim.scenario.spec.capacity import NO_CAPACITY
from sim.scenario.spec.collects import Collects
from sim.scenario.spec.policies import NO_POLICIES
from sim.scenario.syntax.extensions import missing, resolve_extensions, split_words
from sim.scenario.syntax.form import ArchitectureForm, HostForm
from sim.scenario.syntax.products import Choice, faults_of
from sim.scenario.syntax.routes import check_routes
from sim.scenario.syntax.weather import CrashesForm

DEFAULT_ARCHITECTURES: Mapping[str, ArchitectureForm] = {
    "end-to-end": ArchitectureForm(transfer="end-to-end"),
    "store-and-forward": ArchitectureForm(transfer="store-and-forward"),
}

Hosts = Mapping[str, HostForm]
Layer = tuple[Path, HostForm]


def resolve_architectures(
    forms: Mapping[str, ArchitectureForm] | None,
    common: Hosts | None,
    domains: Mapping[str, Domain],
    nodes: Iterable[str],
    findings: Findings,
    *,
    known: bool,
    unreachable: Literal["silent", "icmp"] = "silent",
) -> dict[str, Architecture]:
    """The architectures with every host and domain as each has it; `known` when the nodes are all there are.

    `unreachable` is what the network says of that, for those that say nothing.
    """
    nodes, common = list(nodes), common or {}
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
        architectures[name] = Architecture(
            name=name,
            transfer=form.transfer,
            routing=form.routing,
            hosts=hosts,
            convergence=form.convergence,
            unreachable=form.unreachable or unreachable,
            domains=resolve_own_domains(name, form.domains or {}, domains, nodes, findings, known=known),
        )
    return architectures


def _layers(node: str, *places: tuple[Path, Hosts]) -> list[Layer]:
    """What the file says of a host, weakest first, and where."""
    return [((*path, name), hosts[name]) for name in (DEFAULTS, node) for path, hosts in places if name in hosts]


def _check_names(path: Path, hosts: Hosts, nodes: list[str], findings: Findings, *, known: bool) -> None:
    allowed = [DEFAULTS, *nodes]
    for name, form in hosts.items():
        findings.known((*path, name, KEY), "host", name, allowed, whole=known)
        check_routes(form.routes or {}, (*path, name, "routes"), nodes, findings, known=known)
        if isinstance(form.collects, Collects):
            place = (*path, name, "collects", "from")
            findings.known(place, "host", form.collects.source, nodes, whole=known)


def _check_collecting(host: Host, hosts: Mapping[str, Host], layers: Sequence[Layer], findings: Findings) -> None:
    said = [path for path, form in layers if isinstance(form.collects, Collects)]
    if said and all(findings.untouched(*map(str, path)) for path, _ in layers):
        check_collects(host, hosts, (*said[-1], "collects"), findings)


def _host(name: str, ehlo: str, layers: Sequence[Layer], findings: Findings) -> Host:
    said: dict[str, object] = {}
    choice: Choice | None = None
    for _, layer in layers:
        said |= {field.name: value for field in fields(HostForm) if (value := getattr(layer, field.name)) is not None}
        if layer.mta is not None:
            choice = layer.mta.over(choice)
    settings = replace(HostForm(), **said)  # type: ignore[arg-type]
    mta = choice.product() if choice else Postfix()
    _check_product(mta, choice, layers, findings)
    crashes = settings.crashes if isinstance(settings.crashes, CrashesForm) else None
    offers, uses = _extensions(mta, settings, layers, findings)
    return Host(
        name=name,
        called="" if ehlo == name else ehlo,
        mta=mta,
        extensions=offers,
        uses=uses,
        reuse=settings.reuse,
        clear_auth=settings.auth.clear if settings.auth else None,
        login=(settings.login[0], settings.login[1]) if settings.login else None,
        policies=settings.policies or NO_POLICIES,
        collects=settings.collects if isinstance(settings.collects, Collects) else None,
        weather=weather(crashes, settings.down, settings.windows),
        listening=availability(settings.listening),
        addresses=_addresses(layers, findings),
        capacity=settings.capacity or NO_CAPACITY,
        resolver=sky(settings.resolver),
        spool=_spool(layers, findings),
        tls=settings.tls or Tls(),
        **{key: value for key in _PLAIN if (value := getattr(settings, key)) is not None},
    )


_PLAIN = (
    "esmtp",
    "accounts",
    "vrfy",
    "expn",
    "routes",
    "source_routes",
    "percent_hack",
    "sessions",
    "size_limit",
    "timing",
    *TIMES,
    "sends_from",
    "tcp",
    "digests",
)
"""Settings that a host has as the file says them."""


def _addresses(layers: Sequence[Layer], findings: Findings) -> tuple[Address, ...]:
    """What the strongest layer says of the addresses."""
    said = [(path, form.addresses) for path, form in layers if form.addresses is not None]
    path, forms = said[-1] if said else ((), ())
    seen: set[str] = set()
    for index, form in enumerate(forms):
        if form.ip in seen:
            fault = f"this address is there twice ({form.ip}): allowed is each once"
            findings.error((*path, "addresses", index), fault)
        seen.add(form.ip)
    return tuple(
        Address(ip=form.ip, reachable=availability(form.reachable), listening=availability(form.listening))
        for form in forms
    )


def _spool(layers: Sequence[Layer], findings: Findings) -> Literal["durable", "volatile"]:
    """What the strongest layer says of the spool, by its own key or among the crashes that hold."""
    spool: Literal["durable", "volatile"] | None = None
    own: Literal["durable", "volatile"] | None = None
    for path, form in layers:
        crashes = form.crashes.spool if isinstance(form.crashes, CrashesForm) else None
        if form.spool and crashes and form.spool != crashes:
            findings.error(
                (*path, "spool"), f"two words on one spool ({form.spool}, and {crashes} with crashes): say one"
            )
        own = form.spool or own
        if form.spool or form.crashes is not None:
            spool = form.spool or crashes or own
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
            if form.mta is not None and form.mta.name == choice.name and parameter in form.mta.parameters
        )
        findings.error((*path, "mta", *([choice.name] if choice.name else []), parameter), fault)


def _extensions(
    mta: Product, settings: HostForm, layers: Sequence[Layer], findings: Findings
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the host offers and uses."""
    said = [(path, form.extensions) for path, form in layers if form.extensions is not None]
    words = resolve_extensions(
        type(mta),
        [extensions for _, extensions in said],
        has_accounts=bool(settings.accounts),
        has_login=bool(settings.login),
    )
    for fault in missing(words):
        findings.error((*said[-1][0], "extensions"), fault)
    return split_words(words)
