"""Peers drawn from seeds, a fixed set: hostile clients of a served host, and hostile servers of `mtasim send`.

`make fuzz` tries many more.
"""

from __future__ import annotations

from pathlib import Path

import hostile_clients
import hostile_servers
import pytest


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_clients_that_mean_no_good(tmp_path: Path, seed: int):
    """The host serves on, is at rest when they have gone, and has kept what it said it had, to the octet."""
    assert hostile_clients.tried(seed, tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(25))
def test_servers_that_mean_no_good(seed: int):
    """The command ends in its time with a status that is documented, and calls nothing accepted that was not."""
    assert hostile_servers.tried(seed) == []
