"""What decides: no socket, file, clock, thread or randomness of its own lives in this folder."""
