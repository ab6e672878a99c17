"""Decides what to ask of whom, whom to serve, when to leave. No socket, file, clock, thread or own randomness."""
