"""Sizes as people write them: read exactly, refused in one line, printed so that they can be read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core.sizes import format_rate, format_size, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("20971520", 20971520),
        ("20MiB", 20 << 20),
        ("20 MiB", 20 << 20),
        (" 20mib ", 20 << 20),
        ("20M", 20 << 20),
        ("20MB", 20_000_000),
        ("64K", 65536),
        ("1.5GiB", 3 << 29),
        ("0.1kB", 100),
        ("1B", 1),
        ("2TiB", 2 << 40),
        ("3PB", 3 * 10**15),
    ],
)
def test_sizes_are_read_exactly(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "MiB", "-1", "+1", "1e6", "1,5GiB", "0x10", "1 2", "20MiBs", "1.B", ".5K", "nan", "٣", "9" * 19]
)
def test_what_is_no_size_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="20MiB"):
        parse_size(text)


@pytest.mark.parametrize("text", ["1.5", "0.3KiB", "1.0001kB"])
def test_a_part_of_a_byte_is_refused(text):
    with pytest.raises(ValueError, match="whole number of bytes"):
        parse_size(text)


@given(st.text(max_size=200))
def test_any_text_is_a_size_or_one_line_of_complaint(text):
    try:
        assert parse_size(text) >= 0
    except ValueError as error:
        assert "\n" not in str(error) and len(str(error)) < 300


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (20 << 20, "20 MiB"),
        (10_000_232, "9.54 MiB"),
        (1_047_552, "1023 KiB"),
        (1_048_200, "1 MiB"),
        ((1 << 30) - 1, "1 GiB"),
        (123 << 40, "123 TiB"),
        (5000 << 50, "5000 PiB"),
    ],
)
def test_sizes_are_printed_in_at_most_four_digits(size, text):
    assert format_size(size) == text


@given(st.integers(0, 1 << 60))
def test_a_printed_size_is_the_size_to_three_digits(size):
    number, unit = format_size(size).split()
    assert float(number) * parse_size(f"1{unit}") == pytest.approx(size, rel=0.006)
    assert len(number.replace(".", "")) <= 4


def test_rates_are_sizes_a_second():
    assert format_rate(12_500_000) == "11.9 MiB/s"
