"""What a served host allows its peers, and the memory that all their messages share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times in s, sizes in octets.

    Attributes:
        idle: how long a peer may take for one flight, whether it writes or reads (RFC 5321 section 4.5.3.2.7).
        rate: octets per second for which a flight of mail data gets more time (Postfix smtpd_min_data_rate).
        errors: refusals before the session ends (Postfix smtpd_hard_error_limit).
        junk: commands between two messages that move no mail, before each more is an error (Postfix
            smtpd_junk_command_limit).
        size: the greatest message, where the scenario sets no limit.
        memory: mail data of all sessions that has yet to be answered.
        grace: how long open transactions may go on after the server was told to stop.
        handshake: how long a TLS handshake may take.
        linger: how long a peer's last octets are waited for after the end of its session.
        maildrop: how long a login by POP3 waits for another session to leave the maildrop (Dovecot: about 9.5 s).
        client_sessions: sessions that a client may have at a time, where the scenario sets no limit (Postfix
            smtpd_client_connection_count_limit).
    """

    idle: float = 300.0
    rate: float = 500.0
    errors: int = 20
    junk: int = 100
    size: int = 50_000_000
    memory: int = 512_000_000
    grace: float = 30.0
    handshake: float = 60.0
    linger: float = 2.0
    maildrop: float = 9.5
    client_sessions: int = 50


class Memory:
    """A store of octets that is taken from and given back to."""

    __slots__ = ("_free",)

    def __init__(self, octets: int) -> None:
        self._free = octets

    def take(self, octets: int) -> bool:
        """Take that many; false, and nothing taken, where there are not so many."""
        if octets > self._free:
            return False
        self._free -= octets
        return True

    def give(self, octets: int) -> None:
        """Give back what was taken."""
        self._free += octets
