"""Decides what is done, shown and concluded: text and values in, data out. No socket, file, clock, thread or chance."""
