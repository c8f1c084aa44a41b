# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A first run
#
# Two ways to carry mail over the ARPANET of 1972: the sender's host connects to the recipient's (end to end), or every
# host hands on to the next (store and forward). Both carry the same messages and live through the same outages.
# Here: two days of mail instead of a week, and three replications.

# %%
# %matplotlib inline
from pathlib import Path

import sim
from sim.report import plots

here = Path.cwd()
home = here if (here / "scenarios").is_dir() else here.parent
scenario = sim.load(
    home / "scenarios" / "arpanet-1972" / "scenario.yaml",
    overrides=["duration=2 d", "replications=3", "expect=[]"],
)
print(scenario.title)
print(f"{len(scenario.network.nodes)} hosts, {len(scenario.network.links)} lines")

# %% [markdown]
# ## Compare
#
# Every architecture runs in every replication. A comparison holds the result (pandas frames) and the expectations,
# checked.

# %%
comparison = sim.compare(scenario)
result = comparison.result
result.measures[["created", "delivered", "latency_med", "latency_avg", "hopcount_avg", "attempts"]].round(2)

# %% [markdown]
# One row a copy (message x recipient), with what its time went into:

# %%
result.copies.head()

# %% [markdown]
# ## How long does mail take?
#
# The median is a few seconds under both; what hurts is the tail: a host that is down or a line that is out.

# %%
plots.delay_distribution(result.user_copies).figure

# %% [markdown]
# ## Where does the time go?

# %%
plots.time_budget(result.user_copies).figure

# %% [markdown]
# ## Is the difference real?
#
# Both architectures had the same mail and the same weather, so their difference within a replication is what counts.

# %%
plots.paired_differences(result.measures).figure

# %% [markdown]
# ## Which lines carry the load?

# %%
hop_by_hop = result.attempts[result.attempts["architecture"] == "store-and-forward"]
plots.topology(scenario.network, load=plots.link_load(hop_by_hop)).figure

# %% [markdown]
# ## The queues

# %%
plots.queue_length(result.queues, architecture="store-and-forward", replication=0).figure
