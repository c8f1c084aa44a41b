"""Why mail was not taken, and what a product makes of that."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sim.scenario.products.tables import FailureScope, FailureTable, ReplyText

_FREEZES = FailureScope(host_error=False, tries_next_mx=False, returns=False, freezes=True)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a copy was not taken: the reply of `host`, or words of our own with `code` 0 and no host.

    `at` is what had no good answer, where a session failed; `scope` what the product makes of it, None where it has
    no say.
    """

    code: int
    enhanced: str
    text: str
    host: str = ""
    at: str = ""
    scope: FailureScope | None = None

    @classmethod
    def of(cls, finding: ReplyText, **names: str) -> Failure:
        """The failure that a product's own finding is, with what it is about filled in."""
        scope = _FREEZES if finding.freezes else None
        return cls(finding.code, finding.enhanced, finding.text.format(**names), scope=scope)

    def with_scope(self, table: FailureTable, *, silent: bool) -> Failure:
        """The failure with what a product's table makes of it; as it is where no session failed: our own finding."""
        return replace(self, scope=table.scope(self.code, self.at, silent=silent)) if self.at else self

    @property
    def permanent(self) -> bool:
        """Whether trying again later is pointless: for most products, and where none has a say, a 5yz reply."""
        return self.code >= 500 if self.scope is None else self.scope.returns

    @property
    def tries_next_mx(self) -> bool:
        """Whether another of the domain's hosts is tried at once."""
        return self.code < 500 if self.scope is None else self.scope.tries_next_mx

    @property
    def freezes(self) -> bool:
        """Whether the message is kept untried until somebody looks after it, or its time is over."""
        return self.scope is not None and self.scope.freezes

    @property
    def host_error(self) -> bool:
        """Whether the host is backed off, and not just this message."""
        return not self.host if self.scope is None else self.scope.host_error

    @property
    def diagnostic(self) -> str:
        """The text of a report's Diagnostic-Code, as the peer said it (RFC 3464 section 2.3.6)."""
        return " ".join(part for part in (str(self.code or ""), self.enhanced, self.text) if part)
