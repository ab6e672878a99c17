"""The inventory of a lab's hosts, as text: who logs in how, and what is asked for."""

from __future__ import annotations

import json
from typing import Collection

from netlab import Lab
from netlab.labhost import Host


def lab_inventory(
    lab: Lab, swarm: str, seeds: Collection[Host], defaults: str = "", relayed: Collection[Host] = ()
) -> str:
    """All hosts of the lab. `swarm`: what stands in its braces; `defaults`: what stands there besides the login."""
    login = f"user: {lab.user}, key: {json.dumps(str(lab.key))}, known_hosts: {json.dumps(str(lab.known_hosts))}"
    return "\n".join(
        [
            f"swarm: {{{swarm}}}",
            f"defaults: {{{', '.join(filter(None, (login, defaults)))}}}",
            "hosts:",
            *(
                f"  {host.name}: {{address: {host.address}{', relay: true' * (host in relayed)}}}"
                for host in lab.hosts.values()
            ),
            f"seeds: [{', '.join(host.name for host in seeds)}]",
            "",
        ]
    )
