"""`mtasim route`: the routes over a UUCP map."""

import gzip

import pytest

from sim.cli.command import main

MAP = b"a\tb(10), c(20)\nb d(10)\nz .dom(5)\n"


@pytest.fixture
def run(tmp_path, capsys):
    """Run the command over a map, and give its status, its lines and what it told."""

    def run(*arguments, content=MAP, name="usenet.map"):
        (tmp_path / name).write_bytes(content)
        status = main(["route", "--map", str(tmp_path / name), *arguments])
        out, told = capsys.readouterr()
        return status, out.splitlines(), told.replace(f"{tmp_path}/", "").splitlines()

    return run


def test_all_routes(run):
    """As `pathalias -c` prints them; what there is no way to is told."""
    assert run("--from", "A") == (
        0,
        ["0\ta\t%s", "20\tc\tc!%s", "10\tb\tb!%s", "20\td\tb!d!%s"],
        ["no way from A to z", "no way from A to .dom"],
    )


def test_a_compressed_map(run):
    """It is unfolded."""
    assert run("--from", "a", "D", content=gzip.compress(MAP)) == (0, ["20\td\tb!d!%s"], [])


def test_named_sites(run):
    """Those are printed that are asked for; one that there is no way to is told, with exit status 1."""
    assert run("--from", "a", "c", "z", "d", "nowhere") == (
        1,
        ["20\tc\tc!%s", "20\td\tb!d!%s"],
        ["no route from a to z", "no route from a to nowhere: no such site in the map"],
    )


def test_options(run):
    """Dead sites and links, terminal domains, case, and the cost of the first hop."""
    content = b"A b(10), c(20), .dom(1)\nb d(10)\nc d(10)\n.dom = {e}\ne f(1)\nA f(50)\n"
    given = ("--from", "A", "--dead", "b", "--dead", "A!x", "--keep-case", "--first-hop-cost", "--terminal-domains")
    assert run(*given, "A", "d", "f", content=content) == (0, ["0\tA\t%s", "20\td\tc!d!%s", "50\tf\tf!%s"], [])


def test_mistakes_are_told_and_passed_over(run):
    """On stderr, with the line; routes are made all the same."""
    assert run("--from", "a", "b", content=b"a b(10)\nc d e\n") == (
        0,
        ["10\tb\tb!%s"],
        ["usenet.map:2: syntax error at 'e': allowed is the end of the line; the rest of the line is passed over"],
    )


def test_usage(run):
    """A home that the map has not, a damaged file, and no file: one line each, exit status 2."""
    assert run("--from", "x")[::2] == (2, ["--from x: no such site in usenet.map"])
    assert run("--from", "a", content=gzip.compress(MAP)[:-10])[::2] == (
        2,
        ["usenet.map: damaged gzip (it ends too early): allowed is a file, plain or gzip"],
    )
    assert run("--map", "no.map", "--from", "a")[::2] == (
        2,
        ["no such file (no.map): allowed is a regular file, found from ."],
    )
