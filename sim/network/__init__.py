"""The network: links and their weather, routing, the time that TCP takes over them, the DNS."""
