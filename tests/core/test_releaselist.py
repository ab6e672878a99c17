"""The list of releases on a host: its text, what a new one changes, and which go."""

from __future__ import annotations

import pytest

from peer.core.releaselist import (
    Release,
    brought,
    doomed,
    format_releases,
    link_text,
    name_in,
    parse_releases,
    release_folder,
    root_of,
)


def release(name: str, proof: str = "p", key: str = "") -> Release:
    return Release(name, release_folder("/srv/app", name), "model", key or f"key of {name}", 5 if proof else 0, proof)


A, B, C = release("a"), release("b"), release("c")
BEGUN = release("x", proof="")


def test_a_list_is_read_as_it_was_written() -> None:
    kept = (A, B._replace(told=True), BEGUN._replace(payload="名 \udcff"))
    assert parse_releases(format_releases(kept)) == kept


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "{}", '{"format": 2, "releases": []}', '{"format": 1, "releases": [5]}']
)
def test_another_text_is_no_list(text: str) -> None:
    assert parse_releases(text) == ()


def test_folders_links_and_roots_are_names_of_one_another() -> None:
    assert root_of(A.folder) == "/srv/app" and name_in(link_text("a")) == "a"
    assert [name_in(text) for text in ("releases", "a", "/srv/app/releases/a", "releases/", "old/a")] == [None] * 5


def test_a_release_that_is_brought_again_is_the_latest_and_stays_proved() -> None:
    assert brought((A, B), A._replace(size=0, proof="")) == (B, A)
    assert brought((A, B), release("a", proof="", key="other")) == (B, release("a", proof="", key="other"))
    assert brought((A,), BEGUN) == (A, BEGUN)


@pytest.mark.parametrize(
    ("kept", "keep", "spared", "gone"),
    [
        ((A, B, C), 3, "", ""),
        ((A, B, C), 2, "", "a"),
        ((A, B, C), 1, "", "ab"),
        ((A, B, C), 1, "a", "b"),  # after a rollback the current one is the oldest
        ((A, BEGUN, B), 2, "", "x"),  # what never became complete takes no place
        ((A, B, BEGUN), 1, "x", "a"),  # what is under way now
        ((), 1, "", ""),
    ],
)
def test_the_oldest_go(kept: tuple[Release, ...], keep: int, spared: str, gone: str) -> None:
    folders = {one.folder for one in kept if one.name in spared}
    assert "".join(one.name for one in doomed(kept, keep, folders)) == gone
