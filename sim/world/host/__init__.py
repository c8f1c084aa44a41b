"""A host at work: what it holds, whom it sends to, and what it tells."""
