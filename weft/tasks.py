"""The tasks of `weft` for programs: a function each, which returns what came of it, or raises Failed; prints nothing.

    from weft import tasks
    done = tasks.up("inventory.yaml", limit="lab")
    print(done.sha256, [copy["host"] for copy in done.copies])

Each call runs `weft` in a process of its own, so nothing of it disturbs the program, and reads its `--json`.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Fields = Mapping[str, Any]  # an object of `--json`, as docs/json.schema.json describes it
Tell = Callable[[Fields], object]
Value = str | int | float | bool | Path | Sequence[str]
INVENTORY = "inventory.yaml"  # what is read where none is named
_ROOT = str(Path(__file__).resolve().parents[1])
# Neither a `weft` in the folder where it runs, nor the program's own modules, are taken for ours.
START = f"import sys; sys.path[0] = {_ROOT!r}; from weft.__main__ import main; sys.exit(main())"


class Done(NamedTuple):
    """What came of a task. What isn't known is None or empty."""

    code: int  # 0: all went well; 1: something failed; 2: usage; 4: a host can't be reached; 130: interrupted
    sentence: str | None = None  # the verdict: "model is complete on all 16 hosts"
    sha256: str | None = None  # of the payload, where all copies are right
    run: str = ""
    copies: Sequence[Fields] = ()  # one for each peer that was verified: `host`, `good`, `bytes`, `sha256`, ...
    errors: Mapping[str, Sequence[str]] = {}  # by host; "" for what is no host's
    records: Sequence[Fields] = ()  # all objects of `--json`


class Failed(Exception):
    """A task didn't do all of its work. `done`: what it did, with the errors of each host."""

    def __init__(self, task: str, done: Done) -> None:
        lines = [f"{host}: {line}" if host else line for host, found in done.errors.items() for line in found]
        super().__init__("; ".join(lines) or f"weft {task} ended with exit code {done.code}")
        self.done = done


def run(task: str, *words: str, tell: Tell | None = None, folder: str | Path = ".", **options: Value) -> Done:
    """Run a task with its plain words and its options: `limit="lab"` is `--limit lab`, `keep_going=True` a flag.

    `folder`: where it runs, and leaves `runs/`. `tell` gets each object of `--json` as it comes. Raises Failed.
    """
    command = [sys.executable, "-c", START, task, "--json", *flags(options), *words]
    records: list[Fields] = []
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said)
        try:
            for fields in _objects(process):
                records.append(fields)
                if tell is not None:
                    tell(fields)
        except BaseException:
            process.send_signal(signal.SIGINT)  # it leaves everything in order
            raise
        finally:
            process.wait()
        said.seek(0)
        done = _done(process.returncode, records, said.read().decode(errors="replace"))
    if done.code:
        raise Failed(task, done)
    return done


def check(inventory: str | Path = INVENTORY, **more: Any) -> Done:
    """Ask every host whether it is ready. The keywords, here and below, are those of `run`."""
    return run("check", inventory=inventory, **more)


def plan(inventory: str | Path = INVENTORY, **more: Any) -> Done:
    """The steps of `up`, as `records`."""
    return run("plan", inventory=inventory, **more)


def up(inventory: str | Path = INVENTORY, **more: Any) -> Done:
    """Deploy, start, watch, collect logs, verify: the copies, each proved."""
    return run("up", inventory=inventory, **more)


def deploy(inventory: str | Path = INVENTORY, **more: Any) -> Done:
    """Put the payload on the seeds, and code on every host."""
    return run("deploy", inventory=inventory, **more)


def start(inventory: str | Path = INVENTORY, **more: Any) -> Done:
    """Start the peers in order."""
    return run("start", inventory=inventory, **more)


def logs(inventory: str | Path = INVENTORY, **more: Any) -> Done:
    """Wait for the end of the swarm, then verify; `tell` gets the statuses meanwhile."""
    return run("logs", inventory=inventory, **more)


def status(inventory: str | Path = INVENTORY, **more: Any) -> Done:
    """What every peer does at present, as `records`."""
    return run("status", inventory=inventory, **more)


def verify(inventory: str | Path = INVENTORY, **more: Any) -> Done:
    """Hash every copy at its final path."""
    return run("verify", inventory=inventory, **more)


def collect_logs(inventory: str | Path = INVENTORY, **more: Any) -> Done:
    """Fetch the logs of all hosts into `runs/`."""
    return run("collect-logs", inventory=inventory, **more)


def stop(inventory: str | Path = INVENTORY, **more: Any) -> Done:
    """Stop the peers."""
    return run("stop", inventory=inventory, **more)


def clean(inventory: str | Path = INVENTORY, **more: Any) -> Done:
    """Stop the peers, and remove what Weft made there; nobody is asked."""
    return run("clean", inventory=inventory, **more)


def releases(inventory: str | Path = INVENTORY, **more: Any) -> Done:
    """Which releases are on each host, and which is current, as `records`."""
    return run("releases", inventory=inventory, **more)


def activate(release: str, inventory: str | Path = INVENTORY, **more: Any) -> Done:
    """Turn to a release that is on the hosts already: on all of them within moments, or on none."""
    return run("activate", release, inventory=inventory, **more)


def rollback(inventory: str | Path = INVENTORY, **more: Any) -> Done:
    """Turn back to the release before the current one."""
    return run("rollback", inventory=inventory, **more)


def cap(rate: str, inventory: str | Path = INVENTORY, **more: Any) -> Done:
    """Change what hosts may send and receive: `cap("up=20,down=none", limit="lab")`, in Mbit/s; `cap("relay=50")`."""
    return run("cap", rate, inventory=inventory, **more)


def runs(folder: str | Path = ".", **more: Any) -> Done:
    """The runs that left records in a folder, as `records`, the latest last."""
    return run("runs", folder=folder, **more)


def report(folder: str | Path = ".", **more: Any) -> Done:
    """Draw a run again, the latest in that folder or the one named by `run`; its `path` is in the last of `records`."""
    return run("report", folder=folder, **more)


def push(payload: str | Path, *targets: str, **more: Any) -> Done:
    """Put a payload on hosts without an inventory: `push("model", "fleet@node[01-16]:/srv")`."""
    return run("push", str(payload), *targets, **more)


def flags(options: Mapping[str, Value]) -> Iterator[str]:
    """Options as they are typed."""
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            yield from [flag] * value
        elif isinstance(value, (list, tuple)):
            yield from (f"{flag}={one}" for one in value)
        elif value != "":
            yield f"{flag}={value}"


def _objects(process: subprocess.Popen[bytes]) -> Iterator[Fields]:
    for line in process.stdout or ():
        yield json.loads(line)


def _done(code: int, records: Sequence[Fields], said: str) -> Done:
    """`said`: its standard error, which alone tells of what is wrong with the call itself."""
    errors: dict[str, list[str]] = {}
    for fields in records:
        if fields["event"] == "outcome":
            words = filter(None, (fields["problem"], fields["remedy"]))
            errors.setdefault(fields["host"], []).append(": ".join(words))
    errors = {host: list(dict.fromkeys(lines)) for host, lines in errors.items()}  # several peers may tell the same
    last = records[-1] if records and records[-1]["event"] == "summary" else {}
    if code and not errors:
        errors[""] = list(last.get("errors") or ()) or said.strip().splitlines()[-1:]
    return Done(
        code,
        sentence=last.get("sentence"),
        sha256=last.get("sha256"),
        run=last.get("run", ""),
        copies=last.get("peers", ()),
        errors=errors,
        records=tuple(records),
    )
