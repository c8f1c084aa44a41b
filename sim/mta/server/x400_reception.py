"""The receiving side of an association of X.400: what an MTA grants, and the messages that it takes (X.411, X.228)."""

from __future__ import annotations

from sim.mta.mixer import from_mpdu, loops
from sim.mta.or_names import mta_domain
from sim.mta.server.transactions import AcceptedMail
from sim.protocol import x400
from sim.protocol.dialogue import MachineServer
from sim.protocol.x400 import pdus
from sim.protocol.x400.mpdus import Message, Report
from sim.protocol.x400.presentation import Mode, read_bind, unwrap_apdu, write_bind_result, write_release
from sim.scenario.products.x400 import X400
from sim.scenario.spec import Host

_LONGEST = 1 << 30
_TPDU = 2048


class Begun:
    """The messages that have begun to come in, by who sends them and the activity: they outlive associations."""

    def __init__(self) -> None:
        self._receiving: dict[tuple[str, int], x400.Receiving] = {}

    def keep(self, initiator: str, activity: int, receiving: x400.Receiving) -> None:
        """One begins."""
        self._receiving[initiator, activity] = receiving

    def take(self, initiator: str, activity: int) -> x400.Receiving | None:
        """What has come of one, if it is known; it is forgotten then."""
        return self._receiving.pop((initiator, activity), None)


class TransferReception(MachineServer[x400.Responder]):
    """An MTA's side of one association.

    Args:
        host: whose side this is.
        begun: what the host has of messages that were interrupted.

    Attributes:
        accepted: the mail taken by the last call of `read`.
        commands: how many PDUs have been answered.
        in_transaction: whether a message is under way.
    """

    def __init__(self, host: Host, begun: Begun) -> None:
        self._host = host
        self._rts = host.mta if isinstance(host.mta, X400) else X400()
        self._begun = begun
        super().__init__(x400.Responder())
        self._mode: Mode = "1988"
        self._initiator = ""
        self._activity = 0
        self._receiving: x400.Receiving | None = None
        self.patience = host.mta.idle_timeout

    @property
    def in_transaction(self) -> bool:  # type: ignore[override]
        """Whether a message is under way."""
        return self._receiving is not None

    @property
    def is_over(self) -> bool:
        """Whether it closes the connection behind what it wrote last."""
        return self._machine.state in (x400.State.CLOSED, x400.State.RELEASED)

    def disconnected(self) -> None:
        """The association is gone."""
        self._receiving = None
        self._machine.close()

    def _answer(self, event: pdus.Pdu) -> list[pdus.Pdu]:
        answers: list[pdus.Pdu] = []
        match event:
            case pdus.ConnectRequest():
                refuses = pdus.DisconnectRequest(0)
                answers = [refuses if self._busy else pdus.ConnectConfirm(min(event.size, _TPDU))]
            case pdus.Connect():
                answers = [self._connect(event)]
            case pdus.ActivityStart():
                self._begin(event.identifier, [], 0)
            case pdus.ActivityResume():
                begun = self._begun.take(self._initiator, event.old)
                if begun is None or begun.serial < event.serial:
                    # It begins anew then, in another association.
                    answers = [pdus.Abort()]
                else:
                    self._begin(event.identifier, begun.blocks, event.serial)
            case pdus.Data() | pdus.MinorSync() | pdus.ActivityEnd() if self._receiving is not None:
                answers = self._take(event, self._receiving)
            case pdus.ActivityDiscard():
                self._forget()
                answers = [pdus.ActivityDiscardAck()]
            case pdus.ActivityInterrupt():
                self._receiving = None
                answers = [pdus.ActivityInterruptAck()]
            case pdus.Finish():
                answers = [pdus.Disconnect(write_release(self._mode, asks=False))]
            case _:
                self.disconnected()
        self.commands += bool(answers)
        return answers

    def _begin(self, activity: int, blocks: list[bytes], serial: int) -> None:
        self._activity = activity
        self._receiving = x400.Receiving(self._mode, self._host.size_limit or _LONGEST, blocks, serial)
        self._begun.keep(self._initiator, activity, self._receiving)

    def _forget(self) -> None:
        """The message has come, or is not to come."""
        self._begun.take(self._initiator, self._activity)
        self._receiving = None

    def _connect(self, event: pdus.Connect) -> pdus.Accept:
        proposed, self._mode = read_bind(event.user_data)
        self._initiator = proposed.name
        own = x400.Bind(self._host.domain, "", self._rts.checkpoint_size, self._rts.window_size)
        return pdus.Accept(write_bind_result(own.agreed(proposed), self._mode), event.reference, event.common)

    def _take(self, event: pdus.Data | pdus.MinorSync | pdus.ActivityEnd, receiving: x400.Receiving) -> list[pdus.Pdu]:
        answer = receiving.take(event)
        if isinstance(event, pdus.ActivityEnd):
            self._forget()
            mpdu = x400.read_mpdu(unwrap_apdu(receiving.message, self._mode))
            if isinstance(mpdu, Message | Report):
                try:
                    mapped = from_mpdu(mpdu)
                except ValueError as error:
                    raise x400.RemoteProtocolError(f"an MPDU that is no mail: {error}") from None
                looping = loops(mpdu, mta_domain(self._host.domain), self._host.domain)
                self.accepted.append(
                    AcceptedMail(
                        mapped.reverse_path,
                        mapped.forward_paths,
                        mapped.content,
                        parameters=mapped.parameters,
                        recipient_parameters=mapped.recipient_parameters,
                        looping=looping,
                    )
                )
        return [] if answer is None else [answer]
