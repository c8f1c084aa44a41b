"""What the tests of TLS on a socket share: an authority, a certificate for this machine, and a context for each side."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from sim.live.tls import server_context
from sim.mta.server import policy


@pytest.fixture(autouse=True)
def _quick_guesses(monkeypatch) -> None:
    """A wrong login costs next to no time, but in the test of just that."""
    monkeypatch.setattr(policy, "AUTH_FAILURE_DELAY", 0.01)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Who vouches for the host's certificate."""
    return trustme.CA()


@pytest.fixture(scope="session")
def files(authority: trustme.CA, tmp_path_factory) -> tuple[Path, Path, Path]:
    """A certificate for this machine, its key, and both in a file; in PEM."""
    folder, issued = tmp_path_factory.mktemp("tls"), authority.issue_cert("127.0.0.1", "localhost")
    certificate, key, both = folder / "cert.pem", folder / "key.pem", folder / "both.pem"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return certificate, key, both


@pytest.fixture(scope="session")
def server_side(files) -> ssl.SSLContext:
    """The context of a served host."""
    return server_context(files[0], files[1])


@pytest.fixture(scope="session")
def client_side(authority: trustme.CA) -> ssl.SSLContext:
    """The context of a client that trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="session")
def authorities(authority: trustme.CA, tmp_path_factory) -> Path:
    """The authority's own certificate in a file, for clients that are other programs."""
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    file.write_bytes(authority.cert_pem.bytes())
    return file
