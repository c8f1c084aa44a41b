"""What an MTA decides: its queue, when to try again, which MX, what to answer, when to give up.

Every decision is told the time and answers at once; nothing here waits, draws or knows how bytes travel.
"""
