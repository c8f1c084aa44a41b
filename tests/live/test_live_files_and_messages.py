"""FTP and MQTT against programs that others wrote: ftplib, curl, vsftpd; paho, mosquitto and its clients."""

from __future__ import annotations

import ftplib
import io
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from other_services import PATIENCE, FilesServed, Served, put_by_ftp

from sim.mail.path import parse_path
from sim.mta.client.envelope import Mailing
from sim.mta.client.file_transfer import FileTransfer
from sim.mta.client.message_queue import Publication, Subscriber
from sim.mta.server.message_queue import BrokerReception, Subscriptions
from sim.protocol.mqtt.codec import read_header, read_packet
from sim.protocol.mqtt.packets import Connect, Publish
from sim.scenario.spec import Host

pytestmark = pytest.mark.slow

ANN, BOB = (parse_path(f"<{name}@b.example>") for name in ("ann", "bob"))
CONTENT = bytes(range(256)) * 400
MAILING = Mailing(parse_path("<writer@a.example>"), (ANN,), CONTENT)


def needs(program):
    """The path of a program; without it the test is skipped."""
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def free_port():
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def wait_for(port):
    """Until somebody listens there."""
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"nobody listens at port {port}")


def test_ftplib_says_what_our_client_says():
    """Python's own client puts a file with the same commands in the same order, and it arrives octet for octet."""
    ours, theirs = FilesServed(), FilesServed()
    client = FileTransfer(Host(name="a"), MAILING, "a-1")
    said = put_by_ftp(client, ours.port)
    with ftplib.FTP() as ftp:  # noqa: S321 - to this machine alone
        ftp.connect("127.0.0.1", theirs.port, PATIENCE)
        ftp.login()
        assert ftp.storbinary("STOR b.example/ann/a-1", io.BytesIO(CONTENT)).startswith("226")
    for served in (ours, theirs):
        served.join(PATIENCE)
        assert [(mail.forward_paths, mail.content) for mail in served.taken] == [((ANN,), CONTENT)]
    assert ours.commands == ["USER", "PASS", "TYPE", "EPSV", "STOR", "QUIT"]
    # Over IPv4 it asks by PASV.
    assert theirs.commands == ["PASV" if verb == "EPSV" else verb for verb in ours.commands]
    assert [reply.code for reply in client.replies.values()] == [226]
    assert [lane for lane, _ in said] == ["control"] * 4 + ["opens", "file", "control"]


def test_curl_puts_a_file(tmp_path: Path):
    """It goes down directory by directory; ours takes what it says, by EPSV and by PASV."""
    (tmp_path / "file").write_bytes(CONTENT)
    for more, verb in (((), "EPSV"), (("--disable-epsv",), "PASV")):
        served = FilesServed()
        url = f"ftp://127.0.0.1:{served.port}/b.example/ann/a-1"
        curl = [needs("curl"), "-sS", "--max-time", "20", *more, "-T", str(tmp_path / "file"), url]
        done = subprocess.run(curl, capture_output=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        served.join(PATIENCE)
        assert [(mail.forward_paths, mail.content) for mail in served.taken] == [((ANN,), CONTENT)]
        assert served.commands == ["USER", "PASS", "PWD", "CWD", "CWD", verb, "TYPE", "STOR", "QUIT"]


def test_curl_hears_that_there_is_no_such_user(tmp_path: Path):
    """550 to STOR is what it fails with."""
    (tmp_path / "file").write_bytes(CONTENT)
    served = FilesServed()
    url = f"ftp://127.0.0.1:{served.port}/b.example/nobody/a-1"
    curl = [needs("curl"), "-sS", "--max-time", "20", "-T", str(tmp_path / "file"), url]
    done = subprocess.run(curl, capture_output=True, timeout=60, check=False)
    assert (done.returncode, b"550" in done.stderr) == (25, True)


def test_our_client_puts_a_file_at_vsftpd(tmp_path: Path):
    """Another's server takes our flights one by one, and has the file octet for octet."""
    vsftpd = needs("vsftpd")
    if os.geteuid() != 0:
        pytest.skip("vsftpd is started by root")
    root, port = tmp_path / "ftp", free_port()
    (root / "b.example" / "ann").mkdir(parents=True)
    for folder in (tmp_path, root, root / "b.example"):
        folder.chmod(0o755)
    for above in tmp_path.parents[:3]:
        above.chmod(above.stat().st_mode | 0o055)
    (root / "b.example" / "ann").chmod(0o777)
    empty = tmp_path / "empty"
    empty.mkdir(mode=0o755)
    settings = {
        "listen": "YES",
        "listen_ipv6": "NO",
        "listen_address": "127.0.0.1",
        "listen_port": str(port),
        "background": "NO",
        "anonymous_enable": "YES",
        "write_enable": "YES",
        "anon_upload_enable": "YES",
        "anon_root": str(root),
        "secure_chroot_dir": str(empty),
        "ftp_username": "daemon",
        "seccomp_sandbox": "NO",
        "anon_umask": "022",
        "local_enable": "NO",
    }
    (tmp_path / "conf").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    with subprocess.Popen([vsftpd, str(tmp_path / "conf")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        try:
            wait_for(port)
            client = FileTransfer(Host(name="a"), Mailing(MAILING.reverse_path, (ANN, BOB), CONTENT), "a-1")
            put_by_ftp(client, port)
        finally:
            server.terminate()
    assert {path: reply.code for path, reply in client.replies.items()} == {ANN: 226, BOB: 553}
    assert (root / "b.example" / "ann" / "a-1").read_bytes() == CONTENT


def packets(octets):
    """What octets are."""
    found = []
    while octets:
        start, length = read_header(octets, len(octets))
        found.append(read_packet(octets[0], octets[start : start + length]))
        octets = octets[start + length :]
    return found


def test_mosquitto_pub_says_what_our_client_says(tmp_path: Path):
    """CONNECT, and then PUBLISH of QoS 1: the same packets, and our broker's answers do for it."""
    (tmp_path / "file").write_bytes(CONTENT)
    served = Served(BrokerReception(Host(name="hub"), Subscriptions()))
    said = [needs("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(served.port), "-V", "mqttv311", "-i", "a-1"]
    said += ["-q", "1", "-t", "b.example/ann", "-f", str(tmp_path / "file")]
    assert subprocess.run(said, capture_output=True, timeout=60, check=False).returncode == 0
    served.join(PATIENCE)
    theirs = packets(b"".join(served.heard))
    client = Publication(Host(name="a"), MAILING, "a-1")
    broker = BrokerReception(Host(name="hub"), Subscriptions())
    ours = []
    while not client.done:
        flight = client.write()
        ours += packets(flight)
        client.read(broker.read(flight))
    assert theirs[:2] == ours == [Connect("a-1"), Publish("b.example/ann", CONTENT, 1, 1)]
    assert [type(one).__name__ for one in theirs[2:]] == ["Disconnect"]
    assert [(mail.forward_paths, mail.content) for mail in served.taken] == [((ANN,), CONTENT)]


def test_paho_publishes_to_our_broker():
    """Another client of MQTT 3.1.1, with its own ways of CONNECT."""
    served = Served(BrokerReception(Host(name="hub"), Subscriptions()))
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="p", protocol=mqtt.MQTTv311)
    client.connect("127.0.0.1", served.port)
    client.loop_start()
    client.publish("b.example/ann", CONTENT, qos=1).wait_for_publish(PATIENCE)
    client.publish("b.example/bob", b"x", qos=2).wait_for_publish(PATIENCE)
    client.disconnect()
    client.loop_stop()
    served.join(PATIENCE)
    assert [(mail.forward_paths, mail.content) for mail in served.taken] == [((ANN,), CONTENT), ((BOB,), b"x")]


def test_mosquitto_passes_our_messages_on(tmp_path: Path):
    """Our publisher and our subscriber by way of another's broker: what was published while it was away comes to it."""
    mosquitto, port = needs("mosquitto"), free_port()
    (tmp_path / "conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    with subprocess.Popen([mosquitto, "-c", str(tmp_path / "conf")], stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(port)
            subscriber = Subscriber(Host(name="b"), ["b.example/#"])
            _talk(subscriber, port)
            assert subscriber.subscribed
            publication = Publication(Host(name="a"), Mailing(MAILING.reverse_path, (ANN, BOB), CONTENT), "a-1")
            _talk(publication, port)
            assert [*publication.replies] == [ANN, BOB]
            again = Subscriber(Host(name="b"), ["b.example/#"])
            heard = _talk(again, port, more=2)
        finally:
            server.terminate()
    # CONNACK says that the session was kept; the two messages wait there.
    found = packets(heard)
    assert getattr(found[0], "session_present", None) is True
    assert sorted((one.topic, one.payload) for one in found if isinstance(one, Publish)) == [
        ("b.example/ann", CONTENT),
        ("b.example/bob", CONTENT),
    ]


def _talk(client, port, *, more=0):
    """Run a client's dialogue against a broker; all that it heard, with so many messages behind what it waits for."""
    heard = b""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as peer:
        peer.settimeout(PATIENCE)
        read = 0
        while not client.done:
            begins = not client.contacted
            peer.sendall(client.write())
            while not client.done and not (begins and client.contacted):
                heard += peer.recv(1_000_000)
                whole = client.complete(heard[read:])
                if whole:
                    client.read(heard[read : read + whole])
                    read += whole
        while sum(isinstance(one, Publish) for one in packets(_whole(client, heard))) < more:
            heard += peer.recv(1_000_000)
    return _whole(client, heard)


def _whole(client, heard):
    """The whole packets of what was heard."""
    return heard[: client.complete(heard)]
