"""`--json`, held against docs/json.schema.json: each line of real runs, and the summary that comes last."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deploy.core.inventory import json_schema
from deploy.core.working import Work, work_fields
from deploy.edge.hosts import relaycap
from deploy.edge.screen.screen import Screen
from deploy.edge.screen.transcript import Transcript
from deploy.edge.tasks.schema import print_schema
from peer.core.mark import BYTES, FILES, Mark
from tests.deploy_edge.fabrun import ROOT, Ran, fab

SCHEMA = json.loads((ROOT / "docs" / "json.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def checked(ran: Ran) -> list[dict[str, Any]]:
    """The objects that a run printed; each is what the schema says, and the summary is the last and only one."""
    for fields in ran.records:
        VALIDATOR.validate(fields)
    kinds = [fields["event"] for fields in ran.records]
    assert kinds[-1] == "summary" and kinds.count("summary") == 1, kinds
    assert ran.records[-1]["exit_code"] == ran.code
    return ran.records


def test_the_schema_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    print_schema(Screen(Transcript(), as_json=True))  # that of inventories, as an object like all others
    fields = json.loads(capsys.readouterr().out)
    VALIDATOR.validate(fields)
    assert fields["schema"] == json_schema()


def test_a_run_that_goes_well(write: Callable[..., list[int]], tmp_path: Path) -> None:
    write()
    records = checked(fab(tmp_path, "check", "up", "status", "stop", "clean", "--json"))
    assert {fields["event"] for fields in records} - {"progress"} == {
        "host",
        "started",
        "status",
        "alive",
        "copy",
        "report",
        "summary",
    }
    last = records[-1]
    assert (last["complete_hosts"], last["hosts"], last["bytes"], last["failures"]) == (3, 3, 300 * 1024, [])
    assert {"hash", "push", "start", "verify"} <= set(last["phases"])
    (kept,) = tmp_path.glob("runs/*/summary.json")
    assert set(json.loads(kept.read_text())) == set(last) - {"event", "task"}


def test_another_cap_of_what_this_machine_carries(tmp_path: Path) -> None:
    hosts = "{a: {address: 192.0.2.1}, b: {address: 192.0.2.2, relay: true}}"  # nobody is asked
    (tmp_path / "inventory.yaml").write_text(
        f"swarm: {{name: t, payload: {{generate: 1MiB}}}}\nhosts: {hosts}\nseeds: [a]\n"
    )
    assert checked(fab(tmp_path, "cap", "relay=20", "--json"))[-1]["exit_code"] == 1
    with relaycap.carrying(tmp_path / "runs" / ".relay" / "t", 0.0) as cap:  # as `up` does
        first, last = checked(fab(tmp_path, "cap", "relay=20", "--json"))
        assert (first["event"], first["cap"], last["exit_code"]) == ("relay", 2_500_000, 0)
        assert cap.rate == 2_500_000


def test_runs_that_go_wrong(write: Callable[..., list[int]], tmp_path: Path) -> None:
    write()
    last = checked(fab(tmp_path, "start", "--json"))[-1]
    (failure,) = last["failures"]  # one line, though each host said it
    assert failure["hosts"] == ["a", "b", "c"] and failure["next"] == "fab up"
    assert last["sentence"] is None
    assert checked(fab(tmp_path, "plan", "--json"))[0]["event"] == "step"


@pytest.mark.parametrize(
    "marks",
    [
        {"a": Mark("hashing f", 5, 10, BYTES)},
        {"a": Mark("hashing f", 5, 10, BYTES), "b": Mark("hashing f", 0, 0, BYTES)},
        {"b": Mark("removing", 5, 0, FILES)},
    ],
)
def test_progress_is_what_the_schema_says(marks: dict[str, Mark]) -> None:
    fields = work_fields(Work("hashing", ["a", "b"], 2, 1.5, marks, 3.0))
    assert fields is not None
    VALIDATOR.validate({"event": "progress", "task": "up", **fields})
    assert not VALIDATOR.is_valid({"event": "progress", "task": "up", **fields, "unit": "pieces"})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"event": "copy", "task": "verify"},
        {"event": "alive", "task": "up", "host": "a", "peer": "1001", "alive": True},
        {"event": "noise", "task": "up"},
    ],
)
def test_the_schema_refuses(fields: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(fields)
