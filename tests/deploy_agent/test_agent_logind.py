"""Whether a host's systemd would end the peers when the operator logs out, read from its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent import logind

MAIN, HIDDEN = "usr/lib/systemd/logind.conf", "usr/lib/systemd/logind.conf.d/50-x.conf"
HIDING = "etc/systemd/logind.conf.d/90.conf"
CONF, DROP_IN, LATER = (
    "etc/systemd/logind.conf",
    "etc/systemd/logind.conf.d/50-x.conf",
    "run/systemd/logind.conf.d/90.conf",
)


@pytest.mark.parametrize(
    ("files", "user", "ends"),
    [
        ({}, "fleet", False),
        ({CONF: "[Login]\n#KillUserProcesses=yes\n"}, "fleet", False),
        ({CONF: "[Login]\nKillUserProcesses=yes\n"}, "fleet", True),
        ({CONF: "[Login]\nKillUserProcesses = True\n"}, "fleet", True),
        ({CONF: "[Login]\nKillUserProcesses=yes\n"}, "root", False),
        ({CONF: "KillUserProcesses=no\n", DROP_IN: "KillUserProcesses=1\n"}, "fleet", True),
        ({CONF: "KillUserProcesses=yes\n", DROP_IN: "KillUserProcesses=no\n"}, "fleet", False),
        ({DROP_IN: "KillUserProcesses=no\n", LATER: "KillUserProcesses=yes\n"}, "fleet", True),
        ({CONF: "KillUserProcesses=yes\n", "var/lib/systemd/linger/fleet": ""}, "fleet", False),
        ({CONF: "KillUserProcesses=yes\n", "var/lib/systemd/linger/other": ""}, "fleet", True),
        ({CONF: "KillUserProcesses=\n"}, "fleet", False),
        ({MAIN: "KillUserProcesses=yes\n"}, "fleet", True),
        ({MAIN: "KillUserProcesses=yes\n", CONF: "[Login]\n"}, "fleet", False),
        ({HIDDEN: "KillUserProcesses=yes\n", DROP_IN: "[Login]\n"}, "fleet", False),
        ({LATER: "KillUserProcesses=yes\n", HIDING: "[Login]\n"}, "fleet", False),
        ({CONF: "KillUserProcesses=yes\nKillExcludeUsers=other fleet\n"}, "fleet", False),
        ({CONF: "KillUserProcesses=yes\nKillExcludeUsers=other\n"}, "root", False),
        ({CONF: "KillUserProcesses=yes\nKillExcludeUsers=\n"}, "root", True),
        ({CONF: "KillUserProcesses=yes\nKillOnlyUsers=other\n"}, "fleet", False),
        ({CONF: "KillUserProcesses=yes\nKillOnlyUsers=other\nKillOnlyUsers=fleet\n"}, "fleet", True),
        ({CONF: "KillUserProcesses=yes\nKillOnlyUsers=fleet\nKillExcludeUsers=fleet\n"}, "fleet", False),
    ],
)
def test_what_the_files_say(tmp_path: Path, files: dict[str, str], user: str, ends: bool) -> None:
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert logind.ends_sessions(user, str(tmp_path)) is ends


def test_without_systemd_the_files_mean_nothing(tmp_path: Path) -> None:
    (tmp_path / "etc/systemd").mkdir(parents=True)
    (tmp_path / CONF).write_text("KillUserProcesses=yes\n")
    assert logind.ends_sessions("fleet", str(tmp_path)) is False
