"""pathalias: the examples of its manual, its heuristics, and what it does with what is wrong in a map."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.mail.pathalias import Map, Route, Tree, read_map, routes


def _read(text, **options):
    return read_map(text, "map", Map(**options))


def _printed(text, home, *, first_hop_cost=False, **options):
    declared = _read(text, **options)
    return [str(route) for route in routes(Tree(declared, declared.site(home)), first_hop_cost=first_hop_cost)]


def _forms(text, home, **options):
    declared = _read(text, **options)
    return {route.to: (route.cost, route.form) for route in routes(Tree(declared, declared.site(home)))}


def _said(text):
    return [(found.file, found.line, found.words.split(":")[0]) for found in _read(text).complaints]


# pathalias(8), "Pathalias Input Format", the first example.
LINKS = """down\tprinceton!(DEDICATED), tilt,
\t%thrash(LOCAL)
princeton\ttopaz!(DEMAND+LOW)
topaz\t@rutgers(LOCAL+1)
"""


def test_links_costs_and_characters():
    """The manual's links: costs are added up; a host may stand on either side of its character."""
    assert _printed(LINKS, "down") == [
        "0\tdown\t%s",
        "25\tthrash\t%s%%thrash",
        "4000\ttilt\ttilt!%s",
        "100\tprinceton\tprinceton!%s",
        "405\ttopaz\tprinceton!topaz!%s",
        "100000431\trutgers\tprinceton!topaz!%s@rutgers",
    ]


def test_the_cost_of_the_first_hop_may_be_printed():
    """With -f the cost is that to the first relay."""
    assert "100\ttopaz\tprinceton!topaz!%s" in _printed(LINKS, "down", first_hop_cost=True)


def test_an_address_is_the_form_filled_in():
    """A doubled percent sign is one in the address, and what the user is called does not matter."""
    assert Route(1, "x", "a!b%%", "@c%%d").address("50%%s") == "a!b%50%%s@c%d"


@pytest.mark.parametrize(
    ("expression", "cost"),
    [
        ("LOCAL", 25),
        ("DEDICATED", 100),
        ("DIRECT", 200),
        ("DEMAND", 300),
        ("HOURLY", 500),
        ("EVENING", 2000),
        ("DAILY", 5000),
        ("POLLED", 5000),
        ("WEEKLY", 30000),
        ("DEAD", 1000000),
        ("DEMAND+LOW", 305),
        ("DEMAND+HIGH", 295),
        ("DEMAND+FAST", 220),
        ("HOURLY*24", 12000),
        ("2*(3+4)-1", 13),
        ("-7/2+10", 7),
        ("7/-2+10", 7),
        ("2*-3*4+100", 76),
        ("-2*3+10", 4),
        ("10-2-3", 5),
        ('"LOCAL"', 25),
        ("9" * 30, 10**15),
        (f"{'9' * 15}*{'9' * 15}", 10**15),
    ],
)
def test_cost_expressions(expression, cost):
    """Costs are expressions of numbers and names, as in C."""
    [link] = _read(f"a b({expression})").site("a").links
    assert link.cost == cost


def test_no_cost_is_4000():
    """The manual's default."""
    assert _forms("a b", "a")["b"] == (4000, "b!%s")


def test_the_cheapest_of_equal_links_is_taken():
    """Cost and network character are those of the least-cost occurrence."""
    assert _forms("a b(300), @b(200), b%(400)", "a")["b"] == (200, "%s@b")


def test_terminal_links():
    """The manual's example: a terminal host is reached, and nothing beyond it by way of it."""
    text = "seismo <research>(10), research(100), ihnp4(10)\nresearch allegra(10)\nihnp4 allegra(50)\n"
    found = _forms(text, "seismo")
    assert (found["research"], found["allegra"]) == ((10, "research!%s"), (60, "ihnp4!allegra!%s"))


def test_aliases_are_named_as_the_predecessor_knows_them():
    """The name in a route is the one by which the host before knows it."""
    text = "a = princeton, a-vax\nhome a-vax(10)\nprinceton next(10)\n"
    assert _printed(text, "home") == [
        "0\thome\t%s",
        "10\ta-vax\ta-vax!%s",
        "10\ta\ta-vax!%s",
        "10\tprinceton\ta-vax!%s",
        "20\tnext\ta-vax!next!%s",
    ]


# The manual's networks.
NETWORKS = """etherhosts = {rahway, milan, joliet}!(LOCAL)
ringhosts = @{gimli, alida, almo}(DEDICATED)
= {etherhosts, ringhosts}(0)
"""


def test_networks_cost_their_entry_and_are_in_no_route():
    """A member pays to get in, nothing to get out, and is addressed as the network is entered."""
    found = _forms(NETWORKS, "rahway")
    assert found == {
        "rahway": (0, "%s"),
        "milan": (25, "milan!%s"),
        "joliet": (25, "joliet!%s"),
        "gimli": (25, "gimli!%s"),
        "alida": (25, "alida!%s"),
        "almo": (25, "almo!%s"),
    }
    assert _forms(NETWORKS, "gimli")["milan"] == (100, "%s@milan")


def test_a_dead_network_needs_a_gateway():
    """The manual's CSNET: what is no gateway pays 100,000,000 to get in."""
    text = "CSNET = {x, y}(10)\ndead {CSNET}\ncsnet-relay CSNET(20)\nhome x(1000), csnet-relay(30)\n"
    assert _forms(text, "home")["y"] == (50, "csnet-relay!y!%s")
    assert _forms(text, "x")["y"] == (100000011, "y!%s")


# The manual's domains.
DOMAINS = """a harvard(10)
harvard .EDU\t# harvard is gateway to .EDU domain
.EDU = {.BERKELEY, .UMICH}
.BERKELEY = {ernie}
"""


def test_domains_are_tacked_onto_the_next_host():
    """The manual's example; only the domain at the top has a route of its own."""
    assert _printed(DOMAINS, "a", fold_case=False) == [
        "0\ta\t%s",
        "10\tharvard\tharvard!%s",
        "4010\t.EDU\tharvard!%s",
        "4010\ternie\tharvard!ernie.BERKELEY.EDU!%s",
    ]


def test_a_subdomain_of_private_domains_has_a_route():
    """A subdomain is given where all its ancestors are private, unless it is so, too."""
    text = "private {.EDU}\n" + DOMAINS.replace(".UMICH}", ".UMICH}\nprivate {.X}\n.EDU = {.X}")
    assert [line.split("\t")[1] for line in _printed(text, "a", fold_case=False)] == [
        "a",
        "harvard",
        ".BERKELEY.EDU",
        "ernie",
        ".UMICH.EDU",
    ]


def test_a_gateway_to_a_domain_is_preferred_to_what_is_cheaper():
    """Who comes first into a domain by no gateway gives way to a gateway that costs more."""
    text = "NET = {a, y}(5000)\ndead {NET, a!gate}\ngate NET(9000)\na gate(10)\n"
    assert _forms(text, "a")["y"] == (100009012, "gate!y!%s")


def test_at_signs_turn_to_percent_signs():
    """The magic rule: of several at signs one stays, and behind a distant gateway to a domain none."""
    text = "a @b(10)\nb @c(10)\nc @d(10)\n"
    assert _forms(text, "a")["d"] == (30, "%s%%d%%c@b")
    text = "a g(10)\ng @.dom(10)\n.dom = @{h}\n"
    assert _forms(text, "a")["h"][1] == "g!%s%%h.dom"


def test_mixed_syntax_is_discouraged():
    """host!user after user@host, or the other way round, costs 100,000,000."""
    text = "a b!(10), c@(500)\nb @d(10)\nc d!(10)\n"
    assert _forms(text, "a")["d"] == (510, "c@d!%s")


def test_dead_hosts_and_links():
    """A dead host is the relay of last resort, and a dead link the link of last resort."""
    text = "a b(10), c(20), d(10), d(30)\nb x(10), x(20)\nc x(10)\nd y(10)\n"
    assert _forms(text, "a")["x"] == (20, "b!x!%s")
    assert _forms(f"{text}dead {{b}}\n", "a")["x"] == (30, "c!x!%s")
    assert _forms(f"{text}dead {{b!x}}\n", "a")["x"] == (30, "c!x!%s")
    assert _forms(f"{text}dead {{b!x}}\nb x(5), x(7)\n", "b")["x"] == (100000005, "x!%s")
    assert _forms(f"{text}dead {{a!y}}\n", "a")["y"] == (20, "d!y!%s")
    assert _forms("dead {a!c, a!b}\na b(10), b(20)\n", "a")["b"] == (100000010, "b!%s")


def test_deleted_hosts_and_links():
    """What was declared is forgotten; the host of that name that follows is another one."""
    text = "a b(10), c(20)\nb x(10)\nc x(10)\n"
    assert _forms(f"{text}delete {{b!x}}\n", "a")["x"] == (30, "c!x!%s")
    assert _forms(f"{text}delete {{b}}\n", "a")["x"] == (30, "c!x!%s")
    assert _forms(f"{text}delete {{b}}\na b(7)\n", "a")["b"] == (7, "b!%s")


def test_a_deleted_private_host():
    """A private host is deleted within its scope alone."""
    assert _forms("private {b}\nb c\ndelete {b}\nprivate {}\na b(1)\n", "a")["b"] == (1, "b!%s")


def test_adjusted_hosts():
    """All links from a host cost so much more, those declared later, too."""
    assert _forms("a b(10)\nadjust {a, c(LOW), b(-1)}\na c(20)\nb d(10)\n", "a") == {
        "a": (0, "%s"),
        "c": (4020, "c!%s"),
        "b": (4010, "b!%s"),
        "d": (4019, "b!d!%s"),
    }


def test_private_hosts_are_passed_through_and_not_given():
    """Two hosts of one name: the private one, till its scope ends, and the other."""
    text = "private {b, b}\na b(10)\nb c(10)\nprivate {}\na b(50)\nb d(10)\n"
    assert _forms(text, "a") == {"a": (0, "%s"), "b": (50, "b!%s"), "d": (60, "b!d!%s"), "c": (20, "b!c!%s")}


def test_words_of_declarations_are_names_too():
    """`private`, `dead`, `delete`, `adjust` and `file` are hosts where no brace follows, or in quotes."""
    assert _forms('private dead(1)\ndead = file\nfile "adjust me"(1)\n"delete" x\n', "private") == {
        "private": (0, "%s"),
        "dead": (1, "dead!%s"),
        "file": (1, "dead!%s"),
        "adjust me": (2, "dead!adjust me!%s"),
    }


def test_links_back_to_what_is_not_reached():
    """A host that nobody calls is reached by its own link backwards, and by the cheapest; never out of a domain."""
    text = "a b(10), c(20)\nx c(5), b(5)\ny x(5)\nz .dom(1)\na .dom(1)\n"
    declared = _read(text)
    tree = Tree(declared, declared.site("a"))
    found = {route.to: (route.cost, route.form) for route in routes(tree)}
    assert (found["x"], found["y"]) == ((100000021, "b!x!%s"), (300000043, "b!x!y!%s"))
    assert [site.name for site in tree.unreached] == ["z"]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("a b(10), net(5)\nnet = {x}\nb net2(5)\nnet2 = {x}\na c(15)\nc x(0)\nd x", "x!%s"),
        ("a p(10), xq(10)\np xyz(10)\nxq xyz(10)", "xq!xyz!%s"),
        ("a pp(10), q(10)\npp x(10)\nq x(10)", "q!x!%s"),
        ("a p(10), q(10)\np x(10)\nq x(10)", "q!x!%s"),
        ("a q(10), p(10)\np x(10)\nq x(10)", "q!x!%s"),
    ],
)
def test_ties(text, form):
    """Of ways that cost the same: fewer hops, the name more like its own, the shorter one, the later in the alphabet."""
    to = "xyz" if "xyz" in text else "x"
    assert _forms(text, "a")[to][1] == form


def test_terminal_domains():
    """With -D members of domains relay nothing, and those with nothing else to offer have no route of their own."""
    text = "a .dom(10)\n.dom = {h, i, k}\ni x(10), .dom(1)\na x(500)\nh = j\n"
    assert _forms(text, "a")["x"] == (20, "i.dom!x!%s")
    assert _forms(text, "a", terminal_domains=True) == {
        "a": (0, "%s"),
        "x": (500, "x!%s"),
        ".dom": (10, "%s"),
        "j": (10, "h.dom!%s"),
        "i": (10, "i.dom!%s"),
    }


def test_a_terminal_copy_gives_way_to_what_is_as_cheap():
    """Where a host is reached as cheaply by a link that is not terminal, that one's route is given."""
    found = _forms("a <b>(10), <b>(10), b(10), <c>(5)\nb d(1), <e>(1)\nc = b, f\nc d(1)\nb <c>(1)\n", "a")
    assert (found["b"], found["d"], found["f"]) == ((5, "c!%s"), (11, "b!d!%s"), (5, "c!%s"))


def test_aliases_of_a_terminal_host():
    """All its names are reached, and none of them a second time by way of the others."""
    found = _forms("a <b>(5), c(10)\nb = b2, b3\nb2 = b3\n", "a")
    assert (found["b"], found["b2"], found["b3"]) == ((5, "b!%s"), (5, "b!%s"), (5, "b!%s"))


def test_nets_that_are_aliases_of_each_other_come_to_an_end():
    """Terminal ways through them would be copied for ever."""
    text = "net = {c, net}(10)\na <b>(10)\nb = c, net\nd = net\n"
    assert _forms(text, "a")["b"] == (10, "b!%s")


# What is wrong: the text, and where and how it is said.
MISTAKES = [
    ("a\n", [("map", 2, "syntax error at the end of the line")]),
    ("a b c\nd e(1)\n", [("map", 1, "syntax error at 'c'")]),
    ("a , b\n", [("map", 1, "syntax error at ','")]),
    ("a b(FOO)\n", [("map", 1, "unknown cost (FOO)")]),
    ("a b(1+)\n", [("map", 1, "syntax error at ')'")]),
    ("a b(1 2)\n", [("map", 1, "syntax error at '2'")]),
    ("a b(1/0)\n", [("map", 1, "division by 0; not divided")]),
    ("a <b(1)\n", [("map", 1, "syntax error at '('")]),
    ("a b(-1)\n", [("map", 1, "link to b ignored")]),
    ("= {a}(-1)\n", [("map", 1, "link to [unnamed net 0] ignored")]),
    ("a b(10)\nadjust {a(-20)}\n", [("map", 2, "link to b deleted")]),
    (".a = .b\n", [("map", 1, ".a = .b")]),
    ("a = b, {c}\n", [("map", 1, "syntax error at '{'")]),
    ('a "b\n', [("map", 1, "syntax error at '\"'")]),
    ("dead {}\n", [("map", 1, "syntax error at '}'")]),
    ("# one\nfile {other}\n\na b c", [("other", 2, "syntax error at 'c'")]),
    ("file {a b}\n", [("map", 1, "syntax error at 'b'")]),
    ("file {\n", [("map", 2, "syntax error at the end of the line")]),
    (f"a b({'(' * 60}1{')' * 60})\n", [("map", 1, "syntax error at '('")]),
    # The second mistake comes less than three good tokens after the first.
    ("a\n\n\tb(10)\n", [("map", 2, "syntax error at the end of the line")]),
    (
        "a\nb c(1)\nd\n",
        [("map", 2, "syntax error at the end of the line"), ("map", 4, "syntax error at the end of the line")],
    ),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES)
def test_mistakes_are_said_with_their_place(text, said):
    """A mistake is said where it is found, and the rest of its line passed over."""
    assert _said(text) == said


def test_a_complaint_is_one_line():
    """File, line and words, as compilers have them."""
    [complaint] = _read("a b c\n").complaints
    assert (
        str(complaint)
        == "map:1: syntax error at 'c': allowed is the end of the line; the rest of the line is passed over"
    )


def test_what_stands_before_a_mistake_counts():
    """The link before it is declared."""
    assert _forms("a b c\n", "a")["b"] == (4000, "b!%s")


def test_many_sites_fold_case_and_line_ends():
    """Names are taken in lower case; lines may end with CR LF; the table of names grows."""
    text = "Home Sweet(1)\r\nhome " + ", ".join(f"h{n}" for n in range(900)) + "\r\n"
    found = _forms(text, "home")
    known = _read(text).known("SWEET")
    assert known is not None
    assert (known.name, _read(text, fold_case=False).known("SWEET")) == ("sweet", None)
    assert (len(found), found["sweet"], found["h899"]) == (902, (1, "sweet!%s"), (4000, "h899!%s"))


_NAMES = st.sampled_from(["a", "b", "c", ".d", ".e", "net", "f-1"])
_PIECES = st.one_of(
    _NAMES,
    st.sampled_from(
        [
            *'!@:%<>(){}=,\n\t"#+-*/',
            "\n",
            "\na ",
            "\nb ",
            "\n.d = {",
            "(10)",
            "(DEAD)",
            "private ",
            "\ndead {",
            "\ndelete {",
            "\nadjust {",
            "\nfile {",
            "\nnet = {",
            "a <b>",
        ]
    ),
    st.text(max_size=3),
)


@settings(max_examples=60)
@given(st.lists(_PIECES, max_size=60).map("".join), st.booleans())
def test_any_text_is_read_and_routed(text, terminal_domains):
    """Whatever a map holds, its mistakes are told, and every route names its site once."""
    declared = read_map(f"a b\n{text}", "map", Map(terminal_domains=terminal_domains))
    tree = Tree(declared, declared.site("a"))
    printed = [str(route) for route in routes(tree)]
    assert printed[0] == "0\ta\t%s"
    assert all(complaint.line >= 0 for complaint in declared.complaints)
    assert len(tree.unreached) <= len(list(declared))
