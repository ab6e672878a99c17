"""What an agent says is read as it was said, however it is cut on its way, and what follows it is left as it is."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.agent import lines, packedtalk, verbs
from deploy.agent.packedtalk import Packer, Unpacker
from deploy.agent.wire import Wire

STATUS = (
    b'{"peer":1001,"change":{"rate_up":501.2,"neighbours":[{"peer":1003,"pieces":21},{"peer":1004,"pieces":15}]}}\n'
)


def said(sink: io.BytesIO) -> bytes:
    return Unpacker().unpack(sink.getvalue())


@given(st.lists(st.binary(max_size=200)), st.binary(max_size=50), st.integers(1, 64))
def test_it_is_read_as_it_was_said(words: list[bytes], after: bytes, step: int) -> None:
    packer, reader = Packer(), Unpacker()
    sent = b"".join(packer.pack(word) + packer.flush() for word in words) + packer.end() + after
    cut = [sent[begin : begin + step] for begin in range(0, len(sent), step)]
    assert b"".join(map(reader.unpack, cut)) == b"".join(words) + after


def test_what_was_flushed_can_be_read() -> None:
    packer, reader = Packer(), Unpacker()
    for word in (STATUS, b"\n", b"", STATUS):
        assert reader.unpack(packer.pack(word) + packer.flush()) == word


def test_what_is_like_what_was_said_before_takes_little() -> None:
    packer = Packer()
    packer.pack(STATUS)
    packer.flush()
    assert len(packer.pack(STATUS.replace(b"501.2", b"498.7")) + packer.flush()) < len(STATUS) // 4


@pytest.mark.parametrize("data", [b"Welcome!\n", b"\xff" * 20])
def test_other_words_are_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="not packed as an agent's words are"):
        Unpacker().unpack(data)


def test_too_much_at_once_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packedtalk, "MOST", 1000)
    packer = Packer()
    with pytest.raises(ValueError, match="too much"):
        Unpacker().unpack(packer.pack(b"0" * 100_000) + packer.flush())


def test_a_line_that_is_handed_over_is_bare_from_then_on() -> None:
    sink = io.BytesIO()
    wire = Wire(io.BytesIO(), sink)
    wire.answer(verbs.Done())
    wire.hand_over()
    sink.write(b"frames")
    assert said(sink) == lines.write(lines.Answer({})) + b"frames"
