"""When each product tries again and when it gives up. Pure: all of it is told the time."""
