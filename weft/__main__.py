"""Where the command `weft` begins: finds the two programs `peer` and `deploy`, before anything else is looked up."""

from __future__ import annotations

import sys

from weft import __version__
from weft.location import parts


def main() -> int:
    """Run the command line; its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):  # at other places `deploy` answers it
        print(f"weft {__version__}")
        return 0
    # In front of all: somebody else's `deploy` or `peer`, in the current folder or installed, is never taken for ours.
    sys.path.insert(0, parts())
    from deploy.edge.command.entry import run

    return run(sys.argv[1:], __version__)


if __name__ == "__main__":
    sys.exit(main())
