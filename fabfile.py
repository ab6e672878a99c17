"""The door: lets `fab` find the tasks of deploy/fabfile.py from the root."""

from deploy.fabfile import ns

__all__ = ["ns"]
