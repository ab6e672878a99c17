"""The Tab key in real shells at a terminal: tasks, options, hosts and files; the line is as the shell completes it."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import sys
import threading
from pathlib import Path

import pytest

from tests.deploy_edge.fabrun import ROOT
from tests.helpers.waiting import wait_for

# Each shell's own file of commands, with the line that README.md tells; Ctrl-X d notes what is typed, and empties it.
LOADED = {
    "bash": (
        ".bashrc",
        'eval "$(weft --print-completion-script bash)"\n'
        "note() { printf '%s\\n' \"$READLINE_LINE\" >> lines; READLINE_LINE=; READLINE_POINT=0; }\n"
        "bind -x '\"\\C-xd\": note'\n"
        "PS1='READY> '\n",
    ),
    "zsh": (
        ".zshrc",
        'eval "$(weft --print-completion-script zsh)"\n'
        "note() { print -r -- $BUFFER >> lines; BUFFER=; }; zle -N note; bindkey '^Xd' note\n"
        "PS1='READY> '\n",
    ),
    "fish": (
        ".config/fish/config.fish",
        "weft --print-completion-script fish | source\n"
        "function note; commandline >> lines; commandline ''; end; bind \\cxd note\n"
        "function fish_prompt; echo 'READY> '; end\n",
    ),
}
# What is typed before Tab, and the line after it: what is complete has a blank behind it.
TYPED = (
    ("weft col", "weft collect-logs "),
    ("weft check u", "weft check up "),
    ("weft -i up --vers", "weft -i up --version "),
    ("weft up --kee", "weft up --keep-going "),
    ("weft check --kee", "weft check --kee"),  # which isn't an option of check
    ("weft up --svg pict", "weft up --svg picture.svg "),
    ("weft -i pict", "weft -i picture.svg "),
    ("weft -l u", "weft -l u"),
    ("weft up --limit=sto", "weft up --limit=store "),
    ("weft plan --against store,al", "weft plan --against store,alone "),
    ("weft -i other.yaml up --hosts more -l far,el", "weft -i other.yaml up --hosts more -l far,elsewhere "),
)
INVENTORY = "swarm: {name: t, payload: {generate: 1KiB}}\nhosts: {%s: {}, b: {}}\nseeds: [b]\ngroups: {alone: [b]}\n"


@pytest.mark.parametrize("shell", LOADED)
def test_tab(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        if os.environ.get("WEFT_REQUIRE_SHELLS") == "1":
            pytest.fail(f"WEFT_REQUIRE_SHELLS=1, but there is no {shell}")
        pytest.skip(f"no {shell} here")
    name, text = LOADED[shell]
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    (tmp_path / "picture.svg").touch()
    (tmp_path / "inventory.yaml").write_text(INVENTORY % "store")
    (tmp_path / "other.yaml").write_text(INVENTORY % "far")
    (tmp_path / "more").write_text("elsewhere\n")
    assert after_tab(shell, tmp_path, [line for line, _ in TYPED]) == [line for _, line in TYPED]


def after_tab(shell: str, home: Path, lines: list[str]) -> list[str]:
    """Each line as it is after Tab, with `weft` installed, in a terminal in `home`."""
    weft = home / "bin" / "weft"
    weft.parent.mkdir()
    weft.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m weft "$@"\n')
    weft.chmod(0o755)
    path = f"{weft.parent}:{os.environ['PATH']}"
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(home)
        os.execvpe(shell, [shell, "-i"], {"HOME": str(home), "PATH": path, "TERM": "xterm"})
    said = bytearray()
    threading.Thread(target=_read, args=(terminal, said), daemon=True).start()
    try:
        wait_for(lambda: b"READY>" in said, f"{shell}'s prompt")
        for number, line in enumerate(lines, 1):
            os.write(terminal, f"{line}\t\x18d".encode())
            wait_for(lambda number=number: len(_noted(home)) == number, f"{shell} to complete {line!r}")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
    return _noted(home)


def _noted(home: Path) -> list[str]:
    path = home / "lines"
    return path.read_text().splitlines() if path.exists() else []


def _read(terminal: int, said: bytearray) -> None:
    """What the shell prints: it would wait for a reader."""
    try:
        while data := os.read(terminal, 65536):
            said += data
    except OSError:
        return
