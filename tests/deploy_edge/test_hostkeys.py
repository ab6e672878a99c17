"""known_hosts as OpenSSH means it: names, ports, hashes, wildcards, revoked keys, authorities; and new ones."""

from __future__ import annotations

from pathlib import Path

import paramiko
import pytest
from paramiko.hostkeys import HostKeys

from deploy.edge.hosts.hostkeys import KnownHosts, UntrustedKey


def line(names: str, key: paramiko.PKey) -> str:
    return f"{names} {key.get_name()} {key.get_base64()}"


@pytest.fixture(scope="module")
def key() -> paramiko.PKey:
    return paramiko.ECDSAKey.generate()


@pytest.fixture(scope="module")
def other() -> paramiko.PKey:
    return paramiko.ECDSAKey.generate()


def known(tmp_path: Path, *lines: str) -> KnownHosts:
    path = tmp_path / "known_hosts"
    path.write_text("\n".join(lines) + "\n")
    return KnownHosts(path, system=tmp_path / "none")


@pytest.mark.parametrize(
    ("names", "name", "found"),
    [
        ("alpha", "alpha", True),
        ("alpha", "beta", False),
        ("beta,alpha", "alpha", True),
        ("[alpha]:2222", "[alpha]:2222", True),
        ("alpha", "[alpha]:2222", False),
        ("*.example.org", "a.example.org", True),
        ("*.example.org,!b.example.org", "b.example.org", False),
        ("ALPHA", "alpha", True),
        ("node?", "node1", True),
        ("[127.0.0.*]:22", "[127.0.0.1]:22", True),
    ],
)
def test_whose_line_it_is(tmp_path: Path, key: paramiko.PKey, names: str, name: str, found: bool) -> None:
    assert known(tmp_path, line(names, key)).keys_of(name) == ([key] if found else [])


def test_hashed_names(tmp_path: Path, key: paramiko.PKey) -> None:
    hosts = known(tmp_path, line(HostKeys.hash_host("alpha"), key))
    assert hosts.keys_of("alpha") == [key] and hosts.keys_of("beta") == []


def test_lines_that_cannot_be_read_hide_no_other(tmp_path: Path, key: paramiko.PKey) -> None:
    authority = f"@cert-authority *.example.org {line('', key).strip()}"
    lines = ["", "# a comment", "rubbish", "alpha ssh-rsa !!!!", authority, line("alpha", key)]
    assert known(tmp_path, *lines).keys_of("alpha") == [key]


def test_an_unknown_key_is_refused_with_its_fingerprint(tmp_path: Path, key: paramiko.PKey) -> None:
    with pytest.raises(UntrustedKey, match="unknown host key SHA256:"):
        known(tmp_path).check_new("alpha", key, accept_new=False)


def test_accept_new_notes_the_key_once(tmp_path: Path, key: paramiko.PKey) -> None:
    hosts = known(tmp_path, "# no line end")
    (tmp_path / "known_hosts").write_text("# no line end")
    for _ in range(2):
        hosts.check_new("alpha", key, accept_new=True)
    assert (tmp_path / "known_hosts").read_text() == f"# no line end\n{line('alpha', key)}\n"


def test_accept_new_makes_the_file(tmp_path: Path, key: paramiko.PKey) -> None:
    path = tmp_path / "new" / "known_hosts"
    KnownHosts(path, system=tmp_path / "none").check_new("alpha", key, accept_new=True)
    assert KnownHosts(path, system=tmp_path / "none").keys_of("alpha") == [key]


def test_accept_new_never_takes_a_second_key(tmp_path: Path, key: paramiko.PKey, other: paramiko.PKey) -> None:
    hosts = known(tmp_path)
    hosts.check_new("alpha", key, accept_new=True)
    with pytest.raises(UntrustedKey):
        hosts.check_new("alpha", other, accept_new=True)


def test_a_revoked_key_is_never_accepted(tmp_path: Path, key: paramiko.PKey) -> None:
    with pytest.raises(UntrustedKey, match="revoked"):
        known(tmp_path, f"@revoked {line('*', key)}").check_new("alpha", key, accept_new=True)
