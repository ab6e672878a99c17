"""The table of docs/inventory.md: what of ssh_config counts, each row tried on a real sshd, by all three ways."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import fabric
import paramiko
import pytest

from deploy.core.inventory import OPENSSH, PARAMIKO, Host
from deploy.edge.hosts.deadline import Deadline
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.host import Transport
from deploy.edge.ssh.routes import Routes
from deploy.edge.ssh.settings import SshConfig
from tests.deploy_edge.fabrun import ROOT
from tests.ssh.kinds import way_to
from tests.ssh.sshagent import agent_with
from tests.ssh.sshd import Sshd, make_key

KNOWN = "UserKnownHostsFile"
COLUMNS = ("with", "without", "openssh")
TUNNEL = """\
import os, socket, sys, threading
server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def up():
    while data := os.read(0, 65536): server.sendall(data)
threading.Thread(target=up, daemon=True).start()
while data := server.recv(65536): os.write(1, data)
"""


class Tried(NamedTuple):
    """How an attempt to log in ended."""

    problem: str  # "" if it didn't fail
    seconds: float
    log: str  # what sshd wrote meanwhile


Proof = Callable[[Tried], bool]


def lets_in(tried: Tried) -> bool:
    return not tried.problem


def keeps_out(tried: Tried) -> bool:
    return bool(tried.problem)


def logs(pattern: str) -> Proof:
    return lambda tried: not tried.problem and re.search(pattern, tried.log) is not None


def one_login(tried: Tried) -> bool:
    return not tried.problem and tried.log.count("Accepted publickey") == 1


class Case(NamedTuple):
    """`options`, as a row of the table names them; the text that is written in ssh_config; what shows that it counts.

    `without`: the options of the usual text that are left out. `again`: log in twice.
    """

    options: str
    text: str
    proof: Proof
    without: str = ""
    accept_new: bool = False
    again: bool = False
    linger: float = 0.0  # seconds that the connection stays


MANY_KEYS = "IdentityFile none\nIdentityFile {folder}/lost\nIdentityFile ${{WEFT_KEYS}}/%n"
TUNNELLED = "HostName nowhere.invalid\nHostKeyAlias alias\n{ours}alias\nProxyCommand {tunnel} %p"
CASES = (
    Case("Host", "", lets_in),
    Case("Match", "Match originalhost target exec \"test %h = 127.0.0.1\"\n  Port {port}", lets_in, "Port"),
    Case("Include", "Include {folder}/include*", lets_in, "Port"),
    Case("CanonicalizeHostname", "CanonicalizeHostname yes\nMatch canonical\n  Port {port}", lets_in, "Port"),
    Case("HostName", "", lets_in),
    Case("Port", "", lets_in),
    Case("User", "User weft-nobody", keeps_out),
    Case("IdentityFile", MANY_KEYS, lets_in, "IdentityFile"),
    Case("IdentitiesOnly", "IdentityAgent {agent}\n{other}\nIdentitiesOnly yes", keeps_out, "IdentityFile"),
    Case("IdentityAgent", "IdentityAgent {agent}\n{other}", lets_in, "IdentityFile"),
    Case("CertificateFile", "{other}\nCertificateFile {folder}/elsewhere-cert.pub", lets_in, "IdentityFile"),
    Case("ProxyJump", "ProxyJump 127.0.0.1:1", keeps_out),
    Case("ProxyJump", "ProxyJump bastion\nHost bastion", lets_in),
    Case("ProxyCommand", TUNNELLED, lets_in, "HostName"),
    Case("HostKeyAlias", "HostKeyAlias alias\n{ours}alias", lets_in, KNOWN),
    Case("HostKeyAlias", "HostKeyAlias other", keeps_out),
    Case("UserKnownHostsFile", "", lets_in),
    Case("GlobalKnownHostsFile", "{null}\nGlobalKnownHostsFile {known}", lets_in, KNOWN),
    Case("RevokedHostKeys", "RevokedHostKeys {folder}/host.pub", keeps_out),
    Case("StrictHostKeyChecking yes", "{ours}new\nStrictHostKeyChecking yes", keeps_out, KNOWN, True),
    Case("StrictHostKeyChecking no", "{ours}none\nStrictHostKeyChecking no", lets_in, KNOWN),
    Case("NoHostAuthenticationForLocalhost", "{ours}none\nNoHostAuthenticationForLocalhost yes", lets_in, KNOWN),
    Case("KnownHostsCommand", "{null}\nKnownHostsCommand /bin/cat {known}", lets_in, KNOWN),
    Case("@cert-authority", "{ours}authority", lets_in, KNOWN),
    Case("ConnectTimeout", "Port {silent}\nConnectTimeout 1", lambda tried: tried.seconds < 8, "Port"),
    Case("ServerAliveInterval", "ServerAliveInterval 1", logs("rtype keepalive@"), linger=1.3),
    Case("AddressFamily", "AddressFamily inet6", keeps_out),
    Case("BindAddress", "BindAddress 127.0.0.9", logs("Connection from 127.0.0.9")),
    Case("ForwardAgent", "IdentityAgent {agent}\nForwardAgent yes", logs("auth-agent-req")),
    Case("ControlMaster", "ControlMaster auto\nControlPath {folder}/master\nControlPersist 20", one_login, again=True),
    Case("Compression", "Compression yes", logs("compression: zlib")),
    Case("PubkeyAuthentication", "PubkeyAuthentication no", keeps_out),
    Case("PasswordAuthentication", "PasswordAuthentication yes\n{other}", logs("method password"), "IdentityFile"),
    Case("Ciphers", "Ciphers aes128-cbc", keeps_out),
    Case("KexAlgorithms", "KexAlgorithms diffie-hellman-group14-sha1", keeps_out),
    Case("MACs", "Ciphers aes128-ctr\nMACs hmac-md5", keeps_out),
    Case("HostKeyAlgorithms", "HostKeyAlgorithms rsa-sha2-512", keeps_out),
    Case("PubkeyAcceptedAlgorithms", "PubkeyAcceptedAlgorithms rsa-sha2-512", keeps_out),
    Case("SetEnv", "SetEnv WEFT=1", logs("req env")),
    Case("SendEnv", "SendEnv WEFT_KEYS", logs("req env")),
    Case("RemoteCommand", "RemoteCommand false", keeps_out),
    Case("RequestTTY", "RequestTTY force", logs("pty-req")),
    Case("SessionType", "SessionType none", keeps_out),
    Case("LocalForward", "ExitOnForwardFailure yes\nLocalForward 127.0.0.1:{port} x:1", keeps_out),
)  # fmt: skip


def rows() -> dict[str, dict[str, bool]]:
    """Of the table: option -> column -> whether it counts."""
    text = (ROOT / "docs" / "inventory.md").read_text("utf-8").partition("## What of ssh_config counts")[2]
    found = {}
    for line in text.partition("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[1].split()[:1] in (["yes"], ["no"]):
            for option in re.findall(r"`([^`]+)`", cells[0]):
                found[option] = {column: cell.startswith("yes") for column, cell in zip(COLUMNS, cells[1:4])}
    return found


ROWS = rows()


class Bench:
    """One sshd, and all that the cases name."""

    def __init__(self, folder: Path, key: Path, server: Sshd, silent: int, agent: str) -> None:
        self.folder = folder
        self.server = server
        self.names = {
            "folder": folder,
            "port": server.port,
            "silent": silent,
            "agent": agent,
            "known": folder / "known",
            "ours": f"{KNOWN} {folder}/",
            "null": f"{KNOWN} /dev/null",
            "other": f"IdentityFile {folder}/wrong",
            "tunnel": f"{sys.executable} -S {folder}/tunnel.py",
        }
        self.usual = {"HostName": "127.0.0.1", "Port": server.port, "IdentityFile": key, KNOWN: folder / "known"}

    def try_it(self, case: Case, column: str) -> Tried:
        """Log in by one of the ways."""
        said = [f"  {name} {value}" for name, value in self.usual.items() if name != case.without]
        head, _, blocks = case.text.format(**self.names).partition("\nHost ")
        own, _, rest = head.partition("Match")
        blocks = f"Host {blocks}\n" if blocks else ""
        lines = ["Host target", *own.splitlines(), *said, f"Match{rest}" if rest else "", blocks, "Host bastion", *said]
        config = self.folder / "config"
        config.write_text("\n".join(lines) + "\n")
        routes = Routes(fabric.Config(ssh_config=paramiko.SSHConfig(), runtime_ssh_path=str(config)))
        if column == "without":
            routes.ways._ssh_config = SshConfig(str(config), None)
        kind = OPENSSH if column == "openssh" else PARAMIKO
        host = Host("n", "target", "127.0.0.1", accept_new=case.accept_new, transport=kind)
        ways = [way_to(host, routes) for _ in range(1 + case.again)]
        before, begun = len(self.server.log()), time.monotonic()
        try:
            problem = self._problem(ways, case)
        finally:
            for way in ways:
                way.close()
            routes.close()
        return Tried(problem, time.monotonic() - begun, self.server.log()[before:])

    def _problem(self, ways: list[Transport], case: Case) -> str:
        try:
            for way in ways:
                way.connect(Deadline(40))
                time.sleep(case.linger)
                way.open(Deadline(40)).close()
        except HostError as error:
            return str(error)
        return ""


@pytest.fixture(scope="module")
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    request.getfixturevalue("sshd_there")
    folder = tmp_path_factory.mktemp("table")
    key, wrong, authority = make_key(folder / "target"), make_key(folder / "wrong"), make_key(folder / "authority-key")
    certificate = folder / "sshd" / "host_key-cert.pub"
    extra = f"HostCertificate {certificate}\nTrustedUserCAKeys {authority}.pub\nMaxStartups 100"
    server = Sshd(folder / "sshd", key, extra=extra, level="DEBUG1")
    sign = ["ssh-keygen", "-q", "-s", str(authority), "-I", "t"]
    subprocess.run([*sign, "-n", server.user, f"{wrong}.pub"], check=True)
    (folder / "wrong-cert.pub").rename(folder / "elsewhere-cert.pub")
    subprocess.run([*sign, "-h", "-n", "127.0.0.1", f"{server.host_key}.pub"], check=True)
    line, trusted = server.known_hosts_line(), authority.with_suffix(".pub").read_text()
    (folder / "known").write_text(line)
    (folder / "alias").write_text(f"alias {line.partition(' ')[2]}")
    (folder / "host.pub").write_text(line.partition(" ")[2])
    (folder / "authority").write_text(f"@cert-authority {line.partition(' ')[0]} {trusted}")
    (folder / "include.more").write_text(f"Host target\n  Port {server.port}\n")
    (folder / "tunnel.py").write_text(TUNNEL)
    agent = str(folder / "agent")
    with socket.create_server(("127.0.0.1", 0)) as silent, agent_with(agent, key):
        server.start()
        try:
            yield Bench(folder, key, server, silent.getsockname()[1], agent)
        finally:
            server.stop()


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.options)
def test_an_option_counts_where_the_table_says_so(
    bench: Bench, case: Case, column: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("WEFT_KEYS", str(bench.folder))
    monkeypatch.setenv("HOME", str(bench.folder))
    tried = bench.try_it(case, column)
    assert case.proof(tried) == ROWS[case.options][column], tried


def test_each_row_of_the_table_is_tried() -> None:
    assert {case.options for case in CASES} == set(ROWS)
