"""The table of a client's steps: nothing in it is dead, and nothing in it has no way out."""

from __future__ import annotations

import pytest

from sim.mail.path import NULL_PATH
from sim.mta.client.dialogue import QuitOnly, SmtpDialogue, Step
from sim.mta.client.envelope import Mailing
from sim.mta.client.retrieval import RetrievalClient
from sim.mta.client.transmission import Transmission
from sim.protocol.smtp.client import Client
from sim.scenario.spec import Host

CLIENTS = [QuitOnly, Transmission, RetrievalClient]


@pytest.mark.parametrize("client", CLIENTS)
def test_every_step_that_a_reply_leads_to_is_there(client):
    """What a row names is a row, but for what only another client comes for."""
    named = {step for row in client.STEPS.values() for step in row.then.values()}
    assert named <= set(client.STEPS)


def test_every_step_is_some_clients():
    """No step is without a row."""
    steps = {step for name, step in vars(Step).items() if name.isupper()}
    assert {step for client in CLIENTS for step in client.STEPS} == steps


def heard(client: SmtpDialogue, *flights: bytes) -> list[bytes]:
    """What a client says to each of a server's flights."""
    said = []
    for flight in flights:
        client.read(flight)
        said.append(client.write())
    return said


def test_a_client_with_nothing_to_say_quits():
    """QUIT is what it answers to the greeting, whatever that is."""
    client = QuitOnly(Host(name="a"), Client())
    assert heard(client, b"554 no\r\n", b"221 bye\r\n") == [b"QUIT\r\n", b""]
    assert client.done


def test_a_server_that_goes_on_asking_after_a_cancellation_is_left():
    """Nothing but a response is legal there, so that the session ends without QUIT."""
    client = Transmission(Host(name="a", login=("bob", "secret")), Mailing(NULL_PATH, [], b""))
    said = heard(
        client, b"220 b\r\n", b"250-b\r\n250 AUTH LOGIN\r\n", b"334 \r\n", b"334 \r\n", b"334 \r\n", b"334 \r\n"
    )
    assert said[-3:] == [b"c2VjcmV0\r\n", b"*\r\n", b""]
    assert client.done
    assert client.failure.text.startswith("authentication failed")
