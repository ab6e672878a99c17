"""What runs on every host: a peer of the swarm. Standard library only, Python 3.9 and later."""

__version__ = "0.1.0"
