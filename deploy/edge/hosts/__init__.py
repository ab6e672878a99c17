"""The hosts: the way to each, the agent on it, and the same work on many of them."""
