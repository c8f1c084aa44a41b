"""What waits for delivery, in which order it goes, and where to."""
