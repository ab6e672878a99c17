"""The peer program's commands and their arguments."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Tuple

from peer.core.errors import EXIT_FAILED, EXIT_OK, ConfigError
from peer.edge import pulse, stderr
from peer.edge.exitcode import exit_code

if TYPE_CHECKING:
    from peer.core.treerules import TreeRules
    from peer.edge.scan import Scanned

Run = Callable[[argparse.Namespace], int]
Declare = Callable[[argparse.ArgumentParser], None]

DESCRIPTION = """\
Run one peer of a swarm, from the working directory that holds Common.cfg and PeerInfo.cfg (and swarm.json, where Weft
deployed it). Other commands:
  watch DIR            show all peers of a swarm that was started by hand, until they have ended
  follow DIR           print log lines and statuses of all peers in DIR as JSON lines
  manifest PATH        print names, sizes and hashes of a payload as JSON
  verify ID            hash a peer's payload at its final path and compare it with the manifest
  sha256 FILE          hash one complete file, when nothing else wants the core, for a note on it
  generate FILE SIZE   write a test file
  fetch URL FILE       fetch a file by HTTP, and go on where it was cut
exit codes: 0 the payload is complete; 1 an error of this machine, such as a full disk or a port in use;
            2 wrong usage or configuration; 3 incomplete: the swarm couldn't deliver every piece; 130 stopped"""


class _Help(argparse.RawDescriptionHelpFormatter):
    """It asks the system for the terminal's width: argparse, which does that at each start, loads more for it."""

    def __init__(self, prog: str) -> None:
        try:
            width = os.get_terminal_size().columns
        except OSError:
            width = 80
        super().__init__(prog, width=width - 2)


def main(argv: List[str]) -> int:
    """Run a command line; returns the exit code."""
    name = argv[0] if argv and argv[0] in _COMMANDS else "run"
    declare, run = _COMMANDS[name]
    program = "peer" if name == "run" else f"peer {name}"
    parser = argparse.ArgumentParser(program, formatter_class=_Help)
    declare(parser)
    arguments = parser.parse_args(argv if name == "run" else argv[1:])
    return exit_code(program, lambda: run(arguments))


def _declare_run(parser: argparse.ArgumentParser) -> None:
    parser.description = DESCRIPTION
    parser.add_argument("id", type=int, help="the peer's ID in PeerInfo.cfg")
    parser.add_argument("--dir", default=".", help="the working directory (default: the current one)")
    help_text = "give up after SECONDS without any progress (default: the value in swarm.json, or 120)"
    parser.add_argument("--patience", type=_positive, metavar="SECONDS", help=help_text)
    help_text = "don't wait for these peers: they won't take part in this run"
    parser.add_argument("--without", type=_peers, default=(), metavar="ID,ID", help=help_text)


def _run(arguments: argparse.Namespace) -> int:
    from peer.edge.loading import load

    return load()(arguments.dir, arguments.id, arguments.patience, arguments.without)


def _declare_watch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", nargs="?", default=".", help="the working directory of the peers (default: this one)")


def _watch(arguments: argparse.Namespace) -> int:
    from peer.edge.watcher import watch

    watch(arguments.dir)
    return EXIT_OK


def _declare_follow(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", help="the working directory of the peers")
    parser.add_argument("--from", dest="offsets", type=_offsets, default={}, metavar="JSON",
                        help='continue each log at this offset in bytes: {"1001": 1234}')  # fmt: skip
    parser.add_argument("--until-done", action="store_true", help="end when every peer in DIR has ended")
    parser.add_argument("--leave-out", type=_kinds, default=(), metavar="KINDS",
                        help="no log lines of these kinds: have,piece")  # fmt: skip
    parser.add_argument("--pace", type=float, default=0.0, metavar="SECONDS",
                        help="between two statuses of a peer (default: each that is written)")  # fmt: skip


def _follow(arguments: argparse.Namespace) -> int:
    from peer.edge.follow import follow

    if not os.path.isdir(arguments.dir):
        raise ConfigError(arguments.dir, "no such folder", "name the working directory of the peers")
    follow(arguments.dir, arguments.offsets, arguments.until_done, sys.stdout, arguments.leave_out, arguments.pace)
    return EXIT_OK


def _declare_manifest(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", help="a file or a folder")
    parser.add_argument("--name", default="", help="the payload's name (default: the path's last part)")
    _declare_cut(parser)
    _declare_progress(parser)


def _declare_cut(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--piece-size", type=_piece_size, default=None, metavar="BYTES", help="64KiB or auto (default)")
    parser.add_argument("--block", type=_size, default=0, metavar="BYTES", help="bytes that get a hash (default: auto)")
    parser.add_argument("--rules", type=json.loads, default=None, metavar="JSON", help="what of a tree is carried")


def _declare_progress(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--progress", action="store_true", help="tell the bytes so far on standard error, a line each")


def _counter(arguments: argparse.Namespace) -> Optional[stderr.Counter]:
    """What counts the bytes of each step; with it, walks through files give a sign of life."""
    if not arguments.progress:
        return None
    counter = stderr.Counter()
    pulse.listen(lambda _count: counter.add(0))
    return counter


def _tell(arguments: argparse.Namespace) -> Optional[Callable[[int], None]]:
    """What gets the bytes of each step."""
    counter = _counter(arguments)
    return counter.add if counter else None


def _manifest(arguments: argparse.Namespace) -> int:
    from peer.edge.hashing import hash_scanned, scan_payload

    counter, tell = _counter(arguments), None
    found = scan_payload(arguments.path, arguments.name, _rules(arguments))
    if counter:
        counter.size, tell = found.manifest.size, counter.add
    _print_manifest(hash_scanned(arguments.path, found, arguments.piece_size, tell, arguments.block))
    return EXIT_OK


def _rules(arguments: argparse.Namespace) -> "TreeRules":
    from peer.core.treerules import TreeRules, from_json

    return TreeRules() if arguments.rules is None else from_json(arguments.rules, "--rules")


def _print_manifest(found: "Scanned") -> None:
    from peer.core.manifestjson import to_json

    left = {"files": found.left_files, "bytes": found.left_bytes, "special": found.skipped}
    print(json.dumps({**to_json(found.manifest), "left_out": left, "stamp": found.stamp}))


def _declare_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", type=int, help="the peer's ID in PeerInfo.cfg")
    parser.add_argument("--dir", default=".", help="the working directory (default: the current one)")
    _declare_progress(parser)


def _verify(arguments: argparse.Namespace) -> int:
    from peer.edge.proving import prove

    check = prove(arguments.dir, arguments.id, _tell(arguments))
    answer = {
        "peer": arguments.id,
        "ok": not check.problem,
        "proof": check.proof,
        "sha256": check.sha256,
        "files": check.files,
        "bytes": check.size,
        "extras": check.extras,
        "problem": check.problem,
    }
    print(json.dumps(answer))
    return EXIT_FAILED if check.problem else EXIT_OK


def _declare_sha256(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="the file to hash")


def _sha256(arguments: argparse.Namespace) -> int:
    from peer.edge.files import file_error
    from peer.edge.wholefile import write_note

    try:
        print(write_note(arguments.file))
    except OSError as error:
        raise file_error(error, arguments.file) from None
    return EXIT_OK


def _declare_generate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="the path to write; an existing file is replaced")
    parser.add_argument("size", type=_size, help="in bytes, or with a unit, such as 20MiB")
    parser.add_argument("--seed", default="0", help="any text; each seed gives other bytes (default: 0)")
    parser.add_argument("--name", default="", help="print the manifest of a payload of this name that the file is")
    _declare_cut(parser)
    _declare_progress(parser)


def _generate(arguments: argparse.Namespace) -> int:
    from peer.edge.files import file_error
    from peer.edge.generate import make_payload, write_file

    file, size, seed, tell = arguments.file, arguments.size, arguments.seed, _tell(arguments)
    try:
        if not arguments.name:
            write_file(file, size, seed, tell)
            return EXIT_OK
        about = arguments.name, _rules(arguments), arguments.piece_size
        _print_manifest(make_payload(file, size, seed, tell, *about))
    except OSError as error:
        raise file_error(error, arguments.file) from None
    return EXIT_OK


def _declare_fetch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", help="where it is: https://..., or http://... with --sha256")
    parser.add_argument("file", help="the path to write, where a file is already; what it holds may be a part of it")
    parser.add_argument("--note", required=True, metavar="FILE", help="a file in which to note which version that is")
    parser.add_argument("--sha256", default="", metavar="HASH", help="what it must have")
    parser.add_argument("--known", default="", metavar="TAG", help="fetch nothing while the server has this version")
    _declare_progress(parser)


def _fetch(arguments: argparse.Namespace) -> int:
    from peer.edge.download import Download

    tell = _tell(arguments) or (lambda _: None)
    names = arguments.url, arguments.file, arguments.note, arguments.sha256, arguments.known
    found = Download(*names, tell=tell).run()
    print(json.dumps({"sha256": found.sha256, "validator": found.validator, "new": found.is_new}))
    return EXIT_OK


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e9:
        raise ValueError(text)
    return number


def _peers(text: str) -> Tuple[int, ...]:
    return tuple(int(peer) for peer in text.split(","))


def _kinds(text: str) -> Tuple[str, ...]:
    from peer.core import eventlog

    kinds = tuple(text.split(","))
    if not set(kinds) <= set(eventlog.KINDS):
        raise ValueError(text)
    return kinds


def _size(text: str) -> int:
    from peer.core.sizes import parse_size

    return parse_size(text)


def _piece_size(text: str) -> "int | None":
    size = None if text == "auto" else _size(text)
    if size == 0:
        raise ValueError(text)
    return size


def _offsets(text: str) -> Dict[int, int]:
    fields = json.loads(text)
    if not isinstance(fields, dict) or not all(type(offset) is int and offset >= 0 for offset in fields.values()):
        raise ValueError(text)
    return {int(peer): offset for peer, offset in fields.items()}


_COMMANDS: Dict[str, Tuple[Declare, Run]] = {
    "run": (_declare_run, _run),
    "watch": (_declare_watch, _watch),
    "follow": (_declare_follow, _follow),
    "manifest": (_declare_manifest, _manifest),
    "verify": (_declare_verify, _verify),
    "sha256": (_declare_sha256, _sha256),
    "generate": (_declare_generate, _generate),
    "fetch": (_declare_fetch, _fetch),
}
