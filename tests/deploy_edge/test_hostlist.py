"""Where lists of hosts are read from: files, included files, the environment, and Ansible's own program."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.edge.tasks.hostlist import read_hosts
from peer.core.errors import ConfigError
from tests.deploy_edge.fabrun import fab
from tests.deploy_edge.test_weft_command import weft

FAKE = """#!/bin/sh
test "$1 $3 $ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED" = "-i --list true" || exit 9
grep -q odd "$2" && { cat >&2; exit 4; } <<END
[WARNING]: Failed to parse inventory with 'yaml' plugin: not for me
[WARNING]: Failed to parse inventory with 'ini' plugin: Failed to parse inventory: Section [odd] is odd.
[ERROR]: Completely failed to parse inventory source
END
grep -q broken "$2" && { echo "one" >&2; echo "ERROR! it is broken" >&2; exit 4; }
echo '{"_meta": {"hostvars": {"dyn1": {"ansible_host": "10.0.0.1"}}}, "cloud": {"hosts": ["dyn1"]}}'
"""


def names(word: str, base: Path, may_run: bool = True) -> list[str]:
    return [host.name for host in read_hosts(word, base, may_run).hosts]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without Ansible."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin") + ":/usr/bin:/bin")
    monkeypatch.delenv("SLURM_JOB_NODELIST", raising=False)
    (tmp_path / "bin").mkdir()
    return tmp_path


def test_an_ssh_config_is_read_with_what_it_includes(home: Path) -> None:
    (home / ".ssh/more").mkdir(parents=True)
    (home / ".ssh/config").write_text("Include more/*\nHost a\n")
    (home / ".ssh/more/one").write_text("Host b a\nInclude more/*\n")
    (home / ".ssh/more/two").write_text("Host c-*\nHost c\n")
    assert names("~/.ssh/config", home) == ["a", "b", "c"]


def test_the_nodes_of_a_job_of_slurm(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert names("slurm:n[1-2],g1", home) == ["n[1-2]", "g1"]
    with pytest.raises(ConfigError, match="SLURM_JOB_NODELIST isn't set"):
        names("slurm:", home)
    monkeypatch.setenv("SLURM_JOB_NODELIST", "n[01-03]")
    assert names("slurm:", home) == ["n[01-03]"]
    (home / "nodes").write_text("n7\n")
    assert names("slurm:nodes", home) == ["n7"]


def test_where_ansible_is_installed_the_operator_s_list_is_read_by_it(home: Path) -> None:
    (home / "hosts").write_text("[web]\na\n")
    assert names("hosts", home) == ["a"]
    (home / "bin/ansible-inventory").write_text(FAKE)
    (home / "bin/ansible-inventory").chmod(0o755)
    assert names("hosts", home) == ["dyn1"]
    assert names("hosts", home, may_run=False) == ["a"]  # an inventory runs nothing
    (home / "hosts").write_text("[broken]\n")
    with pytest.raises(
        ConfigError, match=r"hosts: ansible-inventory: ERROR! it is broken; try ansible-inventory -i hosts"
    ):
        names("hosts", home)
    (home / "hosts").write_text("[odd]\n")
    with pytest.raises(ConfigError, match=r"hosts: ansible-inventory: Section \[odd\] is odd; try"):
        names("hosts", home)


@pytest.mark.parametrize("may_run", [True, False])
def test_what_only_ansible_can_read_is_refused_without_it(home: Path, may_run: bool) -> None:
    (home / "cloud.sh").write_text("#!/bin/sh\necho {}\n")
    (home / "folder").mkdir()
    for word in ("cloud.sh", "folder"):
        with pytest.raises(ConfigError, match=f"{word}: only Ansible can read this inventory; .*ansible-inventory"):
            names(word, home, may_run)
    (home / "group_vars").mkdir()
    (home / "hosts").write_text("[web]\na\n")
    with pytest.raises(ConfigError, match="hosts: only Ansible can read the group_vars beside it; "):
        names("hosts", home, may_run)


@pytest.mark.parametrize("text", [None, b"\xff\xfe"])
def test_a_list_that_can_t_be_read_is_a_line(home: Path, text: bytes | None) -> None:
    if text is not None:
        (home / "hosts").write_bytes(text)
    with pytest.raises(ConfigError, match=r"hosts: .*; name a list of hosts"):
        names("hosts", home)


def test_an_inventory_and_the_command_line_name_lists(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/hosts.ini").write_text("[web]\nweb[1:2] ansible_port=22\n")
    (tmp_path / "more").write_text("late\n")
    text = "swarm: {name: t, payload: {generate: 1KiB}}\nhosts: {from: hosts.ini, s: {}}\nseeds: [s]\n"
    (tmp_path / "sub/inventory.yaml").write_text(text)
    ran = weft(tmp_path, "plan", "-i", "sub/inventory.yaml", "--hosts", "more", "-l", "web,late", "--json")
    assert ran.code == 0, ran.err
    assert {step["host"] for step in ran.records if step["event"] == "step"} == {"s", "web1", "web2", "late"}
    (tmp_path / "sub/hosts.ini").write_text("[web]\nweb1 ansible_port=no\n")
    ran = weft(tmp_path, "plan", "-i", "sub/inventory.yaml")
    assert (ran.code, ran.err) == (
        2,
        "hosts.ini:2: web1: ansible_port: 'no' isn't a port; write a number from 1 to 65535\n",
    )


def test_peers_are_told_what_a_name_stands_for_in_ssh_config(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("Host web\n HostName 198.51.100.7\nHost vm\n HostName 127.0.0.1\n Port 2222\n")
    (tmp_path / "inventory.yaml").write_text(
        "swarm: {name: s, payload: {path: /m}}\n"
        "hosts: {web: , vm: , far: {peer_address: 10.0.0.3}, www: {address: web, peer_port: 7000, workdir: /w}}\n"
        "seeds: [far]\n"
    )
    planned = fab(tmp_path, "-S", "config", "plan").out
    assert [address in planned for address in ("198.51.100.7 port 6008", "198.51.100.7 port 7000")] == [True, True]
    assert [address in planned for address in ("vm port 6008", "10.0.0.3 port 6008")] == [True, True]
