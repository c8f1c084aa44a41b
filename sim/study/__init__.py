"""Studies: replications of a scenario under its architectures, and what they show against each other."""
