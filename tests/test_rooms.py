"""The rooms hold: who may import what, who alone imports a library, no cycles, sizes, names, and first lines."""

from __future__ import annotations

import pytest

from tests import roomspicture
from tests.rooms import (
    DOORS,
    MOST_LINES,
    TWICE,
    crossings,
    cycles,
    doors,
    packages_of,
    program,
    same_names,
    too_long,
    undocumented,
)

PROGRAM = program()
PACKAGES = packages_of(PROGRAM)


@pytest.mark.parametrize("module", PROGRAM)
def test_a_module_stays_in_its_room(module: str) -> None:
    assert crossings(module, PROGRAM[module], module in PACKAGES) == []


@pytest.mark.parametrize("library", DOORS)
def test_no_other_module_imports(library: str) -> None:
    assert sorted(doors(PROGRAM, library)) == sorted(DOORS[library])


def test_nothing_imports_itself_by_way_of_others() -> None:
    assert cycles(PROGRAM) == []


def test_no_module_is_too_long() -> None:
    assert too_long(PROGRAM) == []


def test_a_name_that_occurs_twice_has_a_reason() -> None:
    assert same_names(PROGRAM) == sorted(TWICE)


def test_every_module_says_in_its_first_line_what_it_does() -> None:
    assert undocumented(PROGRAM) == []


def test_the_whole_program_is_looked_at() -> None:
    some = {"peer.core.swarm", "peer.edge.link", "deploy.core.plan", "deploy.edge.ssh.transport", "tools.sim.world"}
    assert some <= set(PROGRAM)


def test_the_picture_in_the_documents_is_of_these_rooms() -> None:
    text = roomspicture.PAGE.read_text(encoding="utf-8")
    assert text == roomspicture.with_picture(text, roomspicture.drawn(PROGRAM)), "run: make rooms"


# ---- the checks above can fail

CROSSED = [
    ("peer.core.picker", "import socket"),
    ("peer.core.picker", "import os.path"),
    ("peer.core.picker", "import time"),
    ("peer.core.picker", "import threading"),
    ("peer.core.picker", "from queue import Queue"),
    ("peer.core.picker", "import pathlib"),
    ("peer.core.picker", "import random"),
    ("peer.core.picker", "from random import choice"),
    ("peer.core.picker", "from random import Random\nrng = Random(5)"),
    ("peer.core.picker", "def pick():\n    import time\n"),
    ("peer.core.picker", "if True:\n    import time\n"),
    ("peer.core.picker", "try:\n    import time\nexcept ImportError:\n    pass\n"),
    ("peer.core.picker", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import socket\n"),
    ("peer.core.picker", "open('x')"),
    ("peer.core.picker", "print('x')"),
    ("peer.core.picker", "from datetime import datetime\ndatetime.now()"),
    ("peer.core.picker", "from peer.edge import link"),
    ("peer.core.picker", "from peer import edge"),
    ("peer.core.picker", "from ..edge import link"),
    ("peer.core.picker", "import peer.edge.link"),
    ("peer.core.picker", "import peer"),
    ("peer.core.picker", "import deploy.core.plan"),
    ("peer.core.picker", "import numpy"),
    ("peer.edge.link", "import rich"),
    ("peer.edge.link", "import fabric"),
    ("peer.edge.link", "from cryptography import x509"),
    ("peer.edge.link", "from deploy.core import plan"),
    ("peer.edge.link", "import tools.sim.world"),
    ("peer.edge.link", "from tests import rooms"),
    ("peer.__main__", "import deploy"),
    ("deploy.core.plan", "import subprocess"),
    ("deploy.core.plan", "from peer.edge import link"),
    ("deploy.core.plan", "from deploy.edge import ssh"),
    ("deploy.core.plan", "import fabric"),
    ("deploy.core.plan", "import rich.table"),
    ("deploy.edge.ssh.transport", "from peer.edge import link"),
    ("deploy.edge.ssh.transport", "import tools.lab"),
    ("deploy.edge.ssh.transport", "import rich"),
    ("deploy.edge.hosts.host", "from deploy.edge.ssh import transport"),
    ("deploy.edge.hosts.host", "from deploy.edge.tasks import chain"),
    ("deploy.edge.screen.screen", "from deploy.edge.tasks import chain"),
    ("deploy.edge.tasks.chain", "from deploy.edge.ssh import transport"),
    ("deploy.agent.main", "import yaml"),
    ("deploy.agent.main", "from deploy.core import plan"),
    ("tools.lab", "from deploy.edge import ssh"),
    ("tools.sim.world", "from peer.edge import link"),
    ("tools.auditing.judging", "import os"),
    ("tools.auditing.judging", "import rich"),
    ("tools.auditing.judging", "from tools import auditfolder"),
    ("fabfile", "from deploy.core import plan"),
    ("fabfile", "import rich"),
    ("deploy.edge.fab.executor", "import fabfile"),
    ("rigs.bench", "from deploy.edge.hosts import ssh"),
    ("rigs.bench", "import tools.lab"),
    ("tools.lab", "import rigs.bench"),
    ("netlab.lab", "import peer.core.sizes"),
    ("elsewhere.module", "import json"),
]
STAYS = [
    ("peer.core.picker", "from random import Random\ndef pick(rng: Random): return rng.choice([1])"),
    ("peer.core.picker", "import hashlib, zlib, struct, json, re, enum, bisect, itertools\nfrom typing import List"),
    ("peer.core.picker", "from peer.core import bits\nfrom peer.core.errors import WeftError\nfrom . import bits"),
    ("peer.core.picker", "import peer.core.bits"),
    ("peer.edge.link", "import socket, threading, time, random, os\nfrom peer.core import messages"),
    ("deploy.core.plan", "import pydantic\nfrom ruamel.yaml import YAML\nfrom peer.core.config import Common"),
    (
        "deploy.edge.ssh.transport",
        "import fabric, paramiko\nfrom deploy.core import plan\nfrom peer.core import status",
    ),
    ("deploy.edge.screen.screen", "import rich\nfrom deploy.core import plan\nfrom peer.core import status"),
    ("deploy.edge.pushed.zipapp", "import peer\nfrom deploy.edge.hosts import host"),
]


@pytest.mark.parametrize(("module", "source"), CROSSED)
def test_a_crossed_room_is_found(module: str, source: str) -> None:
    assert len(crossings(module, source)) == 1


@pytest.mark.parametrize(("module", "source"), STAYS)
def test_what_is_allowed_is_not(module: str, source: str) -> None:
    assert crossings(module, source) == []


def test_a_crossing_names_its_line() -> None:
    assert crossings("peer.core.bits", '"""Sets."""\n\nimport os\n') == ["peer.core.bits:3: imports os"]


def test_a_second_door_is_found() -> None:
    modules = {
        "deploy.edge.ssh.transport": "import fabric",
        "deploy.edge.b": "def f():\n    from fabric import Connection",
    }
    assert doors(modules, "fabric") == ["deploy.edge.ssh.transport", "deploy.edge.b"]
    assert doors({"a": "import fabrication"}, "fabric") == []


@pytest.mark.parametrize(
    ("modules", "found"),
    [
        ({"p": "", "p.a": "import p.b", "p.b": "import p.c", "p.c": "from p import a"}, 1),
        ({"p": "", "p.a": "from .b import x", "p.b": "def f():\n    from p.a import y"}, 1),
        ({"p": "from p import a", "p.a": "import p"}, 1),
        ({"p": "", "p.a": "import p.b, p.c", "p.b": "import p.c", "p.c": ""}, 0),
        ({"p": "", "p.a": "import p.b", "p.b": "if TYPE_CHECKING:\n    from p.a import y"}, 1),
    ],
)
def test_cycles_are_found(modules: "dict[str, str]", found: int) -> None:
    assert len(cycles(modules)) == found


def test_a_module_that_is_too_long_is_found() -> None:
    assert too_long({"a": "x = 1\n" * MOST_LINES, "b": "x = 1\n" * (MOST_LINES + 1)}) == ["b"]


def test_a_name_that_occurs_twice_is_found_and_a_package_is_not() -> None:
    assert same_names({"p": "", "p.a": "", "q.a": "", "q": "", "q.p": "", "q.b": ""}) == ["a"]


def test_the_picture_follows_the_imports() -> None:
    modules = {**PROGRAM, "netlab.lab": '"""A lab."""\nfrom deploy.edge.tasks import up'}
    assert roomspicture.imports(modules)["netlab"] == {"deploy.edge.tasks"}
    assert "netlab --> deploy_edge_tasks" in roomspicture.drawn(modules)
    with pytest.raises(ValueError, match="the marks around the picture"):
        roomspicture.with_picture("no marks", "")


SILENT = ["", "import os", "x = 1\n'''Says what it does.'''", '"""\nToo late."""', '"""Hm."""']


@pytest.mark.parametrize("source", SILENT)
def test_a_module_without_a_first_line_is_found(source: str) -> None:
    assert undocumented({"m": source}) == ["m"]
    assert undocumented({"m": '"""What this file alone does."""'}) == []
