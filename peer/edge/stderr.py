"""What a peer tells its operator on standard error."""

from __future__ import annotations

import sys

from peer.core.errors import format_words


def say(name: str, words: str) -> None:
    """Print one line that `peer.core.errors.parse_words` reads."""
    print(format_words(name, words), file=sys.stderr, flush=True)
