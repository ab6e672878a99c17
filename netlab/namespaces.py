"""Puts the calling thread onto a new host: own mounts, host name and network, and soon own processes.

Everything here happens in a mount namespace that only the host's processes share, so this machine's own mounts never
change and nothing has to be unmounted: when the host's last process ends, all of it is gone.
"""

from __future__ import annotations

import os
from typing import Dict, Iterable

from netlab import addresses, hostfiles, kernel, network
from netlab.labfile import HostPlan, Plan, always_visible
from netlab.network import NETNS

# What a host hides of this machine: it has a directory of its own there.
HIDDEN = ("/home", "/tmp", "/var/tmp", "/run", "/var/log", "/dev/shm")


def enter_host(plan: Plan, host: HostPlan) -> None:
    """Moves the calling thread to the host; the next process that it starts is the host's first."""
    space = os.open(NETNS / addresses.host_namespace(plan.tag, host.name), os.O_RDONLY | os.O_CLOEXEC)
    kernel.enter(space)
    os.close(space)
    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWUTS)
    kernel.sethostname(host.name)
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_SLAVE)
    if network.folder_mounted():
        kernel.detach(str(NETNS))  # or the host would keep every namespace of this machine alive
    _mount_own(plan, host)
    kernel.unshare(kernel.CLONE_NEWPID)


def _mount_own(plan: Plan, host: HostPlan) -> None:
    folder = plan.host_folder(host.name)
    etc = [(str(path), f"/etc/{path.name}") for path in (folder / "etc").iterdir()]
    kept = [path for path in always_visible() if path.startswith(tuple(name + "/" for name in HIDDEN))]
    # Held open, since some of these lie where the first mounts hide them.
    held = _hold([*(str(folder / name) for name in ("home", "tmp", "ssh")), *(path for path, _ in etc), *kept])
    _replace_folders(held, folder)
    for source, target in etc:
        if os.path.exists(target):
            _bind(held[source], target)
    for path in kept:
        os.makedirs(path, exist_ok=True)
        _bind(held[path], path)
    if host.disk is not None:
        _small_disk(plan, host.disk)
    for descriptor in held.values():
        os.close(descriptor)


def _replace_folders(held: Dict[str, int], folder: "os.PathLike[str]") -> None:
    home, temporary, ssh = (held[os.path.join(folder, name)] for name in ("home", "tmp", "ssh"))
    _bind(home, "/home")
    for target in ("/tmp", "/var/tmp"):
        _bind(temporary, target)
    for target, mode in (("/run", "0755"), ("/var/log", "0755"), ("/dev/shm", "1777")):
        if os.path.isdir(target):
            kernel.mount("lab", target, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, f"mode={mode}")
    for path in ("/run/sshd", "/run/lock", hostfiles.SSH):
        os.mkdir(path, 0o755)
    _bind(ssh, hostfiles.SSH)


def _small_disk(plan: Plan, size: int) -> None:
    options = f"size={size},mode=0700,uid={plan.uid},gid={plan.uid}"
    kernel.mount("lab", hostfiles.home_of(plan.user), "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)


def _hold(paths: Iterable[str]) -> Dict[str, int]:
    return {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in paths}


def _bind(descriptor: int, target: str) -> None:
    kernel.mount(f"/proc/self/fd/{descriptor}", target, "", kernel.MS_BIND | kernel.MS_REC)
