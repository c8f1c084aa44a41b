"""What uux makes of a command for another system: the files of its spool, and what goes over the line.

A command with one file for its input is one job of two files: `C.`, with the line that says what to send, and `D.`, the
input. It goes as E, and the called system writes the `X.` file that uuxqt reads. An older one is sent that, too, as a
file of its own.

Sources: the manual of Taylor UUCP 1.07 ("Execution File Format"); the files of the real program.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Final

from sim.protocol.uucp.messages import Execute

GRADE: Final = "N"
"""The grade of what does not say its own (uux and uucp)."""

GRADES: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
"""In the order in which they go."""

_SEQUENCE = 36**4


def sequence(number: int) -> str:
    """The four characters by which a spool tells its files apart."""
    digits, rest = "", number % _SEQUENCE
    for _ in range(4):
        rest, digit = divmod(rest, 36)
        digits = GRADES[digit] + digits
    return digits


@dataclass(frozen=True, slots=True)
class Job:
    """A command for another system.

    Attributes:
        system: the system that it comes from; its name in the names of files is its first seven characters.
        user: who gave it.
        command: the command with its arguments.
        size: octets of its input.
        number: the number of the job in the spool.
        grade: how soon it goes.
    """

    system: str
    user: str
    command: str
    size: int
    number: int
    grade: str = GRADE

    @property
    def data_file(self) -> str:
        """The input's name in the spool that it comes from."""
        return f"D.{sequence(self.number)}"

    @property
    def there(self) -> str:
        """The input's name in the spool that it goes to."""
        return f"D.{self.system[:7]}{self.grade}{sequence(self.number)}"

    @property
    def control_file(self) -> tuple[str, str]:
        """The C. file: its name and its content."""
        line = f'E {self.data_file} {self.there} {self.user} -C {self.data_file} 0666 "" 0 {self.command}\n'
        return f"C.{self.grade}{sequence(self.number)}", line

    @property
    def execution_file(self) -> tuple[str, str]:
        """The X. file: its name and its content."""
        name = f"X.{self.system[:7]}{self.grade}{sequence(self.number)}"
        return name, f"U {self.user} {self.system}\nF {self.there}\nI {self.there}\nC {self.command}\n"

    def execute(self) -> Execute:
        """The command that is said for it."""
        return Execute(
            self.data_file, self.there, self.user, "-C", self.data_file, "0666", '""', self.size, self.command
        )


def read_execution(text: str) -> tuple[str, str, str]:
    """The system, the input and the command that an X. file names; each empty where it names none."""
    found = {line[:1]: line[2:] for line in text.splitlines() if line[1:2] == " "}
    return found.get("U", "").partition(" ")[2], found.get("I", ""), found.get("C", "")
