"""Labs for the tests in this folder: `make_lab` for a lab of one's own, `lab` for one that all tests share.

Labs need root, iproute2 and openssh-server. Without them the tests are skipped with the reason, and with
WEFT_REQUIRE_LAB=1 in the environment they fail instead.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional

import pytest

from netlab import Lab, LabError
from netlab.bringup import PROGRAMS
from netlab.shell import program
from tests.lab.operating import Operator

MakeLab = Callable[..., Lab]


def obstacle() -> Optional[str]:
    """Why no lab can be made here."""
    if not sys.platform.startswith("linux"):
        return "a lab needs Linux"
    if os.geteuid() != 0:
        return "a lab needs root"
    try:
        for name in PROGRAMS:
            program(name)
    except LabError as error:
        return str(error)
    return None


@pytest.fixture(scope="session")
def lab_possible() -> None:
    """Skips where there can be no lab; fails there if WEFT_REQUIRE_LAB=1 says that there must be one."""
    reason = obstacle()
    if reason and os.environ.get("WEFT_REQUIRE_LAB") == "1":
        pytest.fail(f"WEFT_REQUIRE_LAB=1, but {reason}", pytrace=False)
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def make_lab(lab_possible: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeLab]:  # noqa: ARG001
    """Makes a lab with the arguments of Lab.up, in a directory of its own; at the session's end it's taken down."""
    made: List[Lab] = []

    def make(hosts: int = 2, rate: float = 0, **options: Any) -> Lab:
        options.setdefault("directory", tmp_path_factory.mktemp("labs") / "lab")
        made.append(Lab.up(hosts, rate, **options))
        return made[-1]

    yield make
    for lab in made:
        lab.down()


@pytest.fixture(scope="session")
def lab(make_lab: MakeLab) -> Lab:
    """Three unshaped hosts that all tests share: leave them as you found them."""
    return make_lab(hosts=3, rate=0)


def operated(lab: Lab, folder: Path) -> Iterator[Operator]:
    """For fixtures: an operator of the lab, with an inventory written; afterwards the hosts are as they were."""
    operator = Operator(lab, folder)
    operator.write()
    yield operator
    operator.restore()
