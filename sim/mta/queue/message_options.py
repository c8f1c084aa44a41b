"""What the sender of a message asked for beside its delivery, as MAIL's and RCPT's parameters carry it from hop to hop.

Delivery reports (RFC 3461), a time to deliver by (RFC 2852), a time to wait for (RFC 4865), a priority (RFC 6710), the
kind of the mail data (RFC 6152, 3030, 6531) and who submitted it (RFC 4954 section 5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim.mail.address import Address
from sim.mail.trace import moment
from sim.mail.xtext import decode_unitext, decode_xtext, encode_unitext, encode_xtext
from sim.protocol.smtp.events import Parameters

_USUAL_NOTIFY = frozenset({"FAILURE", "DELAY"})
"""Without NOTIFY, failures are reported, and delays may be (RFC 3461 section 4.1)."""

_LONGEST_BY = 999_999_999


@dataclass(frozen=True, slots=True)
class MessageOptions:
    """What MAIL asked for. Times are simulated, in s.

    `parameters` are those that mean the same at every hop. `deadline` is when the message is to be delivered by;
    `returns` whether it is to be returned then (by-mode R), or its sender told that it is late (N). `release_time` is
    when it may go on. `priority` is -9 to 9.
    """

    parameters: Parameters = ()
    headers_only: bool | None = None
    envelope_id: str = ""
    utf8: bool = False
    deadline: float = math.inf
    returns: bool = False
    traces: bool = False
    release_time: float = 0.0
    priority: int = 0

    def at(self, now: float) -> Parameters:
        """MAIL's parameters for the next hop at a time: the time to deliver by has become shorter."""
        if self.deadline == math.inf:
            return self.parameters
        left = min(max(math.floor(self.deadline - now), 1 if self.returns else -_LONGEST_BY), _LONGEST_BY)
        return (*self.parameters, ("BY", f"{left};{'R' if self.returns else 'N'}{'T' if self.traces else ''}"))


def message_options(parameters: Parameters, now: float, clock: float = 0.0) -> MessageOptions:
    """What MAIL's parameters, which have been checked, ask for at a time.

    SIZE is left out, since each hop finds it anew, and so is the time to wait for, which is this host's business. Who
    submitted the message becomes `<>`: nobody here vouches for it (RFC 4954 section 5). `clock` is the date of time 0,
    in s after mail's epoch.
    """
    found = dict(parameters)
    kept = tuple(
        (keyword, "<>" if keyword == "AUTH" else value)
        for keyword, value in parameters
        if keyword not in ("SIZE", "BY", "HOLDFOR", "HOLDUNTIL")
    )
    seconds, _, mode = (found.get("BY") or "").upper().partition(";")
    ret = found.get("RET")
    return MessageOptions(
        kept,
        None if ret is None else ret.upper() == "HDRS",
        decode_xtext(found.get("ENVID") or ""),
        "SMTPUTF8" in found,
        now + int(seconds) if seconds else math.inf,
        mode.startswith("R"),
        mode.endswith("T"),
        _release_time(found.get("HOLDFOR"), found.get("HOLDUNTIL"), now, clock),
        int(found.get("MT-PRIORITY") or 0),
    )


def _release_time(interval: str | None, until: str | None, now: float, clock: float) -> float:
    if interval:
        return now + int(interval)
    try:
        return moment(until) - clock if until else 0.0
    except ValueError:
        return 0.0


def with_smtputf8(parameters: Parameters | None) -> Parameters:
    """MAIL's parameters, if there are any, with SMTPUTF8 (RFC 6531)."""
    asked = parameters or ()
    return asked if ("SMTPUTF8", None) in asked else (*asked, ("SMTPUTF8", None))


def notifies(parameters: Parameters, event: str) -> bool:
    """Whether the sender wants a report on a recipient's SUCCESS, FAILURE or DELAY."""
    if not parameters:
        return event in _USUAL_NOTIFY
    notify = dict(parameters).get("NOTIFY")
    return event in (_USUAL_NOTIFY if notify is None else notify.upper().split(","))


def original_recipient(parameters: Parameters) -> str:
    """What a report's Original-Recipient says: address type and address, as ORCPT gave them; empty without it."""
    kind, _, address = (dict(parameters).get("ORCPT") or "").partition(";")
    if not kind:
        return ""
    return f"{kind}; {decode_unitext(address) if kind.lower() == 'utf-8' else decode_xtext(address)}"


def with_original_recipient(parameters: Parameters, address: Address | None) -> Parameters:
    """The parameters with an ORCPT that says where the mail came for, if they have none (RFC 3461 section 5.2.1)."""
    if address is None or any(keyword == "ORCPT" for keyword, _ in parameters):
        return parameters
    text = str(address)
    if not text.isascii():
        return (*parameters, ("ORCPT", f"utf-8;{encode_unitext(text)}"))
    return (*parameters, ("ORCPT", f"rfc822;{encode_xtext(text)}"))
