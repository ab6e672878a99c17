"""An agent that can do nothing but follow: the second one on a host, which loads a third of what the first does."""

from __future__ import annotations

from deploy.agent import follow, verbs
from deploy.agent.main import serve_all


def main() -> None:
    """Serve standard input and output."""
    serve_all({verbs.Follow: follow.follow})
