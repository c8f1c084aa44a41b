"""Real messages: a folder of .eml files, one such file, or an mbox, as the mail data that a host would submit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.mail.content import canonical, has_header
from sim.mail.mbox import Mbox, without_bom
from sim.scenario.inputs import InputError, printable, read_input
from sim.scenario.names import counted, some

_REMARKS = 10
"""More places than these are not all told."""


@dataclass(frozen=True, slots=True)
class RealMessages:
    """Messages, each as mail data whose lines end in CRLF, and what there is to say about the files, line by line."""

    contents: tuple[bytes, ...]
    remarks: tuple[str, ...]


def read_messages(folder: Path, name: str, most: int) -> RealMessages:
    """Read the messages of a folder of .eml files, in order of their names, of one such file, or of an mbox.

    Nothing but line ends is changed. A byte order mark, an mbox's own `From ` lines and what it quotes (`mail.mbox`)
    are no part of a message; an empty message is left out.

    Args:
        folder: where a relative name starts.
        name: what the user calls them.
        most: how many octets a file may have.

    Raises:
        InputError: something cannot be read, or there is no message.
    """
    found, remarks = _found(folder, name, most)
    contents = tuple(content for _, content in found if content)
    if not contents:
        raise InputError(f"no message in {name}: give a folder of .eml files, or an mbox whose messages begin 'From '")
    strange = [place for place, content in found if content and not has_header(content)]
    empty = [place for place, content in found if not content]
    return RealMessages(
        contents,
        (
            f"{name}: {counted(len(contents), 'message')}",
            *remarks,
            *_each(empty, "an empty message is left out"),
            *_each(strange, "this message does not begin with a header field; it is sent as it is"),
        ),
    )


def _found(folder: Path, name: str, most: int) -> tuple[list[tuple[str, bytes]], list[str]]:
    """Each message's place and content, and the remarks about a mailbox."""
    path = folder / name
    if not path.exists():
        raise InputError(
            f"no such messages ({name}): allowed is a folder of .eml files or an mbox, found from {folder}"
        )
    if path.is_dir():
        files = [f"{name}/{file}" for file in sorted(entry.name for entry in path.iterdir()) if _is_eml(file)]
        return [(printable(file), _content(folder, file, most)) for file in files], []
    if _is_eml(name):
        return [(name, _content(folder, name, most))], []
    box = Mbox(read_input(folder, name, most))
    return [(f"{name}:{message.line}", message.content) for message in box.messages], list(_of_mbox(box, name))


def _is_eml(name: str) -> bool:
    return name.lower().removesuffix(".gz").endswith(".eml")


def _content(folder: Path, name: str, most: int) -> bytes:
    return canonical(without_bom(read_input(folder, name, most)))


def _each(places: Sequence[str], what: str) -> Iterator[str]:
    """A remark for each place, as far as anybody reads them."""
    yield from (f"{place}: {what}" for place in places[:_REMARKS])
    if len(places) > _REMARKS:
        yield f"{places[_REMARKS]} and {len(places) - _REMARKS - 1} more: {what}"


def _of_mbox(box: Mbox, name: str) -> Iterator[str]:
    if box.skipped:
        yield f"{name}:1: {box.skipped} octets before the first message are left out"
    if box.text_lines:
        lines = some([str(line) for line in box.text_lines])
        yield (
            f"{name}: lines that begin with From and are text, for want of a blank line before them or of a date: "
            f"{lines}"
        )
    if box.misframed:
        lines = some([str(line) for line in box.misframed])
        yield f"{name}: messages whose Content-Length does not fit, so that nobody goes by it, from lines {lines} on"
