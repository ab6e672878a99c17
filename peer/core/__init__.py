"""Decides who is asked for what, whom to serve, when to leave. No socket, file, clock, thread or chance of its own."""
