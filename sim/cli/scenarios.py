"""The commands about the scenarios that come with mtasim."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from sim.cli.common import DONE, UsageError, put

scenarios = App(name="scenarios", help="The scenarios that come with mtasim.")


@scenarios.command(name="list")
def list_scenarios() -> int:
    """List the scenarios with their titles."""
    for folder in _shipped():
        title = next((line.removeprefix("title:").strip() for line in _lines(folder) if line.startswith("title:")), "")
        put(f"{folder.name:20} {title}")
    return DONE


@scenarios.command
def copy(name: str, target: Path | None = None) -> int:
    """Copy a scenario's folder, to change it."""
    import shutil

    known = {folder.name: folder for folder in _shipped()}
    if name not in known:
        raise UsageError(f"no scenario {name!r}: there are {', '.join(known)}")
    place = target or Path(name)
    if place.exists():
        raise UsageError(f"{place}: exists already: name another folder")
    shutil.copytree(known[name], place)
    put(place)
    return DONE


def _shipped() -> list[Path]:
    package = Path(__file__).parent.parent
    home = next(folder for folder in (package / "_scenarios", package.parent / "scenarios") if folder.is_dir())
    return sorted(file.parent for file in home.glob("*/scenario.yaml"))


def _lines(folder: Path) -> list[str]:
    return (folder / "scenario.yaml").read_text(encoding="utf-8").splitlines()
