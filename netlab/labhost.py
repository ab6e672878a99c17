"""One host of a lab: how it is started, how one learns that its sshd answers, and how programs are run on it."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Sequence

from netlab import addresses, hostfiles, kernel, namespaces, shell, statedir
from netlab.errors import LabError
from netlab.labfile import HostPlan, Plan
from netlab.network import NETNS

READY_SECONDS = 30.0
BANNER_SECONDS = 5.0

FirstProcess = subprocess.Popen[bytes]
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# The host's first process: a shell that waits for ever, and in doing so sees to the ends of orphans.
FIRST = f"""
{{mount}} -t proc proc /proc || exit 1
{{sshd}} -f {hostfiles.SSH}/sshd_config -E {hostfiles.SSH}/sshd.log || exit 1
sleep infinity &
wait
"""

# What this process has started on hosts. A host can't end before the exit codes of those that ended are taken.
_children: List["subprocess.Popen[Any]"] = []
_children_lock = threading.Lock()


def adopt(child: "subprocess.Popen[Any]") -> None:
    """Have its exit code taken by `reap`."""
    with _children_lock:
        _children.append(child)


def reap() -> None:
    """Takes the exit codes of all that this process has started on hosts and that has ended."""
    with _children_lock:
        _children[:] = [child for child in _children if child.poll() is None]


@dataclass(frozen=True)
class Host:
    """A running host. `pid` is its first process, as this machine numbers it."""

    name: str
    address: str
    namespace: str
    user: str
    uid: int
    pid: int
    home: Path  # the user's home, as this machine reaches it
    folder: Path  # what the lab keeps of it here: etc, home, ssh (with sshd.log), tmp

    @property
    def remote_home(self) -> str:
        """The user's home as the host itself names it."""
        return hostfiles.home_of(self.user)

    def path(self, remote: str) -> Path:
        """Where this machine reaches an absolute path of the host."""
        return Path(f"/proc/{self.pid}/root") / remote.lstrip("/")

    def popen(self, argv: Sequence[str], root: bool = False, **options: Any) -> "subprocess.Popen[Any]":
        """Starts a program on the host, by default as its user and in its home; `options` are Popen's.

        It is a child of this process: its pid, signals and exit code are the program's own.
        Raises LabError if the host is gone, FileNotFoundError if the program isn't there.
        """
        options.setdefault("env", self.environment(root))
        options.setdefault("cwd", "/" if root else self.remote_home)
        if not root:
            options.update(user=self.uid, group=self.uid, extra_groups=[])
        return kernel.elsewhere(lambda: self._popen(list(argv), options))

    def environment(self, root: bool = False) -> Dict[str, str]:
        """What a program finds in its environment: what sshd gives it, and this terminal."""
        user, home = ("root", "/root") if root else (self.user, self.remote_home)
        ours = {key: os.environ[key] for key in ("TERM", "LANG") if key in os.environ}
        return {**ours, "HOME": home, "USER": user, "LOGNAME": user, "SHELL": hostfiles.SHELL, "PATH": SEARCH_PATH}

    def _popen(self, argv: Sequence[str], options: Dict[str, Any]) -> "subprocess.Popen[Any]":
        try:
            spaces = kernel.open_namespaces(self.pid)
            try:
                self._check_own(spaces[0])
                for space in spaces:
                    kernel.enter(space)
            finally:
                kernel.close_all(spaces)
        except (FileNotFoundError, ProcessLookupError):
            raise LabError(f"{self.name} does not run any more: take the lab down") from None
        process = subprocess.Popen(argv, **options)
        with _children_lock:  # whoever started the others may still want to know how they end: poll none
            _children[:] = [child for child in _children if child.returncode is None] + [process]
        return process

    def _check_own(self, space: int) -> None:
        """The pid may have become another's: only the host's first process is in the host's network."""
        if not os.path.samestat(os.fstat(space), os.stat(NETNS / self.namespace)):
            raise ProcessLookupError(self.pid)

    def answers(self, timeout: float = BANNER_SECONDS) -> bool:
        """Whether its sshd greets whoever connects from this machine."""
        return _banner(self.address, timeout)


def of(plan: Plan, host: HostPlan, pid: int) -> Host:
    """The host as it is once its first process runs."""
    folder = plan.host_folder(host.name)
    home = folder / "home" / plan.user
    if host.disk is not None:
        home = Path(f"/proc/{pid}/root") / hostfiles.home_of(plan.user).lstrip("/")
    namespace = addresses.host_namespace(plan.tag, host.name)
    return Host(host.name, host.address, namespace, plan.user, plan.uid, pid, home, folder)


def start(plan: Plan, host: HostPlan) -> FirstProcess:
    """Starts the host's first process, and through it its sshd. Its links must be there."""
    script = FIRST.format(mount=shell.program("mount"), sshd=shell.program("sshd"))

    def work() -> FirstProcess:
        namespaces.enter_host(plan, host)
        with open(f"{hostfiles.SSH}/sshd.log", "ab") as log:
            first = subprocess.Popen(
                ["/bin/sh", "-c", script],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": SEARCH_PATH},
                start_new_session=True,
            )
        adopt(first)
        return first

    try:
        return kernel.elsewhere(work)
    except OSError as error:
        raise LabError(f"{host.name}: cannot start it: {error.strerror or error}") from None


def wait_ready(plan: Plan, host: HostPlan, first: FirstProcess, stop: threading.Event) -> None:
    """Returns once the host's sshd greets us, or `stop` is set. Raises LabError with the reason if it won't."""
    deadline = time.monotonic() + READY_SECONDS
    while not (stop.is_set() or _banner(host.address, 1.0)):
        if first.poll() is not None:
            reason = statedir.sshd_words(plan, host.name) or "it gave no reason"
            raise LabError(f"{host.name}: sshd did not start: {reason}")
        if time.monotonic() > deadline:
            raise LabError(f"{host.name}: sshd gave no answer at {host.address} for {READY_SECONDS:.0f} s")
        time.sleep(0.01)


def _banner(address: str, timeout: float) -> bool:
    try:
        with socket.create_connection((address, 22), timeout) as connection:
            connection.settimeout(timeout)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
