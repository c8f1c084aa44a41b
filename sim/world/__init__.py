"""The world: where time passes. simpy lives here and nowhere else."""
