"""A manifest on its way from an agent to the operator: packed, without what the operator has of an earlier one."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, Iterable, List, Optional, Sequence

from deploy.agent import differing
from deploy.agent.verbs import Hashed
from deploy.agent.wire import CHUNK, Wire
from peer.core.manifestjson import MOST_JSON, as_bytes, as_text
from peer.core.tuples import NamedTuple

PART = "manifest"  # the name of the file that travels in parts
_COLUMNS = ("blocks", "anchors")  # hashes, where every byte counts


class Parted(NamedTuple):
    """A manifest's JSON object as texts of bytes: `columns` as they are, after all the rest."""

    texts: Sequence[bytes]

    @property
    def name(self) -> str:
        """What it is known by, in hex."""
        sha = hashlib.sha256(repr(list(map(len, self.texts))).encode())
        for text in self.texts:
            sha.update(text)
        return sha.hexdigest()

    @property
    def sizes(self) -> List[int]:
        """Bytes of each text."""
        return list(map(len, self.texts))

    @property
    def fields(self) -> Dict[str, Any]:
        """The JSON object. Raises ValueError."""
        fields: Dict[str, Any] = json.loads(self.texts[0])
        return {**fields, **dict(zip(_COLUMNS, map(as_text, self.texts[1:])))}


def parted(fields: Dict[str, Any]) -> Parted:
    """A manifest's JSON object in texts."""
    rest = {name: value for name, value in fields.items() if name not in _COLUMNS}
    return Parted([json.dumps(rest).encode(), *(as_bytes(fields.get(name, "")) for name in _COLUMNS)])


class Packed(NamedTuple):
    """Such a manifest, packed. `older`: the name of the one that it is to be unpacked with, "" for none."""

    data: bytes
    older: str


def pack(new: Parted, olders: Iterable[Optional[Parted]], have: Sequence[str]) -> Packed:
    """Pack it, for one who has those manifests of these names; the first of `olders` that is one of them is used."""
    older = next((one for one in olders if one is not None and have and one.name in have), None)
    texts = older.texts if older else [b""] * len(new.texts)
    packed = [differing.pack(text, before) for text, before in zip(new.texts, texts)]
    heads = b"".join(len(one).to_bytes(4, "big") for one in packed)
    return Packed(heads + b"".join(packed), older.name if older else "")


def send(wire: Wire, new: Parted, packed: Packed) -> Hashed:
    """Send it in parts; what the answer says of it."""
    for begin in range(0, len(packed.data), CHUNK):
        wire.part(PART, packed.data[begin : begin + CHUNK])
    return Hashed(False, tuple(new.sizes), new.name, packed.older)


def unpack(data: bytes, sizes: Sequence[int], older: Optional[Parted]) -> Parted:
    """The manifest that was packed, with texts of these sizes. Raises ValueError where it is damaged."""
    if sum(sizes) > MOST_JSON or len(sizes) != 1 + len(_COLUMNS):
        raise ValueError(f"{sum(sizes)} bytes in {len(sizes)} texts")
    at, texts = 4 * len(sizes), []
    for number, size in enumerate(sizes):
        length = int.from_bytes(data[4 * number : 4 * number + 4], "big")
        texts.append(differing.unpack(data[at : at + length], size, older.texts[number] if older else b""))
        at += length
    return Parted(texts)
