"""The grammar of IMAP's commands: what a client writes is what a server reads, and what is none is said."""

from __future__ import annotations

from hypothesis import given
from imap_values import COMMANDS

from sim.protocol.imap4.command_writer import write_command
from sim.protocol.imap4.commands import Command
from sim.protocol.imap4.grammar import read_command
from sim.protocol.imap4.scanner import Scanner, mark


def read(octets: bytes, *, utf8: bool) -> Command:
    """The command that octets with literals mean."""
    tagged = scanned(octets)
    tagged.tag()
    tagged.space()
    return read_command(tagged, utf8=utf8)


def scanned(octets: bytes) -> Scanner:
    """A scanner over octets, their literals marked."""
    text, literals = b"", []
    while True:
        line, _, octets = octets.partition(b"\r\n")
        announced = line.rpartition(b"{")[2]
        if not (line.endswith(b"}") and announced[:-1].isdigit()):
            return Scanner(text + line, literals)
        size = int(announced[:-1])
        text += line[: -len(announced) - 1] + mark(len(literals))
        literals.append(octets[:size])
        octets = octets[size:]


@given(COMMANDS)
def test_a_command_reads_as_it_was_written(command):
    """In modified UTF-7 as well as in UTF-8."""
    assert [read(write_command("a1", command, utf8=utf8), utf8=utf8) for utf8 in (False, True)] == [command] * 2
