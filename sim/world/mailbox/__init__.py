"""Users' mailboxes in a run, and what their hosts do with mail that comes for them."""
