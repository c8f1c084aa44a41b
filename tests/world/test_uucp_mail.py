"""Mail by UUCP in a run: calls over modems and over the Internet, hosts that pass on, reports, damage."""

from __future__ import annotations

import pytest

import sim


def run(carrier, messages, *, protocol="uucp", more="", **kept):
    """One run over a line of three hosts, each link with this carrier."""
    link = f"carrier: {carrier}{more}"
    return sim.run(
        sim.loads(
            f"network: {{nodes: [a, b, c], links: [{{between: [a, b], {link}}}, {{between: [b, c], {link}}}]}}\n"
            f"workload: {{messages_at: [{messages}]}}\n"
            "dialogues: true\nduration: 7 d\n"
            f"architectures: {{x: {{transfer: store-and-forward, protocol: {protocol}}}}}"
        ),
        **kept,
    )


MAIL = "{at: 1 s, from: u1@a.example, to: [u1@c.example, nobody@c.example], size: 2000 B}"


@pytest.mark.parametrize(
    "carrier", ["{dial-up: {modem: 9600 bit/s, window: 7}}", "{dial-up: {protocol: i}}", "x25", "tcp"]
)
def test_mail_goes_from_host_to_host(carrier):
    """Rmail takes all; who is not there is found out behind the call, and his sender is told."""
    found = run(carrier, MAIL)
    outcomes = found.copies.set_index("recipient")["outcome"].to_dict()
    assert outcomes == {"u1@c.example": "delivered", "nobody@c.example": "bounced", "u1@a.example": "delivered"}
    assert found.attempts[["from_host", "to_host", "protocol", "outcome"]].to_numpy().tolist() == [
        [*pair, "uucp", "accepted"] for pair in ("ab", "bc", "cb", "ba")
    ]


def test_a_call_takes_what_it_takes():
    """30 s of dialling, the hello, g's start, E, 2 kB and CY, and hanging up: 3.2 s at 9600 bit/s as measured."""
    found = run("{dial-up: {modem: 9600 bit/s, window: 7}}", MAIL.replace("c.example", "b.example"))
    [attempt] = found.attempts[found.attempts["from_host"] == "a"].to_dict("records")
    assert 3.0 < attempt["ended_s"] - attempt["started_s"] - 30 < 3.8
    assert attempt["carrier"] == "dial-up"
    texts = found.dialogues["line"].to_list()
    assert texts[0] == "\x10Shere=b\0"
    assert "From a.example!u1 " in "".join(texts)


def test_a_from_line_grows_on_the_way():
    """What c gets says that it came by b, from a."""
    texts = "".join(run("tcp", MAIL).dialogues["line"])
    assert "From a!a.example!u1 " in texts


@pytest.mark.slow
def test_what_the_checksum_misses_is_counted():
    """Byte errors of 1/1000 over g: some mail comes damaged, and nobody knows; i lets none through."""
    many = ", ".join(f"{{at: {k} h, from: u1@a.example, to: u1@b.example, size: 5 kB}}" for k in range(1, 150))
    damaged = [
        int(
            (
                run(
                    f"{{dial-up: {{modem: 9600 bit/s, protocol: {letter}}}}}", many, more=", byte_errors: 1/1000"
                ).copies["damage"]
                == "unseen"
            ).sum()
        )
        for letter in "gi"
    ]
    assert (damaged[0] > 2, damaged[1]) == (True, 0)
