"""The syntax of a map: links, aliases, networks, and what is declared private, dead, deleted and adjusted.

Source: pathalias(8), "Pathalias Input Format". What is wrong is said with its place, and passed over to the end of its
line; what stands before it there counts. As yacc's parsers do, it says nothing of a mistake with less than three good
tokens since the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sim.mail.pathalias.graph import DEFAULT_COST, Complaint, Link, Map, Site
from sim.mail.pathalias.scanner import Awaited, Scanner, Token

COSTS: Final[Mapping[str, int]] = {
    "LOCAL": 25,
    "DEDICATED": 100,
    "DIRECT": 200,
    "DEMAND": 300,
    "HOURLY": 500,
    "EVENING": 2000,
    "DAILY": 5000,
    "POLLED": 5000,
    "WEEKLY": 30_000,
    "DEAD": 1_000_000,
    "LOW": 5,
    "HIGH": -5,
    "FAST": -80,
    "ARPA": 100,
    "DIALED": 300,
}
"""What costs are called."""
_MOST: Final = 10**15
"""Costs end here on both sides, far beyond what makes a link useless."""
_DEEPEST: Final = 50
"""How deep parentheses and signs in a cost may nest."""
_QUIET: Final = 3


class _SyntaxError(Exception):
    """What stands here is not allowed; says what is."""


def read_map(text: str, file: str, into: Map) -> Map:
    """Read a map, and add what it declares to another; mistakes come to its complaints.

    Args:
        text: the map.
        file: what it is called, until it says so itself.
        into: may be empty.

    Returns:
        The other map.
    """
    _Parser(text.replace("\r\n", "\n"), file, into).run()
    into.end_privates()
    return into


class _Parser:
    """One text, statement by statement (recursive descent)."""

    def __init__(self, text: str, file: str, declared: Map) -> None:
        self._scanner = Scanner(text)
        self._file = file
        self._map = declared
        self._awaited = Awaited.SITES
        self._ahead: Token | None = None
        self._quiet = 0
        self._declarations: Mapping[str, Callable[[], None]] = {
            "private": self._privates,
            "dead": lambda: self._listed(lambda: self._site_or_link(self._map.kill)),
            "delete": lambda: self._listed(lambda: self._site_or_link(self._map.delete)),
            "adjust": lambda: self._listed(self._adjustment),
            "file": self._new_file,
        }

    def run(self) -> None:
        """All statements."""
        while not self._scanner.is_over:
            try:
                self._statement()
                self._expect("END")
            except _SyntaxError as error:
                self._pass_over(str(error))

    def _statement(self) -> None:
        start = self._peek()
        if start.kind == "END":
            return
        if self._accept("="):
            self._network(None)
            return
        name = self._name()
        declaration = self._declarations.get(name) if start.kind == "WORD" else None
        if declaration and self._accept("{"):
            declaration()
            return
        site = self._map.site(name)
        if not self._accept("="):
            self._commas(lambda: self._link(site), ("WORD", "QUOTED", "OPERATOR", "<"))
        elif self._peek().kind in {"{", "OPERATOR"}:
            self._network(site)
        else:
            self._commas(lambda: self._alias(site))

    def _link(self, start: Site) -> None:
        before = self._operator()
        if is_terminal := self._accept("<"):
            name = self._name()
            self._expect(">")
        else:
            name = self._name()
        to = self._map.site(name)
        operator = before or self._operator()
        link = self._map.link(start, to, self._cost(), operator or "!", host_left=not before)
        link.is_gateway |= to.needs_gateway
        link.is_terminal |= is_terminal
        self._complain_if_negative(link, "ignored")

    def _alias(self, site: Site) -> None:
        name = self._name()
        if not self._map.alias(site, self._map.site(name)):
            self._complain(f"{site.name} = {name}: a domain is no alias of a domain; passed over")

    def _network(self, network: Site | None) -> None:
        before = self._operator()
        self._expect("{")
        members: list[Site] = []
        self._listed(lambda: members.append(self._map.site(self._name())))
        operator = before or self._operator()
        for link in self._map.network(network, members, self._cost(), operator or "!", host_left=not before):
            self._complain_if_negative(link, "ignored")

    def _privates(self) -> None:
        if self._accept("}"):
            self._map.end_privates()
        else:
            self._listed(lambda: self._map.hide(self._name()))

    def _site_or_link(self, declare: Callable[[Site, Site | None], None]) -> None:
        site = self._map.site(self._name())
        declare(site, self._map.site(self._name()) if self._operator() else None)

    def _adjustment(self) -> None:
        site = self._map.site(self._name())
        for link in self._map.adjust(site, self._cost()):
            self._complain_if_negative(link, "deleted")

    def _new_file(self) -> None:
        self._awaited = Awaited.FILE
        name = self._expect("WORD").text
        self._awaited = Awaited.SITES
        self._expect("}")
        self._file = name
        self._scanner.start_file()

    def _listed(self, element: Callable[[], None]) -> None:
        """A list in braces, behind the first of them."""
        self._commas(element)
        self._expect("}")

    def _commas(self, element: Callable[[], None], starts: tuple[str, ...] = ("WORD", "QUOTED")) -> None:
        """Elements with commas between and behind them."""
        element()
        while self._accept(","):
            if self._peek().kind in starts:
                element()

    def _operator(self) -> str:
        """The network character that stands here, or nothing."""
        return self._take().text if self._peek().kind == "OPERATOR" else ""

    def _name(self) -> str:
        if self._peek().kind not in {"WORD", "QUOTED"}:
            raise _SyntaxError("a name")
        return self._take().text

    def _cost(self) -> int:
        if self._peek().kind != "(":
            return DEFAULT_COST
        self._awaited = Awaited.COST
        self._take()
        cost = self._sum(0)
        self._awaited = Awaited.SITES
        self._expect(")")
        return cost

    def _sum(self, depth: int) -> int:
        result = self._product(depth)
        while (sign := self._peek().kind) in {"+", "-"}:
            self._take()
            operand = self._product(depth)
            result = _bounded(result + operand if sign == "+" else result - operand)
        return result

    def _product(self, depth: int) -> int:
        result = self._factor(depth)
        while (sign := self._peek().kind) in {"*", "/"}:
            self._take()
            operand = self._factor(depth)
            if sign == "*":
                result = _bounded(result * operand)
            elif operand:
                # As C divides: towards 0.
                result = abs(result) // abs(operand) * (1 if (result < 0) == (operand < 0) else -1)
            else:
                self._complain("division by 0; not divided")
        return result

    def _factor(self, depth: int) -> int:
        if depth > _DEEPEST:
            raise _SyntaxError(f"at most {_DEEPEST} parentheses and signs in one another")
        token = self._peek()
        if self._accept("-"):
            return -self._product(depth + 1)
        if self._accept("("):
            result = self._sum(depth + 1)
            self._expect(")")
            return result
        if token.kind not in {"NUMBER", "WORD", "QUOTED"}:
            raise _SyntaxError("a number or the name of a cost")
        self._take()
        if token.kind == "NUMBER":
            return int(token.text) if len(token.text) <= len(str(_MOST)) else _MOST
        if token.text not in COSTS:
            self._complain(f"unknown cost ({token.text}): {DEFAULT_COST} is taken; allowed are {', '.join(COSTS)}")
        return COSTS.get(token.text, DEFAULT_COST)

    def _peek(self) -> Token:
        if self._ahead is None:
            self._ahead = self._scanner.read(self._awaited)
        return self._ahead

    def _take(self) -> Token:
        token = self._peek()
        self._ahead = None
        self._quiet = max(0, self._quiet - 1)
        return token

    def _accept(self, kind: str) -> bool:
        """Take a token of that kind if one stands here."""
        return self._peek().kind == kind and bool(self._take())

    def _expect(self, kind: str) -> Token:
        if self._peek().kind != kind:
            raise _SyntaxError({"WORD": "a name", "END": "the end of the line"}.get(kind, repr(kind)))
        return self._take()

    def _pass_over(self, allowed: str) -> None:
        """Say what is wrong, unless a mistake was just said, and pass over the rest of the line."""
        if not self._quiet:
            self._complain(f"syntax error at {self._peek()}: allowed is {allowed}; the rest of the line is passed over")
        while self._peek().kind != "END":
            self._ahead = None
        self._quiet = _QUIET
        self._take()
        self._awaited = Awaited.SITES

    def _complain(self, words: str) -> None:
        self._map.complaints.append(Complaint(self._file, self._scanner.line, words))

    def _complain_if_negative(self, link: Link, what: str) -> None:
        if link.cost < 0:
            self._complain(f"link to {link.to.name} {what}: its cost is negative ({link.cost})")


def _bounded(cost: int) -> int:
    return max(-_MOST, min(cost, _MOST))
