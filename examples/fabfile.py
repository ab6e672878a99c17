"""A fabfile of one's own: `fab weft.up`, and a task that restarts a service once every host has the payload.

fab release --inventory fleet.yaml      fab weft.verify --inventory fleet.yaml
"""

from __future__ import annotations

from typing import Any

from fabric import Connection, task
from invoke import Collection, Exit

import weft
from weft import tasks

RESTART = "systemctl --user restart app"


@task
def release(_c: Any, inventory: str = "inventory.yaml", restart: str = RESTART) -> None:
    """Bring the payload to every host, prove each copy, and only then restart the service on each."""
    try:
        done = tasks.up(inventory)
    except tasks.Failed as failure:
        raise Exit(str(failure), failure.done.code) from None
    print(done.sentence)
    for host in dict.fromkeys(copy["host"] for copy in done.copies):
        Connection(host).run(restart)  # a name of your ssh_config; or let the inventory do it: see `then`


namespace = Collection(release)
namespace.add_collection(weft)
