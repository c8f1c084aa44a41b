"""The options of `mtasim session`, for every protocol."""

from __future__ import annotations

import pytest

from sim.study.session_options import OptionsError, read_options

USUAL = {
    "protocol": "smtp",
    "rtt": "100ms",
    "rate": "10Mbit/s",
    "loss": "0",
    "burst": "",
    "size": "",
    "congestion": "",
    "tcp": "linux",
    "queue": "0",
    "mtu": "1500",
    "sessions": 10,
    "seed": 1,
    "plot": None,
}

WRONG = [
    ({"protocol": "foo"}, "--protocol foo: unknown protocol (foo): allowed are smtp, submission, lmtp, pop3, imap"),
    ({"messages": "3"}, "--messages 3: sessions of smtp have no such option"),
    ({"protocol": "pop3", "tls_version": "x"}, "--tls-version x: sessions of pop3 have no such option"),
    ({"protocol": "pop3", "size": "1GB"}, "--size 1GB: too big a message: allowed are 100 MB"),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG)
def test_what_is_wrong_is_said(wrong, said):
    """In the option's own name, with what is allowed."""
    with pytest.raises(OptionsError) as error:
        read_options(USUAL | wrong)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("protocol", "client", "size"),
    [
        ("smtp", "postfix", 20_000),
        ("submission", "smtplib", 2000),
        ("lmtp", "smtplib", 2000),
        ("pop3", "poplib-keep", 2000),
        ("imap", "imaplib-each", 2000),
    ],
)
def test_each_protocol_has_its_usual_session(protocol, client, size):
    """Where nothing else is said."""
    case = read_options(USUAL | {"protocol": protocol}).case
    assert (case.client, case.size) == (client, size)
