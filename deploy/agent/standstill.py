"""Works in threads that are given up where nothing goes forward any more: one that waits for a dead disk can't end."""

from __future__ import annotations

import os
import queue
import threading
from typing import Callable, Dict, Sequence, Tuple, TypeVar, Union

from deploy.agent import clocks
from deploy.agent.meter import Meter

T = TypeVar("T")
R = TypeVar("R")
_LOOK_SECONDS = 1.0


def each(work: Callable[[T], R], things: Sequence[T], meter: Meter) -> Dict[T, R]:
    """What `work` gives for each thing, for as many at a time as there are cores, but for those that were given up.

    `meter` tells whether anything goes forward. Raises what `work` raises.
    """
    done: "queue.SimpleQueue[Union[Tuple[T, R], Exception]]" = queue.SimpleQueue()
    left = iter(things)
    row = threading.Lock()

    def work_on() -> None:
        try:
            while True:
                with row:
                    thing = next(left)
                done.put((thing, work(thing)))
        except StopIteration:
            pass
        except Exception as error:  # raised again below
            done.put(error)

    for number in range(min(os.cpu_count() or 1, len(things))):
        threading.Thread(target=work_on, name=f"work-{number}", daemon=True).start()
    found: Dict[T, R] = {}
    while len(found) < len(things) and meter.age < clocks.STANDSTILL:
        try:
            ended = done.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            continue
        if isinstance(ended, Exception):
            raise ended
        found[ended[0]] = ended[1]
    return found
