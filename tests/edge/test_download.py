"""A payload that comes from a web server: cut, stalled, changed or redirected, it is right in the end or not there."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest

from peer.core.errors import StoreError
from peer.edge.download import Download, Fetched, Pace
from tests.edge.webserver import (
    BUSY,
    CUT,
    MISSING,
    NO_RANGE,
    REDIRECT,
    RIGHT,
    STALL,
    Web,
    own_certificate,
    serving,
)

DATA = random.Random(1).randbytes(1_000_000)
QUICK = Pace(stall=0.3, patience=1.2, pause=0.01)


@pytest.fixture
def web() -> Iterator[Web]:
    with serving(DATA) as found:
        yield found


@pytest.fixture
def fetch(tmp_path: Path) -> Callable[..., Fetched]:
    goal, note = tmp_path / "goal", tmp_path / "note"
    goal.touch()
    note.touch()

    def run(url: str, *words: str, **more: Any) -> Fetched:
        return Download(url, str(goal), str(note), *words, pace=QUICK, **more).run()

    return run


@pytest.mark.parametrize(
    ("script", "requests"),
    [
        ([RIGHT], 1),
        ([CUT, RIGHT], 2),
        ([CUT, CUT, STALL, RIGHT], 4),
        ([BUSY, CUT, RIGHT], 3),
        ([CUT, NO_RANGE], 2),  # a server that ignores Range gives all of it
    ],
)
def test_what_is_cut_or_stalls_goes_on_where_it_was(
    web: Web, fetch: Callable[..., Fetched], tmp_path: Path, script: List[str], requests: int
) -> None:
    web.script = list(script)
    told: List[int] = []
    found = fetch(web.url, web.sha256, tell=told.append)
    assert (tmp_path / "goal").read_bytes() == DATA and found == Fetched(web.sha256, '"v1"')
    assert len(web.asked) == requests
    resumed = [asked for asked, condition in web.asked if condition == '"v1"']
    assert len(resumed) == script.count(CUT) + script.count(STALL)
    assert sum(told) == len(DATA) + (len(DATA) // 2 if script[-1] == NO_RANGE else 0)


def test_a_later_start_goes_on_and_one_of_a_complete_file_fetches_nothing(
    web: Web, fetch: Callable[..., Fetched], tmp_path: Path
) -> None:
    web.script = [CUT, MISSING]
    with pytest.raises(StoreError, match="the server says 404"):
        fetch(web.url, web.sha256)
    assert (tmp_path / "goal").stat().st_size == len(DATA) // 2
    assert fetch(web.url, web.sha256).sha256 == web.sha256
    assert fetch(web.url, web.sha256).sha256 == web.sha256
    assert [asked for asked, _ in web.asked[2:]] == [f"bytes={len(DATA) // 2}-", f"bytes={len(DATA)}-"]


@pytest.mark.parametrize("tag", ['"v2"', "", 'W/"weak"'])
def test_a_file_that_changes_on_the_server_meanwhile_isnt_mixed(
    web: Web, fetch: Callable[..., Fetched], tmp_path: Path, tag: str
) -> None:
    web.script = [CUT, MISSING]
    if tag != '"v2"':
        web.tag = tag
    with pytest.raises(StoreError):
        fetch(web.url, hash_of(web, other := DATA[::-1]))
    web.data, web.tag = other, tag
    assert fetch(web.url, web.sha256).sha256 == web.sha256
    assert (tmp_path / "goal").read_bytes() == other


def hash_of(web: Web, data: bytes) -> str:
    """The SHA-256 of what the server will have."""
    before, web.data = web.data, data
    found, web.data = web.sha256, before
    return found


def test_a_wrong_hash_names_both_and_leaves_nothing(web: Web, fetch: Callable[..., Fetched], tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        fetch(web.url, "0" * 64)
    assert web.sha256 in str(error.value) and "0" * 64 in str(error.value)
    assert (tmp_path / "goal").stat().st_size == 0


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ([MISSING], "the server says 404"),
        ([STALL] * 99, "no byte came for 0 s, and nothing came for"),
        ([BUSY] * 999, "the server says 503"),
        ([REDIRECT], "it redirects to http://elsewhere/model.bin, which isn't https"),
    ],
)
def test_a_server_that_gives_nothing_is_one_line(
    web: Web, fetch: Callable[..., Fetched], script: List[str], words: str
) -> None:
    web.script, web.to = list(script), "http://elsewhere/model.bin"
    web.data = b"" if script[0] == STALL else DATA
    if script[0] == STALL:
        web.data = b"x"  # of which half is nothing
    with pytest.raises(StoreError, match=words):
        fetch(web.url, web.sha256)


def test_a_version_that_is_known_isnt_fetched_again(web: Web, fetch: Callable[..., Fetched]) -> None:
    assert fetch(web.url, "", '"v1"') == Fetched("", '"v1"', is_new=False)
    assert fetch(web.url, "", '"v0"').sha256 == web.sha256


def test_a_certificate_must_be_trusted_and_a_redirect_to_https_is_followed(
    web: Web, fetch: Callable[..., Fetched], tmp_path: Path
) -> None:
    server, client = own_certificate(tmp_path)
    with serving(DATA, server) as safe:
        with pytest.raises(StoreError, match="its certificate isn't trusted"):
            fetch(safe.url)
        assert fetch(safe.url, context=client).sha256 == safe.sha256
        (tmp_path / "goal").write_bytes(b"")
        web.script, web.to = [REDIRECT], safe.url
        assert fetch(web.url, web.sha256, context=client).sha256 == web.sha256


def test_nobody_there(fetch: Callable[..., Fetched]) -> None:
    with pytest.raises(StoreError, match="connection refused, and nothing came for"):
        fetch("http://127.0.0.1:1/model.bin", "0" * 64)
