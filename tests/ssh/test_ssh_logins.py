"""Real sshds that are reached by another way than the usual one, or not: it works, or the cause is told."""

from __future__ import annotations

import base64
import os
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import fabric
import paramiko
import pytest

from deploy.agent import paths
from deploy.agent.verbs import State
from deploy.core.inventory import OPENSSH, PARAMIKO, Host
from deploy.edge.hosts.agent import Agent
from deploy.edge.hosts.deadline import Deadline
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.host import HostLink, Transport
from deploy.edge.ssh import tcpdial
from deploy.edge.ssh.routes import Routes
from peer.core import folder
from tests.deploy_edge.fabrun import fab
from tests.ssh.kinds import way_to
from tests.ssh.realm import realm
from tests.ssh.sshagent import agent_with
from tests.ssh.sshd import Sshd, make_key

Reach = Callable[..., HostLink]
TUNNEL = """\
import os, pathlib, socket, sys, threading
pathlib.Path(__file__).with_suffix(".pid").write_text(str(os.getpid()))
port, left = map(int, sys.argv[1:])
server = socket.create_connection(("127.0.0.1", port))
def up():
    while data := os.read(0, 65536): server.sendall(data)
threading.Thread(target=up, daemon=True).start()
while left > 0 and (data := server.recv(min(left, 65536))):
    os.write(1, data)
    left -= len(data)
print("Warning: slow lane", "tunnel: the lane was cut", sep="\\n", file=sys.stderr, flush=True)
os._exit(1)
"""
WITHOUT_SSL = """\
#!{python} -I
import sys
sys.modules["_ssl"] = sys.modules["ssl"] = None
exec(sys.argv[sys.argv.index("-c") + 1], {{"__name__": "__main__"}})
"""


def routes(ssh_config: Path) -> Routes:
    """The routes of `fab -S ssh_config`."""
    return Routes(fabric.Config(ssh_config=paramiko.SSHConfig(), runtime_ssh_path=str(ssh_config)))


@pytest.fixture(params=[PARAMIKO, OPENSSH])
def kind(request: pytest.FixtureRequest) -> str:
    """The inventory's `transport`."""
    return str(request.param)


@pytest.fixture
def transport(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> Iterator[Callable[..., Transport]]:
    """The way to a server, which is the host `target` of an ssh_config; all `known` servers are in known_hosts."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    made: list[tuple[Transport, Routes]] = []

    def make(server: Sshd, config: str = "", known: tuple[Sshd, ...] = (), key: bool = True) -> Transport:
        (tmp_path / "known_hosts").write_text("".join(one.known_hosts_line() for one in (server, *known)))
        head = f"Host *\n  HostName 127.0.0.1\n  User {server.user}\n"
        (tmp_path / "config").write_text(f"Host target\n  Port {server.port}\n{config}{head}")
        host = Host(
            name="n",
            address="target",
            peer_address="127.0.0.1",
            key=str(server.key) if key else None,
            known_hosts=str(tmp_path / "known_hosts"),
            python=sys.executable,
            transport=kind,
        )
        way = routes(tmp_path / "config")
        made.append((way_to(host, way), way))
        return made[-1][0]

    yield make
    for one, way in made:
        one.close()
        way.close()


@pytest.fixture
def reach(transport: Callable[..., Transport], tmp_path: Path) -> Reach:
    """A link over such a way."""

    def make(*arguments: object, **more: object) -> HostLink:
        way = transport(*arguments, **more)
        return HostLink(way._host, way, str(tmp_path / "swarm"))  # type: ignore[attr-defined]

    return make


def refused(link: HostLink) -> HostError:
    """Why the host can't be reached."""
    with pytest.raises(HostError) as error:
        link.ask(State())
    assert error.value.state == "unreachable"
    assert "\n" not in str(error.value)
    return error.value


def refusal(link: HostLink) -> str:
    """The same, without what to do."""
    return refused(link).problem


def test_one_session_a_connection_suffices(
    start_sshd: Callable[..., Sshd], transport: Callable[..., Transport], tmp_path: Path
) -> None:
    """Two agents at the same time, as while a swarm is followed and stopped: the second has a login of its own."""
    server = start_sshd("one", "MaxSessions 1")
    way = transport(server)
    deadline = Deadline(60)
    agents = [Agent(way.open(deadline), deadline) for _ in range(2)]
    assert [agent.ask(State(), str(tmp_path), deadline).deployed for agent in agents] == [False, False]
    assert server.log().count("Accepted publickey") == 2


def test_the_agent_that_ssh_config_names_is_asked(
    start_sshd: Callable[..., Sshd], reach: Reach, tmp_path: Path
) -> None:
    server = start_sshd("keyed")
    path = str(tmp_path / "agent.sock")
    with agent_with(path, server.key):
        assert reach(server, f"  IdentityAgent {path}\n", key=False).ask(State()).deployed is False
        assert "login as" in (words := refusal(reach(server, "  IdentityAgent none\n", key=False))) or "no key" in words


def test_a_key_on_a_token_is_used_by_the_agent(
    start_sshd: Callable[..., Sshd], reach: Reach, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PKCS#11 with a PIN, on SoftHSM: `ssh-add -s` asks for the PIN, because nobody is asked here."""
    provider = token(tmp_path / "token", monkeypatch)
    listed = subprocess.run(["ssh-keygen", "-D", provider], capture_output=True, text=True, check=True).stdout
    server = start_sshd("token")
    server.key.with_suffix(".pub").write_text(listed)
    (tmp_path / "askpass").write_text(f"#!/bin/sh\necho {PIN}\n")
    (tmp_path / "askpass").chmod(0o755)
    path = str(tmp_path / "agent.sock")
    with agent_with(path, server.key, "-P", f"{os.path.dirname(os.path.realpath(provider))}/*"):
        asking = {"SSH_AUTH_SOCK": path, "SSH_ASKPASS": str(tmp_path / "askpass"), "SSH_ASKPASS_REQUIRE": "force"}
        subprocess.run(["ssh-add", "-q", "-s", provider], env={**os.environ, **asking}, check=True)
        link = reach(server, f"  IdentityAgent {path}\n  IdentityFile none\n", key=False)
        assert link.ask(State()).deployed is False


def test_a_kerberos_ticket_suffices(
    start_sshd: Callable[..., Sshd], reach: Reach, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    with realm(tmp_path / "realm", monkeypatch):
        options = ("GSSAPIAuthentication yes", "GSSAPIStrictAcceptorCheck no", "PubkeyAuthentication no")
        link = reach(start_sshd("kerberos", "\n".join(options)), "  GSSAPIAuthentication yes\n", key=False)
        if kind == OPENSSH:
            assert link.ask(State()).deployed is False
        else:
            assert "For GSSAPIAuthentication, write `transport: openssh`" in refused(link).remedy


PIN = "1234"


def token(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A software token with an RSA key; the library that reads it. Skips without SoftHSM."""
    libraries = [*Path("/usr/lib").glob("**/libsofthsm2.so")]
    if not libraries or shutil.which("softhsm2-util") is None:
        text = "there is no softhsm2 on this machine"
        pytest.fail(text) if os.environ.get("WEFT_REQUIRE_SSH") == "1" else pytest.skip(text)
    (folder / "tokens").mkdir(parents=True)
    (folder / "conf").write_text(f"directories.tokendir = {folder}/tokens\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(folder / "conf"))
    make_key(folder / "rsa", "rsa")
    pem = ["ssh-keygen", "-q", "-p", "-m", "PKCS8", "-N", "", "-f", str(folder / "rsa")]
    new = ["softhsm2-util", "--init-token", "--free", "--label", "t", "--pin", PIN, "--so-pin", PIN]
    key = ["softhsm2-util", "--import", str(folder / "rsa"), "--token", "t", "--label", "k", "--id", "01", "--pin", PIN]
    for command in (pem, new, key):
        subprocess.run(command, check=True, capture_output=True)
    return str(libraries[0])


@pytest.mark.parametrize("unknown", ["outer", "inner", ""])
def test_a_bastion_whose_key_is_unknown_is_named_however_many_there_are(
    start_sshd: Callable[..., Sshd], reach: Reach, unknown: str
) -> None:
    server = start_sshd("target")
    bastions = {name: start_sshd(name) for name in ("outer", "inner")}
    config = f"  ProxyJump inner\nHost inner\n  ProxyJump outer\n  Port {bastions['inner'].port}\n"
    config += f"Host outer\n  Port {bastions['outer'].port}\nHost inner outer\n  IdentityFile {server.key}\n"
    link = reach(server, config, tuple(one for name, one in bastions.items() if name != unknown))
    if unknown:
        words = refusal(link)
        assert f"its bastion {unknown}:{bastions[unknown].port}: unknown host key" in words
    else:
        assert link.ask(State()).deployed is False


# Bytes of the server: none; within the handshake; after it, while we log in.
@pytest.mark.parametrize("received", [0, 900, 1500])
def test_a_proxy_command_that_ends_is_told_in_its_words(
    start_sshd: Callable[..., Sshd], reach: Reach, tmp_path: Path, received: int
) -> None:
    server = start_sshd("far")
    (tmp_path / "tunnel.py").write_text(TUNNEL)
    command = shlex.join([sys.executable, "-S", str(tmp_path / "tunnel.py"), str(server.port), str(received)])
    spent = time.process_time()
    words = refusal(reach(server, f"  ProxyCommand {command}\n"))
    assert "its ProxyCommand ended: tunnel: the lane was cut" in words
    # A thread that reads a dead pipe again and again would burn all the seconds of the longest wait.
    assert time.process_time() - spent < 3


def test_a_proxy_command_that_dies_later_is_told_too(
    start_sshd: Callable[..., Sshd], reach: Reach, tmp_path: Path
) -> None:
    server = start_sshd("far")
    (tmp_path / "tunnel.py").write_text(TUNNEL)
    command = shlex.join([sys.executable, "-S", str(tmp_path / "tunnel.py"), str(server.port), str(1 << 40)])
    link = reach(server, f"  ProxyCommand {command}\n")
    assert link.ask(State()).deployed is False
    os.kill(int((tmp_path / "tunnel.pid").read_text()), signal.SIGKILL)
    words = refusal(link)
    assert "its ProxyCommand ended: exit code -9" in words or "the connection is gone" in words


@pytest.mark.parametrize(
    "command",
    [
        "echo 'Please login as the user ubuntu.'; exit 142",
        "echo 'Please login as the user ubuntu.' >&2; exit 1",
        "(sleep 0.5; echo 'Please login as the user ubuntu.' >&2) & exit 1",  # sshd tells the exit code first
    ],
)
def test_the_words_of_a_forced_command_are_told(start_sshd: Callable[..., Sshd], reach: Reach, command: str) -> None:
    words = refusal(reach(start_sshd("forced", f"ForceCommand {command}")))
    assert "Please login as the user ubuntu." in words


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (
            "KexAlgorithms sntrup761x25519-sha512@openssh.com",
            "as key exchange it offers only sntrup761x25519-sha512@openssh.com",
        ),
        ("MACs umac-128-etm@openssh.com", "as MAC it offers only umac-128-etm@openssh.com"),
    ],
)
def test_an_algorithm_that_paramiko_lacks_is_named(
    start_sshd: Callable[..., Sshd], reach: Reach, extra: str, words: str, kind: str
) -> None:
    link = reach(start_sshd("modern", extra))
    if kind == OPENSSH:
        assert link.ask(State()).deployed is False
    else:
        error = refused(link)
        assert words in error.problem and "`transport: openssh`" in error.remedy


def test_a_python_without_tls_is_refused_before_anything_is_sent(
    start_sshd: Callable[..., Sshd], tmp_path: Path
) -> None:
    server = start_sshd("bare")
    python = tmp_path / "python-without-ssl"
    python.write_text(WITHOUT_SSL.format(python=sys.executable))
    python.chmod(0o755)
    (tmp_path / "known_hosts").write_text(server.known_hosts_line())
    where = f"address: 127.0.0.1, port: {server.port}, user: {server.user}, key: {server.key}, python: {python}"
    (tmp_path / "inventory.yaml").write_text(
        f"swarm: {{name: t, payload: {{generate: 1KiB}}}}\n"
        f"defaults: {{known_hosts: {tmp_path}/known_hosts, workdir: {tmp_path}/work}}\n"
        f"hosts: {{a: {{{where}}}}}\nseeds: [a]\n"
    )
    for task in ("check", "deploy"):
        ran = fab(tmp_path, task)
        assert ran.code == 1, ran
        assert "failed: a: its python3 can't speak TLS:" in ran.err
        assert "name another interpreter with `python:`, or write `tls: false`" in ran.err
        assert {path.name for path in tmp_path.glob("work/*/*")} <= {
            paths.MARKER,
            folder.CLAIM,
        }  # the claim on the swarm


def test_descriptors_above_what_select_takes(start_sshd: Callable[..., Sshd], reach: Reach) -> None:
    link = reach(start_sshd("high"))
    low = [os.open("/dev/null", os.O_RDONLY) for _ in range(1100)]
    try:
        assert link.ask(State()).deployed is False
        link.close()
    finally:
        for handle in low:
            os.close(handle)


def test_the_second_address_of_a_name_where_the_first_is_silent(
    start_sshd: Callable[..., Sshd], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_sshd("two")
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.create_connection(full.getsockname()):
        ends = [
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", end) for end in (full.getsockname(), ("127.0.0.1", server.port))
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: ends)
        with tcpdial.dial("box", 22, 0.5) as connection:
            assert connection.recv(4) == b"SSH-"


def test_a_password_is_not_handed_to_ssh(tmp_path: Path) -> None:
    config = fabric.Config(ssh_config=paramiko.SSHConfig(), overrides={"connect_kwargs": {"password": "x"}})
    host = Host("n", "127.0.0.1", "127.0.0.1", transport=OPENSSH, known_hosts=str(tmp_path / "known"))
    with pytest.raises(HostError, match="a password or passphrase can't be handed to `ssh`"):
        way_to(host, Routes(config)).connect(Deadline(10))


def sk_key(path: Path) -> Path:
    """The file of a FIDO key, which no device is needed for as long as nobody signs with it."""

    def field(data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + data

    kind, application = b"sk-ssh-ed25519@openssh.com", field(b"ssh:")
    public = field(kind) + field(b"k" * 32) + application
    private = b"\x00" * 8 + public + b"\x01" + field(b"handle") + field(b"") + field(b"comment")
    private += bytes(range(1, 1 + -len(private) % 8))
    text = b"openssh-key-v1\0" + field(b"none") * 2 + field(b"") + struct.pack(">I", 1) + field(public) + field(private)
    body = base64.encodebytes(text).decode()
    path.write_text(f"-----BEGIN OPENSSH PRIVATE KEY-----\n{body}-----END OPENSSH PRIVATE KEY-----\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("kind", [PARAMIKO])
@pytest.mark.parametrize(
    ("config", "proposed"),
    [
        ("  IdentityFile {folder}/sk\n", "For {folder}/sk, write `transport: openssh`"),
        (
            "  PKCS11Provider /usr/lib/p11.so\n",
            "For PKCS11Provider, write `transport: openssh`, or give the token's keys to your agent",
        ),
        ("  GSSAPIAuthentication yes\n", ""),  # which this host doesn't offer
        ("  IdentityFile {folder}/lost\n", ""),
    ],
)
def test_openssh_is_proposed_where_it_would_help(
    start_sshd: Callable[..., Sshd], reach: Reach, tmp_path: Path, config: str, proposed: str
) -> None:
    sk_key(tmp_path / "sk")
    make_key(tmp_path / "wrong")
    own = f"  IdentityFile {tmp_path}/wrong\n"
    error = refused(reach(start_sshd("plain"), own + config.format(folder=tmp_path), key=False))
    assert "login as" in error.problem
    assert proposed.format(folder=tmp_path) in error.remedy and ("openssh" in error.remedy) == bool(proposed)
