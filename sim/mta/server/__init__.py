"""The receiving side: what a host answers, whom it lets in, and what it takes."""
