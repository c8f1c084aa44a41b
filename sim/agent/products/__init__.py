"""Mail programs: which commands each says, in which order, and what it pipelines; a file for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sim.agent.mail_user_agent import MailUserAgent
from sim.agent.products.fetchmail import FetchmailPop3
from sim.agent.products.mbsync import Mbsync
from sim.agent.products.thunderbird import ThunderbirdImap
from sim.scenario.spec.mail_programs import Access

MAIL_USER_AGENTS: Final[Mapping[tuple[str, Access], type[MailUserAgent]]] = {
    ("fetchmail", "pop3"): FetchmailPop3,
    ("mbsync", "imap"): Mbsync,
    ("thunderbird", "imap"): ThunderbirdImap,
}
"""What each program of `scenario.spec.mail_programs` is, by what it speaks."""
