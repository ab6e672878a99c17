"""The door: lets `fab` find the tasks of deploy/fabfile.py from the root."""

from fabric.main import program

from deploy.edge.fab import commandline
from deploy.fabfile import ns

__all__ = ["ns"]

commandline.check(program, ns)  # while Fabric loads this file: after its own options, before it reads the tasks'
