"""The mail domains of a scenario, and who is an address in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from sim.mail.address import Address, AddressError, domain_key, local_key, mailbox_key, parse_address, parse_local_part
from sim.scenario.findings import Findings
from sim.scenario.names import dns_label, is_domain_name, shown, unique
from sim.scenario.pydantic_seam import KEY
from sim.scenario.resolve.address_owners import Owners, address_of
from sim.scenario.resolve.mx import NO_RECORDS, Records, Said, resolve_records
from sim.scenario.source import Path
from sim.scenario.spec import NULL_MX, Domain
from sim.scenario.spec.mx import DEFAULT_PREFERENCE
from sim.scenario.spec.users import numbered
from sim.scenario.syntax.form import DomainForm

T = TypeVar("T")

DEFAULT_USERS = 10


def resolve_domains(
    forms: Mapping[str, DomainForm] | None, nodes: Collection[str], findings: Findings, *, ttl: float, known: bool
) -> dict[str, Domain]:
    """The domains in lower case; without any, each node is a domain of its own under `.example`.

    `ttl` is how long the records of those may be remembered that say nothing about it.
    """
    if forms is None:
        labels = unique(map(dns_label, nodes))
        return {
            f"{label}.example": Domain(
                name=f"{label}.example", mx=((DEFAULT_PREFERENCE, node),), users=numbered(DEFAULT_USERS), ttl=ttl
            )
            for label, node in zip(labels, nodes, strict=True)
        }
    if not forms and findings.whole("domains"):
        findings.error(("domains",), "no domains (an empty mapping): allowed is at least one")
    by_key = {name.lower(): form for name, form in reversed(list(forms.items()))}
    domains: dict[str, Domain] = {}
    for name, form in forms.items():
        key = name.lower()
        _check_name(name, key in domains, findings)
        cname = _cname(name, form, by_key, findings)
        said = _of_alias(form, by_key) if cname else resolve_records(name, form, nodes, findings, ttl=ttl, known=known)
        domains[key] = Domain(
            name=key,
            mx=said.mx,
            users=_users(form, by_key),
            lists=_by_meaning(form.lists),
            forwards=_by_meaning(form.forwards),
            moved=_by_meaning(form.moved),
            submission=_submission(name, form, said.mx, nodes, findings, known=known),
            cname=cname,
            mailboxes=_mailboxes(name, form, nodes, findings, known=known),
            a=said.a,
            ttl=said.ttl,
            changes=said.changes,
        )
        _check_once(name, form, findings)
        if said.mx == NULL_MX and findings.whole("domains", name):
            for kind in [kind for kind in ("users", "mailboxes", *_KEYS.values()) if getattr(form, kind)]:
                findings.error(
                    ("domains", name, kind), f"{kind} in a domain that takes no mail (mx: none): leave them out"
                )
    return _with_members(forms, domains, findings)


def _check_once(name: str, form: DomainForm, findings: Findings) -> None:
    """No name for two kinds of recipient."""
    taken = dict.fromkeys(map(local_key, form.users or ()), "user")
    for kind, key in _KEYS.items():
        for written in getattr(form, key) or ():
            other = taken.setdefault(local_key(parse_local_part(written)), kind)
            if other != kind:
                findings.error(
                    ("domains", name, key, written, KEY),
                    f"a {other} and a {kind} of one name ({written}): rename one",
                )


_KEYS = {"list": "lists", "forward": "forwards", "moved user": "moved"}


def _with_members(forms: Mapping[str, DomainForm], domains: dict[str, Domain], findings: Findings) -> dict[str, Domain]:
    """The domains with their lists' members and their aliases checked: addresses that exist."""
    sure = findings.whole("domains")
    owners = Owners(dict(domains))
    for name, form in forms.items():
        found = {}
        for written, members in (form.lists or {}).items():
            place: Path = ("domains", name, "lists", written)
            local = parse_local_part(written)
            found[local] = tuple(
                resolve_address(member, (*place, index), owners, findings, sure=sure)
                for index, member in enumerate(members)
            )
        domains[name.lower()] = replace(
            domains[name.lower()],
            lists=found,
            forwards=_aliases(name, "forwards", form.forwards, owners, findings),
            moved=_aliases(name, "moved", form.moved, owners, findings),
        )
    return domains


def _aliases(
    name: str, key: str, given: Mapping[str, str] | None, owners: Owners, findings: Findings
) -> dict[str, str]:
    """A domain's forwards or moved users, with their addresses checked."""
    sure = findings.whole("domains")
    found = {}
    for written, text in (given or {}).items():
        place: Path = ("domains", name, key, written)
        local = parse_local_part(written)
        found[local] = resolve_address(text, place, owners, findings, sure=sure)
        to = address_of(text)
        if key == "moved" and to is not None and mailbox_key(to) == mailbox_key(Address(local, name)):
            findings.error(place, f"a user who has moved to where he was ({written}): allowed is another address")
    return found


def _mailboxes(
    name: str, form: DomainForm, nodes: Collection[str], findings: Findings, *, known: bool
) -> tuple[str, ...]:
    """The hosts that keep a domain's mailboxes by the file's word, each once."""
    place: Path = ("domains", name, "mailboxes")
    hosts = dict.fromkeys(form.mailboxes or ())
    return tuple([host for host in hosts if findings.known(place, "host", host, nodes, whole=known)])


def _by_meaning(given: Mapping[str, T] | None) -> dict[str, T]:
    """What stands under local parts, by their meaning."""
    return {parse_local_part(written): value for written, value in (given or {}).items()}


def _users(form: DomainForm, by_key: Mapping[str, DomainForm]) -> tuple[str, ...]:
    """A domain's users: none where it takes no mail, those of the domain that it stands for where it is an alias."""
    aliased = _aliased(form, by_key)
    if form.mx == () or (aliased is not None and aliased.mx == ()):
        return ()
    if form.users is None and aliased is not None:
        return _users(aliased, by_key)
    return form.users or numbered(DEFAULT_USERS)


def _aliased(form: DomainForm, by_key: Mapping[str, DomainForm]) -> DomainForm | None:
    """The domain that a domain is an alias of."""
    found = by_key.get((form.cname or "").lower())
    return None if found is None or found.cname is not None else found


def _of_alias(form: DomainForm, by_key: Mapping[str, DomainForm]) -> Said:
    """What an alias says of itself: that it takes no mail, if the domain that it stands for takes none."""
    aliased = _aliased(form, by_key)
    return NO_RECORDS if aliased is None or aliased.mx != () else Said(mx=NULL_MX)


def _submission(
    name: str, form: DomainForm, mx: Records, nodes: Collection[str], findings: Findings, *, known: bool
) -> str:
    """The host that a domain's users hand their mail to; empty where that is its best MX, which is a host then."""
    if form.submission is not None:
        findings.known(("domains", name, "submission"), "host", form.submission, nodes, whole=known)
        return form.submission
    if not mx or any(not host.endswith(".") for _, host in mx):
        return ""
    return next((node for node in nodes if node.lower() == name.lower()), next(iter(nodes), ""))


def _cname(name: str, form: DomainForm, by_key: Mapping[str, DomainForm], findings: Findings) -> str:
    """The domain that a domain is an alias of, which is none itself (RFC 1034 section 3.6.2)."""
    if form.cname is None:
        return ""
    place: Path = ("domains", name, "cname")
    target = by_key.get(form.cname.lower())
    for key in [key for key in _OF_RECORDS if getattr(form, key) is not None]:
        findings.error(place, f"an alias with {_OF_RECORDS[key]} ({name}): allowed is cname or {key}")
    if target is None:
        if findings.whole("domains"):
            findings.error(place, findings.unknown("domain", form.cname, by_key))
    elif target.cname is not None:
        findings.error(place, f"an alias of an alias ({form.cname}): name the domain that it stands for")
    return form.cname.lower()


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


def resolve_address(text: str, path: Path, owners: Owners, findings: Findings, *, sure: bool) -> str:
    """The address in its shortest form, with its domain in lower case, after a check that there is such a user.

    `sure` says that the domains are all known, so that an unknown one is a mistake.
    """
    try:
        address = parse_address(text, utf8=True)
    except AddressError as error:
        findings.error(path, f"not an address ({shown(text)}): allowed is USER@DOMAIN; {error}")
        return text
    domain = owners.domains.get(domain_key(address.domain))
    if domain is None:
        if sure:
            findings.error(path, findings.unknown("domain", address.domain, owners.domains))
        return text
    if not owners.has(address):
        if sure and findings.untouched("domains", address.domain):
            names = [*owners.names(domain).values()]
            findings.error(path, findings.unknown(f"user of {domain.name}", address.local, names))
        return text
    return str(Address(address.local, domain.name))
