"""What all mail programs keep to: each message once, what a user does arrives, and nothing is asked for twice."""

from __future__ import annotations

import pytest
from sessions import PASSWORD, USER, Server, news, run

from sim.agent.products import MAIL_USER_AGENTS
from sim.scenario.spec.mail_programs import MAIL_PROGRAMS


def program(name, **settings):
    """A program of ann's, by name and access."""
    return MAIL_USER_AGENTS[name](USER, PASSWORD, **settings)


@pytest.mark.parametrize("name", MAIL_USER_AGENTS)
def test_a_program_fetches_every_message_once(name):
    """And again only what has come since."""
    server, agent = Server(), program(name)
    server.deliver(3)
    run(agent, server)
    first = news(agent)[1]
    server.deliver(2)
    run(agent, server)
    assert (first, news(agent)[1]) == ([1, 2, 3], [4, 5])


@pytest.mark.parametrize("name", MAIL_USER_AGENTS)
def test_a_second_session_transfers_nothing(name):
    """Where there is nothing new: each says less, and hears of no message."""
    server, agent = Server(), program(name)
    server.deliver(3)
    first = len(b"".join(run(agent, server)))
    agent.take_news()
    second = len(b"".join(run(agent, server)))
    assert news(agent) == ([], [])
    assert second < first


def test_every_program_is_known_to_scenarios():
    """With all that it speaks."""
    spoken = [(name, access) for name, each in MAIL_PROGRAMS.items() for access in each.accesses]
    assert set(MAIL_USER_AGENTS) <= set(spoken)
