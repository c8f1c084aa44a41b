"""Who writes what to whom and when: generators, recorded traces and real messages."""
