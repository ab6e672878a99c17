"""What a lab is to be, as plain data, and the file that remembers it (lab.json in the state directory)."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Dict, Optional, Tuple

from netlab import addresses
from netlab.errors import LabError

STATE = "lab.json"
USER = "fleet"


@dataclass(frozen=True)
class HostPlan:
    """One host; `disk` is the size in bytes of the file system under its home, if it has one of its own."""

    name: str
    address: str
    disk: Optional[int] = None
    no_inbound: bool = False  # nobody can connect to it, but for SSH
    no_outbound: bool = False  # it can connect to nobody, but for SSH
    zone: str = ""


@dataclass(frozen=True)
class Plan:
    """A lab: everything that the parts which build it need to know. Rates are in Mbit/s, 0 for unshaped.

    `rate`: of each host's link; `between`: of each zone's way out, and of its way in.
    """

    directory: str
    tag: str
    subnet: str
    rate: float
    user: str
    uid: int
    hosts: Tuple[HostPlan, ...]
    between: float = 0.0
    delay: float = 0.0  # ms that what passes a zone's link, either way, is late
    maxstartups: str = ""
    made_directory: bool = False  # so it may be removed with the lab
    made_namespace_folder: bool = False  # likewise /run/netns
    neighbours_before: int = 0  # what the machine's table of them held before it was enlarged; 0: it wasn't
    ready: bool = False
    pids: Dict[str, int] = field(default_factory=dict)  # the first process of each host, once it runs

    @property
    def path(self) -> Path:
        return Path(self.directory)

    @property
    def operator(self) -> str:
        """The operator's address on the lab's network."""
        return addresses.operator_address(addresses.Network(self.subnet))

    @property
    def zones(self) -> Tuple[str, ...]:
        """The names of the zones, in the order of their hosts."""
        return tuple(dict.fromkeys(host.zone for host in self.hosts if host.zone))

    def host_folder(self, host: str) -> Path:
        return self.path / "hosts" / host


def save(plan: Plan) -> None:
    """Writes lab.json so that a crash leaves the old one or the new one."""
    part = plan.path / (STATE + ".part")
    part.write_text(json.dumps(asdict(plan), indent=1) + "\n")
    os.replace(part, plan.path / STATE)


def load(directory: str) -> Optional[Plan]:
    """The plan that `save` wrote there, if any. Raises LabError if it can't be read."""
    path = Path(directory) / STATE
    try:
        data = json.loads(path.read_text())
        data["hosts"] = tuple(HostPlan(**host) for host in data["hosts"])
        data["directory"] = os.path.realpath(directory)
        return Plan(**data)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LabError(f"{path} is no state of a lab ({error}): remove it, then run 'down'") from None


def always_visible() -> Tuple[str, ...]:
    """Folders of this machine that hosts see too: this checkout, and the Python that runs us."""
    checkout = Path(__file__).resolve().parents[2]
    folders = {str(checkout), os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix)}
    return tuple(sorted(folders))
