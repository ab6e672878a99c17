"""Sizes and rates as people write them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core.sizes import format_rate, format_size, parse_size
from tests.core.fuzz import fuzz


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("20971520", 20_971_520),
        ("512 B", 512),
        ("20MiB", 20 * 2**20),
        ("20 mib", 20 * 2**20),
        (" 64K ", 64 * 1024),
        ("1.5GiB", 3 * 2**29),
        ("2T", 2 * 2**40),
        ("1kB", 1000),
        ("1.5 MB", 1_500_000),
        ("2gb", 2 * 10**9),
        ("0.5K", 512),
    ],
)
def test_reading(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "MiB",
        "-1",
        "+1",
        "1,5GiB",
        "1e6",
        "0x10",
        "1 Mi B",
        "1XB",
        "nan",
        "1.5",
        "1.5B",
        "0.3K",
        "9" * 19,
        "1.",
        ".5",
        "٣",
    ],
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_size(text)
    assert "\n" not in str(caught.value) and repr(text)[1:-1][:20] in str(caught.value)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (20 * 2**20, "20 MiB"),
        (1_567_000_000, "1.46 GiB"),
        (2**20 - 1, "1 MiB"),
        (1023 * 2**10, "1023 KiB"),
        (5 * 2**60, "5120 PiB"),
    ],
)
def test_writing(size: float, text: str) -> None:
    assert format_size(size) == text
    assert format_rate(size) == text + "/s"


@fuzz
@given(st.one_of(st.integers(0, 1023), st.integers(0, 2**55)))
def test_what_is_written_can_be_read_and_is_near(size: int) -> None:
    try:
        read = parse_size(format_size(size))
    except ValueError as error:
        assert "whole number" in str(error)  # 1.46 GiB isn't one
    else:
        assert abs(read - size) <= 0.006 * size


@fuzz
@given(st.text(max_size=20))
def test_any_text_is_a_size_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_size(text) >= 0
