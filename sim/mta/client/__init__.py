"""The sending side: what a host says in a session, and what the replies mean."""
