"""The whole chain over real sshds: three hosts, two peers on one of them; and what goes wrong on the way to a host."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy_edge.fabrun import fab
from tests.deploy_edge.localhosts import wait_until_nothing_works_in
from tests.deploy_edge.planned import steps_in
from tests.ssh.site import Site
from tests.ssh.sshd import Sshd, free_port, make_key


def test_the_whole_chain(site: Site) -> None:
    folder = site.folder
    assert fab(folder, "check").code == 0
    shown = steps_in(fab(folder, "plan").out)
    ran = fab(folder, "up")
    assert ran.code == 0, ran
    assert "f.dat is complete on all 3 hosts" in ran.out
    (run,) = (folder / "runs").iterdir()
    assert steps_in((run / "transcript.txt").read_text()) == shown
    assert len(shown) == 4 + 1 + 4 + 3 + 3 + 4 - 1
    assert len({site.copy(peer) for peer in (1001, 1002, 1003, 1004)}) == 1
    assert "done" in fab(folder, "status").out
    assert fab(folder, "collect-logs", "verify").code == 0
    assert fab(folder, "clean").code == 0
    assert not (folder / "hosts").exists()
    wait_until_nothing_works_in(folder / "hosts")
    assert str(site.known_hosts) not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout


def test_peers_start_in_order_and_logs_and_stop_find_them(site: Site) -> None:
    folder = site.folder
    started = fab(folder, "deploy", "start")
    assert re.findall(r"peer (\d+) on", started.err) == ["1001", "1002", "1003", "1004"]
    assert fab(folder, "logs").code == 0
    assert fab(folder, "stop", "--json").code == 0
    wait_until_nothing_works_in(folder / "hosts")


def test_a_mixed_inventory(site: Site) -> None:
    site.write(c=", connection: local")
    assert fab(site.folder, "up").code == 0
    assert site.copy(1004) == site.copy(1001)


def test_names_that_a_shell_would_read(site: Site) -> None:
    tree = site.folder / 'it\'s $(touch evil) & "more"'
    tree.mkdir()
    (tree / "; rm -rf x").write_bytes(b"safe")
    quoted = str(tree).replace('"', '\\"')
    site.write(payload=f'{{path: "{quoted}"}}', defaults="")
    ran = fab(site.folder, "up")
    assert ran.code == 0, ran
    copies = list((site.home("c") / "peer_1004").rglob("; rm -rf x"))
    assert [copy.read_bytes() for copy in copies] == [b"safe"]
    assert not list(site.folder.rglob("evil"))


def test_an_unreachable_host_is_named_and_the_others_get_their_copies(site: Site) -> None:
    site.servers["c"].stop()
    ran = fab(site.folder, "up")
    assert ran.code == 4
    assert "unreachable: c: connection refused: is sshd running on that port?" in ran.err
    assert "f.dat is complete on 2 of 3 hosts" in ran.out
    assert site.copy(1003) == site.copy(1001)
    statuses = [json.loads(path.read_text()) for path in site.folder.rglob("status_*.json")]
    assert {status["reason"] for status in statuses} == {""}, "nobody waited for the peer on c"


@pytest.mark.parametrize("accept_new", ["", ", accept_new: true"])
def test_a_changed_host_key_is_refused_always(site: Site, accept_new: str) -> None:
    other = make_key(site.folder / "other").with_suffix(".pub").read_text().split()
    for server in (site.servers["b"], site.servers["c"]):
        false = f"[{server.address}]:{server.port} {other[0]} {other[1]}\n"
        site.known_hosts.write_text(site.known_hosts.read_text().replace(server.known_hosts_line(), false))
    site.write(defaults=accept_new)
    ran = fab(site.folder, "check")
    assert ran.code == 4
    for name in ("b", "c"):
        assert f"unreachable: {name}: its host key has CHANGED: it shows SHA256:" in ran.err
    assert ran.err.count("ssh-keygen -R") == 2


def test_an_unknown_host_key_is_refused_until_accept_new_is_said(site: Site) -> None:
    site.known_hosts.write_text("")
    ran = fab(site.folder, "check")
    assert ran.code == 4
    assert len(re.findall(r"unknown host key SHA256:\S+ \(ssh-ed25519\)", ran.err)) == 3
    site.write(defaults=", accept_new: true")
    assert fab(site.folder, "check").code == 0
    site.write()
    assert fab(site.folder, "check").code == 0  # noted


def test_a_login_that_is_refused(site: Site) -> None:
    make_key(site.folder / "wrong")
    wrong = f', key: "{site.folder}/wrong"'
    site.write(b=wrong, c=wrong)
    ran = fab(site.folder, "check")
    assert ran.code == 4
    assert re.search("unreachable: b, ?c: login as .* refused: is your key in authorized_keys there", ran.err), ran


def test_a_key_that_is_not_there(site: Site) -> None:
    site.write(b=f', key: "{site.folder}/lost"', c=", key: lost")
    (site.folder / "elsewhere").mkdir()
    ran = fab(site.folder / "elsewhere", "check", "--inventory", "../inventory.yaml")
    assert ran.code == 4
    assert re.search(f"unreachable: b, ?c: key {site.folder}/lost: no such file or directory", ran.err), ran


def test_a_bastion_on_the_way(site: Site, start_sshd: Callable[..., Sshd]) -> None:
    bastion = start_sshd("bastion")
    jump = f", jump: {bastion.user}@{bastion.address}:{bastion.port}"
    site.write(c=jump)
    unknown = fab(site.folder, "check")
    assert unknown.code == 4
    assert (
        f"unreachable: c: its bastion {bastion.address}:{bastion.port}: unknown host key" in unknown.err
    )  # the bastion's key is checked too
    with site.known_hosts.open("a") as file:
        file.write(bastion.known_hosts_line())
    ran = fab(site.folder, "up")
    assert ran.code == 0, ran
    assert bastion.log().count("Accepted publickey") == 1  # one login serves the whole chain


def test_more_hosts_than_an_sshd_takes_simultaneously(tmp_path: Path, start_sshd: Callable[..., Sshd]) -> None:
    """sshd refuses at random what comes beyond its MaxStartups; everybody gets in all the same."""
    narrow = start_sshd("narrow", "MaxStartups 1:70:5")
    where = f'address: {narrow.address}, port: {narrow.port}, workdir: "{tmp_path}/{{host}}"'
    hosts = f'  "n[0-4]": {{{where}}}\n  "n[5-11]": {{{where}, transport: openssh}}\n'
    (tmp_path / "known_hosts").write_text(narrow.known_hosts_line())
    defaults = f'defaults: {{key: "{narrow.key}", known_hosts: "{tmp_path}/known_hosts"}}'
    text = f"swarm: {{name: n, payload: {{generate: 1KiB}}}}\n{defaults}\nhosts:\n{hosts}seeds: [n0]\n"
    (tmp_path / "inventory.yaml").write_text(text)
    ran = fab(tmp_path, "check")
    assert ran.code == 0, ran
    assert "12 of 12 hosts are ready" in ran.out
    assert "past MaxStartups" in narrow.log(), "it has to refuse some for this test to mean anything"


def test_nothing_listens_where_the_inventory_points(site: Site) -> None:
    text = (site.folder / "inventory.yaml").read_text()
    (site.folder / "inventory.yaml").write_text(text.replace(f"port: {site.servers['a'].port}", f"port: {free_port()}"))
    ran = fab(site.folder, "up")
    assert ran.code == 4
    assert "unreachable: a: connection refused" in ran.err
    assert "no seed" in ran.err
    assert not (Path(site.folder) / "hosts" / "b").exists()
