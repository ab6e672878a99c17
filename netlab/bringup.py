"""Makes a lab, step by step; when a step fails, all that came before is undone."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List

from netlab import addresses, delays, labfile, labhost, neighbours, network, shell, statedir
from netlab.errors import LabError
from netlab.labfile import HostPlan, Plan
from netlab.spec import LabSpec
from netlab.teardown import holding, need_root, take_down

AT_ONCE = 16  # hosts in the making at the same time
PROGRAMS = ("ip", "tc", "bridge", "sshd", "ssh-keygen", "mount", "umount")
STOPPERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def build(spec: LabSpec) -> Plan:
    """The plan of a lab all of whose sshds answer. Raises LabError."""
    spec.check()
    need_root()
    for name in PROGRAMS:
        shell.program(name)
    made_directory = statedir.make_directory(Path(spec.directory))
    try:
        with holding(spec.directory):
            _need_nothing_there(spec.directory)
            try:
                return _build(spec, made_directory)
            except BaseException:
                with _undisturbed():
                    take_down(spec.directory, labfile.load(spec.directory))
                raise
    except BaseException:
        if made_directory:
            statedir.remove_if_empty(Path(spec.directory))
        raise


def _need_nothing_there(directory: str) -> None:
    made = labfile.load(directory)
    if made is not None and made.ready and network.namespaces(made.tag):
        count = f"{len(made.hosts)} hosts" if len(made.hosts) > 1 else "1 host"
        raise LabError(f"a lab of {count} is up in {directory} already: take it down first with 'down'")
    if made is not None or network.namespaces(addresses.tag_of(directory)):
        raise LabError(f"there are left-overs of an earlier lab in {directory}: clear them away with 'down'")
    statedir.need_room(Path(directory))


def _build(spec: LabSpec, made_directory: bool) -> Plan:
    with network.locked():
        chosen = addresses.choose_network(addresses.tag_of(spec.directory), network.routes(), spec.subnet)
        facts = {"made_directory": made_directory, "made_namespace_folder": network.lacks_folder()}
        made = spec.plan(chosen, statedir.free_uid(), **facts)
        made = replace(made, neighbours_before=neighbours.make_room(spec.hosts))
        labfile.save(made)
        network.build(made)
        delays.start(made)
    statedir.write_shared(made)

    stop = threading.Event()
    pids: Dict[str, int] = {}

    def make(one: HostPlan) -> None:
        statedir.write_host(made, one)
        network.configure_host(made, one)
        first = labhost.start(made, one)
        pids[one.name] = first.pid
        labhost.wait_ready(made, one, first, stop)

    _for_all(made.hosts, make, stop)
    made = replace(made, ready=True, pids=pids)
    statedir.write_operator_files(made)
    labfile.save(made)
    return made


def _for_all(hosts: Iterable[HostPlan], make: Callable[[HostPlan], None], stop: threading.Event) -> None:
    """Does it for all hosts, some simultaneously. Raises the first error, once nothing is in the making any more."""
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        futures: List["Future[None]"] = [pool.submit(make, one) for one in hosts]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Whoever presses Ctrl-C twice gets a clean machine all the same."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is interrupted by signals, and may say what they do
        return
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in STOPPERS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
