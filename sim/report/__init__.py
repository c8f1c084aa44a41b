"""Results for people to look at: plots, tables for the terminal, one-file HTML reports, transcripts of dialogues."""
