"""Judges the event logs of any implementation by the rules of the assignment; reads no file itself."""
