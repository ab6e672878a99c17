"""What a person or a program sees of a run, and what is kept of it."""
