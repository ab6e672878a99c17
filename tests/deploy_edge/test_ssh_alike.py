"""`ssh -G` is asked once for all hosts where nothing in ssh_config depends on their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.edge.ssh.settings import SshConfig

ALIKE = [
    "",
    "User fleet\nPort 2222\n",
    "Host *\n  IdentityFile ~/.ssh/fleet\n  SendEnv LANG LC_*\n# Host a*\n",
    "Include {folder}/more\nHost *\n  Compression no\n",
]
BY_NAME = [
    "Host a*\n  User other\n",
    "Host * !alfa\n  User other\n",
    "Match host alfa\n  User other\n",
    "HostName %h.lab\n",
    "IdentityFile ~/.ssh/%h\n",
    "CanonicalizeHostname yes\n",
    "Include {folder}/names\n",
    "Include {folder}/config\n",
    'Host "*\n',
]


@pytest.mark.parametrize(("text", "asked"), [*((text, 1) for text in ALIKE), *((text, 3) for text in BY_NAME)])
def test_it_is_asked_as_often_as_it_may_answer_differently(tmp_path: Path, text: str, asked: int) -> None:
    (tmp_path / "config").write_text(text.format(folder=tmp_path))
    (tmp_path / "more").write_text("User fleet\n")
    (tmp_path / "names").write_text("Host bravo\n  User other\n")
    ssh = tmp_path / "ssh"
    ssh.write_text(
        f'#!/bin/sh\necho asked >> {tmp_path}/asked\nfor name; do :; done\necho "hostname $name"\necho user me\n'
    )
    ssh.chmod(0o755)
    config = SshConfig(str(tmp_path / "config"), str(ssh))
    names = ("alfa", "bravo", "10.1.2.3")
    assert [config.settings(name).hostname for name in names] == list(names)
    assert (tmp_path / "asked").read_text().count("asked") == asked
    assert config.settings("alfa", "root").name == "alfa"


def test_a_name_that_ssh_may_write_otherwise_is_asked_for_itself(tmp_path: Path) -> None:
    (tmp_path / "config").touch()
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\nfor name; do :; done\necho "hostname of $name"\necho user me\n')
    ssh.chmod(0o755)
    config = SshConfig(str(tmp_path / "config"), str(ssh))
    assert [config.settings(name).hostname for name in ("alfa", "ALFA")] == ["alfa", "of ALFA"]
