"""What a report costs: python -m rigs.benchmark.timedreport RUN-FOLDER writes it, and prints CPU seconds and bytes."""

from __future__ import annotations

import json
import sys
import tempfile  # noqa: F401 (a run has loaded this and the next two long before its report)
import time
from pathlib import Path

import deploy.core.summary  # noqa: F401
import peer.core.eventlog  # noqa: F401


def main(folder: str) -> None:
    begun, wall = time.process_time(), time.monotonic()
    from deploy.edge.web.runfolder import write_report  # here, because loading it is a part of what it costs

    report = write_report(Path(folder))
    spent = {"cpu": time.process_time() - begun, "seconds": time.monotonic() - wall, "size": report.stat().st_size}
    print(json.dumps(spent))


if __name__ == "__main__":
    main(*sys.argv[1:])
