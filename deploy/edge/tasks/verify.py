"""The tasks `collect-logs` and `verify`: the hosts' papers into the run's folder, and the proof of every copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deploy.core.inventory import Peer
from deploy.core.prediction import Limit, limit_seconds
from deploy.core.summary import (
    HEADINGS,
    SUMMARY_JSON_NAME,
    SUMMARY_NAME,
    format_summary,
    format_summary_json,
    format_time,
)
from deploy.core.verdict import Copy, Verdict, error_lines, judge
from deploy.edge.hosts.host import Link
from deploy.edge.tasks.chain import Desk
from deploy.edge.tasks.start import statuses
from peer.core.status import DONE

COLLECT_SECONDS = 600.0
_SLOWEST_HASH = 20e6  # bytes a second of one peer's copy


def collect_logs(desk: Desk) -> None:
    """Fetch logs, statuses and configuration of every host into runs/<run id>/<host>/, and write a summary beside."""
    about = statuses(desk)
    sizes = desk.ask(lambda link: _collect_host(desk, link), seconds=COLLECT_SECONDS)
    for name, files in sizes.items():
        desk.record(host=name, state="ok", folder=str(desk.folder / name), files=files)
    copies = [
        _copy_by_status(peer, about[peer.peer_id]) for peer in desk.inventory.chosen_peers if peer.peer_id in about
    ]
    _write_summary(desk, judge(desk.inventory, copies, desk.outcomes), about)
    desk.screen.say(f"logs of {len(sizes)} hosts are in {desk.folder}/", good=len(sizes) == len(desk.able))


def verify(desk: Desk) -> None:
    """Hash every copy from its final path, compare it with the manifest, and tell the verdict."""
    about = statuses(desk)
    size = max((fields["status"]["size"] for fields in about.values() if fields["status"]), default=0)
    seconds = 60 + size / _SLOWEST_HASH
    names = [name for name in desk.able if any(desk.inventory.host_of(peer).name == name for peer in about)]
    answers = desk.ask(lambda link: _verify_host(desk, link, seconds), names, seconds * 4)
    copies = [_copy(found, about.get(found["peer"])) for answer in answers.values() for found in answer["copies"]]
    chosen = {peer.peer_id for peer in desk.inventory.chosen_peers}
    verdict = judge(desk.inventory, [copy for copy in copies if copy.peer in chosen], desk.outcomes)
    _tell(
        desk, verdict, about, {found["peer"]: found.get("path", "") for a in answers.values() for found in a["copies"]}
    )


def _tell(desk: Desk, verdict: Verdict, about: dict[int, Any], paths: dict[int, str]) -> None:
    told = set(error_lines(desk.outcomes))
    desk.screen.errors([line for line in verdict.lines if line not in told])
    desk.proof = verdict.code
    rows = [[str(cell) for cell in row[: len(HEADINGS)]] for row in verdict.rows]
    desk.screen.table(HEADINGS, rows, [row.good for row in verdict.rows])
    for row in verdict.rows:
        desk.record(**row._asdict(), path=paths.get(int(row.peer), ""))
    limit = _write_summary(desk, verdict, about)
    desk.screen.say(f"{verdict.sentence}{format_time(_seconds(about), limit)}", good=verdict.code == 0)


def _verify_host(desk: Desk, link: Link, seconds: float) -> dict[str, Any]:
    peers = [peer.peer_id for peer in desk.inventory.peers_on(link.name)]
    return link.call("verify", seconds * len(peers), peers=peers, name=desk.inventory.swarm.payload.name)


def _collect_host(desk: Desk, link: Link) -> dict[str, int]:
    folder = desk.folder / link.name
    folder.mkdir(parents=True, exist_ok=True)

    def keep(name: str, data: bytes) -> None:
        path = folder / Path(name).name
        if data:
            with path.open("ab") as file:
                file.write(data)
        else:
            path.write_bytes(b"")  # a file begins with an empty part

    files: dict[str, int] = link.call("collect", COLLECT_SECONDS, on_part=keep)["files"]
    return files


def _copy_by_status(peer: Peer, about: dict[str, Any]) -> Copy:
    status = about["status"] or {}
    whole = bool(status.get("completed")) or status.get("state") == DONE
    problem = "" if whole else status.get("reason", "") or "its copy isn't whole"
    return _filled(Copy(peer.peer_id, whole, problem=problem), status)


def _copy(found: dict[str, Any], about: dict[str, Any] | None) -> Copy:
    copy = Copy(
        peer=int(found["peer"]),
        ok=found.get("ok") is True,
        sha256=str(found.get("sha256", "")),
        bytes=found.get("bytes"),
        problem=str(found.get("problem", "")),
    )
    return _filled(copy, (about or {}).get("status") or {})


def _filled(copy: Copy, status: dict[str, Any]) -> Copy:
    completed = status.get("completed") or 0
    seconds = completed - status["started"] if completed else None
    return copy._replace(pieces=status.get("pieces"), total=status.get("total"), seconds=seconds)


def _write_summary(desk: Desk, verdict: Verdict, about: dict[int, Any]) -> Limit | None:
    size = max((fields["status"]["size"] for fields in about.values() if fields["status"]), default=0)
    limit = limit_seconds(desk.inventory, size) if size else None
    seconds = _seconds(about)
    desk.folder.mkdir(parents=True, exist_ok=True)
    for name, form in ((SUMMARY_NAME, format_summary), (SUMMARY_JSON_NAME, format_summary_json)):
        (desk.folder / name).write_text(form(desk.inventory, verdict, desk.run, seconds, limit), "utf-8")
    return limit


def _seconds(about: dict[int, Any]) -> float | None:
    """The run's time: from the first peer's start to the last whole copy, by the hosts' clocks."""
    found = [fields["status"] for fields in about.values() if fields["status"]]
    done = [status["completed"] for status in found if status["completed"]]
    return max(done) - min(status["started"] for status in found) if done else None
