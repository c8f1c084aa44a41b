"""What a user of one network wrote to reach somebody in another.

Facts of the Inter-Network Mail Guide (J. Chew, 1.37 of 1992, and its later form by S. Yanoff), of RFC 976, 1123, 1137,
1168, 1506 and 2156. The networks are named as the guide names them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final, NamedTuple

from sim.gateway.bang_addresses import to_atom
from sim.mail.printable_string import ORAddressError, ascii_to_printable

_PLACE: Final = re.compile(r"\{([a-z0-9]+)\}")
_PATTERNS: Final = {
    "user": r"[^@<>:!]+",
    "domain": r"[^@<>\s]+\.[^@<>\s]+",
    "node": r"[A-Za-z0-9$#_-]+",
    "host": r"[^@:\s]+",
    "top": r"[A-Za-z0-9-]+",
    "first": r"\S+",
    "last": r"\S+",
    "name": r"[^()<>]+?",
    "path": r"[^,\s]+(?:,[^,\s]+)*",
    "quoted": r'[^"]+',
    "any": r".+",
}
_WORD: Final = r"[^,:;@()\s]+"


class SpellingError(ValueError):
    """Nobody knows how to write that from there, with what is known."""


class Way(NamedTuple):
    """How people address others: what these call themselves, and what the writer makes of it, in the preferred order.

    Both are texts with `{names}`; `{gateway}` is the host or the path between the two, for which `usual` names one.
    """

    form: str
    written: tuple[str, ...]
    usual: str = ""


_INTERNET: Final = "{user}@{domain}"

WAYS: Final[Mapping[tuple[str, str], tuple[Way, ...]]] = {
    ("internet", "bitnet"): (Way("{user}@{node}", ("{user}%{node}.bitnet@{gateway}",), "cunyvm.cuny.edu"),),
    ("bitnet", "internet"): (Way(_INTERNET, ("{user}@{domain}", "{user}%{domain}@{gateway}"), "CUNYVM"),),
    ("internet", "csnet"): (Way("{user}@{host}", ("{user}%{host}.csnet@{gateway}",), "relay.cs.net"),),
    ("csnet", "internet"): (Way(_INTERNET, ("{user}%{domain}@{gateway}",), "csnet-relay"),),
    ("att", "internet"): (Way(_INTERNET, ("internet!{domain}!{user}",)),),
    ("att", "bitnet"): (Way("{user}@{node}", ("internet!{node}.bitnet!{user}",)),),
    ("internet", "att"): (Way("{user}", ("{user}@attmail.com",)),),
    ("internet", "compuserve"): (
        Way("{project},{programmer}", ("{project}.{programmer}@compuserve.com",)),
        Way("{org}:{dept}:{user}", ("{user}@{dept}.{org}.compuserve.com",)),
        Way("{org}:{user}", ("{user}@{org}.compuserve.com",)),
    ),
    ("compuserve", "internet"): (Way(_INTERNET, (">INTERNET:{user}@{domain}", "INTERNET:{user}@{domain}")),),
    ("compuserve", "mci"): (Way("{three}-{four}", (">MCIMAIL:{three}-{four}",)),),
    ("mci", "compuserve"): (
        Way("{name} ({project},{programmer})", ("To: {name} (EMS) / EMS: compuserve / Mbx: {project},{programmer}",)),
    ),
    ("mci", "internet"): (
        Way("{name} <{user}@{domain}>", ("To: {name} (EMS) / EMS: INTERNET / Mbx: {user}@{domain}",)),
    ),
    ("internet", "mci"): (
        Way("{first} {last} ({three}-{four})", ("{first}_{last}/{three}{four}@mcimail.com",)),
        Way("{name} ({three}-{four})", ("{three}{four}@mcimail.com",)),
        Way("{first} {last}", ("{first[0]}{last}@mcimail.com", "{first}_{last}@mcimail.com")),
    ),
    ("internet", "fidonet"): (
        Way(
            "{first} {last} at {zone}:{net}/{fidonode}.{point}",
            ("{first}.{last}@p{point}.f{fidonode}.n{net}.z{zone}.fidonet.org",),
        ),
        Way("{first} {last} at {zone}:{net}/{fidonode}", ("{first}.{last}@f{fidonode}.n{net}.z{zone}.fidonet.org",)),
    ),
    ("easynet", "fidonet"): (
        Way(
            "{first} {last} at {zone}:{net}/{fidonode}.{point}",
            (
                'nm%DECWRL::"{first}.{last}@p{point}.f{fidonode}.n{net}.z{zone}.fidonet.org"',
                '"{first}.{last}%p{point}.f{fidonode}.n{net}.z{zone}.fidonet.org"@decwrl.dec.com',
            ),
        ),
    ),
    ("fidonet", "internet"): (
        Way(
            _INTERNET,
            (
                "to: uucp (at a gateway node); first body line  To: {user}@{domain}",
                "{user}@{domain} ON {gateway}",
            ),
            "1:1/31",
        ),
    ),
    ("internet", "easynet"): (
        Way("{host}::{user}", ("{user}@{host}.enet.dec.com", "{user}%{host}.enet@decwrl.dec.com")),
    ),
    ("internet", "easynet (All-In-1)"): (Way("{first} {last} @{loc}", ("{first}.{last}@{loc}.MTS.DEC.COM",)),),
    ("easynet", "internet"): (
        Way(
            _INTERNET,
            (
                'nm%DECWRL::"{user}@{domain}"',
                "{user}%{domain}@decwrl.dec.com",
                'DECWRL::"{user}@{domain}"',
                "{user}@{domain} @Internet",
            ),
        ),
    ),
    ("easynet", "bitnet"): (
        Way(
            "{user}@{node}",
            ('nm%DECWRL::"{user}@{node}.bitnet"', "{user}@{node}.bitnet", "{user}%{node}.bitnet@decwrl.dec.com"),
        ),
    ),
    ("internet", "gold-400"): (
        Way(
            "{g},{i},{s},{ou},{o},{prmd}",
            (
                "{g}.{i}.{s}@{ou}.{o}.{prmd}.gold-400.gb",
                '"/G={g}/I={i}/S={s}/OU={ou}/O={o}/PRMD={prmd}/ADMD=gold 400/C=GB/"@mhs-relay.ac.uk',
            ),
        ),
    ),
    ("gold-400", "internet"): (
        Way(_INTERNET, ("/DD.RFC-822={printable}(a){domain}/O=uknet/PRMD=uk.ac/ADMD=gold 400/C=GB/",)),
    ),
    ("envoy", "internet"): (Way(_INTERNET, ('[RFC-822="{printable}(a){domain}"]INTERNET/TELEMAIL/US',)),),
    ("internet", "envoy"): (
        Way(
            "{name} (ID={id})",
            (
                "/C=CA/ADMD=TELECOM.CANADA/DD.ID={id}/PN={joined}/@Sprint.COM",
                "uunet.uu.net!att!attmail!mhs!envoy!{id}",
            ),
        ),
    ),
    ("internet", "sprintmail (telemail)"): (
        Way("{first} {last} at {org}", ("/G={first}/S={last}/O={org}/ADMD=TELEMAIL/C=US/@Sprint.COM",)),
    ),
    ("sprintmail (telemail)", "internet"): (
        Way(_INTERNET, ('(C:USA,A:TELEMAIL,P:INTERNET,"RFC-822":<{printable}(a){domain}>) DEL',)),
    ),
    ("telemail", "internet (CMR)"): (
        Way(_INTERNET, ("[INTERMAIL/USCISI]TELEMAIL/USA + body: Forward: ARPA / To: {user}@{domain} / blank line",)),
    ),
    ("internet", "telemail (CMR)"): (
        Way(
            "[{user}/{org}]{host}/{country}",
            ("[{user}/{org}]{host}/{country}%TELEMAIL@{gateway}",),
            "INTERMAIL.ISI.EDU",
        ),
    ),
    ("internet", "telemail X.400 (CMR)"): (
        Way("(O:{org},UN:{user},TS:{host})", ("/O={org}/UN={user}/TS={host}/%TELEMAIL",)),
    ),
    ("internet", "telemail X.400"): (
        Way(
            "(O:{org},UN:{user},TS:{host})",
            ("/O={org}/DD.UN={user}/DD.TS={host}/ADMD=TELEMAIL/C=US/@Sprint.COM",),
        ),
    ),
    ("internet", "dialcom (compmail)"): (
        Way("{system}:{box}", ("Intermail@ISI.EDU + body: Forward: Compmail / To: {system}:{box} / blank line",)),
    ),
    ("internet", "keylink"): (
        Way("{g},{i},{s},{o}", ('"/G={g}/I={i}/S={s}/O={o}/"@telememo.au', "{g}.{i}.{s}@{o}.telememo.au")),
    ),
    ("keylink", "internet"): (
        Way(
            "{name} <{user}@{domain}>",
            ('(C:au, A:telememo, P:oz.au, "RFC-822":"{name} <{printable}(a){domain}>")',),
        ),
    ),
    ("arcom", "internet"): (
        Way("{user}@{d3}.{d2}.{d1}.{cc}", ("C=CH,A=ARCOM,P=SWITCH,ORG={cc},OU1={d1},OU2={d2},OU3={d3},S={user}",)),
    ),
    ("internet", "arcom"): (
        Way(
            "{g},{i},{s},{ou},{o},{p},{a},{c}",
            ("/G={g}/I={i}/S={s}/OU={ou}/O={o}/P={p}/A={a}/C={c}@chx400.switch.ch",),
        ),
    ),
    ("internet", "gsfcmail"): (
        Way("{user}", ("/PN={user}/ADMD=TELEMAIL/PRMD=GSFC/O=GSFCMAIL/C=US/@x400.msfc.nasa.gov",)),
    ),
    ("gsfcmail", "internet"): (
        Way(
            _INTERNET,
            ("(SITE:SMTPMAIL,ID:<{printable}(a){domain}>)", "to: POSTMAN; first body line  To: {user}@{domain}"),
        ),
    ),
    ("nasamail", "internet"): (Way(_INTERNET, ("(site:smtpmail,id:<{printable}(a){domain}>)",)),),
    ("internet", "nsi (decnet)"): (
        Way("{host}::{user}", ("{user}@{host}.dnet.nasa.gov", "{user}%{host}.dnet@ames.arc.nasa.gov")),
    ),
    ("nsi (decnet)", "internet"): (Way(_INTERNET, ('east::"{user}@{domain}"', 'nssdca::in%"{user}@{domain}"')),),
    ("internet", "thenet (decnet)"): (
        Way("{user}@{host}", ("{user}%{host}.decnet@{gateway}",), "utadnx.cc.utexas.edu"),
    ),
    ("thenet (decnet)", "internet"): (Way(_INTERNET, ('UTADNX::WINS%" {user}@{domain} "',)),),
    ("internet", "mfenet"): (Way("{user}@{node}", ("{user}%{node}.mfenet@{gateway}",), "nmfecc.arpa"),),
    ("sinet (decnet)", "internet"): (
        Way(
            _INTERNET,
            ("M_MAILNOW::M_INTERNET::{domain}::{user}", 'M_MAILNOW::M_INTERNET::"{user}@{domain}"'),
        ),
    ),
    ("internet", "omnet"): (
        Way("{user}", ("/DD.UN={user}/O=OMNET/ADMD=TELEMAIL/C=US/@Sprint.COM", "{user}@omnet.nasa.gov")),
    ),
    ("internet", "ibm vnet"): (Way("{user}@{node}.{tert}", ("{user}@{node}.{tert}.ibm.com",)),),
    ("applelink", "internet"): (Way(_INTERNET, ("{user}@{domain}@internet#",)),),
    ("applelink", "bitnet"): (Way("{user}@{node}", ("{user}@{node}.bitnet@internet#",)),),
    ("geonet", "internet"): (Way(_INTERNET, ("to: DASNET; subject: {user}@{domain}!SUBJECT",)),),
    ("connect", "internet"): (Way(_INTERNET, ('to: DASNET; first body line: "{user}@{domain}"@DASNET',)),),
    ("genie", "internet"): (Way(_INTERNET, ("{user}@{domain}@INET#",)),),
    ("wwivnet", "internet"): (Way(_INTERNET, ("{user}#{domain}@{gateway}",), "506"),),
    ("internet", "uucp"): (
        Way("{user} at end of {path}", ("{bang}!{user}@{gateway}", "{gateway}!{bang}!{user}"), "uunet.uu.net"),
        Way("@{d1}:{user}@{d2}", ("{d1}!{d2}!{user}",)),
        Way('"{quoted}"@{domain}', ("{domain}!{atom}",)),
    ),
    ("uucp", "internet"): (
        Way(_INTERNET, ("{gateway}!{domain}!{user}",), "seismo"),
        Way("{user}@{top}", ("{gateway}!{top}.!{user}",), "seismo"),
    ),
    ("internet", "x.400"): (Way(_INTERNET, ("/RFC-822={printable}(a){domain}/{gateway}/",), "PRMD=GW/ADMD=GW/C=CC"),),
    ("x.400", "internet"): (Way("{any}", ("{any}@{gateway}",)),),
    ("x.400", "uucp"): (Way("{user} at {host}", ("/RFC-822={host}(b){printable}(a){gateway}/",)),),
    ("x.400", "bitnet"): (Way("{user}@{node}", ("/RFC-822={printable}(p){node}.bitnet(a){gateway}/",)),),
    ("internet", "internet"): (Way("{user} at {host} by way of {relay}", ("{user}%{host}@{relay}",)),),
}
"""What is known, by the network that the writer is in and the one that he writes to."""

_MADE: Final[Mapping[str, tuple[str, Callable[[str], str]]]] = {
    "bang": ("path", lambda path: path.replace(",", "!")),
    "atom": ("quoted", to_atom),
    "joined": ("name", lambda name: name.replace(" ", "_")),
    "printable": ("user", ascii_to_printable),
}


def spell(address: str, from_network: str, to_network: str, *, gateway: str = "") -> str:
    """What a user of one network writes for an address of the other, in the way that was preferred.

    The address has the form that its own network uses, such as `joe@CUNYVM` for BITNET. `gateway` is the host between,
    as the writer's network names it; without it a usual one.

    Raises:
        SpellingError: no way between the two is known, or the address has none of the forms that are.
    """
    return spellings(address, from_network, to_network, gateway=gateway)[0]


def spellings(address: str, from_network: str, to_network: str, *, gateway: str = "") -> tuple[str, ...]:
    """All that could be written, the preferred first; see `spell`."""
    ways = WAYS.get((from_network, to_network))
    if ways is None:
        known = ", ".join(sorted({to for source, to in WAYS if source == from_network})) or "nothing"
        raise SpellingError(f"from {from_network!r} to {to_network!r} no way is known: {known} is")
    for way in ways:
        found = _read(way.form).fullmatch(address)
        if found is not None:
            said = found.groupdict()
            try:
                said |= {name: make(said[source]) for name, (source, make) in _MADE.items() if source in said}
            except ORAddressError as error:
                raise SpellingError(str(error)) from error
            return tuple(text.format(**said, gateway=gateway or way.usual) for text in way.written)
    forms = ", ".join(way.form for way in ways)
    raise SpellingError(f"{address!r} is no address of {to_network!r}: write {forms}")


@cache
def _read(form: str) -> re.Pattern[str]:
    """A form as a regular expression with its names as groups."""
    pieces = _PLACE.split(form)
    pattern = [
        re.escape(piece) if at % 2 == 0 else f"(?P<{piece}>{_PATTERNS.get(piece, _WORD)})"
        for at, piece in enumerate(pieces)
    ]
    return re.compile("".join(pattern))
