"""Drawn commands of IMAP."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from sim.protocol.imap4 import commands as c
from sim.protocol.imap4.mailbox_grammar import STATUS_ITEMS
from sim.protocol.imap4.scanner import SYSTEM_FLAGS

ATOMS = st.text("ABCxyz019._-$", min_size=1, max_size=8)
OCTETS = st.binary(max_size=30)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda name: name.upper() != "INBOX"
)
NUMBERS = st.integers(1, 2**32 - 1)
SETS = st.lists(st.tuples(st.none() | NUMBERS, st.none() | NUMBERS), min_size=1, max_size=4).map(tuple) | st.just(
    c.SAVED
)
FLAGS = st.lists(st.sampled_from(sorted(SYSTEM_FLAGS.values())) | ATOMS, unique=True, max_size=4).map(tuple)
SECTIONS = st.builds(
    c.Section,
    st.lists(st.integers(1, 99), max_size=3).map(tuple),
    st.sampled_from(["", "HEADER", "TEXT"]),
) | st.builds(
    c.Section,
    st.lists(st.integers(1, 99), max_size=3).map(tuple),
    st.sampled_from(["HEADER.FIELDS", "HEADER.FIELDS.NOT"]),
    st.lists(ATOMS.map(str.encode), min_size=1, max_size=3).map(tuple),
)
PARTIAL = st.none() | st.tuples(st.integers(0, 2**32 - 1), NUMBERS)
ITEMS = (
    st.sampled_from(["FLAGS", "UID", "INTERNALDATE", "ENVELOPE", "BODYSTRUCTURE", "MODSEQ", "BODY", "RFC822.SIZE"]).map(
        c.FetchItem
    )
    | st.builds(c.FetchItem, st.just("BODY"), SECTIONS, st.booleans(), PARTIAL)
    | st.builds(
        c.FetchItem,
        st.just("BINARY"),
        st.builds(c.Section, st.lists(st.integers(1, 99), max_size=3).map(tuple)),
        st.booleans(),
        PARTIAL,
    )
)
DATES = st.dates(date(1000, 1, 1), date(9999, 12, 31))
_LEAVES = (
    st.sampled_from(["ALL", "ANSWERED", "NEW", "UNSEEN", "RECENT"]).map(c.SearchKey)
    | st.builds(lambda name, text: c.SearchKey(name, (text,)), st.sampled_from(["BODY", "FROM", "SUBJECT"]), OCTETS)
    | st.builds(lambda name, day: c.SearchKey(name, (day,)), st.sampled_from(["BEFORE", "SENTON", "SINCE"]), DATES)
    | st.builds(lambda name, n: c.SearchKey(name, (n,)), st.sampled_from(["LARGER", "OLDER", "MODSEQ"]), NUMBERS)
    | st.builds(lambda flag: c.SearchKey("KEYWORD", (flag,)), ATOMS)
    | st.builds(lambda field, text: c.SearchKey("HEADER", (field, text)), ATOMS.map(str.encode), OCTETS)
    | st.builds(lambda name, s: c.SearchKey(name, (s,)), st.sampled_from(["UID", "SEQUENCE"]), SETS)
)
KEYS = st.recursive(
    _LEAVES,
    lambda keys: (
        st.builds(lambda key: c.SearchKey("NOT", (key,)), keys)
        | st.builds(lambda a, b: c.SearchKey("OR", (a, b)), keys, keys)
        | st.lists(keys, min_size=2, max_size=3).map(lambda several: c.SearchKey("AND", tuple(several)))
    ),
    max_leaves=6,
)
RETURNS = st.none() | st.lists(st.sampled_from(["MIN", "MAX", "ALL", "COUNT", "SAVE"]), unique=True).map(tuple)
STATUS = st.lists(st.sampled_from(sorted(STATUS_ITEMS)), min_size=1, unique=True).map(tuple)
INSTANTS = st.none() | st.integers(-(10**9), 4 * 10**9).map(float)

COMMANDS = st.one_of(
    st.sampled_from([kind() for kind in (c.Capability, c.Noop, c.Logout, c.StartTls, c.Namespace, c.Idle, c.Check)]),
    st.sampled_from([c.Close(), c.Unselect(), c.Expunge(), c.Id(None)]),
    st.builds(c.Id, st.lists(st.tuples(ATOMS.map(str.encode), st.none() | ATOMS.map(str.encode))).map(tuple)),
    st.builds(c.Authenticate, ATOMS.map(str.upper), st.none() | OCTETS),
    st.builds(c.Login, OCTETS, OCTETS),
    st.builds(c.Enable, st.lists(ATOMS.map(str.upper), min_size=1, max_size=3).map(tuple)),
    st.builds(c.Select, NAMES, st.booleans()),
    st.builds(c.Examine, NAMES, st.booleans()),
    st.builds(c.Create, NAMES, st.lists(st.sampled_from(["\\Sent", "\\Trash"]), unique=True).map(tuple)),
    st.builds(c.Delete, NAMES),
    st.builds(c.Rename, NAMES, NAMES),
    st.builds(c.Subscribe, NAMES),
    st.builds(c.Unsubscribe, NAMES),
    st.builds(c.Lsub, NAMES, NAMES),
    st.builds(c.Status, NAMES, STATUS),
    st.builds(c.Append, NAMES, st.binary(min_size=0, max_size=60), FLAGS, INSTANTS),
    st.builds(c.GetQuota, NAMES),
    st.builds(c.GetQuotaRoot, NAMES),
    st.builds(c.SetQuota, NAMES, st.lists(st.tuples(st.just("STORAGE"), NUMBERS), max_size=2).map(tuple)),
    st.builds(c.Expunge, SETS),
    st.builds(c.Search, KEYS, st.booleans(), st.sampled_from(["", "UTF-8"]), RETURNS),
    st.builds(c.Fetch, SETS, st.lists(ITEMS, min_size=1, max_size=4).map(tuple), st.booleans(), st.none() | NUMBERS),
    st.builds(c.Store, SETS, st.sampled_from(["", "+", "-"]), FLAGS, st.booleans(), st.booleans(), st.none() | NUMBERS),
    st.builds(c.Copy, SETS, NAMES, st.booleans()),
    st.builds(c.Move, SETS, NAMES, st.booleans()),
    st.builds(
        c.ListMailboxes,
        NAMES,
        st.lists(NAMES, min_size=1, max_size=3).map(tuple),
        st.lists(st.sampled_from(["SUBSCRIBED", "REMOTE"]), min_size=1, unique=True).map(tuple),
        st.lists(st.sampled_from(["CHILDREN", "SUBSCRIBED"]), unique=True).map(tuple),
        st.just(()) | STATUS,
        st.just(True),
    ),
)
"""Every command that has a tag of its own."""
