"""The option `--web`: the page of the run, live while the tasks run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from deploy.core.failures import failures
from deploy.core.inventory import shown
from deploy.edge.tasks.chain import Chain
from peer.core.errors import EXIT_FAILED, ConfigError, WeftError, system_words


@contextlib.contextmanager
def live_page(chain: Chain, wanted: bool) -> Iterator[None]:
    """While the body runs, serve the page if it is wanted; it ends with the report. Raises ConfigError."""
    if not wanted:
        yield
        return
    from deploy.edge.web.livepage import LivePage

    try:
        page = LivePage(chain.inventory, lambda: chain.run)
    except OSError as error:
        raise ConfigError("--web", system_words(error), "run it without") from None
    chain.screen.note(f"live: {page.address}")
    chain.screen.page = page
    words = "interrupted"
    try:
        yield
    except WeftError as error:
        words = str(error)
        raise
    finally:
        chain.screen.page = None
        report = _report(chain)
        if report:
            page.end(report)
        else:
            page.fail(chain.code or EXIT_FAILED, _failures(chain, words))


def _failures(chain: Chain, words: str) -> list[dict[str, Any]]:
    """What failed, as the verdict would tell it; where no host failed, `words`."""
    found = failures(chain.inventory, chain.outcomes)
    told = [{"error": one.line, "next": chain.screen.typed(one.command)} for one in found]
    return told or [{"error": shown(words), "next": ""}]


def _report(chain: Chain) -> dict[str, Any] | None:
    """The report's data; None where this run came to none."""
    if chain.verdict is None:
        return None
    from deploy.edge.web.runfolder import report_data

    try:
        return report_data(chain.folder, chain.last_traces)
    except (ConfigError, OSError):
        return None
