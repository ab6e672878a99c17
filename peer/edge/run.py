"""Runs one peer from its working directory to its exit code: builds the parts, connects them, shuts them down."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from random import Random
from typing import TYPE_CHECKING, Optional, Tuple

from peer.core import folder as names
from peer.core import handshake, status
from peer.core.errors import EXIT_OK, ConfigError, WeftError, peer_name
from peer.core.handshake import CLASSIC_STYLE
from peer.core.spelling import Spellings
from peer.core.status import Status
from peer.core.statusline import format_status_line
from peer.core.swarm import Swarm
from peer.core.swarmfile import FLEET
from peer.edge import descriptors, stderr
from peer.edge.checking import Check
from peer.edge.dialler import Dialler
from peer.edge.files import disk_error
from peer.edge.job import Job, load_job
from peer.edge.listener import Listener
from peer.edge.lock import Lock
from peer.edge.logfile import LogFile
from peer.edge.owner import Ending, Fact, Inbox, Interrupt, Owner
from peer.edge.papers import Papers, take_lock
from peer.edge.statusfile import StatusFile
from peer.edge.store import Store
from peer.edge.systemlimits import limit_error
from peer.edge.throttle import Budget
from peer.edge.tracefile import TraceFile

if TYPE_CHECKING:
    from peer.edge.keys import Keys

STACK_BYTES = 256 * 1024  # of each thread; with the default of 8 MiB a hundred peers would run out of address space
_FEW_STRANGERS = 4  # connections that may be in their handshake if hardly any descriptors are free
SWITCH_SECONDS = 0.05  # between a waiting thread's requests for the interpreter, most of which fail


def run_peer(folder: str, peer: int, patience: Optional[float] = None, absent: Tuple[int, ...] = ()) -> int:
    """Run a peer to its end; returns its exit code. `patience` and `absent`: see `load_job`.

    Raises WeftError if it can't begin.
    """
    threading.stack_size(STACK_BYTES)
    sys.setswitchinterval(SWITCH_SECONDS)
    job = load_job(folder, peer, patience, absent)
    lock = _lock(job)
    try:
        return _run_locked(job)
    finally:
        lock.release()


def _lock(job: Job) -> Lock:
    if not os.path.isdir(job.folder):
        raise ConfigError(job.folder, "no such folder", "name the working directory with --dir")
    return take_lock(job.folder, job.row.peer_id)


def _papers(job: Job) -> Papers:
    try:
        return Papers(job.folder, job.row.peer_id)
    except OSError as error:
        raise disk_error(error, job.folder) from None


def _run_locked(job: Job) -> int:
    papers = _papers(job)
    append = _is_same_run(job)
    first = _first_status(job)
    trace = TraceFile(papers.trace, append, first)

    def tell(current: Status) -> None:
        trace.status(current)
        _show(current)

    statusfile = StatusFile(job.folder, first, papers.temporary, tell)
    try:
        statusfile.announce(status.CHECKING)
        spare = descriptors.make_room(len(job.setup.near))
        store = Store(job.payload_folder, job.manifest, papers.record, job.aside, job.extras, job.setup.repeats)
        statusfile.tally, statusfile.holdups.disk = store.tally, store.unsynced.waits
        (store.open_seed if job.row.has_file else store.open_leecher)()
        log = LogFile(papers.log, append)
        ending = _swarm(job, store, log, statusfile, trace, spare)
        if ending.code == EXIT_OK:
            store.forget()
    except OSError as error:
        raise _failed(statusfile, disk_error(error, job.folder)) from None
    except WeftError as error:
        raise _failed(statusfile, error) from None
    except (RuntimeError, MemoryError) as error:
        known = limit_error(error)
        if known is None:
            raise
        raise _failed(statusfile, known) from None
    finally:
        trace.close()
        stderr.end_line()
    if ending.reason:
        stderr.report(peer_name(job.row.peer_id), ending.reason)
    return ending.code


def _show(current: Status) -> None:
    """Show the status in one line on the terminal, if the peer was started by hand."""
    columns = stderr.width()
    if columns:
        stderr.show(format_status_line(current, columns - 1))


def _swarm(job: Job, store: Store, log: LogFile, statusfile: StatusFile, trace: TraceFile, spare: int) -> Ending:
    """The parts of a running peer, from listening to the last thread's end; `spare`: descriptors for handshakes."""
    me = job.row.peer_id
    swarm = Swarm(job.setup, store.here, store.complete, Random(), settled=store.complete)
    style = handshake.fleet_style(job.manifest.digest) if job.setup.profile == FLEET else CLASSIC_STYLE
    here = job.setup.housemates
    budget = Budget(job.folder, len(frozenset(job.setup.near).difference(here)) * len(here), here)
    addresses = {row.peer_id: (row.host, row.port) for row in job.setup.rows}
    others = frozenset(addresses) - {me}
    inbox: Inbox = queue.SimpleQueue()

    def report(fact: Fact) -> None:
        inbox.put((None, fact))

    keys = _keys(job)
    spellings = Spellings(style, job.setup.classic, job.ascii, keyed=keys is not None)
    dialler = Dialler(me, addresses, spellings, report, keys, budget.down, job.setup.by_relay, job.folder)
    owner = Owner(inbox, swarm, store, dialler, log, statusfile, trace, Check(store, report, job.kept), budget)
    listener = Listener(job.row.port, others, spellings, report, me, keys, max(_FEW_STRANGERS, spare), budget.down)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: report(Interrupt()))
    listener.start()
    statusfile.listening()
    try:
        ending = owner.run()
    finally:
        listener.close()
        dialler.close()
        log.close()
        store.close()
    statusfile.write(swarm, owner.links, ending)
    return ending


def _keys(job: Job) -> Optional[Keys]:
    """The swarm's keys, if it has any. Raises ConfigError."""
    if not job.tls:
        return None
    from peer.edge.keys import Keys  # brings ssl along, which is slow to load

    return Keys(job.folder, job.row.peer_id)


def _failed(statusfile: StatusFile, error: WeftError) -> WeftError:
    """Write the reason to the status file too, unless the disk is full or read-only."""
    with contextlib.suppress(OSError):
        statusfile.fail(error.code, str(error))
    return error


def _first_status(job: Job) -> Status:
    return Status(
        peer=job.row.peer_id,
        run=job.run,
        state=status.CHECKING,
        profile=job.setup.profile,
        listening=False,
        port=job.row.port,
        pid=os.getpid(),
        pieces=0,
        total=job.setup.total,
        size=job.manifest.size,
        files=len(job.manifest.files),
        started=time.time(),
    )


def _is_same_run(job: Job) -> bool:
    """Whether this peer already began in this run and didn't end well: then its log is continued."""
    path = os.path.join(job.folder, names.status(job.row.peer_id))
    try:
        with open(path, encoding="utf-8") as file:
            last = status.parse_status(file.read())
    except (OSError, ValueError):
        return False
    return last.run == job.run and last.state != status.DONE
