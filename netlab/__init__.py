"""A lab of real hosts on one Linux machine: network namespaces with their own sshd, homes and shaped links.

    with Lab.up(hosts=3, rate=100, directory="lab") as lab:
        lab.run("node01", ["hostname"]).stdout
        lab.cut("node02")

Start reading at lab.py (what a lab can do), then bringup.py (how it is made), namespaces.py and labhost.py (one host)
and network.py (how hosts are joined).
"""

from netlab.errors import LabError, UsageError
from netlab.lab import Lab
from netlab.teardown import down

__all__ = ["Lab", "LabError", "UsageError", "down"]
