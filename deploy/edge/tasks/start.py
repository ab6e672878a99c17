"""The tasks `start`, `stop` and `status`: the peers' lives, in PeerInfo order where the order matters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from deploy.core.inventory import Peer
from deploy.core.verdict import FAILED, SKIPPED, Outcome
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.host import Link
from deploy.edge.tasks.chain import Desk
from peer.core.sizes import format_rate

LISTEN_SECONDS = 30.0  # for a peer to say that it listens: it may first have to re-hash what a damaged map is unsure of
_GRACE_SECONDS = 10.0  # between TERM and KILL
_SLACK = 20.0
FULL = "its disk is full"
_NO_ROOM = 64 * 1024  # bytes: less are free where a peer could write neither log nor status


def start(desk: Desk, keep_going: bool = False, tell: Callable[[Peer], object] | None = None) -> None:
    """Start the chosen peers in PeerInfo order, each confirmed listening before the next; `tell` of each that is.

    The first that fails ends it and what was started is stopped again, unless `keep_going`. Raises Halt then.
    """
    desk.ask(lambda link: link.call("warm", peers=_ids(desk, link)))  # at once, so that the order costs little
    begun: list[Peer] = []
    started = 0
    try:
        for peer in [peer for peer in desk.inventory.chosen_peers if peer.host not in desk.down]:
            if desk.cancelled.is_set():
                raise KeyboardInterrupt
            begun.append(peer)
            if _start_one(desk, peer):
                started += 1
                if tell is not None:
                    tell(peer)
            elif not keep_going:
                _give_up(desk, begun)
    except KeyboardInterrupt:
        _stop_again(desk, begun)
        raise
    desk.screen.note(f"started {started} of {len(desk.inventory.chosen_peers)} peers")
    if not started:
        raise desk.halt("no peer could be started")


def stop(desk: Desk) -> None:
    """Stop the chosen peers that live: TERM, then KILL."""
    answers = stop_chosen(desk)
    for name, answer in answers.items():
        desk.record(host=name, state="ok", **{key: answer[key] for key in ("stopped", "killed", "left", "idle")})
        remedy = "look at that machine: a process that survives KILL waits for its disk"
        desk.fail(Outcome(name, FAILED, "it can't be stopped", remedy, peer) for peer in answer["left"])
    ended = sum(len(answer["stopped"]) + len(answer["killed"]) for answer in answers.values())
    desk.screen.say(f"stopped {ended} peers; {sum(len(a['idle']) for a in answers.values())} weren't running")


def stop_chosen(desk: Desk) -> dict[str, dict[str, Any]]:
    """Stop the chosen peers; the agents' answers."""
    return desk.ask(lambda link: _stop_on(desk, link))


def status(desk: Desk) -> None:
    """A table of what every chosen peer says of itself."""
    answers = statuses(desk)
    rows = []
    for peer in desk.inventory.chosen_peers:
        about = answers.get(peer.peer_id)
        rows.append(_status_row(desk, peer, about))
        if about is not None:
            desk.record(host=peer.host, peer=peer.peer_id, alive=about["alive"], status=about["status"])
    desk.screen.table(("peer", "host", "state", "pieces", "down", "up", "reason"), rows)


def statuses(desk: Desk) -> dict[int, dict[str, Any]]:
    """What each chosen peer's host says of it, by ID; takes up the run that the hosts hold."""
    names = list(desk.find_run())
    answers = desk.ask(lambda link: link.call("status", peers=_ids(desk, link)), names)
    return {about["peer"]: about for answer in answers.values() for about in answer["peers"]}


def last_words(desk: Desk, hosts: Iterable[str]) -> dict[int, str]:
    """Why peers of these hosts ended that couldn't note it: their last line on standard error, or their full disk."""
    answers = desk.ask(lambda link: link.call("status", peers=_ids(desk, link)), hosts)
    full = {name for name, answer in answers.items() if answer["free"] < _NO_ROOM}
    found = {about["peer"]: " ".join(about["stderr"][-1:]) for answer in answers.values() for about in answer["peers"]}
    return {peer: FULL if desk.inventory.host_of(peer).name in full else words for peer, words in found.items()}


def _start_one(desk: Desk, peer: Peer) -> bool:
    link = desk.fleet.link(peer.host)
    try:
        answer = link.call("start", LISTEN_SECONDS + _SLACK, peer=peer.peer_id, within=LISTEN_SECONDS)
    except HostError as error:
        desk.fail([error.outcome(peer.host)._replace(peer=peer.peer_id)])
        return False
    if answer["listening"] or answer.get("code") == 0:
        how = "runs already" if answer.get("already") else f"listens on port {peer.port}"
        desk.screen.note(f"peer {peer.peer_id} on {peer.host} {how}")
        desk.record(host=peer.host, peer=peer.peer_id, state="ok", already=bool(answer.get("already")))
        return True
    desk.fail([_failure(peer, answer)])
    return False


def _failure(peer: Peer, answer: dict[str, Any]) -> Outcome:
    if answer["code"] is None:
        problem = f"it didn't listen within {LISTEN_SECONDS:.0f} s"
    else:
        problem = f"it ended at once with exit code {answer['code']}"
    reason = answer["reason"].removeprefix(f"peer {peer.peer_id}: ").removeprefix("peer: ")
    return Outcome(peer.host, FAILED, f"{problem}: {reason}" if reason else problem, "", peer.peer_id)


def _give_up(desk: Desk, begun: list[Peer]) -> None:
    _stop_again(desk, begun)
    told = {outcome.peer for outcome in desk.outcomes}
    because = f"peer {begun[-1].peer_id} couldn't be started"
    rest = [peer for peer in desk.inventory.chosen_peers if peer.peer_id not in told and peer.host not in desk.down]
    desk.fail(Outcome(peer.host, SKIPPED, because, "", peer.peer_id) for peer in rest)
    raise desk.halt(f"{because}, so the others aren't; `--keep-going` starts them all the same")


def _stop_again(desk: Desk, begun: list[Peer]) -> None:
    hosts = {peer.host for peer in begun} - desk.down.keys()
    if hosts:
        desk.screen.note("stopping what was started")
        desk.ask(lambda link: _stop_on(desk, link), hosts)


def _stop_on(desk: Desk, link: Link) -> dict[str, Any]:
    seconds = _GRACE_SECONDS + _SLACK
    return link.call("stop", seconds, peers=_ids(desk, link), within=_GRACE_SECONDS)


def _ids(desk: Desk, link: Link) -> list[int]:
    return [peer.peer_id for peer in desk.inventory.peers_on(link.name)]


def _status_row(desk: Desk, peer: Peer, about: dict[str, Any] | None) -> list[str]:
    if about is None:
        trouble = desk.down.get(peer.host)
        return [str(peer.peer_id), peer.host, "unknown", "-", "-", "-", trouble.problem if trouble else ""]
    status = about["status"]
    if status is None:
        return [str(peer.peer_id), peer.host, "never started", "-", "-", "-", " ".join(about["stderr"][-1:])]
    state = status["state"] if about["alive"] or status.get("exit_code") is not None else f"killed ({status['state']})"
    rates = [format_rate(status[key]) if about["alive"] else "-" for key in ("rate_down", "rate_up")]
    pieces = f"{status['pieces']}/{status['total']}"
    return [str(peer.peer_id), peer.host, state, pieces, *rates, str(status.get("reason", ""))]
