"""What gateways make of a message between two networks, and what they leave out, by the pair of protocols."""

from __future__ import annotations

import pytest

from sim.gateway.mappings import GATEWAYS, gateway, spell
from sim.gateway.passing import Passing, Seam
from sim.mail.path import NULL_PATH, parse_path

ANN, BILL, BETH = (
    parse_path(f"<{who}@{where}.example>") for who, where in (("ann", "a"), ("bill", "b"), ("beth", "b"))
)
SEAM = Seam("g.example")
ASKED = (("ENVID", "E"), ("MT-PRIORITY", "4"), ("HOLDFOR", "60"))
EACH = ((("NOTIFY", "SUCCESS"),), (("NOTIFY", "NEVER"), ("ORCPT", "rfc822;beth@b.example")))
MESSAGE = Passing(ANN, (BILL, BETH), b"Subject: hello\r\n\r\nbody\r\n", ASKED, EACH)
REPORT = Passing(NULL_PATH, (ANN,), b"Subject: failed\r\n\r\n")


@pytest.mark.parametrize(
    ("pair", "losses"),
    [
        ("smtp ftp", "reverse-path ENVID MT-PRIORITY HOLDFOR NOTIFY ORCPT"),
        ("smtp nje", "ENVID MT-PRIORITY HOLDFOR NOTIFY ORCPT"),
        ("smtp uucp", "ENVID MT-PRIORITY HOLDFOR NOTIFY ORCPT"),
        ("smtp x400", "HOLDFOR ORCPT"),
        ("uucp smtp", ""),
        ("smtp smtp", ""),
    ],
)
def test_what_the_next_network_has_no_place_for_is_named(pair, losses):
    """Each thing once, whoever of the recipients it was for; the rest of the message is what it was."""
    mapped = gateway(MESSAGE, SEAM, *pair.split())
    assert ([loss.name for loss in mapped.losses], mapped.passing, mapped.refused) == (losses.split(), MESSAGE, ())


def test_rmail_has_no_empty_sender():
    """A report goes on in the name of the gateway's mailer daemon; elsewhere it stays one from nobody."""
    mapped = gateway(REPORT, SEAM, "smtp", "uucp")
    assert str(mapped.passing.reverse_path) == "<MAILER-DAEMON@g.example>"
    assert list(map(str, mapped.losses)) == ["service null reverse-path"]
    others = [gateway(REPORT, SEAM, *pair) for pair in GATEWAYS if pair[1] != "uucp"]
    assert [(mapped.passing, list(mapped.losses)) for mapped in others] == [(REPORT, [])] * len(others)


def test_a_message_is_shared_by_its_recipients():
    """Those who are taken, with what was asked for each."""
    assert MESSAGE.shared([False, True]) == MESSAGE._replace(forward_paths=(BETH,), recipient_parameters=EACH[1:])


def test_an_address_is_written_as_a_path_where_nothing_else_is_said():
    """Without its angle brackets, a source route with it."""
    assert spell(parse_path("<@g.example:bill@b.example>"), "smtp") == "@g.example:bill@b.example"
