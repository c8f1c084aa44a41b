"""A user's rules on disk: his Sieve script, and whom his vacation has answered.

The script is the file `sieve` in his folder, and without that what the scenario says. It is read anew when it has
changed; one that is none keeps all his mail.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from sim.live.maildir import Maildir
from sim.mail.path import Path as MailPath
from sim.mailbox.delivery import Delivery, DeliveryAgent, Outgoing
from sim.mailbox.sieve import Script, SieveError
from sim.mailbox.sieve_script import read_script
from sim.mailbox.sieve_tests import Incoming

_SCRIPT, _ANSWERED = "sieve", "mtasim-answered"

_KEEPS_ALL = Script()


class UserRules:
    """Delivers to a user by the script in his folder.

    Args:
        maildir: his INBOX, at the top of the folder.
        message_id: as of `DeliveryAgent`.
        usual: the script where there is no such file.
    """

    def __init__(self, maildir: Maildir, message_id: Callable[[], str], usual: Script = _KEEPS_ALL) -> None:
        self._maildir = maildir
        self._usual = usual
        self._guard = threading.Lock()
        self._read_at = (0, 0)
        self._error = ""
        self._agent = DeliveryAgent(usual, message_id, self._answered())

    def decide(self, mail: Incoming, reverse_path: MailPath, now: float, date: str) -> Delivery:
        """What becomes of a message, as of `DeliveryAgent`; what is wrong with the script is the delivery's error.

        Raises:
            OSError: what has to be remembered cannot be written.
        """
        with self._guard:
            self._read()
            known = dict(self._agent.answered)
            found = self._agent.decide(mail, reverse_path, now, date)
            if self._agent.answered != known:
                lines = "".join(f"{until} {key}\n" for key, until in self._agent.answered.items())
                self._maildir.replace(self._maildir.folder / _ANSWERED, [lines.encode("utf-8", "surrogateescape")])
        return Delivery(found.folders, found.outgoing, found.rejection, found.remark, self._error or found.error)

    def notice(self, mail: Incoming, rejection: str, date: str) -> Sequence[Outgoing]:
        """What tells the sender that the user has refused his message, as of `DeliveryAgent`."""
        return self._agent.notice(mail, rejection, date)

    def _read(self) -> None:
        file = self._maildir.folder / _SCRIPT
        try:
            state = file.stat()
            if (state.st_mtime_ns, state.st_size) == self._read_at:
                return
            self._read_at = state.st_mtime_ns, state.st_size
            self._agent.script, self._error = read_script(file.read_bytes()), ""
        except FileNotFoundError:
            self._read_at, self._agent.script, self._error = (0, 0), self._usual, ""
        except (OSError, SieveError) as error:
            self._agent.script, self._error = _KEEPS_ALL, f"{file}: {error}"

    def _answered(self) -> dict[str, float]:
        found: dict[str, float] = {}
        try:
            text = (self._maildir.folder / _ANSWERED).read_text("utf-8", "surrogateescape")
        except OSError:
            return found
        for line in text.splitlines():
            until, _, key = line.partition(" ")
            try:
                found[key] = float(until)
            except ValueError:
                continue
        return found
