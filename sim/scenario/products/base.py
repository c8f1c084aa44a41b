"""What every mail transfer agent that a host can play answers to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, dataclass, field
from math import inf
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Literal

from sim.scenario.distribution import Distribution, Lognormal
from sim.scenario.products.feedback import STILL, Feedback
from sim.scenario.products.tables import (
    Command,
    Commands,
    FailureTable,
    LoopDetection,
    Operation,
    QueueWords,
    ReplyText,
)
from sim.scenario.quantity import MINUTE
from sim.scenario.scalars import Duration, whole
from sim.scenario.sections import Section

MANY = 1_000_000_000
"""A limit that is none."""

Refuses = Literal["refuse", "reset"]
"""What a server that refuses a client does: it says so (421), or its kernel sends a reset, since nobody listens."""

WhenFull = Literal["refuse", "wait", "reset"]
"""What becomes of a client beyond a server's sessions: as `Refuses`, or it may wait in the listen queue."""

RateWindows = Literal["sliding", "fixed"]
"""How rates are counted: within any time of a length, or in pieces of time that begin with a client's first try."""

Reuse = Literal["rset", "mail", "pipeline", "never"]
"""How a client goes on with a session: RSET first, MAIL at once, MAIL behind the final dot, or not at all."""


def named(default: object, names: str, by: Callable[[Any], object] | None = None) -> Any:  # noqa: ANN401 - of any type
    """A parameter under the product's own name, and what `Product` calls what it is, or what `by` makes of it."""
    return field(default=default, metadata=dict.fromkeys(names.split(), by))


def limit(default: int, name: str) -> Any:  # noqa: ANN401 - likewise
    """A parameter that is a limit, of which there is none where it is 0."""
    return named(default, name, by=lambda most: most or MANY)


def age(default: float, name: str) -> Any:  # noqa: ANN401 - likewise
    """A parameter that is the one age of a message at which its sender is told that it is late; 0 is none."""
    return named(default, name, by=lambda time: (time,) if time else ())


Bounds = tuple[tuple[str, str], ...]
"""Pairs of parameters, the first of which is at most the second: of a list the first, or of ages or rules the last."""


ConnectionCache = Literal["on-demand", "always", "never"]
"""Whether deliveries leave their connections open: where the next one comes within a second, or always, or never."""

Destinations = Literal["host", "domain", "recipient", "all"]
"""What a product's limits of a destination count by: next host, next-hop domain, recipient; or they know none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorLimits(Section):
    """What one session's refusals cost its client, since it began or last handed over mail (Postfix smtpd(8))."""

    soft_limit: Annotated[int, whole(0)] = 10
    """From which one on replies are held back; 0 means never (smtpd_soft_error_limit)."""
    hard_limit: Annotated[int, whole(0)] = 20
    """After how many the session ends with 421; 0 means never (smtpd_hard_error_limit)."""
    delay: Duration = 1.0
    """How long each reply is held back (smtpd_error_sleep_time)."""


def _property(parameter: str, by: Callable[[Any], object] | None) -> property:
    get = attrgetter(parameter)
    return property(get if by is None else lambda product: by(get(product)))


class Product:
    """What every product answers to; without own parameters, what RFC 5321 says, and no limits.

    `name` is what a scenario file calls it, `title` how one speaks of it. `extensions` are the EHLO keywords that its
    server offers, in the order of its reply, and `uses` those that its client uses; AUTH and STARTTLS stand there for
    their place only. `no_exchanger` is what it says of mail whose MX records name no `{host}` that there is. `commands`
    and `queue_words` are its operators'.

    Timeouts are the client's: connecting, the greeting and the reply to EHLO, the replies to MAIL, RCPT and DATA, each
    write of mail data, the reply to the final dot (from the last write on) and to QUIT; `data_total_timeout` is for all
    writes of a message, `session_timeout` for a whole session. `idle_timeout` is the server's: how long it waits for
    something to read (RFC 5321 section 4.5.3.2.7).

    `destinations` says what is one destination. Where it is a domain or less, mail for two domains never goes in
    one transaction, and a session serves its domain, whichever of the domain's hosts it is with; else domains whose
    mail goes to the same hosts share both. `destination_concurrency_limit` is how many deliveries to one are under
    way (`initial_concurrency` before the first has got through), `connection_delay` how long after a connection the
    next one to it is made. That number grows by `positive_feedback` and shrinks by `negative_feedback`; after
    `failed_cohort_limit` cohorts that failed (0: never) the destination is dead for `revival_time` s. With a
    `rate_delay` deliveries to it go one by one, that long apart. `connection_cache` says whether deliveries leave
    theirs open for the next: while they come back to back, always or never. `slot_cost`, `slot_loan`,
    `slot_discount` (percent) and `minimum_slots` are what it costs a message to step in front of another one
    (Postfix's default_delivery_slot_cost and the like; 0: nobody does); where it has the `smallest_first`, that of all
    that wait goes next. `process_limit` is how many are under way
    in all, `active_limit` how many messages are worked on at a time. Where `process_limit` messages wait to be
    worked on, its server takes `in_flow_delay` longer for each that comes.

    `server_limit` is how many sessions its server has at a time, `when_full` what becomes of further ones: it
    `refuse`s them (421), they `wait` in the listen queue, which is `listen_backlog` long, or get a `reset`: it closes
    its listening socket, and looks again after `looks_again` s.

    `recipient_limit` is how many recipients a transaction has; `mx_address_limit` how many hosts of a domain are tried,
    `mx_session_limit` how many of them may have been offered the mail; `randomizes` says whether MX hosts of one
    preference are shuffled. Of several addresses those of `families` (IP versions) are tried, those that it
    `prefers_family` first: of all hosts of one preference together, in random order where it `randomizes`
    (`mixes_hosts`), or host by host; where `mx_address_limit` cuts some off, of each family as many as of the other
    (`balances_families`). `hopcount_limit` is how many Received fields make a loop.

    `nodelay` says whether its programs turn Nagle's algorithm off (TCP_NODELAY), so that a small segment need not be
    acknowledged before the next one goes; `initial_response` whether its client's AUTH PLAIN has the response with it
    (RFC 4954 section 4).
    `write_size` is how many bytes its client writes at once where Nagle's algorithm holds mail data back for that (0:
    it does not). `reuse` is how the next message begins in a session that is left open: it is where mail for its host
    waits, or for `connection_idle_limit` s, until it is `connection_time_limit` s old or has had
    `connection_count_limit` messages (0: any number); `keeps_refused` says whether it is left open after `any` refusal
    as well, to be reset, or where all `recipients` were refused for good. Of its server `errors` says what a session's
    refusals cost its client, `session_message_limit` how often that may say MAIL in it, `client_session_limit` how many
    sessions it may have at a time (0: any), `rate_windows` how rates of policies are counted.
    `queues_after` is how many messages of a session are tried as they come (0: all); later ones wait for a queue run.

    What its programs take, in s, fixed or as a distribution: `greeting_time` before the server's greeting,
    `service_time` for each command, `commit_time` more for a message to be on disk; `think_time` before each of the
    client's flights, `read_time` more for each octet of the message before MAIL and before the mail data,
    `next_message_time` before the next message of a session. Products that were not measured take what Postfix 3.7
    takes (tests/MEASURED.md).

    `eight_bits` is what becomes of octets beyond US-ASCII for a server without 8BITMIME: all of them are converted,
    or the message returned (`convert`, RFC 6152 section 3), all of them, with encoded words in the header
    (`encode`), those in MIME parts that are marked 8bit or binary (`convert labelled`), or none: they go as they
    are (`pass`). `says_body` is when MAIL has BODY=8BITMIME for a server that offers 8BITMIME: for any octets
    beyond US-ASCII; where the client before said so, or a MIME field marks a part as 8bit or binary (`labelled`);
    where the client before said so (`asked`); or `never`. Lines of more than `line_limit` octets (0: any number)
    are folded, `fold_mark` before the new line's end, or the message is returned (`refuse`).

    `chunk_limit` is how much mail data goes with MAIL and RCPT as a chunk (RFC 3030), in octets: more waits for a
    recipient to be accepted, or with `header_chunk` its header goes as a chunk of its own. `half_closes` says
    whether the client's QUIT and FIN go out with the last octets of the mail data in chunks, `quit_linger` how long
    the server holds the reply to a QUIT, and to all that came with it, back for a client that does not close its
    side, in s. `greets_with` is what a client without extensions says first.

    `retry_algorithm` is `products.retry.Retry` or derives from it. It goes by `retry_delays`, where it is one that
    goes by a list, and by other ones for mail of other than normal priority and for reports, where there are any;
    `report_attempts` is how often a report is tried at most (0: as long as it lives). `host_pauses` is how long a
    host rests that could not be talked to, by how often in a row. The parameters of `backoffs` are the shortest and
    the longest of one thing, those of `intervals` what comes again and again, and the time after which it does not.
    Queue runs come every `queue_run_interval` s, where messages are not woken one by one; `queue_run_limit` of them
    take messages one after another at a time (0: runs are no processes), in `queue_run_order`: as they were found,
    drawn, or the least number first, which is the message's size less its priority, and more for each recipient and
    each round, by `priority_factors`. A product that `forgets_times` tries all its mail when it starts.

    `lifetime` is when mail is given up, as far as a report can say; it `expires` with an attempt that fails later, by a
    timer, or when the delays are used up. `delay_warnings` are the ages of a message at which its sender is told that
    it is late, with the last gap again and again where `warnings_repeat`: when an `attempt` has left recipients over
    (and one of them was tried, unless it `warns_untried`), `ahead` then if the next one comes too late, or by a
    `timer`; `warning_slack` is how much too early is early enough, s. `returns_whole` says whether a report returns the
    whole message where its sender does not ask for one or the other, and `return_limit` up to what size it does so at
    all, in octets; `return_line_limit` up to what length of its lines (0: any length). `postmaster_hears` says of what
    reports the host's postmaster, or the mailbox `postmaster`, gets one: `bounce`, `2bounce` (of a report that came
    back), `delay`. For `freezes` after it was sent a report that came back is kept, and for `timeout_frozen_after`
    other mail that is frozen; then it is returned. `reports` says whether it reports at all. Operators' flush goes for
    frozen mail, too, where it `flush_thaws`; what they hold is what there is (`chosen`), less what is being delivered
    (`unlocked`), or `all` that would be tried. `releases_at_once` says whether mail that its operators have held is
    tried as they release it; else it waits for its time, or for a queue run.
    """

    __slots__ = ()

    name: ClassVar[str]
    title: ClassVar[str]
    extensions: ClassVar[str]
    uses: ClassVar[str]
    failure_table: FailureTable
    loop_detection: ClassVar[LoopDetection]
    no_exchanger: ClassVar[ReplyText]
    queue_words: ClassVar[QueueWords]
    commands: ClassVar[Commands]
    retry_algorithm: ClassVar[type[Any]]
    backoffs: ClassVar[Bounds] = ()
    intervals: ClassVar[Bounds] = ()

    connect_timeout: float = 2 * MINUTE
    helo_timeout: float = 5 * MINUTE
    mail_timeout: float = 5 * MINUTE
    rcpt_timeout: float = 5 * MINUTE
    data_init_timeout: float = 2 * MINUTE
    data_xfer_timeout: float = 3 * MINUTE
    data_total_timeout: float = inf
    data_done_timeout: float = 10 * MINUTE
    quit_timeout: float = 5 * MINUTE
    session_timeout: float = inf
    idle_timeout: float = 5 * MINUTE
    destinations: Destinations = "host"
    destination_concurrency_limit: int = MANY
    initial_concurrency: int = MANY
    positive_feedback: Feedback = STILL
    negative_feedback: Feedback = STILL
    failed_cohort_limit: float = 0.0
    revival_time: float = 0.0
    rate_delay: float = 0.0
    connection_cache: ConnectionCache = "always"
    connection_delay: float = 0.0
    in_flow_delay: float = 0.0
    process_limit: int = MANY
    server_limit: int = 100
    when_full: WhenFull = "refuse"
    listen_backlog: int = 128
    looks_again: float = 0.0
    recipient_limit: int = 100
    mx_address_limit: int = MANY
    mx_session_limit: int = MANY
    randomizes: bool = True
    families: tuple[int, ...] = (4, 6)
    prefers_family: Literal["any", "ipv6", "ipv4"] = "any"
    mixes_hosts: bool = False
    balances_families: bool = False
    active_limit: int = MANY
    hopcount_limit: int = 100
    write_size: int = 0
    nodelay: bool = False
    initial_response: bool = True
    reuse: Reuse = "rset"
    greeting_time: float | Distribution = Lognormal(0.4e-3, 0.8e-3)
    service_time: float | Distribution = 0.2e-3
    commit_time: float | Distribution = Lognormal(1.1e-3, 2.1e-3)
    think_time: float | Distribution = 0.2e-3
    read_time: float = 0.0
    next_message_time: float | Distribution = 0.0
    connection_idle_limit: float = 0.0
    connection_time_limit: float = inf
    connection_count_limit: int = 0
    keeps_refused: Literal["never", "recipients", "any"] = "never"
    errors: ErrorLimits | None = None
    session_message_limit: int = 0
    client_session_limit: int = 0
    rate_windows: RateWindows = "sliding"
    queues_after: int = 0
    eight_bits: Literal["convert", "encode", "convert labelled", "pass"] = "convert"
    says_body: Literal["8bit", "labelled", "asked", "never"] = "8bit"
    line_limit: int = 0
    long_lines: Literal["fold", "refuse"] = "fold"
    fold_mark: bytes = b""
    chunk_limit: int = 65_536
    header_chunk: bool = False
    half_closes: bool = False
    quit_linger: float = 0.0
    greets_with: Literal["EHLO", "HELO"] = "EHLO"
    slot_cost: int = 0
    slot_loan: int = 0
    slot_discount: int = 0
    minimum_slots: int = 0
    smallest_first: bool = False
    queue_run_limit: int = 0
    queue_run_order: Literal["found", "random", "priority"] = "found"
    priority_factors: tuple[int, int, int] = (0, 0, 0)
    retry_delays: tuple[float, ...] = ()
    urgent_retry_delays: tuple[float, ...] = ()
    nonurgent_retry_delays: tuple[float, ...] = ()
    report_retry_delays: tuple[float, ...] = ()
    report_attempts: int = 0
    host_pauses: tuple[float, ...] = ()
    queue_run_interval: float = 0.0
    forgets_times: bool = False
    expires: Literal["attempt", "timer", "delays"] = "attempt"
    lifetime: float = inf
    delay_warnings: tuple[float, ...] = ()
    warns: Literal["attempt", "ahead", "timer"] = "attempt"
    warns_untried: bool = True
    warnings_repeat: bool = False
    warning_slack: float = 0.0
    returns_whole: bool = False
    return_limit: int = MANY
    return_line_limit: int = 0
    postmaster_hears: tuple[str, ...] = ()
    postmaster: str = "postmaster"
    freezes: float = 0.0
    timeout_frozen_after: float = inf
    reports: bool = True
    flush_thaws: bool = False
    holds: Literal["chosen", "unlocked", "all"] = "chosen"
    releases_at_once: bool = False

    def command_for(self, do: Operation, of: str = "") -> str:
        """What operators type to do something, to mail for one domain only where that is named; empty: they cannot."""
        command: Command = getattr(self.commands, do)
        return command[bool(of)].format(of=of)

    def __init_subclass__(cls) -> None:
        """Register a product, whose file has to say all that has no default here.

        Raises:
            TypeError: it does not, or another product has its name.
        """
        for parameter, declared in [*vars(cls).items()]:
            for name, by in declared.metadata.items() if isinstance(declared, Field) else ():
                setattr(cls, name, _property(parameter, by))
        lacks = [name for name in Product.__annotations__ if not hasattr(cls, name)]
        if lacks:
            raise TypeError(f"the product {cls.__name__} does not say its {', '.join(lacks)}")
        if BY_TYPE.get(cls.__name__, cls).__module__ != cls.__module__:
            raise TypeError(f"two products are called {cls.__name__}")
        # A study's own programs, and a run's, are none that a file can name.
        if not cls.__module__.startswith(("sim.study.", "sim.world.")):
            BY_TYPE[cls.__name__] = cls


BY_TYPE: dict[str, type[Product]] = {}
"""All products, by the names of their types."""
