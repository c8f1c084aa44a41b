"""Plots: one function a question, tables in, matplotlib Axes out.

Each takes `ax=` to draw into axes of the caller's, makes a figure of its own otherwise (`ax.figure.savefig(...)`), and
leaves pyplot's state alone.
"""

from __future__ import annotations

from sim.report.plot_compare import paired_differences
from sim.report.plot_delay import delay_distribution, hand_to_eye, outcomes, time_budget, time_to_read
from sim.report.plot_network import link_load, topology
from sim.report.plot_queue import queue_length, queue_states
from sim.results.metrics import HEADLINE

__all__ = [
    "HEADLINE",
    "delay_distribution",
    "hand_to_eye",
    "link_load",
    "outcomes",
    "paired_differences",
    "queue_length",
    "queue_states",
    "time_budget",
    "time_to_read",
    "topology",
]
