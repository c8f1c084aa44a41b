"""A scenario of two hosts that runs in a moment."""

SMALL = """
title: small
duration: 10 min
network:
  nodes: [a, b]
  links:
    - {between: [a, b], rate: 1 Mbit/s, delay: 10 ms}
domains:
  a.example: {mx: [a], users: [ann]}
  b.example: {mx: [b], users: [bob]}
workload:
  constant: {every: 1 min, size: 1 kB}
expect:
  - end-to-end.delivery_prob == 1
"""
