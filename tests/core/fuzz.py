"""How property tests run here: the same examples each time, and more of them where somebody asks.

FUZZ_EXAMPLES=100000 makes each property test try so many fresh examples instead.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_WISH = int(os.environ.get("FUZZ_EXAMPLES", "0"))

fuzz = settings(
    max_examples=_WISH or 150,
    derandomize=not _WISH,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
