"""Protocol machines, a folder a protocol: octets in, events out. No clock, no chance, no socket."""
