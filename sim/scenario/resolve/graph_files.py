"""Graph files as networkx's readers take them: GraphML, GML, GEXF, Pajek and JSON, plain or gzip, in any encoding.

Text is UTF-8, what its byte order mark or its XML declaration says, or else Latin-1. GML may hold parallel edges
whether or not it says `multigraph 1`. What is of no kind that is read is refused by its name.
"""

from __future__ import annotations

import codecs
import json
import re
import warnings
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError

import networkx as nx

from sim.scenario.inputs import InputError, printable, read_input
from sim.scenario.names import listing

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARATION = re.compile(r"""\A\s*<\?xml[^>]*?\?>""")
_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_OPENS = re.compile(r'"[^"]*"|#[^\n]*|\bgraph\s*\[', re.IGNORECASE)
_KEYS = re.compile(r'"[^"]*"|#[^\n]*|\bkey(?=\s)')
_GEXF_NAMES = re.compile(r"http://(?:www\.)?gexf\.net/1\.\d(?:draft)?")
_GEXF_READ = "http://www.gexf.net/1.2draft"
_LINE_END = re.compile(r"\r\n|\r|\n")
_LONGEST_REASON = 400
"""What a reader says may hold a whole file; more characters than these are left out of an error."""


def read_graph_file(folder: Path, name: str, most: int, note: Callable[[str], None]) -> nx.Graph[Any]:
    """The graph that a file of at most so many octets holds; `note` takes what there is to say about its text.

    Raises:
        InputError: no such file, no file of a known kind, or no graph in it.
    """
    kind = Path(name.lower().removesuffix(".gz")).suffix
    shown = printable(name)
    if kind not in _READERS:
        allowed = f"{listing(KINDS)}, and these with .gz"
        raise InputError(f"unknown kind of graph file ({shown}): allowed are {allowed}; convert it to one of them")
    text, certain = _decoded(read_input(folder, name, most))
    what, read = _READERS[kind]
    if "<gexf" in text[:2000]:
        what, read = _READERS[".gexf"]
    elif "sndlib" in text[:2000].lower():
        raise InputError(f"SNDlib's files are not read ({shown}): allowed are {listing(KINDS)}; convert it to GraphML")
    try:
        # What a reader warns of is about its own keys of attributes.
        with warnings.catch_warnings(action="ignore"):
            graph = read(text)
    except ParseError as error:
        raise InputError(f"this graph file is not XML ({shown}, {error}): allowed is {what}") from None
    except (Exception, StopIteration) as error:  # noqa: BLE001 - whatever a reader raises is about the file
        reason = " ".join(printable(str(error)).split()) or type(error).__name__
        raise InputError(
            f"no graph can be read from this file ({shown}, {reason[:_LONGEST_REASON]}): allowed is {what}"
        ) from None
    if not certain:
        note(f"{shown}: not UTF-8, so read as Latin-1")
    return graph


def _decoded(data: bytes) -> tuple[str, bool]:
    """The text, and whether its encoding is more than a guess."""
    marked = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
    declared = _ENCODING.match(data)
    for encoding in (marked, declared and declared[1].decode("ascii"), "utf-8"):
        try:
            return data.decode(encoding or "utf-8"), True
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("latin-1"), False


def _graphml(text: str) -> nx.Graph[Any]:
    return nx.parse_graphml(_DECLARATION.sub("", text))


def _gexf(text: str) -> nx.Graph[Any]:
    # The reader knows the versions up to 1.2 alone; what it reads is the same in 1.3, which Gephi writes.
    return nx.read_gexf(BytesIO(_GEXF_NAMES.sub(_GEXF_READ, _DECLARATION.sub("", text)).encode()))


def _pajek(text: str) -> nx.Graph[Any]:
    return nx.parse_pajek("\n".join(_LINE_END.split(text)))


def _json(text: str) -> nx.Graph[Any]:
    """Lists of nodes and of links (D3), or of edges; a multigraph, so that parallel ones are kept.

    Raises:
        ValueError: not JSON, or no such lists.
    """
    data = json.loads(text)
    names = [name for name in ("links", "edges") if isinstance(data, dict) and name in data]
    if not names or not isinstance(data.get("nodes"), list):
        raise ValueError("no lists of nodes and links")
    # A link's own key says nothing here, as in GML.
    links = [{name: value for name, value in link.items() if name != "key"} for link in data[names[0]]]
    shape = {name: data[name] for name in ("nodes", "graph", "directed") if name in data}
    return nx.node_link_graph(shape | {"links": links}, multigraph=True, edges="links", key=OWN_KEY)


def _gml(text: str) -> nx.Graph[Any]:
    """A multigraph, so that parallel edges are kept."""
    begins = next((found for found in _OPENS.finditer(text) if found[0][0] not in '"#'), None)
    if begins is not None:
        text = f"{text[: begins.end()]} multigraph 1 {text[begins.end() :]}"
    # Two parallel edges may bear the same key, which says nothing here.
    text = _KEYS.sub(lambda found: OWN_KEY if found[0] == "key" else found[0], text)
    # Its own way to cut lines takes other characters than these for their ends.
    return nx.parse_gml(_LINE_END.split(text), label="id")


_READERS: Final[Mapping[str, tuple[str, Callable[[str], nx.Graph[Any]]]]] = {
    ".graphml": ("GraphML", _graphml),
    ".xml": ("GraphML", _graphml),
    ".gml": ("GML", _gml),
    ".gexf": ("GEXF", _gexf),
    ".json": ("JSON with lists of nodes and links", _json),
    ".net": ("Pajek's format", _pajek),
    ".paj": ("Pajek's format", _pajek),
}
OWN_KEY: Final = "networkx_key"
"""What the readers call the key of an edge among parallel ones."""
_TEXTS: Final = (".map", ".txt")
KINDS: Final = (*_READERS, *_TEXTS)
"""The endings of names of graph files; those of lines are UUCP maps and nodelists of FidoNet."""


def is_text(name: str) -> bool:
    """Whether a file is a UUCP map or a nodelist of FidoNet by its name."""
    return Path(name.lower().removesuffix(".gz")).suffix in _TEXTS
