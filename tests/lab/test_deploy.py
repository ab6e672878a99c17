"""The whole of `fab up` on eight hosts over SSH, and hosts that can't be reached from the beginning."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from netlab import Lab
from tests.lab.conftest import MakeLab, operated
from tests.lab.operating import NAME, Operator


@pytest.fixture(scope="module")
def eight(make_lab: MakeLab) -> Lab:
    return make_lab(hosts=8, rate=100)


@pytest.fixture
def operator(eight: Lab, tmp_path: Path) -> Iterator[Operator]:
    yield from operated(eight, tmp_path)


def test_up_brings_the_payload_to_all_hosts_and_clean_leaves_nothing(operator: Operator) -> None:
    checked = operator.fab("check")
    assert checked.code == 0, checked
    assert "8 of 8 hosts are ready" in checked.out
    ran = operator.fab("up")
    assert ran.code == 0, ran
    assert f"{NAME} is complete on all 8 hosts" in ran.out
    assert len({operator.copy(host).read_bytes() for host in operator.hosts}) == 1
    assert all(operator.left_on(host) for host in operator.hosts)  # or the next line would say nothing
    operator.clean()


def test_hosts_that_cannot_be_reached_or_trusted_are_named_and_the_others_have_the_payload(operator: Operator) -> None:
    """One is cut off, one shows another key than the one on file."""
    false = operator.folder / "known_hosts"
    text = operator.lab.known_hosts.read_text()
    rows = {row.split()[0]: row for row in text.splitlines()}
    cut, strange = (operator.lab.hosts[host].address for host in ("node05", "node07"))
    false.write_text(text.replace(rows[strange], rows[cut].replace(cut, strange)))
    operator.write(node07=f", known_hosts: {false}")
    operator.lab.cut("node05")
    ran = operator.fab("up")
    assert ran.code == 4, ran
    # The verdict repeats each line.
    unreachable = {line for line in ran.err.splitlines() if line.startswith("unreachable: ")}
    assert len(unreachable) == 2, ran.err
    assert any(line.startswith("unreachable: node05: no answer: is the host up") for line in unreachable)
    assert any("node07: its host key has CHANGED" in line and "ssh-keygen -R" in line for line in unreachable)
    assert f"{NAME} is complete on 6 of 8 hosts" in ran.out
    assert "Traceback" not in ran.err
    rest = [host for host in operator.hosts if host not in ("node05", "node07")]
    assert len({operator.copy(host).read_bytes() for host in rest}) == 1
    operator.wait_until_ended()
