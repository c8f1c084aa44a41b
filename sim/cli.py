"""The command `mtasim`: stdout is data, stderr is progress and log.

Exit status: 0 done, 1 an expectation failed, 2 usage or a bad scenario, 70 a defect of mtasim, 130 interrupted; of
`send`, 69 a permanent failure and 75 a temporary one.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, CycloptsError, Parameter

if TYPE_CHECKING:
    from sim.scenario.spec import Scenario
    from sim.study.comparison import Check

DONE, EXPECTATION_FAILED, USAGE, DEFECT, INTERRUPTED = 0, 1, 2, 70, 130


class UsageError(Exception):
    """The command was given something that it cannot do; one line that says what, and the cure."""


def _print(data: object, *, end: str = "\n") -> None:
    """Data, for stdout."""
    sys.stdout.write(f"{data}{end}")


def _tell(words: object) -> None:
    """Anything but data, for stderr."""
    sys.stderr.write(f"{words}\n")


def _version() -> str:
    import platform  # noqa: PLC0415 - what only one command needs is loaded by that command
    from importlib.metadata import version  # noqa: PLC0415

    parts = [f"{name} {version(name)}" for name in ("mtasim", "simpy", "numpy")]
    return f"{parts[0]} ({', '.join([*parts[1:], f'Python {platform.python_version()}'])})"


app = App(
    name="mtasim",
    help="Simulate mail networks whose hosts speak real SMTP.",
    help_epilogue=(
        "Exit status: 0 done, 1 an expectation failed, 2 usage or a bad scenario, "
        "70 a defect of mtasim, 130 interrupted; of send, 69 a permanent failure and 75 a temporary one."
    ),
    version=_version,
    suppress_keyboard_interrupt=False,
)
scenarios = App(name="scenarios", help="The scenarios that come with mtasim.")
app.command(scenarios)

ScenarioFile = Annotated[str, Parameter(help="A scenario file; - reads standard input.", allow_leading_hyphen=True)]
ResultFolder = Annotated[Path, Parameter(help="A folder that run or compare has written.")]
Overrides = Annotated[
    tuple[str, ...],
    Parameter(
        name="--set", negative="", help="key=value: override a key of the scenario, e.g. network.graph=my.graphml."
    ),
]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON instead of a table.")]
Quiet = Annotated[bool, Parameter(name=["-q", "--quiet"], negative="", help="No progress, no notes.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """What run and compare have in common."""

    out: Annotated[Path | None, Parameter(help="Result folder; reports/NAME by default.")] = None
    force: Annotated[bool, Parameter(negative="", help="Replace a result that is there.")] = False
    seed: Annotated[int | None, Parameter(help="Instead of the scenario's seed.")] = None
    replications: Annotated[int | None, Parameter(help="Instead of the scenario's number.")] = None
    jobs: Annotated[int, Parameter(help="Processes; 0 means one a core.")] = 0
    scheduler: Annotated[str, Parameter(help="Address of a Dask scheduler to use instead.")] = ""
    dialogues: Annotated[bool, Parameter(negative="", help="Record every line of every session.")] = False
    overrides: Overrides = ()
    as_json: AsJson = False
    quiet: Quiet = False
    verbose: Annotated[bool, Parameter(name=["-v", "--verbose"], negative="", help="Print every metric.")] = False


_NO_OPTIONS = StudyOptions()


@app.command
def run(scenario: ScenarioFile, options: StudyOptions = _NO_OPTIONS) -> int:
    """Run a scenario; write its result folder and print its metrics."""
    return _study(scenario, options, report=False)


@app.command
def compare(scenario: ScenarioFile, options: StudyOptions = _NO_OPTIONS) -> int:
    """Run a scenario's architectures under the same mail and weather; print what differs and write report.html."""
    return _study(scenario, options, report=True)


@app.command
def check(scenario: ScenarioFile, *, overrides: Overrides = ()) -> int:
    """Check a scenario file; say every mistake in it."""
    spec = _load(scenario, overrides, quiet=False)
    _print(
        f"{scenario}: fine: {len(spec.network.nodes)} nodes, {len(spec.network.links)} links, "
        f"{len(spec.domains)} domains, {len(spec.architectures)} architectures"
    )
    return DONE


@app.command
def show(scenario: ScenarioFile, *, overrides: Overrides = ()) -> int:
    """Print a scenario in full, after its defaults, as a scenario file."""
    from sim.scenario.show import show as text  # noqa: PLC0415

    _print(text(_load(scenario, overrides, quiet=False)), end="")
    return DONE


@app.command
def schema() -> int:
    """Print the JSON schema of scenario files."""
    from sim.scenario.schema import schema as of_files  # noqa: PLC0415

    _print(json.dumps(of_files(), indent=2))
    return DONE


@app.command
def report(result: ResultFolder, *, out: Path | None = None) -> int:
    """Write the report of a result: one HTML file with its figures, report.html in its folder by default."""
    from sim.report.html import write_report  # noqa: PLC0415
    from sim.results.store import read  # noqa: PLC0415

    path = out or result / "report.html"
    write_report(read(result), path)
    _print(path)
    return DONE


@app.command
def transcript(
    result: ResultFolder,
    message: int = 1,
    *,
    architecture: str | None = None,
    replication: int | None = None,
    full: Annotated[bool, Parameter(negative="", help="Print mail data whole.")] = False,
) -> int:
    """Print a message's dialogue with each relay, as `mail -v` does."""
    from sim.report.transcript import transcript as text  # noqa: PLC0415
    from sim.results.store import read  # noqa: PLC0415

    _print(text(read(result), message, full=full, architecture=architecture, replication=replication), end="")
    return DONE


@app.command
def queue(
    result: ResultFolder,
    *,
    host: Annotated[str, Parameter(help="Whose queue.")],
    at: Annotated[str, Parameter(help="When, from the start of the run, e.g. 90 min.")],
    qshape: Annotated[bool, Parameter(negative="", help="Count by domain and age instead of listing.")] = False,
    architecture: str | None = None,
    replication: int | None = None,
) -> int:
    """Print a host's queue at a time as `mailq` does, with each message's next attempt; or as `qshape` does."""
    from sim.report import mailq as report_of  # noqa: PLC0415
    from sim.results.queue_state import queue_at  # noqa: PLC0415
    from sim.results.store import read  # noqa: PLC0415
    from sim.scenario.quantity import DURATION  # noqa: PLC0415

    try:
        now = DURATION.parse(at)
    except ValueError as error:
        raise UsageError(f"--at {error}") from error
    entries = queue_at(read(result), host, now, architecture=architecture, replication=replication)
    _print((report_of.qshape if qshape else report_of.mailq)(entries, now), end="")
    return DONE


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """Where and how a host is served."""

    host: Annotated[str, Parameter(help="Which of the scenario's hosts.")]
    maildir: Annotated[Path, Parameter(help="The Maildir that takes its mail; made if it is not there.")]
    smtp: Annotated[int | None, Parameter(help="The TCP port; 0 takes any that is free and says which.")] = None
    lmtp: Annotated[int | None, Parameter(help="A TCP port for LMTP, beside the other or instead of it.")] = None
    cert: Annotated[Path | None, Parameter(help="Certificate in PEM, for STARTTLS; it is offered if this is.")] = None
    key: Annotated[Path | None, Parameter(help="Its private key, where it is in a file of its own.")] = None
    bind: Annotated[str, Parameter(help="The address to listen on.")] = "127.0.0.1"
    architecture: Annotated[str, Parameter(help="The host as this architecture sets it; the first one's else.")] = ""
    idle: Annotated[float, Parameter(help="Seconds that a client may be silent.")] = 300.0
    overrides: Overrides = ()


@app.command
def serve(scenario: ScenarioFile, options: Annotated[ServeOptions, Parameter(name="*")]) -> int:
    """Serve a host of a scenario to real clients, until interrupted; its mail goes to a Maildir."""
    from sim.live.limits import Limits  # noqa: PLC0415
    from sim.live.service import serve as serve_host  # noqa: PLC0415

    if options.smtp is None and options.lmtp is None:
        raise UsageError("no port to listen on: give --smtp or --lmtp, or both")
    for option, port in (("--smtp", options.smtp), ("--lmtp", options.lmtp)):
        if port is not None and not 0 <= port <= 65_535:
            raise UsageError(f"{option} {port}: a port from 0 to 65535 is needed")
    if options.key is not None and options.cert is None:
        raise UsageError("--key is nothing without its certificate: give --cert, too")
    if not options.bind:
        raise UsageError("--bind is empty: name an address, such as 127.0.0.1, or 0.0.0.0 for all of them")
    if not options.idle > 0:
        raise UsageError(f"--idle {options.idle}: more than 0 seconds are needed")
    return serve_host(
        _load(scenario, options.overrides, quiet=False),
        options.host,
        architecture=options.architecture,
        maildir=options.maildir,
        smtp=options.smtp,
        lmtp=options.lmtp,
        certificate=options.cert,
        key=options.key,
        bind=options.bind,
        limits=Limits(idle=options.idle),
        tell=_tell,
    )


@dataclass(frozen=True, kw_only=True)
class SendOptions:
    """From whom, to whom and how messages are sent."""

    sender: Annotated[str, Parameter(name="--from", help="The reverse-path; an empty one is the null path.")]
    recipients: Annotated[tuple[str, ...], Parameter(name="--to", negative="", help="A forward-path; may come again.")]
    helo: Annotated[str, Parameter(help="What to call oneself; the address literal by default.")] = ""
    lmtp: Annotated[bool, Parameter(negative="", help="Speak LMTP.")] = False
    tls: Annotated[bool, Parameter(negative="", help="Require STARTTLS, and a certificate that is good.")] = False
    ca: Annotated[Path | None, Parameter(help="Certificates, in PEM, to trust besides the system's.")] = None
    any_certificate: Annotated[bool, Parameter(negative="", help="With --tls: take every certificate.")] = False
    user: Annotated[str, Parameter(help="The login for AUTH, where the server offers it.")] = ""
    password_file: Annotated[Path | None, Parameter(help="The file whose first line is its password.")] = None


@app.command
def send(
    server: Annotated[str, Parameter(help="HOST:PORT of the server.")],
    *files: Annotated[str, Parameter(help="Messages; - reads standard input.", allow_leading_hyphen=True)],
    options: Annotated[SendOptions, Parameter(name="*")],
) -> int:
    """Send messages to a real server, each in a session; print the transcript.

    Exit status: 0 all recipients of all messages were accepted, 69 some were refused for good, 75 some for now.
    """
    from sim.live import client, request, tls  # noqa: PLC0415

    address = client.parse_server(server)
    if not files:
        raise UsageError("no message to send: name a file, or - for standard input")
    if not options.tls and (options.ca is not None or options.any_certificate):
        raise UsageError("--ca and --any-certificate are about TLS: give --tls, too")
    reverse_path, *forward_paths = request.paths(options.sender, options.recipients)
    login = request.login(options.user, options.password_file)
    context = tls.client_context(options.ca, verify=not options.any_certificate) if options.tls else None
    contents = [request.message(file) for file in files]
    statuses = set()
    for content in contents:
        delivery = client.send(
            address,
            reverse_path,
            forward_paths,
            content,
            name=options.helo,
            tls=context,
            login=login,
            lmtp=options.lmtp,
            say=_print,
        )
        for line in delivery.lines():
            _print(f"# {line}")
        statuses.add(delivery.status)
    return next((status for status in (client.PERMANENT, client.TEMPORARY) if status in statuses), DONE)


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """The link, and who speaks over it."""

    rtt: Annotated[str, Parameter(help="Round trip.", allow_leading_hyphen=True)] = "100ms"
    rate: Annotated[str, Parameter(help="Bits a second, each way.", allow_leading_hyphen=True)] = "10Mbit/s"
    loss: Annotated[str, Parameter(help="How likely a packet is lost, each way.", allow_leading_hyphen=True)] = "0"
    burst: Annotated[str, Parameter(help="Mean length of a burst of losses: packets, or a duration.")] = ""
    size: Annotated[str, Parameter(help="The message.", allow_leading_hyphen=True)] = "20kB"
    client: Annotated[str, Parameter(help="postfix, postfix-nopipe, smtp-source, smtplib or exim.")] = "postfix"
    server: Annotated[str, Parameter(help="postfix, smtp-sink or exim.")] = "postfix"
    congestion: Annotated[str, Parameter(help="cubic, reno or tahoe.")] = ""
    tcp: Annotated[str, Parameter(help="linux, linux-3, bsd-1988, or rtt-only (no TCP).")] = "linux"
    queue: Annotated[str, Parameter(help="Bytes that may wait for the line; 0 means no limit.")] = "0"
    mtu: Annotated[str, Parameter(help="The biggest packet.", allow_leading_hyphen=True)] = "1500"
    sessions: Annotated[int, Parameter(name=["-n", "--sessions"], help="How many sessions.")] = 1000
    seed: Annotated[int, Parameter(help="What the random draws start from.")] = 1
    plot: Annotated[Path | None, Parameter(help="Draw the distribution into this file.")] = None
    as_json: AsJson = False


_USUAL_SESSION = SessionOptions()


@app.command
def session(options: Annotated[SessionOptions, Parameter(name="*")] = _USUAL_SESSION) -> int:
    """How long one session takes, from its first SYN to the 250 after the data, over a link without a scenario."""
    from sim.report.session import text  # noqa: PLC0415
    from sim.study.asked import AskedError, read_case  # noqa: PLC0415
    from sim.study.session import run as run_sessions  # noqa: PLC0415

    said = {key: value for key, value in vars(options).items() if key not in {"sessions", "plot", "as_json"}}
    try:
        case = read_case(n=options.sessions, **said)
    except AskedError as error:
        raise UsageError(str(error)) from error
    sessions = run_sessions(case, options.sessions, options.seed)
    summary = sessions.summary()
    _print(json.dumps(summary, indent=2) if options.as_json else text(summary))
    if options.plot is not None:
        from sim.report.plot_session import write as draw  # noqa: PLC0415

        try:
            draw([float(value) for value in sessions.durations], options.sessions, options.plot)
        except ValueError as error:
            raise UsageError(f"--plot {options.plot}: {error}") from error
    return DONE


@scenarios.command(name="list")
def list_scenarios() -> int:
    """List the scenarios with their titles."""
    for folder in _shipped():
        title = next((line.removeprefix("title:").strip() for line in _lines(folder) if line.startswith("title:")), "")
        _print(f"{folder.name:20} {title}")
    return DONE


@scenarios.command
def copy(name: str, target: Path | None = None) -> int:
    """Copy a scenario's folder, to change it."""
    import shutil  # noqa: PLC0415

    known = {folder.name: folder for folder in _shipped()}
    if name not in known:
        raise UsageError(f"no scenario {name!r}: there are {', '.join(known)}")
    place = target or Path(name)
    if place.exists():
        raise UsageError(f"{place}: exists already: name another folder")
    shutil.copytree(known[name], place)
    _print(place)
    return DONE


def _shipped() -> list[Path]:
    package = Path(__file__).parent
    home = next(folder for folder in (package / "_scenarios", package.parent / "scenarios") if folder.is_dir())
    return sorted(file.parent for file in home.glob("*/scenario.yaml"))


def _lines(folder: Path) -> list[str]:
    return (folder / "scenario.yaml").read_text(encoding="utf-8").splitlines()


def _load(path: str, overrides: Sequence[str], *, quiet: bool) -> Scenario:
    from sim.results.metrics import METRICS  # noqa: PLC0415
    from sim.scenario.load import load  # noqa: PLC0415

    spec = load(path, overrides=overrides, metrics=tuple(METRICS))
    if not quiet:
        for note in spec.notes:
            _tell(f"note: {note}")
    return spec


def _study(path: str, options: StudyOptions, *, report: bool) -> int:
    from sim.results.store import refuse_what_is_there, write  # noqa: PLC0415
    from sim.study.comparison import compare as compared  # noqa: PLC0415
    from sim.study.progress import shown  # noqa: PLC0415

    if options.replications is not None and options.replications < 1:
        raise UsageError(f"--replications {options.replications}: at least 1 is needed")
    if options.seed is not None and options.seed < 0:
        raise UsageError(f"--seed {options.seed}: 0 or more is needed")
    if options.jobs < 0:
        raise UsageError(f"--jobs {options.jobs}: 0 (one a core) or more is needed")
    overrides = [*options.overrides, *(["dialogues=true"] if options.dialogues else [])]
    spec = _load(path, overrides, quiet=options.quiet)
    out = options.out or Path("reports") / _name(path)
    refuse_what_is_there(out, force=options.force)
    with shown(spec.title or _name(path), quiet=options.quiet) as progress:
        comparison = compared(
            spec,
            seed=options.seed,
            replications=options.replications,
            jobs=options.jobs,
            scheduler=options.scheduler,
            progress=progress,
            command=sys.argv[1:],
        )
    page = {}
    if report:
        from sim.report.html import render  # noqa: PLC0415

        page["report.html"] = render(comparison.result, checks=comparison.checks)
    write(comparison.result, out, force=options.force, also=page)
    if options.as_json:
        _print(json.dumps(comparison.result.summary, indent=2))
    else:
        from sim.report.table import text  # noqa: PLC0415

        width = get_terminal_size((100, 24)).columns
        _print(text(comparison.result.summary, every=options.verbose, width=max(width, 80)), end="")
    if not options.quiet:
        _tell(f"result: {out}{'; report: ' + str(out / 'report.html') if report else ''}")
    return _say_checks(comparison.checks)


def _name(path: str) -> str:
    file = Path(path)
    if path == "-":
        return "stdin"
    return file.resolve().parent.name if file.stem == "scenario" else file.stem


def _say_checks(checks: Sequence[Check]) -> int:
    for item in checks:
        verdict = "holds" if item.holds else "does NOT hold"
        _tell(f"expected {item.expectation.text}: {verdict} ({item.left:.6g}, {item.right:.6g})")
    return DONE if all(item.holds for item in checks) else EXPECTATION_FAILED


def main(arguments: Sequence[str] | None = None, interrupted: Callable[[], bool] = lambda: False) -> int:
    """Run the command and give its exit status.

    Args:
        arguments: instead of those of the process.
        interrupted: whether Ctrl-C was pressed; some libraries make another error of it.
    """
    try:
        return int(app(arguments, exit_on_error=False, print_error=False, result_action="return_value") or DONE)
    except CycloptsError as error:
        _tell(" ".join(str(error).split()))
        return USAGE
    except KeyboardInterrupt:
        _tell("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return DONE
    except Exception as error:  # noqa: BLE001 - the last one to hear of an error must not fail
        words = "interrupted" if interrupted() else _for_the_user(error)
        if words:
            _tell(words)
            return INTERRUPTED if interrupted() else USAGE
        traceback.print_exc()
        _tell("This is a defect of mtasim. Please report it with the lines above and the scenario file.")
        return DEFECT


def _for_the_user(error: Exception) -> str:
    """What to say of an error that is the user's to mend, or his machine's; nothing of a defect."""
    from sim.live.errors import LiveError  # noqa: PLC0415
    from sim.results.store import ResultError  # noqa: PLC0415
    from sim.scenario.errors import ScenarioError  # noqa: PLC0415
    from sim.workload.errors import SourceError  # noqa: PLC0415

    if isinstance(error, OSError):
        return f"{error.filename or type(error).__name__}: {error.strerror or error}"
    return str(error) if isinstance(error, (UsageError, LiveError, ScenarioError, ResultError, SourceError)) else ""


if __name__ == "__main__":
    sys.exit(main())
