"""pathalias over the UUCP map of December 1987, beside what the real program makes of it."""

import gzip
import re

import pytest

from sim.mail.pathalias import Map, Tree, read_map, routes

NO_WAY = """obed watdragon watshine watmsg watrose watcsg watsol watstat uofaee watyew watmum adec23 ccng watbun orchid
watdcsu water watale watpix"""


@pytest.fixture(scope="module")
def text(shared):
    """The map as it was posted, a `file` line before each of its files."""
    with gzip.open(shared / "data/topologies/uucp-map-1987-12.txt.gz", "rt", encoding="latin-1") as file:
        return file.read()


@pytest.fixture(scope="module")
def declared(text):
    """The map, read."""
    return read_map(text, "map", Map())


@pytest.mark.slow
@pytest.mark.parametrize("home", ["ihnp4", "seismo", "ucbvax"])
def test_every_route_and_cost_is_the_real_program_s(shared, declared, home):
    """All 10,846 lines are the same, in the same order."""
    name = shared / f"data/topologies/uucp-routes-1987-12-{home}.txt.gz"
    with gzip.open(name, "rt", encoding="latin-1") as file:
        expected = file.read().splitlines()
    tree = Tree(declared, declared.site(home))
    assert [str(route) for route in routes(tree)] == expected
    assert sorted(site.name for site in tree.unreached) == sorted(NO_WAY.split())


@pytest.mark.slow
def test_the_places_of_its_mistakes_are_the_real_program_s(text, declared):
    """Four, by file; and by line of the whole where its files are not told apart."""
    assert [(found.file, found.line) for found in declared.complaints] == [
        ("u.can.ab.1", 29),
        ("u.can.on.1", 1036),
        ("u.can.on.1", 1273),
        ("u.can.on.1", 1300),
    ]
    whole = read_map(re.sub(r"^file \{.*\n", "", text, flags=re.MULTILINE), "map", Map())
    assert [(found.file, found.line) for found in whole.complaints] == [
        ("map", line) for line in (5401, 7024, 7261, 7288)
    ]
