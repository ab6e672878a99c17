"""A Kerberos realm on loopback: its KDC, a ticket for who runs the tests, and the key of this machine's sshds."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.waiting import wait_for
from tests.ssh.sshd import free_port

PATH = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
FILES = {"KRB5_CONFIG": "krb5.conf", "KRB5_KDC_PROFILE": "kdc.conf", "KRB5_KTNAME": "keys", "KRB5CCNAME": "tickets"}
CLIENT = """\
[libdefaults]
 default_realm = WEFT.TEST
 dns_lookup_kdc = false
 dns_canonicalize_hostname = false
 rdns = false
[realms]
 WEFT.TEST = {{
  kdc = 127.0.0.1:{port}
 }}
"""
SERVER = """\
[kdcdefaults]
 kdc_listen = 127.0.0.1:{port}
 kdc_tcp_listen = 127.0.0.1:{port}
[realms]
 WEFT.TEST = {{
  database_name = {folder}/db
  key_stash_file = {folder}/stash
 }}
"""


@contextlib.contextmanager
def realm(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """While the block runs, who is logged in here has a ticket, and so have the programs that are started.

    Skips without a KDC on this machine, or fails where SSH tests are required.
    """
    if not all(shutil.which(name, path=PATH) for name in ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")):
        text = "there is no krb5-kdc on this machine"
        pytest.fail(text) if os.environ.get("WEFT_REQUIRE_SSH") == "1" else pytest.skip(text)
    folder.mkdir()
    port, user = free_port(), getpass.getuser()
    (folder / "krb5.conf").write_text(CLIENT.format(port=port))
    (folder / "kdc.conf").write_text(SERVER.format(port=port, folder=folder))
    for name, file in FILES.items():
        monkeypatch.setenv(name, str(folder / file))
    monkeypatch.setenv("PATH", PATH)
    run("kdb5_util", "create", "-s", "-P", "master", "-r", "WEFT.TEST")
    for principal in (user, "host/127.0.0.1"):
        run("kadmin.local", "-q", f"addprinc -randkey {principal}")
        run("kadmin.local", "-q", f"ktadd -k {folder}/keys {principal}")
    kdc = subprocess.Popen(["krb5kdc", "-n", "-P", str(folder / "pid")], stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: has_ticket(folder, user), "a ticket")
        yield
    finally:
        kdc.terminate()
        kdc.wait(20)


def has_ticket(folder: Path, user: str) -> bool:
    """Whether the KDC gave one."""
    return subprocess.run(["kinit", "-k", "-t", str(folder / "keys"), user], capture_output=True).returncode == 0


def run(*command: str) -> None:
    """Run an administrator's command of the realm."""
    subprocess.run(command, check=True, capture_output=True)
