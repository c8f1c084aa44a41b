"""What goes by its age: messages that expire, and those that move into an archive, once a day."""

from __future__ import annotations

from collections.abc import Sequence

from sim.mail.trace import EPOCH
from sim.mailbox.delivery import made_folder
from sim.scenario.quantity import DAY
from sim.world.engine.clock import Clock
from sim.world.engine.stepping import Waits
from sim.world.mailbox.user_mailboxes import UserMailboxes


def tidy(mailboxes: Sequence[UserMailboxes], clock: Clock, epoch: float) -> Waits:
    """Every day let messages expire that are too old, and move those that are old enough into their archives.

    Args:
        mailboxes: whose.
        clock: tells the time; nothing is done at or after its horizon.
        epoch: what to add to the simulated time for the clock on the wall, s since `mail.trace.EPOCH`.
    """
    day = 1
    while day * DAY < clock.horizon:
        yield day * DAY
        for one in mailboxes:
            tidy_up(one, day * DAY + epoch + EPOCH)
        day += 1


def tidy_up(mailboxes: UserMailboxes, date: float) -> None:
    """Do it for one user at a date, s since 1970."""
    account, retention, archive = mailboxes.account, mailboxes.user.retention, mailboxes.user.archive
    if retention:
        for mailbox, uids in account.older_than(date - retention).items():
            mailbox.expunge(uids)
    if archive is not None:
        for mailbox, uids in account.older_than(date - archive.after, in_inbox=True).items():
            account.mailbox(made_folder(account, archive.to)).adopt_moved(mailbox, uids)
