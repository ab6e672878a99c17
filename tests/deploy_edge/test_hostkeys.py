"""known_hosts as OpenSSH means it: names, ports, hashes, wildcards, revoked keys, authorities; and new ones."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path

import paramiko
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paramiko.hostkeys import HostKeys

from deploy.edge.ssh.hostkeys import KnownHosts, Names, UntrustedKey
from deploy.edge.ssh.keyfiles import UnusableKey, load
from deploy.edge.ssh.knownfile import entries

KEY = paramiko.ECDSAKey.generate()
OTHER = paramiko.ECDSAKey.generate()
OF_ANOTHER_KIND = paramiko.RSAKey.generate(2048)


def line(names: str, key: paramiko.PKey = KEY) -> str:
    return f"{names} {key.get_name()} {key.get_base64()}"


def hashed(name: str) -> str:
    return str(HostKeys.hash_host(name, base64.b64encode(b"0123456789abcdefghij").decode()))


def known(tmp_path: Path, *lines: str) -> KnownHosts:
    path = tmp_path / "known_hosts"
    path.write_text("\n".join(lines) + "\n")
    return KnownHosts([path])


def check(hosts: KnownHosts, key: paramiko.PKey = KEY, name: str = "alpha", accept_new: bool = False) -> None:
    port = name.rpartition("]:")[0].lstrip("[")
    hosts.check(Names(name, port), key.asbytes(), key.get_name(), accept_new)


def is_known(hosts: KnownHosts, name: str, key: paramiko.PKey = KEY) -> bool:
    try:
        check(hosts, key, name)
    except UntrustedKey:
        return False
    return True


@pytest.mark.parametrize(
    ("names", "name", "found"),
    [
        ("alpha", "alpha", True),
        ("alpha", "beta", False),
        ("beta,alpha", "alpha", True),
        ("[alpha]:2222", "[alpha]:2222", True),
        ("[alpha]:2222", "alpha", False),
        ("alpha", "[alpha]:2222", True),  # ssh looks for the name without the port, too
        ("[alpha]:2222", "[alpha]:2223", False),
        ("*.example.org", "a.example.org", True),
        ("*.example.org,!b.example.org", "b.example.org", False),
        ("!b.example.org,*.example.org", "b.example.org", False),
        ("ALPHA", "alpha", True),
        ("alpha", "ALPHA", True),
        ("node?", "node1", True),
        ("node?", "node12", False),
        ("[127.0.0.*]:22", "[127.0.0.1]:22", True),
        (hashed("alpha"), "alpha", True),
        (hashed("alpha"), "beta", False),
        (hashed("[alpha]:2222"), "[alpha]:2222", True),
        ("|1|AAAA|BBBB", "alpha", False),
        ("|1|AAAA", "alpha", False),
        ("|2|x|y", "alpha", False),
        ("|1|!!!!|????", "alpha", False),
    ],
)
def test_whose_line_it_is(tmp_path: Path, names: str, name: str, found: bool) -> None:
    assert is_known(known(tmp_path, line(names)), name) is found


WRITTEN = [
    line("alpha").replace(" ", "  "),
    line("alpha").replace(" ", "\t"),
    "   " + line("alpha"),
    line("alpha") + " a comment with  blanks",
    line("alpha") + "\r",
    line("alpha").rstrip("="),
    f"rubbish\nalpha ssh-rsa !!!!\n{line('alpha')[:-8]}\n@foo {line('*', OTHER)}\n{line('alpha')}",
    f"@cert-authority {line('*.example.org', OTHER)}\n# a comment\n\n{line('alpha')}",
]


@pytest.mark.parametrize("text", WRITTEN, ids=range(len(WRITTEN)))
def test_ways_to_write_a_line_and_lines_that_hide_no_other(tmp_path: Path, text: str) -> None:
    assert is_known(known(tmp_path, text), "alpha")


def test_bytes_that_are_no_text_hide_no_other_line(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbfcaf\xe9 " + line("x").encode() + b"\n" + line("alpha").encode()
    (tmp_path / "known_hosts").write_bytes(text)
    assert is_known(KnownHosts([tmp_path / "known_hosts"]), "alpha")


@pytest.mark.parametrize("order", [(KEY, OTHER), (OTHER, KEY)])
def test_of_two_keys_of_a_kind_either_is_right(tmp_path: Path, order: tuple[paramiko.PKey, ...]) -> None:
    hosts = known(tmp_path, *(line("alpha", key) for key in order))
    assert is_known(hosts, "alpha", KEY) and is_known(hosts, "alpha", OTHER)
    assert not is_known(hosts, "alpha", OF_ANOTHER_KIND)


def test_the_kinds_on_file_are_asked_for_first(tmp_path: Path) -> None:
    hosts = known(tmp_path, line("alpha", OF_ANOTHER_KIND), line("alpha"), line("beta", OTHER))
    assert hosts.kinds_of(Names("alpha")) == ["ssh-rsa", KEY.get_name()]
    assert hosts.kinds_of(Names("[alpha]:2222", "alpha")) == ["ssh-rsa", KEY.get_name()]


def test_an_unknown_key_is_refused_with_its_fingerprint(tmp_path: Path) -> None:
    with pytest.raises(UntrustedKey, match="unknown host key SHA256:"):
        check(known(tmp_path))


def test_a_changed_key_is_told_with_file_and_line_whatever_is_accepted(tmp_path: Path) -> None:
    told = r"CHANGED: it shows SHA256:\S+ .*on file is SHA256:\S+ \(.*known_hosts:2\)"
    for accept_new in (False, True):
        with pytest.raises(UntrustedKey, match=told):
            check(known(tmp_path, "# mine", line("alpha", OTHER)), accept_new=accept_new)


def test_a_broken_line_is_told_to_the_host_that_it_names_alone(tmp_path: Path) -> None:
    hosts = known(tmp_path, line("beta"), f"alpha {KEY.get_name()} AAAA")
    assert is_known(hosts, "beta")
    with pytest.raises(UntrustedKey, match=r"unknown host key .*known_hosts:2 is about it, and its key"):
        check(hosts)


def test_an_authority_alone_is_told(tmp_path: Path) -> None:
    with pytest.raises(UntrustedKey, match="authority"):
        check(known(tmp_path, f"@cert-authority {line('alph*', OTHER)}"))


def test_accept_new_notes_the_key_once(tmp_path: Path) -> None:
    hosts = known(tmp_path, "# no line end")
    (tmp_path / "known_hosts").write_text("# no line end")
    for _ in range(2):
        check(hosts, accept_new=True)
    assert (tmp_path / "known_hosts").read_text() == f"# no line end\n{line('alpha')}\n"


def test_accept_new_makes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "known_hosts"
    check(KnownHosts([path]), accept_new=True)
    assert is_known(KnownHosts([path]), "alpha")


def test_accept_new_never_takes_a_second_key(tmp_path: Path) -> None:
    hosts = known(tmp_path)
    check(hosts, accept_new=True)
    for key in (OTHER, OF_ANOTHER_KIND):
        with pytest.raises(UntrustedKey):
            check(hosts, key, accept_new=True)


REVOKED = [
    f"@revoked {line('*')}",
    f"@revoked\t*\t{KEY.get_name()}\t{KEY.get_base64()}",
    f"  @revoked   {line('alpha')} a comment",
    f"@revoked {line(hashed('alpha'))}",
    f"@revoked {line('*,!beta')}",
    f"@revoked {line('alph?,gamma')}\r",
    f"@revoked {line('alpha').rstrip('=')}",
]


@pytest.mark.parametrize("accept_new", [False, True])
@pytest.mark.parametrize("revoked", REVOKED, ids=range(len(REVOKED)))
def test_a_revoked_key_is_never_accepted(tmp_path: Path, revoked: str, accept_new: bool) -> None:
    for lines in ([revoked], [line("alpha"), revoked], [revoked, line("alpha")]):
        with pytest.raises(UntrustedKey, match=r"is marked as revoked in .*known_hosts:"):
            check(known(tmp_path, *lines), accept_new=accept_new)


def test_a_key_that_another_file_revokes(tmp_path: Path) -> None:
    system = tmp_path / "system"
    system.write_text(REVOKED[0] + "\n")
    (tmp_path / "mine").write_text(line("alpha") + "\n")
    for hosts in (KnownHosts([tmp_path / "mine", system]), KnownHosts([tmp_path / "mine"], others=[system])):
        with pytest.raises(UntrustedKey, match=r"revoked in .*system:1"):
            check(hosts)


def test_another_file_makes_nobody_known(tmp_path: Path) -> None:
    (tmp_path / "other").write_text(line("alpha") + "\n")
    assert not is_known(KnownHosts([tmp_path / "mine"], others=[tmp_path / "other"]), "alpha")


def test_a_revoking_line_that_cannot_be_read_refuses_whom_it_names(tmp_path: Path) -> None:
    hosts = known(tmp_path, line("alpha"), line("beta"), "@revoked alpha ssh-ed25519 AAAA")
    assert is_known(hosts, "beta")
    with pytest.raises(UntrustedKey, match="known_hosts:3 revokes a key of it, and can't be read"):
        check(hosts)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "known_hosts").mkdir()
    with pytest.raises(UntrustedKey, match="known_hosts can't be read: is a directory"):
        KnownHosts([tmp_path / "known_hosts"])


def test_a_pipe_where_a_file_belongs_makes_nobody_wait(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UntrustedKey, match="is a pipe"):
        KnownHosts([pipe])
    with pytest.raises(UntrustedKey, match="is a pipe"):
        KnownHosts([tmp_path / "none"], revoked=str(pipe))
    with pytest.raises(UnusableKey, match="is a pipe"):
        load(str(pipe), None)


def test_the_file_of_revoked_host_keys(tmp_path: Path) -> None:
    listed = tmp_path / "revoked"
    (tmp_path / "known_hosts").write_text(line("alpha") + "\n")
    listed.write_text(f"# out\n{OTHER.get_name()} {OTHER.get_base64()}\n")
    assert is_known(KnownHosts([tmp_path / "known_hosts"], revoked=str(listed)), "alpha")
    listed.write_text(f"{KEY.get_name()} {KEY.get_base64()} lost\n")
    assert not is_known(KnownHosts([tmp_path / "known_hosts"], revoked=str(listed)), "alpha")
    listed.write_bytes(b"SSHKRL\n\0\0")
    with pytest.raises(UntrustedKey, match=r"RevokedHostKeys.*can't be read"):
        KnownHosts([tmp_path / "known_hosts"], revoked=str(listed))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([one.encode() for one in REVOKED])), max_size=6))
def test_no_bytes_end_the_reading_and_a_revoked_key_stays_revoked(tmp_path: Path, lines: list[bytes]) -> None:
    path = tmp_path / "known_hosts"
    path.write_bytes(b"\n".join([*lines, b"", *(one.encode() for one in (line("alpha"), REVOKED[1]))]))
    with pytest.raises(UntrustedKey, match="revoked"):
        check(KnownHosts([path]))


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="there is no ssh-keygen here")
def test_hashes_are_those_of_ssh_keygen(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(line("[alpha]:2222,beta") + "\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(path)], check=True, capture_output=True)
    assert all(entry.names.startswith("|1|") for entry in entries(path))
    assert is_known(KnownHosts([path]), "[alpha]:2222") and is_known(KnownHosts([path]), "beta")
