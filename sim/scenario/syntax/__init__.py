"""What a scenario file may say: a file a key, named by the key."""
