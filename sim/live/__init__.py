"""The machines on a real socket: a simulated host that serves real clients, and a client for real servers."""
