"""The agent's own modules: all of them are packed, found in memory, shown in tracebacks, and out of the peer's way."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

import deploy.agent
from deploy.edge.hosts import agentsource
from peer.edge import codepack

ANOTHER = "00"  # magic number of a Python that nobody has

SOURCES = {
    "weft_packed/__init__.py": "",
    "weft_packed/first.py": "from weft_packed import second\n\n\ndef fail():\n    second.fail()\n",
    "weft_packed/second.py": "def fail():\n    raise ValueError('seen')  # this very line\n",
}


@pytest.fixture
def installed() -> Iterator[None]:
    before = list(sys.meta_path)
    codepack.install(SOURCES)
    yield
    sys.meta_path[:] = before
    for name in [name for name in sys.modules if name.startswith("weft_packed")]:
        del sys.modules[name]


def test_every_module_of_the_agent_is_packed_and_of_the_peer_what_both_must_do_alike() -> None:
    room = Path(deploy.agent.__file__).parent
    own = {f"deploy/agent/{path.relative_to(room)}" for path in room.rglob("*.py")}
    packed = set(agentsource.sources()) | set(agentsource.sources(agentsource.FOLLOWING))
    assert own <= packed
    packages = {"deploy/__init__.py", "peer/__init__.py", "peer/core/__init__.py", "peer/edge/__init__.py"}
    shared = {
        "peer/core/folder.py",
        "peer/core/errors.py",
        "peer/core/eventlog.py",  # how a host's peers are followed, and what that imports
        "peer/core/followline.py",
        "peer/core/noted.py",
        "peer/core/status.py",
        "peer/edge/exitcode.py",
        "peer/edge/follow.py",
        "peer/edge/stderr.py",
        "peer/edge/stdout.py",
        "peer/core/releaselist.py",
        "peer/core/payloadnames.py",
        "peer/core/record.py",
        "peer/core/relaynote.py",
        "peer/core/madetable.py",
        "peer/core/strangers.py",
        "peer/core/swarmfile.py",  # what the payload is that a host is prepared for, and what that imports
        "peer/core/config.py",
        "peer/core/limits.py",
        "peer/core/blocks.py",
        "peer/core/filetable.py",
        "peer/core/budget.py",
        "peer/core/layout.py",
        "peer/core/manifest.py",
        "peer/core/manifestjson.py",
        "peer/core/mark.py",
        "peer/core/sizes.py",
        "peer/core/listing.py",
        "peer/core/treelinks.py",
        "peer/core/treeparts.py",
        "peer/core/treerules.py",
        "peer/core/tuples.py",
        "peer/edge/hashing.py",  # how a copy differs from the payload, and what that imports
        "peer/edge/asbefore.py",
        "peer/edge/blockhashes.py",
        "peer/edge/encoding.py",
        "peer/core/anchors.py",
        "peer/core/bits.py",
        "peer/edge/finish.py",
        "peer/edge/foundrows.py",
        "peer/edge/capfile.py",
        "peer/edge/holes.py",
        "peer/edge/lane.py",
        "peer/edge/scan.py",
        "peer/edge/traits.py",
        "peer/edge/trial.py",
        "peer/edge/copies.py",
        "peer/edge/wholefile.py",
        "peer/edge/lock.py",
        "peer/edge/files.py",
        "peer/edge/modes.py",
        "peer/edge/pulse.py",
        "peer/edge/codepack.py",
        "peer/edge/proving.py",  # a copy against the configuration there, and what that imports
        "peer/edge/job.py",
        "peer/edge/verdicts.py",
        "peer/core/setup.py",
        "peer/core/graph.py",
        "peer/core/repeats.py",
        "peer/core/zones.py",
    }
    shared |= {path for path in packed if path.startswith("peer/edge/ours/")}
    assert packed - own <= packages | shared


def test_it_is_small_because_it_travels_once_a_host_and_task() -> None:
    script = agentsource.script()
    complete, following = (210_000, 76_000) if sys.version_info < (3, 14) else (240_000, 90_000)  # it compiles longer
    assert script.split(b"\n", 1)[0].isdigit()
    assert len(script) < complete
    assert len(agentsource.script(agentsource.FOLLOWING)) < following
    assert len(agentsource.script(magic=ANOTHER)) < 136_000
    assert len(agentsource.script(agentsource.FOLLOWING, ANOTHER)) < 52_000


@pytest.mark.usefixtures("installed")
def test_modules_are_imported_in_the_order_in_which_they_need_one_another() -> None:
    first = importlib.import_module("weft_packed.first")
    assert first.__file__ == "weft_packed/first.py"
    assert first.second is sys.modules["weft_packed.second"]


@pytest.mark.usefixtures("installed")
def test_a_traceback_shows_the_source() -> None:
    first = importlib.import_module("weft_packed.first")
    with pytest.raises(ValueError) as error:
        first.fail()
    shown = "".join(traceback.format_exception(error.type, error.value, error.tb))
    assert 'File "weft_packed/second.py", line 2, in fail' in shown
    assert "# this very line" in shown
