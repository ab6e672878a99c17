"""A real browser: pages that tell what went wrong in them, and what they asked for."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

SECONDS = 60.0
_NOTES_ITS_WORDS = r"""
window.said = [];
window.drawn = new Set();
new MutationObserver(() => {
  const words = document.querySelector(".verdict")?.textContent;
  said.push(words);
  if (words?.startsWith("\u25b6")) document.querySelectorAll("h2").forEach((one) => drawn.add(one.textContent));
}).observe(document, {childList: true, subtree: true});
"""
WIDE, NARROW = 1280, 400


@contextlib.contextmanager
def started() -> Iterator[Browser]:
    """Chromium as the system has it. Skips where there is none, unless it must be there."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("WEFT_REQUIRE_BROWSER"):
            pytest.fail("no chromium is here: apt-get install chromium")
        pytest.skip("no chromium is here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])  # root has no sandbox
        yield browser
        browser.close()


class Opened:
    """A page that was opened. `troubles`: errors, warnings of its policy and dialogs; `asked`: all that it loaded."""

    def __init__(self, browser: Browser, address: str | Path, width: int = WIDE, **words: Any) -> None:
        self._context = browser.new_context(viewport={"width": width, "height": 900}, **words)
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(1000 * SECONDS)
        self.troubles: list[str] = []
        self.asked: list[str] = []
        self.page.on(
            "console", lambda line: self.troubles.append(line.text) if line.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.troubles.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.add_init_script(_NOTES_ITS_WORDS)
        if isinstance(address, Path):
            self._context.set_offline(True)
        self.page.goto(address.resolve().as_uri() if isinstance(address, Path) else address)

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.close()

    @property
    def too_wide(self) -> int:
        """Pixels that the page as a whole is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    @property
    def said(self) -> list[str]:
        """The sentences that it showed since it was loaded, in order."""
        return list(self.page.evaluate("said.filter((words, at) => words && words !== said[at - 1])"))

    @property
    def drawn(self) -> set[str]:
        """The headings that it showed since it was loaded, while the run went on."""
        return set(self.page.evaluate("[...drawn]"))

    def texts(self, selector: str) -> list[str]:
        """The texts of all such elements."""
        return self.page.locator(selector).all_text_contents()

    def figure(self, caption: str) -> str:
        """All text of the section with that heading, as somebody reads it."""
        return self.page.locator(f'section:has(h2:text-is("{caption}"))').inner_text()
