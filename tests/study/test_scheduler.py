"""`--scheduler`: what is wrong with it is said in one line."""

from __future__ import annotations

import socket
import sys

import pytest

from sim import cli
from sim.study.execute import Run, execute
from sim.study.workers import WorkerError

SCENARIO = """
duration: 1 min
network:
  nodes: [a, b]
  links: [{between: [a, b], rate: 1 Mbit/s, delay: 10 ms}]
workload:
  constant: {every: 1 min, size: 1 kB}
"""


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", ["nonsense://x:1", "tcp://127.0.0.1:{port}", "127.0.0.1:x"])
def test_no_scheduler_there(tmp_path, capsys, monkeypatch, scheduler: str):
    """Exit status 2 and one line, whatever Dask makes of the address."""
    distributed = pytest.importorskip("distributed", reason="the dask extra is not installed")
    monkeypatch.setattr(distributed.Client, "__init__", _in_a_moment(distributed.Client.__init__))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = tmp_path / "small.yaml"
    file.write_text(SCENARIO)
    command = ["run", str(file), "--out", str(tmp_path / "out"), "-q", "--scheduler", scheduler.format(port=port)]
    assert cli.main(command) == 2
    said = capsys.readouterr().err
    assert (said.count("\n"), said.startswith(f"--scheduler {scheduler.format(port=port)}: no Dask scheduler")) == (
        1,
        True,
    )


def _in_a_moment(begin):
    def init(self, address):
        begin(self, address, timeout=0.5)

    return init


def test_dask_is_an_extra(monkeypatch):
    """Without it, how to get it."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(WorkerError, match=r"needs Dask: pip install mtasim\[dask\]"):
        execute(None, [Run("a", 0)], seed=1, jobs=1, scheduler="tcp://x:1", progress=print)
