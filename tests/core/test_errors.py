"""The line in which a peer says something: written and read alike; and the system's words in it."""

from __future__ import annotations

import pytest

from peer.core.errors import format_words, parse_words, peer_name, system_words


@pytest.mark.parametrize("name", ["peer", "peer verify", peer_name(1001)])
@pytest.mark.parametrize(
    "words", ["port 6001: in use; stop the program that uses it", "", "peer 1002: within the words"]
)
def test_what_is_said_is_understood(name: str, words: str) -> None:
    line = format_words(name, words)
    assert line == f"{name}: {words}"
    assert parse_words(line) == words


@pytest.mark.parametrize("line", ["Killed", "peers: none", "Traceback (most recent call last):", "peer 1 2: x"])
def test_what_others_say_is_left_as_it_is(line: str) -> None:
    assert parse_words(line) == line


@pytest.mark.parametrize(
    "error, words",
    [
        (OSError(2, "No such file or directory", "/x"), "no such file or directory"),
        (OSError("It has no number"), "it has no number"),
        (TimeoutError(), "timeouterror"),
    ],
)
def test_the_systems_words(error: OSError, words: str) -> None:
    assert system_words(error) == words
