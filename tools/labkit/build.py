"""Makes a lab, step by step; when a step fails, all that came before is undone."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, Iterable, List, Tuple

from . import files, host, names, network, plan, processes, shell
from .errors import LabError
from .plan import HostPlan, Plan
from .teardown import holding, need_root, take_down
from .wish import Wish

AT_ONCE = 16  # hosts in the making at the same time
PROGRAMS = ("ip", "tc", "bridge", "sshd", "ssh-keygen", "mount", "umount")

Children = Dict[str, host.FirstProcess]


def build(wish: Wish) -> Tuple[Plan, List[host.FirstProcess]]:
    """The lab's plan and the first process of each host, all of whose sshds answer. Raises LabError."""
    wish.check()
    need_root()
    for name in PROGRAMS:
        shell.program(name)
    made_directory = files.make_directory(Path(wish.directory))
    with holding(wish.directory):
        _need_nothing_there(wish.directory)
        children: Children = {}
        try:
            made = _build(wish, made_directory, children)
        except BaseException:
            _undo(wish.directory, children)
            raise
    return made, list(children.values())


def _need_nothing_there(directory: str) -> None:
    made = plan.load(directory)
    if made is not None and made.ready and network.namespaces(made.tag):
        count = f"{len(made.hosts)} hosts" if len(made.hosts) > 1 else "1 host"
        raise LabError(f"a lab of {count} is up in {directory} already: take it down first with 'down'")
    if made is not None or network.namespaces(names.tag_of(directory)):
        raise LabError(f"there are left-overs of an earlier lab in {directory}: clear them away with 'down'")
    files.need_room(Path(directory))


def _build(wish: Wish, made_directory: bool, children: Children) -> Plan:
    stop = threading.Event()
    with network.locked():
        chosen = names.choose_network(names.tag_of(wish.directory), network.routes(), wish.subnet)
        facts = {"made_directory": made_directory, "made_namespace_folder": network.lacks_folder()}
        made = wish.plan(chosen, files.free_uid(), **facts)
        plan.save(made)
        network.build(made)
    files.write_shared(made)

    def make(one: HostPlan) -> None:
        files.write_host(made, one)
        network.configure_host(made, one)
        children[one.name] = host.start(made, one)
        host.wait_ready(made, one, children[one.name], stop)

    _for_all(made.hosts, make, stop)
    made = replace(made, ready=True, pids={name: child.pid for name, child in children.items()})
    files.write_operator_files(made)
    plan.save(made)
    return made


def _for_all(hosts: Iterable[HostPlan], make: Callable[[HostPlan], None], stop: threading.Event) -> None:
    """Does it for all hosts, some at once. Raises the first error, once nothing is in the making any more."""
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        futures: List["Future[None]"] = [pool.submit(make, one) for one in hosts]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def _undo(directory: str, children: Children) -> None:
    take_down(directory, plan.load(directory))
    for child in children.values():
        child.wait(processes.KILL_SECONDS)
