"""Our dialogues of FTP and MQTT on real sockets: a server of one session, and a client, each driven by hand."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import ExitStack

from sim.mta.server.file_reception import DATA_PORT, FileReception
from sim.mta.server.recipients import Directory
from sim.protocol.ftp.replies import ReplyReader, read_passive
from sim.scenario.spec import Domain, Host

PATIENCE = 20.0
"""How long anybody waits, s."""


class Served(threading.Thread):
    """Serves one session on a port of its own: `lines` has what the client said, `taken` what was accepted."""

    def __init__(self, dialogue):
        super().__init__(daemon=True)
        self.dialogue, self.heard, self.taken = dialogue, [], []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(PATIENCE)
        self.port = self._socket.getsockname()[1]
        self.start()

    def run(self):
        """Take turns until the session is over."""
        peer, _ = self._socket.accept()
        with peer:
            peer.settimeout(PATIENCE)
            self.say(peer, self.dialogue.greet(busy=False))
            while not self.dialogue.is_over:
                octets = self.next(peer)
                if not octets:
                    break
                self.heard.append(octets)
                self.say(peer, self.dialogue.read(octets))
                self.taken += self.dialogue.accepted
        self.close()

    def close(self):
        """Nobody listens any more."""
        self._socket.close()

    def next(self, peer):
        """What comes next."""
        return peer.recv(1_000_000)

    def say(self, peer, octets):
        """Write."""
        peer.sendall(octets)


class FilesServed(Served):
    """FTP: each data connection has a port of its own, and what comes there is the next flight.

    `commands` has the verbs that came.
    """

    def __init__(self):
        host = Host(name="b")
        directory = Directory(host, [Domain(name="b.example", users=("ann", "bob"))], lambda _: None)
        self._data = socket.create_server(("127.0.0.1", 0))
        self._data.settimeout(PATIENCE)
        self.commands = []
        super().__init__(FileReception(host, directory))

    def next(self, peer):
        """A line, or a file to its end."""
        if not self.dialogue.in_transaction:
            line = super().next(peer)
            self.commands += re.findall(r"^[A-Z]+", line.decode(), re.MULTILINE)
            return line
        connection, _ = self._data.accept()
        with connection:
            connection.settimeout(PATIENCE)
            return b"".join(iter(lambda: connection.recv(1_000_000), b""))

    def say(self, peer, octets):
        """The port is the real one."""
        real = self._data.getsockname()[1]
        octets = octets.replace(b"|||%d|" % DATA_PORT, b"|||%d|" % real)
        super().say(peer, octets.replace(b"0,0,0,0,192,0", b"127,0,0,1,%d,%d" % divmod(real, 256)))

    def close(self):
        """Nor for data."""
        super().close()
        self._data.close()


def put_by_ftp(client, port):
    """Run our client's dialogue against a server on this machine; its flights, as (lane, octets)."""
    said = []
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as control, ExitStack() as opened:
        control.settimeout(PATIENCE)
        file, data, reader = opened.enter_context(control.makefile("rb")), None, ReplyReader()
        while not client.done:
            reply, octets = None, b""
            while reply is None:
                line = file.readline()
                octets += line
                reply = reader.read(line.rstrip(b"\r\n"))
            client.read(octets)
            if client.done:
                break
            flight = client.write()
            said.append((client.lane, flight))
            if reply.code == 229:
                data = socket.create_connection(("127.0.0.1", read_passive(reply)[1]), PATIENCE)
                opened.enter_context(data)
            if client.lane == "file":
                data.sendall(flight)
                data.close()
            else:
                control.sendall(flight)
    return said
