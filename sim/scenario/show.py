"""The full scenario as text and as data: YAML that loads back to an equal scenario, plain data, and a hash of it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any, cast, get_args

from pydantic import TypeAdapter
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import SingleQuotedScalarString

from sim.scenario.distribution import Distribution
from sim.scenario.products import BY_TYPE
from sim.scenario.quantity import (
    format_duration,
)
from sim.scenario.spec import (
    Architecture,
    Domain,
    Group,
    Host,
    Link,
    NameService,
    Network,
    Node,
    Product,
    Scenario,
    Weather,
)
from sim.scenario.spec.calendar import ClockWindow, Window
from sim.scenario.spec.carriers import Carrier
from sim.scenario.spec.mx import Records
from sim.scenario.spec.network import LinkSettings
from sim.scenario.spec.replicas import Replicas
from sim.scenario.spec.scenario import OwnKeys
from sim.scenario.spec.sources import Source, WorkloadForm, workload_form
from sim.scenario.spec.users import User, local_part, write_users
from sim.scenario.syntax.extensions import Extensions, words_of
from sim.scenario.syntax.form import HostLayers, HostSettings
from sim.scenario.syntax.mta import PARAMETERS

Settings = dict[str, object]

_KINDS = (
    *get_args(Distribution),
    *get_args(Source),
    *get_args(Carrier),
    *BY_TYPE.values(),
    Window,
    ClockWindow,
)
"""Alternatives: as data they carry their type's name."""

_PARAMETER = "mta."
"""How the keys of an MTA's parameters begin while settings are compared, where all hosts have the same MTA."""

_LINE = 150
"""The longest mapping that is written in one line, in characters of JSON."""


def show(scenario: Scenario) -> str:
    """The scenario, every default filled in, as a file that loads back (in the same folder) to an equal scenario."""
    hosts, special = _hosts(scenario.architectures)
    own = cast("Settings", written(OwnKeys, scenario))
    last = {key: own.pop(key) for key in ("acts", "limits", "expect")}
    data: Settings = {
        **own,
        "network": _network(scenario.network),
        "hosts": hosts,
        "domains": {name: _domain(domain, scenario.network.dns.ttl) for name, domain in scenario.domains.items()},
        "workload": [written(WorkloadForm, workload_form(source)) for source in scenario.workload],
        "architectures": {
            name: {
                "transfer": architecture.transfer,
                "protocol": architecture.protocol,
                **({"broker": architecture.broker} if architecture.broker else {}),
                **({"replicas": written(Replicas, architecture.replicas)} if architecture.replicas else {}),
                "routing": architecture.routing,
                "unreachable": architecture.unreachable,
                "convergence": format_duration(architecture.convergence),
                "hosts": special[name],
                **_own_domains(architecture.domains, scenario.domains),
            }
            for name, architecture in scenario.architectures.items()
        },
        **last,
    }
    return _yaml(data)


@cache
def _writer(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - a type of any kind
    return TypeAdapter(kind)


def written(kind: object, value: object) -> object:
    """What a file has of a value of a declared type."""
    said: object = _writer(kind).dump_python(value, by_alias=True)
    return said


def _yaml(data: Settings) -> str:
    yaml = YAML(typ="rt", pure=True)
    yaml.width = 100_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = StringIO()
    yaml.dump(_commented(data, 0), text)
    return text.getvalue()


def _commented(value: object, depth: int) -> object:
    """Mappings and lists as ruamel has them: in one line where they are short or hold plain values only."""
    if isinstance(value, dict):
        mapping = CommentedMap({_commented(key, depth): _commented(item, depth + 1) for key, item in value.items()})
        if not value or (depth > 1 and len(_text(value)) <= _LINE):
            mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, list | tuple):
        sequence = CommentedSeq([_commented(item, depth + 1) for item in value])
        if depth > 1 and not any(isinstance(item, dict) for item in value):
            sequence.fa.set_flow_style()
        return sequence
    if isinstance(value, str) and value[:1] == "?":
        # ruamel writes it without quotes, and takes it for a mark when it reads it in a flow.
        return SingleQuotedScalarString(value)
    return value


def _network(network: Network) -> Settings:
    settings = [_link(link) for link in network.links]
    common = _common(settings)
    for own in ("delay", "protocol"):
        # A link cannot say that it has what it has where nothing is said.
        common.pop(own, None)
    links = [
        {"between": list(link.between), **_rest(said, common)}
        for link, said in zip(network.links, settings, strict=True)
    ]
    nodes = {name: written(Node, node) for name, node in network.nodes.items()}
    data: Settings = {"nodes": nodes, "link_defaults": common, "links": links}
    if network.groups:
        data["groups"] = {name: written(Group, group) for name, group in network.groups.items()}
    if network.dns != NameService():
        data["dns"] = written(NameService, network.dns)
    return data


def _link(link: Link) -> Settings:
    weather = {key: getattr(link.weather, key) for key in Weather.allowed()}
    settings = {key: getattr(link, key) for key in Link.allowed()} | weather
    said = written(LinkSettings, {key: settings[key] for key in LinkSettings.allowed()})
    return cast("Settings", said)


_KEYS = tuple(key for key in Host.allowed() if key not in HostSettings.elsewhere and key not in HostLayers.allowed())
"""The settings of a host that stand in the specification as in the file."""


def _host(host: Host, *, alike: bool) -> Settings:
    mta = {name: reads.write(getattr(host.mta, name)) for name, reads in PARAMETERS[type(host.mta)].items()}
    settings: Settings = {key: getattr(host, key) for key in _KEYS}
    layers = {
        "extensions": Extensions(words_of(host.extensions, host.uses), whole=True),
        "crashes": host.weather.outages,
        "down": host.weather.down,
        "windows": host.weather.windows,
    }
    said = cast("Settings", written(HostSettings, settings | layers))
    if host.resolver == Weather():
        said["resolver"] = {}
    said["auth"] = {} if host.clear_auth is None else {"clear": host.clear_auth}
    product = {f"{_PARAMETER}{name}": value for name, value in mta.items()} if alike else {"mta": _mta(host.mta, mta)}
    return product | {key: said[key] for key in HostSettings.allowed() if key != "mta"}


def _mta(mta: Product, parameters: Settings) -> Settings:
    """An MTA as the file has it; a list of delays has no name."""
    name = mta.name
    return {name: parameters} if name else parameters


def _hosts(architectures: Mapping[str, Architecture]) -> tuple[Settings, dict[str, Settings]]:
    """The hosts' settings, and beside them those of each architecture, each said once in the weakest layer."""
    products = [host.mta for architecture in architectures.values() for host in architecture.hosts.values()]
    alike = len({type(mta) for mta in products}) == 1
    full = {
        name: {host: _host(value, alike=alike) for host, value in a.hosts.items()} for name, a in architectures.items()
    }
    common = _common([settings for hosts in full.values() for settings in hosts.values()])
    defaults = {name: _rest(_common(list(hosts.values())), common) for name, hosts in full.items()}
    own = {
        name: {host: _rest(settings, common | defaults[name]) for host, settings in hosts.items()}
        for name, hosts in full.items()
    }
    single = {host: _shared([hosts[host] for hosts in own.values()]) for host in next(iter(own.values()), {})}
    special = {
        name: _layer(defaults[name], {host: _rest(rest, single[host]) for host, rest in hosts.items()}, products)
        for name, hosts in own.items()
    }
    return _layer(common, single, products), special


def _layer(defaults: Settings, hosts: Mapping[str, Settings], products: Sequence[Product]) -> Settings:
    """The hosts' settings as the file has them: without those that say nothing, an MTA's parameters together."""
    layer: Settings = {}
    for name, settings in {"defaults": defaults, **hosts}.items():
        parameters = {key[len(_PARAMETER) :]: value for key, value in settings.items() if key.startswith(_PARAMETER)}
        others = {key: value for key, value in settings.items() if not key.startswith(_PARAMETER)}
        if settings:
            layer[name] = ({"mta": _mta(products[0], parameters)} if parameters else {}) | others
    return layer


def _shared(settings: Sequence[Settings]) -> Settings:
    """What all of them say alike."""
    return {k: v for k, v in settings[0].items() if all(k in s and _text(s[k]) == _text(v) for s in settings)}


def _common(settings: Sequence[Settings]) -> Settings:
    """Of each setting the most frequent value."""
    keys = settings[0] if settings else {}
    most = {key: Counter(_text(said[key]) for said in settings).most_common(1)[0][0] for key in keys}
    return {key: json.loads(text) for key, text in most.items()}


def _rest(settings: Settings, common: Settings) -> Settings:
    return {key: value for key, value in settings.items() if key not in common or _text(value) != _text(common[key])}


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _domain(domain: Domain, ttl: float) -> Settings:
    """A domain; its records' TTL is left out where it is the usual one, and so is what an alias has from another."""
    said = cast("Settings", written(Domain, domain))
    people = cast("dict[str, Settings]", said.pop("people", {}))
    if people:
        said |= _people(domain.users, people)
    usual = ["ttl"] * (domain.ttl == ttl)
    return {key: said[key] for key in said if key not in {"name", *(_RECORDS if domain.cname else usual)}}


def _people(users: Sequence[str], people: Mapping[str, Settings]) -> Settings:
    """The users with what they do, and what is said of all once."""
    everybody = len(people) == len(users)
    common = _shared([*people.values()]) if everybody else {}
    own = {local_part(user): _rest(people.get(user, {}), common) for user in users}
    named = write_users(tuple(users))
    alike = everybody and isinstance(named, int) and not any(own.values())
    return {"users": named if alike else own} | ({"user_defaults": common} if common else {})


_RECORDS = Records.allowed()


def _records(domain: Domain) -> Settings:
    said = cast("Settings", written(Domain, domain))
    return {key: said[key] for key in _RECORDS if key in said}


def _own_domains(domains: Mapping[str, Domain], common: Mapping[str, Domain]) -> Settings:
    """What an architecture says of domains, beside that which is common to all."""
    own: Settings = {}
    for name, domain in domains.items():
        records, usual = ({"changes": [], **_records(one)} for one in (domain, common[name]))
        own[name] = _rest(records, usual) | _own_people(domain, common[name])
    return {"domains": own} if own else {}


def _own_people(domain: Domain, common: Domain) -> Settings:
    """What users do otherwise than in the domain that is common to all architectures."""
    own: Settings = {}
    for name, user in domain.people.items():
        if user != (usual := common.people.get(name, _NO_SETTINGS)):
            # What is otherwise may be that there is nothing.
            said, told = ({**_NOTHING, **cast("Settings", written(User, one))} for one in (user, usual))
            own[local_part(name)] = _rest(said, told if name in common.people else {})
    return {"users": own} if own else {}


_NO_SETTINGS = User()
_NOTHING: Settings = {"sieve": "", "away": [], "retention": "none", "archive": "none"}


def as_data(scenario: Scenario) -> dict[str, Any]:
    """The scenario as plain data for JSON: base units, and the name of its type (`type`) with each alternative."""
    return cast("dict[str, Any]", _plain(scenario, list))


def _plain(value: object, ordered: Callable[[Iterable[str]], list[str]]) -> object:
    """Plain data of a value; `ordered` puts the names of a dataclass's fields in their order."""
    if is_dataclass(value) and not isinstance(value, type):
        kind = {"type": type(value).__name__} if isinstance(value, _KINDS) else {}
        names = ordered(field.name for field in fields(value))
        return kind | {name: _plain(getattr(value, name), ordered) for name in names}
    if isinstance(value, Mapping):
        if any(isinstance(item, User) for item in value.values()):
            return _alike(value, ordered)
        return {str(key): _plain(item, ordered) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item, ordered) for item in value]
    return str(value) if isinstance(value, Path) else value


def _alike(people: Mapping[str, User], ordered: Callable[[Iterable[str]], list[str]]) -> object:
    """The users who do the same with their mail, and what: a million of them take no more than one."""
    told: dict[int, str] = {}
    alike: dict[str, list[str]] = {}
    for name, user in people.items():
        if id(user) not in told:
            told[id(user)] = _text(_plain(user, ordered))
        alike.setdefault(told[id(user)], []).append(name)
    return [{"users": names, "do": json.loads(text)} for text, names in alike.items()]


def scenario_hash(scenario: Scenario) -> str:
    """SHA-256, in hexadecimal, of the scenario's data without its folder and notes.

    The order of nodes, users and the like counts, because draws depend on it; that in which this version declares its
    settings does not.
    """
    data = cast("dict[str, Any]", _plain(scenario, sorted))
    del data["folder"], data["notes"]
    return hashlib.sha256(_text(data).encode()).hexdigest()
