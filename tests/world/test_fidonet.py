"""FidoNet in a run: a nodelist's net, host-routed mail in the mail hour, and crash mail."""

from __future__ import annotations

import pytest

import sim

NODELIST = """;A a net of two, and an independent node of its region
Region,10,Calif,CA,Sysop,-,2400,XP:
,26,Dogs,Fresno_CA,Sysop,-,2400,{flag}
Host,102,SOCALNET,LA,Sysop,-,2400,{flag}
,101,Rainbow,CA,Sysop,-,1200,{flag}
"""
SCENARIO = """
network: {graph: nodelist.txt}
architectures: {fidonet: {transfer: store-and-forward}}
workload: {messages_at: [{at: 1 h, from: postmaster@f101.n102.z1, to: postmaster@f26.n10.z1, size: 5 kB}]}
duration: 2 d
"""


@pytest.mark.parametrize(("flag", "at"), [("XP:", (9 * 3600, 10 * 3600)), ("CM", (3600, 3600 + 1200))])
def test_mail_goes_by_hosts_in_the_mail_hour_and_crash_mail_at_once(tmp_path, flag, at):
    """By the host of the net and that of the region; nodes that are continuous take it when it is written."""
    (tmp_path / "nodelist.txt").write_text(NODELIST.format(flag=flag), encoding="ascii")
    (tmp_path / "scenario.yaml").write_text(SCENARIO, encoding="ascii")
    [copy] = sim.run(sim.load(tmp_path / "scenario.yaml")).copies.itertuples()
    assert (copy.outcome, copy.path) == ("delivered", "f101.n102.z1>f0.n102.z1>f0.n10.z1>f26.n10.z1")
    assert at[0] < copy.ended_s < at[1]
