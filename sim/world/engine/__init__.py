"""Where a session meets time: the clock, the session driver, the ledger and the recorder. It knows no host."""
