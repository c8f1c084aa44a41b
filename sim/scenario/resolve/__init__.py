"""From what a file says to what the simulation takes: the same nouns as in `syntax`, checked against each other."""
