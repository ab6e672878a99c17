"""What decides: text and values in, data out. No socket, file, clock, thread or randomness lives here."""
