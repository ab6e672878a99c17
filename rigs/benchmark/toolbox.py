"""All tools by name, and which of them this machine lacks."""

from __future__ import annotations

from typing import Callable, Dict, List, Sequence, Tuple

from rigs.benchmark.aria2 import Aria2
from rigs.benchmark.copytools import Fanout
from rigs.benchmark.libtorrent_swarm import Libtorrent
from rigs.benchmark.tool import Tool
from rigs.benchmark.weft import Weft
from rigs.swarmdir import Wish

MAKERS: Dict[str, Callable[[Wish], Tool]] = {
    "weft": lambda wish: Weft(wish._replace(tls=False)),
    "weft-tls": lambda wish: Weft(wish._replace(tls=True), "weft-tls"),
    "aria2": lambda _: Aria2(),
    "libtorrent": lambda _: Libtorrent(),
    "rsync": lambda _: Fanout("rsync"),
    "scp": lambda _: Fanout("scp"),
}


def choose(names: Sequence[str], wish: Wish) -> Tuple[List[Tool], Dict[str, str]]:
    """The tools of these names that can be run here; for the others the reason why not."""
    tools = [MAKERS[name](wish) for name in names]
    reasons = {tool.name: tool.missing() for tool in tools}
    return [tool for tool in tools if not reasons[tool.name]], {name: why for name, why in reasons.items() if why}
