"""Mail programs: which commands each says, in which order, and what it pipelines; a file for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sim.agent.mail_user_agent import MailUserAgent
from sim.agent.products.curl import CurlImap, CurlPop3
from sim.agent.products.fetchmail import FetchmailImap, FetchmailPop3
from sim.agent.products.getmail import GetmailImap, GetmailPop3
from sim.agent.products.imaplib import Imaplib
from sim.agent.products.mbsync import Mbsync
from sim.agent.products.mpop import Mpop
from sim.agent.products.mutt import MuttImap, MuttPop3
from sim.agent.products.poplib import Poplib
from sim.agent.products.thunderbird import ThunderbirdImap, ThunderbirdPop3
from sim.scenario.spec.devices import Access, Device, MailProgram

MAIL_USER_AGENTS: Final[Mapping[tuple[MailProgram, Access], type[MailUserAgent]]] = {
    ("thunderbird", "imap"): ThunderbirdImap,
    ("thunderbird", "pop3"): ThunderbirdPop3,
    ("mutt", "imap"): MuttImap,
    ("mutt", "pop3"): MuttPop3,
    ("mbsync", "imap"): Mbsync,
    ("fetchmail", "pop3"): FetchmailPop3,
    ("fetchmail", "imap"): FetchmailImap,
    ("getmail", "pop3"): GetmailPop3,
    ("getmail", "imap"): GetmailImap,
    ("mpop", "pop3"): Mpop,
    ("imaplib", "imap"): Imaplib,
    ("poplib", "pop3"): Poplib,
    ("curl", "imap"): CurlImap,
    ("curl", "pop3"): CurlPop3,
}
"""What each program is, by what it speaks."""


def mail_user_agent(device: Device, user: str, password: str) -> MailUserAgent:
    """The program of a device, as its user has set it."""
    kind = MAIL_USER_AGENTS[device.mua, device.access]
    return kind(user, password, leave=device.leave, idles=device.idles, starttls=device.tls)
