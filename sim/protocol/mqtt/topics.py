"""Topic names and filters (MQTT 3.1.1 section 4.7)."""

from __future__ import annotations


def is_string(text: str) -> bool:
    """Whether it is a string of MQTT: at most 65,535 octets of UTF-8, no NUL, no surrogate (section 1.5.3)."""
    return "\0" not in text and not any("\ud800" <= one <= "\udfff" for one in text) and len(text.encode()) <= 65_535


def is_topic(name: str) -> bool:
    """Whether something can be published under it: no wildcard is in it."""
    return bool(name) and is_string(name) and not {"+", "#"} & {*name}


def is_filter(text: str) -> bool:
    """Whether it can be subscribed to: `+` stands for one whole level, `#` for all that are left."""
    *levels, last = text.split("/")
    if not text or not is_string(text) or any("#" in level for level in levels) or ("#" in last and last != "#"):
        return False
    return all(level == "+" or "+" not in level for level in (*levels, last))


def matches(text: str, name: str) -> bool:
    """Whether a filter matches a topic's name; a wildcard in front matches none that begins with `$`."""
    if name.startswith("$") and text[:1] in ("+", "#"):
        return False
    wanted, levels = text.split("/"), name.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            # `a/#` matches `a` as well.
            return True
        if index >= len(levels) or level not in ("+", levels[index]):
            return index == len(levels) and wanted[index:] == ["#"]
    return len(wanted) == len(levels)
