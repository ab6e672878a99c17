"""Decides what to do, show and conclude: text and values in, data out; touches no socket, file, clock or thread."""
