"""What a packet crosses: lines and what is wrong with them, over time."""
