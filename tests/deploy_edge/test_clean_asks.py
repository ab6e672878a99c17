"""`clean` at a terminal asks before it removes copies that nothing else keeps."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.deploy_edge.fabrun import SECONDS, fab, fab_command, fab_environment


def at_a_terminal(folder: Path, answer: str, *words: str) -> tuple[int, str]:
    """Run `fab`, type the answer; its exit code, and what the terminal showed."""
    ours, theirs = pty.openpty()
    ran = subprocess.Popen(
        fab_command(*words), cwd=folder, env=fab_environment(folder), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, answer.encode())
    shown = b""
    try:
        while data := os.read(ours, 65536):
            shown += data
    except OSError:  # Linux tells the end of a terminal so
        pass
    finally:
        os.close(ours)
    return ran.wait(SECONDS), shown.decode()


def test_clean_asks_before_it_removes_the_only_copies(write: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "f.dat").write_bytes(b"x")
    write(payload="{upload: f.dat}", host_b='{destination: "kept"}')
    assert fab(tmp_path, "deploy").code == 0
    code, shown = at_a_terminal(tmp_path, "n\n", "clean")
    assert code == 1
    assert "removes f.dat from a, c, where no `destination` keeps it; remove it? [y/N]" in shown
    assert "nothing was removed" in shown
    assert (tmp_path / "hosts/a/t/peer_1001/f.dat").exists()
    code, shown = at_a_terminal(tmp_path, "", "clean", "--yes")
    assert code == 0 and "[y/N]" not in shown
    assert not (tmp_path / "hosts/a").exists()
