"""The connections that two hosts make: TCP, delay and rate alone, older carriers, reversed roles."""
