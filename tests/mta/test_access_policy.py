"""Policies that delay or refuse: greylisting, limits for each client, injected refusals, a full spool."""

from __future__ import annotations

from random import Random
from typing import get_args

import pytest

from sim.mail.path import NULL_PATH, parse_path
from sim.mta.server.greylist import Greylist
from sim.mta.server.policy import AccessPolicy, ClientPolicy
from sim.mta.server.reception import Reception
from sim.mta.server.recipients import Directory
from sim.protocol.smtp import replies
from sim.scenario.products.base import ErrorLimits
from sim.scenario.products.exim import Exim
from sim.scenario.products.postfix import Postfix
from sim.scenario.spec import Domain, Host, policies
from sim.scenario.spec.policies import Policies, Rate, Refusal

ANN, BOB = parse_path("<ann@a.example>"), parse_path("<bob@b.example>")
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
TRIPLET = ("a", "<ann@a.example>", "<bob@b.example>")


class Clock:
    """A time that tests set."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def access_policy(spooled: int = 0, **what) -> AccessPolicy:
    """A host's."""
    return AccessPolicy(Policies(**what), Random(1).random, lambda: spooled)


def waits(greylist: Greylist, *times: float, triplet=TRIPLET) -> list[float]:
    """What is said to one who comes at these times."""
    return [greylist.wait(triplet, time) for time in times]


def test_a_stranger_waits_for_the_delay():
    """Five minutes from the first try, however often he asks; then he is known."""
    greylist = Greylist(policies.Greylist())
    assert waits(greylist, 0.0, 100.0, 299.0, 300.0, 301.0) == [300.0, 200.0, 1.0, 0.0, 0.0]


def test_who_comes_too_late_begins_anew():
    """After the window the first try is forgotten."""
    greylist = Greylist(policies.Greylist(window=HOUR))
    assert waits(greylist, 0.0, HOUR + 1, HOUR + 301) == [300.0, 300.0, 0.0]


def test_a_known_one_is_forgotten_in_the_end():
    """So long after he came last."""
    greylist = Greylist(policies.Greylist(lifetime=DAY))
    assert waits(greylist, 0.0, 300.0, DAY, 2 * DAY, 3 * DAY + 1) == [300.0, 0.0, 0.0, 0.0, 300.0]


def test_a_client_that_comes_again_is_trusted():
    """After messages that came back in five different hours (postgrey counts one an hour); never where that is 0."""
    for limit, gap, sixth in ((5, HOUR, 0.0), (5, HOUR - 1, 300.0), (0, HOUR, 300.0)):
        greylist = Greylist(policies.Greylist(whitelist_after=limit))
        for number in range(5):
            times = (number * gap, number * gap + 300.0)
            assert waits(greylist, *times, triplet=("a", "x", str(number))) == [300.0, 0.0]
        assert greylist.wait(("a", "x", "another"), 5 * HOUR) == sixth
        assert greylist.wait(("b", "x", "another"), 5 * HOUR) == 300.0


def test_greylisting_is_said_with_the_time_to_wait():
    """451 4.7.1, for this recipient alone."""
    clock = Clock()
    client = ClientPolicy(access_policy(greylist=policies.Greylist()), "a", clock)
    said = client.recipient(ANN, BOB, replies.S250_RCPT)
    assert (said.code, said.enhanced, said.text) == (451, "4.7.1", "Greylisted, please try again in 300 seconds")
    clock.now = 300.0
    assert client.recipient(ANN, BOB, replies.S250_RCPT) is replies.S250_RCPT
    assert client.recipient(NULL_PATH, BOB, replies.S250_RCPT).code == 451


def test_a_refused_recipient_stays_refused():
    """The directory's refusal comes before greylisting."""
    client = ClientPolicy(access_policy(greylist=policies.Greylist()), "a", Clock())
    assert client.recipient(ANN, BOB, replies.E550_NO_SUCH_USER) is replies.E550_NO_SUCH_USER


@pytest.mark.parametrize(
    ("policy", "path", "code"),
    [
        ("reject", parse_path("<ann@Deaf.Example>"), "550 5.7.27"),
        ("accept", parse_path("<ann@deaf.example>"), None),
        ("reject", ANN, None),
        ("reject", NULL_PATH, None),
    ],
)
def test_senders_who_take_no_mail_may_be_refused(policy: str, path, code: str | None):
    """RFC 7505 section 4.2; a report has no sender."""
    mx = {"deaf.example": ((0, "."),), "a.example": ((0, "a"),)}
    host = AccessPolicy(
        Policies(null_mx_senders=policy), Random(1).random, lambda: 0, mx=lambda name: mx.get(name.lower())
    )
    reply = ClientPolicy(host, "a", Clock()).mail(path, ())
    assert (reply and f"{reply.code} {reply.enhanced}") == code


def test_unknown_users_may_be_taken():
    """A host that returns mail later takes it for users who are not there, and for no other domain."""
    client = ClientPolicy(access_policy(unknown_users="bounce"), "a", Clock())
    assert client.recipient(ANN, BOB, replies.E550_NO_SUCH_USER) is replies.S250_RCPT
    assert client.recipient(ANN, BOB, replies.E550_NO_SUCH_DOMAIN) is replies.E550_NO_SUCH_DOMAIN


@pytest.mark.parametrize("place", get_args(policies.Place))
def test_refusals_are_injected_where_they_are_set(place: str):
    """With their code and text, at their place only, within their time only."""
    clock = Clock()
    refusal = Refusal(at=place, code=554, during=((10.0, 20.0), (30.0, 40.0)), text="no")
    client = ClientPolicy(access_policy(refuse=(refusal,)), "a", clock)
    for clock.now, refused in ((9.0, False), (10.0, True), (20.0, False), (39.0, True)):
        said = {
            "connect": client.connection(),
            "helo": client.injected("helo"),
            "mail": client.mail(ANN, ()),
            "rcpt": client.recipient(ANN, BOB, replies.S250_RCPT),
            "data": client.injected("data"),
            "dot": client.mail_data(100),
        }
        assert {where for where, reply in said.items() if reply and reply.code == 554} == (
            {place} if refused else set()
        )


def test_refusals_may_be_by_chance():
    """One in ten, as the host's own stream draws them; 4yz codes say 4.7.1."""
    client = ClientPolicy(access_policy(refuse=(Refusal(at="mail", code=451, probability=0.1),)), "a", Clock())
    said = [client.mail(ANN, ()) for _ in range(1000)]
    assert 70 < sum(reply is not None for reply in said) < 130
    assert {(reply.code, reply.enhanced) for reply in said if reply} == {(451, "4.7.1")}


def test_a_refusal_says_what_it_is_told():
    """Its enhanced status code and its lines; without a code of its own, a policy's of the same class."""
    said = [
        ClientPolicy(
            access_policy(refuse=(Refusal(at="mail", code=code, enhanced=enhanced, text="a\nb"),)), "a", Clock()
        ).mail(ANN, ())
        for code, enhanced in ((421, "4.3.2"), (552, ""))
    ]
    assert said == [replies.Reply(421, ("a", "b"), "4.3.2"), replies.Reply(552, ("a", "b"), "5.7.1")]


@pytest.mark.parametrize(("code", "closed"), [(421, True), (451, False), (554, False)])
@pytest.mark.parametrize("chunks", ["BDAT 2 LAST\r\nhi", "BDAT 2\r\nhi", "DATA\r\n"])
def test_the_first_chunk_is_refused_as_data_is(code: int, closed: bool, chunks: str):
    """Nothing of the transaction is left after it but the session, which goes on unless the code is 421."""
    host = Host(name="b", extensions=("PIPELINING", "CHUNKING"))
    client = ClientPolicy(
        access_policy(refuse=(Refusal(at="data", code=code, during=((0.0, 1.0),)),)), "a", clock := Clock()
    )
    domain = Domain(name="b.example", mx=((10, "b"),), users=("bob",))
    reception = Reception(host, Directory(Host(name="b"), [domain], lambda _: None), policy=client)
    reception.greet(busy=False)
    envelope = "MAIL FROM:<ann@a.example>\r\nRCPT TO:<bob@b.example>\r\n"
    said = reception.read(f"EHLO a\r\n{envelope}{chunks}".encode()).decode()
    assert (said.split("\r\n")[-2][:3], reception.is_over) == (str(code), closed)
    if not closed:
        clock.now = 1.0
        reception.read(f"RSET\r\n{envelope}BDAT 2\r\nhiBDAT 1 LAST\r\n!".encode())
        assert [(mail.forward_paths, mail.content) for mail in reception.accepted] == [((BOB,), b"hi!")]


def test_a_client_has_so_many_messages_a_time():
    """450 beyond; others are not concerned; after the time it may come again."""
    clock = Clock()
    host = access_policy(messages=Rate(count=2, per=60.0))
    mine, other = ClientPolicy(host, "a", clock), ClientPolicy(host, "b", clock)
    assert [
        reply and reply.code
        for reply in (mine.mail(ANN, ()), mine.mail(ANN, ()), mine.mail(ANN, ()), other.mail(ANN, ()))
    ] == [
        None,
        None,
        450,
        None,
    ]
    clock.now = 60.0
    assert mine.mail(ANN, ()) is None


@pytest.mark.parametrize(
    ("counts", "codes"), [("accepted", [None, 450, 450, None, 450]), ("tries", [None, *[450] * 4])]
)
def test_refused_tries_count_or_not(counts: str, codes: list[int | None]):
    """One a minute: who tries every half minute gets in every other time, or never (Exim's leaky and strict)."""
    clock = Clock()
    client = ClientPolicy(access_policy(messages=Rate(count=1, per=61.0, counts=counts)), "a", clock)
    said = []
    for clock.now in (0.0, 30.0, 60.0, 90.0, 120.0):
        said.append(client.mail(ANN, ()))
    assert [reply and reply.code for reply in said] == codes


@pytest.mark.parametrize(
    ("rate", "first"),
    [
        (Rate(count=1, per=60.0), ("421 4.7.0", "450 4.7.1", "450 4.7.1")),
        (Rate(count=1, per=60.0, code=451, enhanced="4.3.2"), ("451 4.3.2",) * 3),
        (Rate(count=1, per=60.0, code=554), ("554 5.7.1",) * 3),
    ],
)
def test_a_rate_has_a_code_of_its_own(rate: Rate, first: tuple[str, ...]):
    """At the greeting, at MAIL, and at RCPT, where the directory is not asked before."""
    one = ClientPolicy(access_policy(sessions=rate, messages=rate, recipients=rate), "a", Clock())
    for _ in range(2):
        said = (one.connection(), one.mail(ANN, ()), one.recipient(ANN, BOB, replies.E550_NO_SUCH_USER))
    assert tuple(f"{reply.code} {reply.enhanced}" for reply in said) == first


@pytest.mark.parametrize(
    "host",
    [
        Host(name="b", policies=Policies(messages_per_session=2)),
        Host(name="b", mta=Exim(smtp_accept_max_per_connection=2)),
    ],
)
def test_a_session_has_so_many_messages(host: Host):
    """Then 421, whether they were taken or not, by the host's word or its product's."""
    reception = Reception(host, Directory(Host(name="b"), [], lambda _: None))
    reception.greet(busy=False)
    said = reception.read(b"HELO a\r\n" + 2 * b"MAIL FROM:<a@a.example>\r\nRSET\r\n" + b"MAIL FROM:<a@a.example>\r\n")
    assert [int(line[:3]) for line in said.splitlines()] == [250, 250, 250, 250, 250, 421]


def test_exim_takes_a_thousand_messages_a_session():
    """smtp_accept_max_per_connection."""
    assert (Exim().session_message_limit, Postfix().session_message_limit) == (1000, 0)


@pytest.mark.parametrize(
    ("product", "slept", "codes"),
    [
        (Postfix(), [0.0] * 9 + [1.0] * 11, [550] * 20 + [421]),
        (
            Postfix(smtpd_soft_error_limit=2, smtpd_hard_error_limit=3, smtpd_error_sleep_time=0.5),
            [0.0, 0.5, 0.5],
            [550] * 3 + [421],
        ),
        (Exim(), [0.0] * 30, [550] * 30),
    ],
)
def test_postfix_bears_so_many_errors(product, slept, codes):
    """From the tenth on each reply is held back for a second (smtpd_chat.c), and the twentieth is the last."""
    domain = Domain(name="b.example", mx=((10, "b"),), users=("bob",))
    reception = Reception(Host(name="b", mta=product), Directory(Host(name="b"), [domain], lambda _: None))
    reception.greet(busy=False)
    reception.read(b"HELO a\r\nMAIL FROM:<a@a.example>\r\n")
    found, sleeps = [], []
    while not reception.is_over and len(sleeps) < 30:
        said = reception.read(b"RCPT TO:<nobody@b.example>\r\n")
        found += [int(line[:3]) for line in said.splitlines()]
        sleeps.append(reception.sleep)
    assert (sleeps, found) == (slept, codes)


@pytest.mark.parametrize(("windows", "let_in"), [("sliding", [0, 50, 61, 111]), ("fixed", [0, 50, 61, 62])])
def test_anvil_counts_in_pieces_of_time(windows: str, let_in: list[int]):
    """Two a minute: Postfix's next minute begins with the first try after the last one is over (anvil.c)."""
    host = AccessPolicy(Policies(sessions=Rate(count=2, per=60.0)), Random(1).random, lambda: 0, windows)
    client = ClientPolicy(host, "a", clock := Clock())
    found = []
    for at in (0, 50, 55, 61, 62, 111):
        clock.now = float(at)
        if client.connection() is None:
            found.append(at)
    assert found == let_in


def test_errors_hold_replies_back_and_end_the_session():
    """Two errors are free but for the second's own reply, mail that is taken forgives them, the third ends it."""
    errors = ErrorLimits(soft_limit=2, hard_limit=3, delay=1.5)
    client = ClientPolicy(access_policy(greeting_delay=6.0), "a", Clock())
    domain = Domain(name="b.example", mx=((10, "b"),), users=("bob",))
    host = Host(name="b", policies=Policies(errors=errors))
    reception = Reception(host, Directory(Host(name="b"), [domain], lambda _: None), policy=client)
    reception.greet(busy=False)
    slept = [reception.sleep]
    envelope = "MAIL FROM:<a@a.example>\r\nRCPT TO:<bob@b.example>\r\nDATA\r\n"
    for said in ("EHLO a", "VRFY x", "VRFY x", f"NOOP\r\n{envelope}.", "NOOP", "VRFY x", "VRFY x", "VRFY x"):
        reception.read(f"{said}\r\n".encode())
        slept.append(reception.sleep)
    assert slept == [6.0, 0.0, 0.0, 1.5, 6.0, 0.0, 0.0, 1.5, 1.5]
    assert reception.is_over


def test_a_client_has_so_many_sessions_a_time():
    """421 at the greeting."""
    host = access_policy(sessions=Rate(count=1, per=60.0))
    assert [ClientPolicy(host, "a", Clock()).connection() is None for _ in range(2)] == [True, False]


def test_a_client_has_so_many_sessions_at_once():
    """Until one of them is closed; a refused one is none."""
    host = access_policy(sessions_at_once=1)
    first, second, third = (ClientPolicy(host, "a", Clock()) for _ in range(3))
    assert [client.connection() is None for client in (first, second)] == [True, False]
    second.close()
    first.close()
    first.close()
    assert third.connection() is None


def test_a_full_spool_refuses_for_now():
    """452 4.3.1 at MAIL by its SIZE, and at the end of mail data that did not say it."""
    client = ClientPolicy(access_policy(spooled=900, spool=1000), "a", Clock())
    assert [
        client.mail(ANN, size) and client.mail(ANN, size).code for size in ((), (("SIZE", "100"),), (("SIZE", "101"),))
    ] == [
        None,
        None,
        452,
    ]
    assert [client.mail_data(size) and client.mail_data(size).enhanced for size in (100, 101)] == [None, "4.3.1"]
    assert ClientPolicy(access_policy(spooled=900), "a", Clock()).mail_data(10**9) is None


def test_a_client_learns_of_one_wrong_login_at_a_time():
    """Two seconds for each, in whatever session; another client's cost him nothing."""
    host, clock = access_policy(), Clock()
    first, second = ClientPolicy(host, "a", clock), ClientPolicy(host, "a", clock)
    assert [first.guess(), second.guess(), ClientPolicy(host, "b", clock).guess()] == [2.0, 4.0, 2.0]
    clock.now = 10.0
    assert first.guess() == 2.0
