"""Source routes where they are honoured: a host on the way strikes its name off, and notes it on the way back.

RFC 821 section 3.6; RFC 5321 appendices C and F.2.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile

from sim.mail.address import octets_in
from sim.mail.path import PATH_LIMIT, Path


def rewrite_route(path: Path, reverse_path: Path, name: str, is_own: Callable[[str], bool]) -> tuple[Path, Path]:
    """The forward-path and the reverse-path as the host sends them on.

    They are as they were where the route does not begin with this host. A reverse-path that would become too long is
    left alone: it leads back all the same.

    Args:
        path: a forward-path.
        reverse_path: whom to tell of failures.
        name: what this host calls itself.
        is_own: whether a domain in a route means this host.
    """
    own = sum(1 for _ in takewhile(is_own, path.route))
    if not own:
        return path, reverse_path
    rest = Path(path.mailbox, path.route[own:])
    if reverse_path.is_null:
        return rest, reverse_path
    back = Path(reverse_path.mailbox, (name, *reverse_path.route))
    return rest, back if octets_in(str(back)) <= PATH_LIMIT else reverse_path
