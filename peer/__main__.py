"""Starts the peer program: `python -m peer`."""

from __future__ import annotations

import sys

from peer.edge.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
