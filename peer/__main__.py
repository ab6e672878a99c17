"""The door of the peer program: commands, their arguments, and what becomes of errors."""

from __future__ import annotations

import sys

from peer.edge.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
