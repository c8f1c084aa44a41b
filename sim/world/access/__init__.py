"""Users at their mailboxes in a run: what hosts serve to their programs, what devices ask for, who reads what."""
