"""What is usual of the two sides of a session, whatever they speak."""

from math import inf

from sim.protocol.dialogue import UsualClient, UsualServer


def test_a_client_waits_as_long_for_everything():
    """One time holds for the connection, for each answer, and for room to write; the session has no end of its own."""
    client = UsualClient(patience=7.0)
    assert (client.connect_timeout, client.timeout(), client.write_timeout) == (7.0, 7.0, 7.0)
    assert (client.session_timeout, client.flight_timeout) == (inf, inf)


def test_a_client_that_has_said_all_leaves_no_session_open():
    """It is not kept, neither before nor after it is told to go on."""
    client = UsualClient()
    client.secured()
    client.resume()
    assert client.kept is False


def test_a_server_says_nothing_that_it_was_not_asked_for():
    """It has no news, and hangs up without a word; it has taken nothing that it would have to give back."""
    server = UsualServer()
    server.secured()
    server.disconnected()
    assert (server.notify(), server.time_out(), len(server.accepted)) == (b"", b"", 0)
