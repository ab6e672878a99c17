"""What is said of a copy that isn't there: what became of its peer, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.core.absence import AGAIN, why_absent

STARTS, WAIT = "`fab up` starts it", "wait for it with `fab logs`"
GOES_ON, BRINGS = "`fab up` goes on with what it has", "`fab up` brings it again"


@pytest.mark.parametrize(
    ("alive", "status", "words", "told"),
    [
        (False, None, (), ("its peer was never started", STARTS)),
        (False, None, ("peer 1002: port 1 is taken",), ("its peer was never started: port 1 is taken", STARTS)),
        (True, None, (), ("its peer hasn't told anything yet", WAIT)),
        (True, {}, (), ("still downloading, 3 of 8 pieces so far", WAIT)),
        (False, {}, (), ("killed while downloading, with 3 of 8 pieces", GOES_ON)),
        (False, {}, ("x", "MemoryError"), ("killed while downloading, with 3 of 8 pieces: MemoryError", GOES_ON)),
        (False, {"state": "done", "exit_code": 0}, (), ("it was complete, and is gone since", BRINGS)),
        (False, {"state": "stopped", "exit_code": 130, "reason": "by a signal"}, (), ("stopped: by a signal", AGAIN)),
        (
            False,
            {"state": "incomplete", "exit_code": 3, "reason": "incomplete: 5 of 8 pieces missing"},
            (),
            ("incomplete: 5 of 8 pieces missing", AGAIN),
        ),
    ],
)
def test_what_became_of_the_peer_is_told(
    alive: bool, status: "dict[str, Any] | None", words: "tuple[str, ...]", told: "tuple[str, str]"
) -> None:
    usual = {"state": "downloading", "pieces": 3, "total": 8, "reason": "", "exit_code": None}
    about = {"alive": alive, "status": None if status is None else {**usual, **status}, "stderr": words}
    assert why_absent(about) == told
