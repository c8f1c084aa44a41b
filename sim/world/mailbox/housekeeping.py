"""What is done with users' mailboxes once a day: what is too old goes, what is old goes into an archive."""

from __future__ import annotations

from sim.mail.trace import EPOCH
from sim.mailbox.delivery import made_folder
from sim.results.facts import MailboxFact
from sim.scenario.quantity import DAY
from sim.world.engine.clock import Clock
from sim.world.engine.recorder import Recorder
from sim.world.engine.stepping import Waits
from sim.world.mailbox.user_mailboxes import AllMailboxes, UserMailboxes


class Housekeeping:
    """Lets messages expire, moves them into archives, and writes down what mailboxes hold.

    Args:
        mailboxes: all users'.
        clock: tells the time; nothing is done at or after its horizon.
        recorder: where it is written down.
        epoch: what to add to the simulated time for the clock on the wall, s since `mail.trace.EPOCH`.
    """

    def __init__(self, mailboxes: AllMailboxes, clock: Clock, recorder: Recorder, epoch: float) -> None:
        self._mailboxes = mailboxes
        self._clock = clock
        self._recorder = recorder
        self._epoch = epoch
        self._noted: dict[str, tuple[int, int]] = {}

    def go_on(self) -> Waits:
        """Every day from time 0 on, look after all mailboxes."""
        day = 1
        while day * DAY < self._clock.horizon:
            yield day * DAY
            for one in self._mailboxes.made():
                _tidy(one, day * DAY + self._epoch + EPOCH)
            self.note()
            day += 1

    def note(self) -> None:
        """Write down what the mailboxes hold whose holdings have changed."""
        for one in self._mailboxes.made():
            user, quota = str(one.account.address), one.account.quota()
            holds = quota.messages, quota.octets
            if self._noted.get(user) != holds:
                self._noted[user] = holds
                self._recorder.mailboxes.append(MailboxFact(user, self._clock.now, *holds))


def _tidy(mailboxes: UserMailboxes, date: float) -> None:
    """Remove and move what is old enough at a date, s since 1970."""
    account, retention, archive = mailboxes.account, mailboxes.user.retention, mailboxes.user.archive
    if retention:
        for mailbox, uids in account.older_than(date - retention).items():
            mailbox.expunge(uids)
    if archive is not None:
        for mailbox, uids in account.older_than(date - archive.after, in_inbox=True).items():
            account.mailbox(made_folder(account, archive.to)).adopt_moved(mailbox, uids)
