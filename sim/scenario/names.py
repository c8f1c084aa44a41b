"""Names and how to speak about them: suggestions, lists of what is allowed, unique names, DNS labels."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches

_LISTED = 16
"""More names of a scenario than these are not all told."""

_SHOWN = 60
"""A longer value is cut in an error message."""


_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


def shown(value: object) -> str:
    """A value as an error message shows it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
    text = "".join(c if c.isprintable() else "?" for c in str(value))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def listing(words: Collection[str]) -> str:
    """Words of the program with commas: all of them, since one of them is the cure."""
    return ", ".join(words)


def some(names: Collection[str]) -> str:
    """Names of a scenario with commas, cut when there are many."""
    if len(names) <= _LISTED:
        return ", ".join(names)
    return ", ".join(list(names)[:_LISTED]) + f", ... ({len(names)} in all)"


def counted(number: int, thing: str) -> str:
    """How many there are of a thing: `1 message`, `2 messages`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def are(names: Collection[object]) -> str:
    """The verb for so many: `is` or `are`."""
    return "is" if len(names) == 1 else "are"


def unknown(
    what: str,
    value: object,
    allowed: Collection[str],
    told: Callable[[Collection[str]], str] = listing,
    *,
    near: bool = True,
) -> str:
    """The message about a name that is none of the allowed ones, which `told` lists, and with the nearest of them."""
    options = f"allowed {are(allowed)} {told(allowed)}" if allowed else "there is none"
    return f"unknown {what} ({shown(value)}): {options}{suggestion(str(value), allowed) if near else ''}"


def suggestion(value: str, allowed: Collection[str]) -> str:
    """`; did you mean ...?` when one of the allowed names is near, else nothing."""
    folded = {name.casefold(): name for name in reversed(list(allowed))}
    near = get_close_matches(value.casefold(), list(folded), n=1, cutoff=0.6)
    return f"; did you mean {folded[near[0]]}?" if near else ""


def unique(names: Iterable[str]) -> list[str]:
    """The names, each made different from those before it: `Chicago`, `Chicago-2`, `Chicago-3`.

    A name that is unique in the list keeps its spelling.
    """
    wanted = list(names)
    taken, seen = set(wanted), set[str]()
    result = []
    for name in wanted:
        made, number = name, 2
        while made in seen or (made != name and made in taken):
            made, number = f"{name}-{number}", number + 1
        taken.add(made)
        seen.add(made)
        result.append(made)
    return result


def dns_label(name: str) -> str:
    """A host's name as a DNS label: lower case, accents folded, other characters a hyphen (RFC 1035 2.3.1)."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    label = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    return label[:50].rstrip("-") or "host"


def ehlo_names(hosts: Iterable[str]) -> dict[str, str]:
    """What each host calls itself in SMTP: its name where that is a domain name, else the label that it folds to.

    No two are alike, in whatever case (RFC 4343): `Köln` beside `koln` is `koln-2`.
    """
    ordered = sorted(hosts, key=is_domain_name, reverse=True)
    wanted = [name if is_domain_name(name) else dns_label(name) for name in ordered]
    made = unique(name.lower() for name in wanted)
    return {host: own if own.lower() == name else name for host, own, name in zip(ordered, wanted, made, strict=True)}


def is_domain_name(text: str) -> bool:
    """Whether a text is a domain name as hosts have them (RFC 1123 section 2.1)."""
    return len(text) <= 253 and _DOMAIN.fullmatch(text) is not None
