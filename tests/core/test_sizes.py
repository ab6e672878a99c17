"""Sizes as people write them: read exactly, refused in one line, printed so that they can be read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core.counting import count_of, seconds_of
from peer.core.sizes import format_rate, format_size, parse_size
from tests.core.fuzz import fuzz

READ = [
    ("0", 0), ("20971520", 20_971_520), ("512 B", 512), ("1B", 1),
    ("20MiB", 20 << 20), ("20 MiB", 20 << 20), (" 20mib ", 20 << 20), ("20M", 20 << 20), ("64K", 65_536),
    ("0.5K", 512), ("1.5GiB", 3 << 29), ("2T", 2 << 40), ("2TiB", 2 << 40),
    ("1kB", 1000), ("0.1kB", 100), ("1.5 MB", 1_500_000), ("20MB", 20_000_000), ("2gb", 2 * 10**9), ("3PB", 3 * 10**15),
]  # fmt: skip


@pytest.mark.parametrize(("text", "size"), READ)
def test_sizes_are_read_exactly(text: str, size: int) -> None:
    assert parse_size(text) == size


REFUSED = [
    "", " ", "MiB", "-1", "+1", "1,5GiB", "1e6", "0x10", "1 2", "1 Mi B", "1XB", "20MiBs", "nan", "9" * 19, "1.", "1.B",
    ".5", ".5K", "٣",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="20MiB") as caught:
        parse_size(text)
    assert "\n" not in str(caught.value) and repr(text)[1:-1][:20] in str(caught.value)


@pytest.mark.parametrize("text", ["1.5", "1.5B", "0.3K", "0.3KiB", "1.0001kB"])
def test_a_part_of_a_byte_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="whole number of bytes") as caught:
        parse_size(text)
    assert "\n" not in str(caught.value) and text in str(caught.value)


PRINTED = [
    (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (1023 * 2**10, "1023 KiB"),
    (20 << 20, "20 MiB"), (10_000_232, "9.54 MiB"),
    (12_500_000, "11.9 MiB"), (1_048_200, "1 MiB"), (2**20 - 1, "1 MiB"),
    ((1 << 30) - 1, "1 GiB"), (1_567_000_000, "1.46 GiB"), (123 << 40, "123 TiB"), (5 * 2**60, "5120 PiB"),
    (5000 << 50, "5000 PiB"),
]  # fmt: skip


@pytest.mark.parametrize(("size", "text"), PRINTED)
def test_sizes_are_printed_in_at_most_four_digits(size: float, text: str) -> None:
    assert format_size(size) == text
    assert format_rate(size) == text + "/s"


@fuzz
@given(st.one_of(st.integers(0, 1023), st.integers(0, 2**60)))
def test_a_printed_size_is_the_size_to_three_digits(size: int) -> None:
    number, unit = format_size(size).split()
    assert abs(float(number) * parse_size(f"1{unit}") - size) <= 0.006 * size
    assert len(number.replace(".", "")) <= 4


@fuzz
@given(st.one_of(st.integers(0, 1023), st.integers(0, 2**55)))
def test_what_is_printed_can_be_read_and_is_near(size: int) -> None:
    try:
        read = parse_size(format_size(size))
    except ValueError as error:
        assert "whole number" in str(error)  # 1.46 GiB isn't one
    else:
        assert abs(read - size) <= 0.006 * size


@fuzz
@given(st.text(max_size=200))
def test_any_text_is_a_size_or_one_line_of_complaint(text: str) -> None:
    try:
        assert parse_size(text) >= 0
    except ValueError as error:
        assert "\n" not in str(error) and len(str(error)) < 300


def test_numbers_and_times_are_said_as_people_say_them() -> None:
    assert [count_of(number, "host") for number in (0, 1, 2)] == ["0 hosts", "1 host", "2 hosts"]
    assert [seconds_of(seconds) for seconds in (0.0, 0.04, 0.06, 12.34)] == [
        "less than 0.1 s", "less than 0.1 s", "0.1 s", "12.3 s",
    ]  # fmt: skip
