"""Draw the README's pictures from the demo's result: run `make demo`, then `make pictures`."""

from __future__ import annotations

from pathlib import Path

import sim
from sim.report import plots

HERE = Path(__file__).resolve().parent
RESULT = HERE.parents[1] / "reports" / "arpanet-1972"


def main() -> None:
    """One picture a question."""
    result = sim.read(RESULT)
    hop_by_hop = result.attempts[result.attempts["architecture"] == "store-and-forward"]
    pictures = {
        "delay": plots.delay_distribution(result.user_copies),
        "network": plots.topology(result.scenario["network"], load=plots.link_load(hop_by_hop)),
    }
    for name, axes in pictures.items():
        axes.figure.savefig(HERE / f"{name}.png", dpi=110, facecolor="white")


if __name__ == "__main__":
    main()
