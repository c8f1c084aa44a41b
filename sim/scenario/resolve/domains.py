"""The mail domains of a scenario, and who is an address in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from sim.mail.address import Address, AddressError, domain_key, local_key, mailbox_key, parse_address, parse_local_part
from sim.scenario.findings import Findings
from sim.scenario.names import dns_label, is_domain_name, shown, unique
from sim.scenario.pydantic_seam import KEY
from sim.scenario.resolve.address_owners import Owners, address_of
from sim.scenario.resolve.mx import resolve_records
from sim.scenario.resolve.users import resolve_people
from sim.scenario.source import Path
from sim.scenario.spec import NULL_MX, TTL, Domain
from sim.scenario.spec.domain import DomainSettings
from sim.scenario.spec.mx import DEFAULT_PREFERENCE, MxRecords, Records
from sim.scenario.spec.quota import NO_QUOTA, MailboxQuota
from sim.scenario.spec.users import numbered

T = TypeVar("T")

DEFAULT_USERS = 10


def resolve_domains(forms: Mapping[str, DomainSettings] | None, findings: Findings, *, ttl: float) -> dict[str, Domain]:
    """The domains in lower case; without any, each host is a domain of its own under `.example`.

    `ttl` is how long the records of those may be remembered that say nothing about it.
    """
    if forms is None:
        names = [f"{label}.example" for label in unique(map(dns_label, findings.hosts))]
        mx = [((DEFAULT_PREFERENCE, host),) for host in findings.hosts]
        users = numbered(DEFAULT_USERS)
        return {name: Domain(name=name, mx=own, users=users, ttl=ttl) for name, own in zip(names, mx, strict=True)}
    if not forms and findings.whole("domains"):
        findings.error(("domains",), "no domains (an empty mapping): allowed is at least one")
    by_key = {name.lower(): form for name, form in reversed(list(forms.items()))}
    domains: dict[str, Domain] = {}
    for name, form in forms.items():
        key, place = name.lower(), ("domains", name)
        _check_name(name, key in domains, findings)
        cname = _cname(name, form, by_key, findings)
        usual = Records(mx=NULL_MX if cname and _takes_none(form, by_key) else (), ttl=TTL if cname else ttl)
        records = resolve_records({} if cname else form, usual, place, findings)
        if not (cname or "mx" in form or "a" in form):
            _check_own(name, findings)
        hosts = dict.fromkeys(form.get("mailboxes", ()))
        users = _users(form, by_key)
        domains[key] = Domain(
            name=key,
            **records,
            users=users,
            people=resolve_people(users, form),
            lists=_by_meaning(form.get("lists")),
            forwards=_by_meaning(form.get("forwards")),
            moved=_by_meaning(form.get("moved")),
            submission=_submission(name, form, records["mx"], findings),
            cname=cname,
            quota=form.get("quota", NO_QUOTA),
            quotas=_quotas(name, form, users, findings),
            mailboxes=tuple([host for host in hosts if findings.host((*place, "mailboxes"), host)]),
        )
        _check_once(name, form, findings)
        if records["mx"] == NULL_MX and findings.whole("domains", name):
            for kind in [kind for kind in ("users", "user_defaults", "mailboxes", *_KEYS.values()) if form.get(kind)]:
                findings.error((*place, kind), f"{kind} in a domain that takes no mail (mx: none): leave them out")
    return _with_members(forms, domains, findings)


def _quotas(name: str, form: DomainSettings, users: tuple[str, ...], findings: Findings) -> dict[str, MailboxQuota]:
    """The quotas of single users, by the users."""
    by_key = {local_key(user): user for user in users}
    found = {}
    for written, quota in form.get("quotas", {}).items():
        key = local_key(written.removeprefix('"').removesuffix('"'))
        if key in by_key:
            found[by_key[key]] = quota
        elif findings.whole("domains", name):
            findings.error(("domains", name, "quotas", written, KEY), findings.unknown("user", written, users))
    return found


def _check_own(name: str, findings: Findings) -> None:
    """Without `mx` and `a` the domain is a host's own, and has no records."""
    hosts = [host.lower() for host in findings.hosts]
    if name.lower() not in hosts and findings.has_all_hosts and findings.whole("domains", name):
        findings.error(
            ("domains", name, KEY),
            f"no mx, and no host bears the domain's name ({name}): allowed is e.g. mx: {{10: HOST}}, or a: HOST",
        )


def _check_once(name: str, form: DomainSettings, findings: Findings) -> None:
    """No name for two kinds of recipient."""
    taken = dict.fromkeys(map(local_key, _users(form, {})), "user") if form.get("users") else {}
    for kind, key in _KEYS.items():
        for written in form.get(key, ()):
            other = taken.setdefault(local_key(parse_local_part(written)), kind)
            if other != kind:
                findings.error(
                    ("domains", name, key, written, KEY),
                    f"a {other} and a {kind} of one name ({written}): rename one",
                )


_KEYS = {"list": "lists", "forward": "forwards", "moved user": "moved"}


def _with_members(
    forms: Mapping[str, DomainSettings], domains: dict[str, Domain], findings: Findings
) -> dict[str, Domain]:
    """The domains with their lists' members and their aliases checked: addresses that exist."""
    whole = findings.whole("domains")
    owners = Owners(dict(domains))
    for name, form in forms.items():
        found = {}
        for written, members in form.get("lists", {}).items():
            place: Path = ("domains", name, "lists", written)
            local = parse_local_part(written)
            found[local] = tuple(
                resolve_address(member, (*place, index), owners, findings, whole=whole)
                for index, member in enumerate(members)
            )
        domains[name.lower()] = replace(
            domains[name.lower()],
            lists=found,
            forwards=_aliases(name, "forwards", form.get("forwards"), owners, findings),
            moved=_aliases(name, "moved", form.get("moved"), owners, findings),
        )
    return domains


def _aliases(
    name: str, key: str, given: Mapping[str, str] | None, owners: Owners, findings: Findings
) -> dict[str, str]:
    """A domain's forwards or moved users, with their addresses checked."""
    whole = findings.whole("domains")
    found = {}
    for written, text in (given or {}).items():
        place: Path = ("domains", name, key, written)
        local = parse_local_part(written)
        found[local] = resolve_address(text, place, owners, findings, whole=whole)
        to = address_of(text)
        if key == "moved" and to is not None and mailbox_key(to) == mailbox_key(Address(local, name)):
            findings.error(place, f"a user who has moved to where he was ({written}): allowed is another address")
    return found


def _by_meaning(given: Mapping[str, T] | None) -> dict[str, T]:
    """What stands under local parts, by their meaning."""
    return {parse_local_part(written): value for written, value in (given or {}).items()}


def _users(form: DomainSettings, by_key: Mapping[str, DomainSettings]) -> tuple[str, ...]:
    """A domain's users: none where it takes no mail, those of the domain that it stands for where it is an alias."""
    if _takes_none(form, by_key):
        return ()
    own = form if "users" in form else _aliased(form, by_key)
    said = own.get("users")
    return tuple(map(parse_local_part, said)) if isinstance(said, dict) else said or numbered(DEFAULT_USERS)


def _aliased(form: DomainSettings, by_key: Mapping[str, DomainSettings]) -> Mapping[str, Any]:
    """What is said of the domain that a domain is an alias of."""
    found: Mapping[str, Any] = by_key.get(form.get("cname", "").lower(), {})
    return {} if "cname" in found else found


def _takes_none(form: DomainSettings, by_key: Mapping[str, DomainSettings]) -> bool:
    """Whether a domain takes no mail, or is an alias of one that takes none."""
    return NULL_MX in (form.get("mx"), _aliased(form, by_key).get("mx"))


def _submission(name: str, form: DomainSettings, mx: MxRecords, findings: Findings) -> str:
    """The host that a domain's users hand their mail to; empty where that is its best MX, which is a host then."""
    if "submission" in form:
        findings.host(("domains", name, "submission"), form["submission"])
        return str(form["submission"])
    if not mx or any(not host.endswith(".") for _, host in mx):
        return ""
    hosts = findings.hosts
    return next((host for host in hosts if host.lower() == name.lower()), next(iter(hosts), ""))


def _cname(name: str, form: DomainSettings, by_key: Mapping[str, DomainSettings], findings: Findings) -> str:
    """The domain that a domain is an alias of, which is none itself (RFC 1034 section 3.6.2)."""
    if "cname" not in form:
        return ""
    cname: str = form["cname"]
    place: Path = ("domains", name, "cname")
    target = by_key.get(cname.lower())
    for key in [key for key in _OF_RECORDS if key in form]:
        findings.error(place, f"an alias with {_OF_RECORDS[key]} ({name}): allowed is cname or {key}")
    if target is None:
        if findings.whole("domains"):
            findings.error(place, findings.unknown("domain", cname, by_key))
    elif "cname" in target:
        findings.error(place, f"an alias of an alias ({cname}): name the domain that it stands for")
    return cname.lower()


_OF_RECORDS = {
    "mx": "MX records",
    "a": "an A record",
    "ttl": "a TTL",
    "changes": "changes of MX records",
    "mailboxes": "mailboxes of its own",
}


def _check_name(name: str, again: bool, findings: Findings) -> None:
    place = ("domains", name, KEY)
    if again:
        findings.error(place, f"this domain is there twice ({name}): upper and lower case are the same")
    elif not is_domain_name(name):
        findings.error(
            place,
            f"not a domain name ({shown(name)}): allowed are letters, digits, inner hyphens, and dots between",
        )


def resolve_address(text: str, path: Path, owners: Owners, findings: Findings, *, whole: bool) -> str:
    """The address in its shortest form, with its domain in lower case, after a check that there is such a user.

    `whole` says that the domains are all known, so that an unknown one is a mistake.
    """
    try:
        address = parse_address(text, utf8=True)
    except AddressError as error:
        findings.error(path, f"not an address ({shown(text)}): allowed is USER@DOMAIN; {error}")
        return text
    domain = owners.domains.get(domain_key(address.domain))
    if domain is None:
        if whole:
            findings.error(path, findings.unknown("domain", address.domain, owners.domains))
        return text
    if not owners.has(address):
        if whole and findings.untouched("domains", address.domain):
            names = [*owners.names(domain).values()]
            findings.error(path, findings.unknown(f"user of {domain.name}", address.local, names))
        return text
    return str(Address(address.local, domain.name))
