"""Writes the files of a lab into its state directory, and takes away those and no others."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from netlab import hostfiles, shell
from netlab.errors import LabError
from netlab.labfile import STATE, HostPlan, Plan

# All that a lab puts into its state directory; lab.json is the first to come and the last to go.
OURS = ("inventory.yaml", "key", "key.pub", "known_hosts", "ssh_config", "hosts", STATE + ".part")


def make_directory(directory: Path) -> bool:
    """Makes the state directory, if it isn't there; says whether it did. Raises LabError."""
    made = not directory.exists()
    try:
        directory.mkdir(exist_ok=True)
    except OSError as error:
        raise LabError(f"cannot make {directory}: {error.strerror}") from None
    return made


def need_room(directory: Path) -> None:
    """Raises LabError if anything of the names we use is in the directory already."""
    for name in OURS:
        if os.path.lexists(directory / name):
            raise LabError(f"{directory / name} is there already: choose another directory with --lab")


def write_shared(plan: Plan) -> None:
    """What the hosts' own files need: the operator's key, and a folder for the hosts.

    It is closed to everybody but root: users of different hosts have one number, and must not reach each other's homes.
    """
    _keygen(plan.path / "key", "weft lab")
    (plan.path / "hosts").mkdir(mode=0o700)


def write_host(plan: Plan, host: HostPlan) -> None:
    """A host's folder: etc (over its /etc), ssh (its sshd's), home and tmp. Needs the operator's key."""
    folder = plan.host_folder(host.name)
    etc, ssh, home, temporary = (folder / name for name in ("etc", "ssh", "home", "tmp"))
    for path in (etc, ssh, home / plan.user, temporary):
        path.mkdir(parents=True)
    passwd, group = Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
    for name, text in hostfiles.etc(plan, host, passwd, group).items():
        (etc / name).write_text(text)
        (etc / name).chmod(0o600 if name == "shadow" else 0o644)
    (ssh / "sshd_config").write_text(hostfiles.sshd_config(plan))
    shutil.copy(plan.path / "key.pub", ssh / "authorized_keys")
    _keygen(ssh / "host_key", host.name)
    temporary.chmod(0o1777)
    (home / plan.user).chmod(0o700)
    os.chown(home / plan.user, plan.uid, plan.uid)


def write_operator_files(plan: Plan) -> None:
    """What the operator uses; written last, since it tells of hosts that answer."""
    keys = {host.name: (plan.host_folder(host.name) / "ssh/host_key.pub").read_text() for host in plan.hosts}
    (plan.path / "known_hosts").write_text(hostfiles.known_hosts(plan, keys))
    (plan.path / "ssh_config").write_text(hostfiles.ssh_config(plan))
    (plan.path / "inventory.yaml").write_text(hostfiles.inventory(plan))
    if "SUDO_UID" in os.environ:
        _give_away(plan, int(os.environ["SUDO_UID"]), int(os.environ.get("SUDO_GID", -1)))


def remove(plan: Plan) -> None:
    """Takes away what the lab wrote. What else lies there stays, and so does the directory then."""
    for name in (*OURS, STATE):
        _remove(plan.path / name)
    if plan.made_directory:
        remove_if_empty(plan.path)


def remove_if_empty(directory: Path) -> None:
    with contextlib.suppress(OSError):
        directory.rmdir()


def _give_away(plan: Plan, uid: int, gid: int) -> None:
    """Whoever made the lab with sudo is its operator, and reads its key."""
    for name in ("key", "key.pub", "known_hosts", "ssh_config", "inventory.yaml"):
        os.chown(plan.path / name, uid, gid)
    if plan.made_directory:
        os.chown(plan.path, uid, gid)


def sshd_words(plan: Plan, host: str) -> str:
    """The last that a host's sshd wrote: two lines, of which the first tells more, made one."""
    try:
        lines = (plan.host_folder(host) / "ssh/sshd.log").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return "; ".join(lines[-2:])


def free_uid() -> int:
    return hostfiles.free_uid(Path("/etc/passwd").read_text())


def _remove(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise LabError(f"cannot remove {path}: {error.strerror}") from None


def _keygen(path: Path, comment: str) -> None:
    shell.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])
