#!/usr/bin/env python3
"""Makes real hosts on this one Linux machine to try a deployment on: python tools/lab.py up --hosts 8 --rate 100.

Each host is a set of namespaces with its own address, host name, home, /tmp and sshd, behind a shaped link of its
own. Needs root, iproute2 and openssh-server. Exit codes: 0 done, 1 failed, 2 wrong arguments; `exec` gives its
command's.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from types import FrameType
from typing import Callable, Dict, List, Optional, Tuple

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from netlab import Lab, LabError, down
from netlab.bringup import STOPPERS
from netlab.lab import HostStatus, ZoneStatus
from peer.core.sizes import parse_size
from tools.arguments import INTERRUPTED, USAGE, Parser, count, fail, leave, zones

PROGRAM = "lab"
DIRECTORY = "lab"
HOSTS = 8
NOT_RUNNABLE, NOT_FOUND = 126, 127  # as shells report a command that can't be started

Options = argparse.Namespace


def main(argv: Optional[List[str]] = None) -> int:
    options = parser().parse_args(argv)
    options.lab = getattr(options, "lab", DIRECTORY)
    for number in STOPPERS:
        signal.signal(number, _interrupt)
    try:
        return COMMANDS[options.command](options)
    except LabError as error:
        return fail(PROGRAM, str(error), error.code)
    except OSError as error:
        return fail(PROGRAM, f"{error.filename or options.lab}: {error.strerror or error}")
    except KeyboardInterrupt:
        remains = REMAINS.get(options.command, "nothing was changed")
        return fail(PROGRAM, f"interrupted: {remains}", INTERRUPTED)


def _interrupt(_number: int, _frame: Optional[FrameType]) -> None:
    raise KeyboardInterrupt


def parser() -> Parser:
    common = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--lab", metavar="DIR", help=f"state directory, one a lab (default ./{DIRECTORY})")
    made = Parser(prog=PROGRAM, description="Real hosts on this one machine.", parents=[common])
    commands = made.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)

    def command(name: str, text: str) -> Callable[..., argparse.Action]:
        return commands.add_parser(name, help=text, description=text, parents=[common]).add_argument

    _up_arguments(command("up", "make hosts and write inventory, key and known_hosts"))
    command("status", "show every host")("--json", action="store_true", help="one JSON object")
    add = command("exec", "run a command on a host, as its user")
    add("--root", action="store_true", help="as root")
    add("host", metavar="HOST")
    add("argv", metavar="CMD", nargs=argparse.REMAINDER, help="the command and its arguments")
    for name, text in (("cut", "part a host, or a zone, from the network"), ("heal", "join it again")):
        command(name, text)("host", metavar="NAME")
    add = command("rate", "give the link of a host, or of a zone, another rate, both ways")
    add("host", metavar="NAME")
    add("mbit", metavar="MBIT", type=mbit, help="Mbit/s; 0 takes the limit away")
    command("down", "take the lab down and leave nothing")
    return made


def _up_arguments(add: Callable[..., argparse.Action]) -> None:
    add("--hosts", metavar="N", type=count(1), help=f"how many (default {HOSTS})")
    add("--rate", metavar="MBIT", type=mbit, default=100.0, help="of each link, each way; 0: unshaped (100)")
    add("--maxstartups", metavar="M", default="", help="of sshd (default its own, 10:30:100)")
    add("--subnet", metavar="NET", default="", help="of the hosts (default: a free one of 198.18.0.0/15)")
    parts = add("--zones", metavar="ZxN", type=zones, default=(0, 0))
    parts.help = "Z zones of N hosts, as 2x4: each on a bridge of its own, with one link to the others"
    add("--between", metavar="MBIT", type=mbit, default=0.0, help="of a zone's way out, and of its way in; 0: unshaped")
    late = add("--delay", metavar="MS", type=milliseconds, default=0.0)
    late.help = "that what passes out of a zone or into it is late, so twice that from zone to zone"
    closed = add("--no-inbound", metavar="HOSTS", type=lambda text: text.split(","), default=())
    closed.help = "hosts that accept no connection but SSH's, as behind a firewall: node05,node06"
    only = add("--only-ssh", metavar="HOSTS", type=lambda text: text.split(","), default=())
    only.help = "hosts that make no connection either, so that only SSH reaches them: node05,node06"
    small = add("--small-disk", metavar="HOST=SIZE", type=small_disk, action="append", default=[])
    small.help = "give a host's home a file system of this size, as node02=32MiB; may be repeated"


def mbit(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a rate in Mbit/s") from None


def milliseconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a time in milliseconds") from None


def small_disk(text: str) -> Tuple[str, int]:
    host, equals, size = text.partition("=")
    if not (host and equals):
        raise argparse.ArgumentTypeError(f"'{text}': write HOST=SIZE, as node02=32MiB")
    try:
        return host, parse_size(size)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def up(options: Options) -> int:
    began = time.monotonic()
    number, each = options.zones
    if number and options.hosts is not None:
        raise LabError(f"--zones {number}x{each} says how many hosts there are: leave --hosts out", USAGE)
    lab = Lab.up(
        number * each or options.hosts or HOSTS,
        options.rate,
        options.lab,
        maxstartups=options.maxstartups,
        small_disks=dict(options.small_disk),
        subnet=options.subnet,
        no_inbound=options.no_inbound,
        only_ssh=options.only_ssh,
        zones=number,
        between=options.between,
        delay=options.delay,
    )
    first, *_, last = [*lab.hosts.values()] * 2
    took, hosts = time.monotonic() - began, _hosts(len(lab.hosts))
    parts = (f" in {number} zones", f", {_rate(options.between)} between zones") if number else ("", "")
    late = f" and {options.delay:g} ms each way" if options.delay else ""
    rates = f"{_rate(options.rate)}{parts[1]}{late}"
    print(f"up in {took:.1f} s: {hosts}{parts[0]}, {rates}, {first.address} to {last.address}")
    file = {name: shlex.quote(os.path.join(options.lab, name)) for name in ("ssh_config", "inventory.yaml")}
    print(f"  log in:     ssh -F {file['ssh_config']} {first.name}")
    print(f"  deploy:     fab up --inventory {file['inventory.yaml']}")
    print(f"  take down:  python tools/lab.py down{_which(options.lab)}")
    return 0


def _which(directory: str) -> str:
    """How to name this lab on the command line."""
    return "" if directory == DIRECTORY else f" --lab {shlex.quote(directory)}"


def status(options: Options) -> int:
    lab = Lab.open(options.lab)
    rows = lab.status()
    if options.json:
        facts = {"directory": str(lab.directory), "subnet": lab.plan.subnet, "operator": lab.operator}
        parts = [asdict(zone) for zone in lab.zones()]
        print(json.dumps({**facts, "user": lab.user, "hosts": [asdict(row) for row in rows], "zones": parts}))
    else:
        print(f"{_hosts(len(rows))} on {lab.plan.subnet}; this machine is {lab.operator}; user {lab.user}")
        print(f"{'HOST':<10}{'ADDRESS':<17}{'RATE':<24}{'LINK':<6}{'SSHD':<10}PROCESSES")
        for row in rows:
            print(_row(row))
        for zone in lab.zones():
            print(_zone_row(zone))
    return 0 if all(row.answers or row.cut for row in rows) else 1


def _row(row: HostStatus) -> str:
    link, sshd = ("cut" if row.cut else "up"), ("answers" if row.answers else "silent")
    return f"{row.name:<10}{row.address:<17}{_rate(row.rate):<24}{link:<6}{sshd:<10}{row.processes}"


def _zone_row(zone: ZoneStatus) -> str:
    return f"{zone.name:<10}{_hosts(zone.hosts):<17}{_rate(zone.rate):<24}{'cut' if zone.cut else 'up'}"


def execute(options: Options) -> int:
    lab = Lab.open(options.lab)
    argv = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
    if not argv:
        raise LabError("exec: say which command to run", code=2)
    try:
        return _relayed(lambda: lab.exec(options.host, argv, root=options.root))
    except FileNotFoundError:
        return fail(PROGRAM, f"{options.host}: {argv[0]}: no such command there", NOT_FOUND)
    except PermissionError:
        return fail(PROGRAM, f"{options.host}: {argv[0]}: not executable there", NOT_RUNNABLE)


def _relayed(start: Callable[[], "subprocess.Popen[bytes]"]) -> int:
    """The exit code of a command that gets the signals which we get, from before it is there until its end."""
    received: List[int] = []
    process: Optional["subprocess.Popen[bytes]"] = None

    def relay(number: int, _frame: Optional[FrameType]) -> None:
        received.append(number)
        if process is not None:
            process.send_signal(number)

    for stopper in STOPPERS:
        signal.signal(stopper, relay)
    process = start()
    for number in received:
        process.send_signal(number)
    code = process.wait()
    return code if code >= 0 else 128 - code


def cut(options: Options) -> int:
    Lab.open(options.lab).cut(options.host)
    return _say(f"{options.host} is cut off: 'heal {options.host}' joins it again")


def heal(options: Options) -> int:
    Lab.open(options.lab).heal(options.host)
    return _say(f"{options.host} is on the network again")


def rate(options: Options) -> int:
    Lab.open(options.lab).rate(options.host, options.mbit)
    return _say(f"{options.host}: {_rate(options.mbit)}")


def take_down(options: Options) -> int:
    if down(options.lab):
        return _say(f"the lab in {options.lab} is down")
    return _say(f"no lab in {options.lab}: nothing to take down")


def _say(line: str) -> int:
    print(line)
    return 0


def _hosts(number: int) -> str:
    return "1 host" if number == 1 else f"{number} hosts"


def _rate(rate_mbit: float) -> str:
    return f"{rate_mbit:g} Mbit/s each way" if rate_mbit else "unshaped"


COMMANDS: Dict[str, Callable[[Options], int]] = {
    "up": up,
    "status": status,
    "exec": execute,
    "cut": cut,
    "heal": heal,
    "rate": rate,
    "down": take_down,
}
REMAINS = {"up": "nothing of the lab is left", "down": "run 'down' again"}

if __name__ == "__main__":
    leave(main)
