"""What comes out of a run: facts, tables of them, metrics, statistics, and the folder that keeps them."""
