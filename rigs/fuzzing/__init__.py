"""Fuzzing: every reader of foreign bytes as a function, inputs for it, and two ways to run them."""
