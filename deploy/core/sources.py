"""Where the bytes of the copies came from: what lay on the hosts, other hosts, the seeds; of each copy and in sum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from peer.core.counting import count_of
from peer.core.sizes import format_size
from peer.core.status import CHECKING, Status


class Sources(NamedTuple):
    """Bytes of one copy, or of several. `size`: of the payload; `kept`: from older versions, or an earlier start;
    `zero`, `twin`: never sent, as they are zeros or equal to others; `seeds`, `neighbours`: who sent the rest.

    `files_kept`: how many of the payload's `files` were at their places with all their bytes; None: there was no copy.
    """

    size: int
    kept: int
    zero: int
    twin: int
    seeds: int
    neighbours: int
    files: int = 0
    files_kept: int | None = None

    @classmethod
    def of_status(cls, status: Mapping[str, Any]) -> Sources | None:
        """Those of a peer by its status; None where that doesn't tell."""
        if status.get("bytes_kept") is None:
            return None
        seeds = int(status.get("bytes_seed", 0))
        return cls(
            size=int(status["size"]),
            kept=int(status["bytes_kept"]),
            zero=int(status.get("bytes_zero", 0)),
            twin=int(status.get("bytes_twin", 0)),
            seeds=seeds,
            neighbours=max(0, int(status.get("bytes_down", 0)) - seeds),
            files=int(status.get("files", 0)),
            files_kept=status.get("files_kept"),
        )

    @property
    def to_fetch(self) -> int:
        """Bytes that have come from others, or have to."""
        return max(0, self.size - self.kept - self.zero - self.twin)


def summed(sources: Iterable[Sources]) -> Sources | None:
    """All of them together: bytes are added up, and of files the worst host counts. None where there are none."""
    known = list(sources)
    if not known:
        return None
    kept = [one.files_kept for one in known if one.files_kept is not None]
    return Sources(
        size=sum(one.size for one in known),
        kept=sum(one.kept for one in known),
        zero=sum(one.zero for one in known),
        twin=sum(one.twin for one in known),
        seeds=sum(one.seeds for one in known),
        neighbours=sum(one.neighbours for one in known),
        files=max(one.files for one in known),
        files_kept=min(kept, default=None),
    )


def source_lines(sources: Sequence[Sources]) -> tuple[str, ...]:
    """What the hosts had, and where the rest came from, at the end; nothing where all came over the network."""
    total = summed(sources)
    if total is None or not (total.kept or total.zero or total.twin):
        return ()
    parts = [
        (total.kept, "from what the hosts had"),
        (total.zero, "zeros"),
        (total.twin, "equal to other blocks"),
        (total.neighbours, "from other hosts"),
        (total.seeds, "from the seeds"),
    ]
    told = ", ".join(f"{format_size(size)} {words}" for size, words in parts if size)
    return (*_files_line(sources), f"of {format_size(total.size)} in all copies: {told}")


def _files_line(sources: Sequence[Sources]) -> tuple[str, ...]:
    unchanged = unchanged_files(sources)
    return (unchanged,) if unchanged else ()


def unchanged_files(sources: Sequence[Sources]) -> str:
    """`6 of 7 files unchanged`, where older copies were on all hosts; "" where one had none."""
    counts = [one.files_kept for one in sources if one.files_kept is not None]
    if not counts or len(counts) < len(sources):
        return ""
    least, most = min(counts), max(counts)
    number = str(least) if least == most else f"{least} to {most}"
    return f"{number} of {count_of(max(one.files for one in sources), 'file')} unchanged"


def outlook(statuses: Sequence[Status]) -> str | None:
    """`6 of 7 files unchanged, 1.2 MiB of 191 MiB to fetch`, once all of these peers know; None before.

    "" where nothing lay on any host. The most that one of them has to fetch counts.
    """
    if not statuses or any(status.state == CHECKING for status in statuses):
        return None
    sources = [one for one in (Sources.of_status(status._asdict()) for status in statuses) if one is not None]
    if not any(one.kept for one in sources):
        return ""
    fetch = max(one.to_fetch for one in sources)
    most = "at most " if len({one.to_fetch for one in sources}) > 1 else ""
    to_fetch = f"{most}{format_size(fetch)} of {format_size(sources[0].size)} to fetch" if fetch else "nothing to fetch"
    return ", ".join(filter(None, (unchanged_files(sources), to_fetch)))
