"""The keys, types and bounds of an inventory, as pydantic models, which also give the JSON Schema.

The modules hosts, groups, peers and swarms derive the meaning of the keys in combination.
"""

from __future__ import annotations

from typing import Annotated, Any, Dict, List, Literal, Optional

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from deploy.core.inventory import names
from deploy.core.inventory.destinations import Destination
from deploy.core.inventory.errors import described
from deploy.core.inventory.excluding import excluding
from deploy.core.inventory.part import Part
from deploy.core.inventory.ratekeys import CapMbits, CapOfHost, RateOfHost
from deploy.core.inventory.thenkeys import ThenKeys
from deploy.core.inventory.urlkeys import UrlKeys
from peer.core.config import MAX_PEER_ID, MAX_PIECE_SIZE
from peer.core.sizes import parse_size

MAX_SIZE = 2**60  # bytes; far above any disk, and within eight bytes

_SIZE = r"[0-9]+(\.[0-9]+)?\s*([KkMmGgTtPp]([Ii]?[Bb])?|[Bb])?"
_SIZE_SCHEMA = {"type": ["integer", "string"], "minimum": 0, "pattern": f"^{_SIZE}$"}
_PIECE_SCHEMA = {
    "type": ["integer", "string"],
    "minimum": 1,
    "pattern": f"^(auto|{_SIZE})$",
    "default": "auto",
}
_TLS_SCHEMA = {"enum": ["auto", True, False], "default": "auto"}
_JUMP_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_NAME_SCHEMA = {"type": "string", "pattern": f"^{names.NAME_PATTERN}$"}


def _bytes(value: Any) -> int:
    """20971520, "20MiB" -> bytes."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(f"{described(value)} is not a size; write bytes or a unit: 20971520, 20MiB or 1.5GiB")
    return parse_size(value) if isinstance(value, str) else value


def _size(value: Any) -> int:
    size = _bytes(value)
    if not 0 <= size <= MAX_SIZE:
        raise ValueError(f"{described(value)} is out of range; write a size from 0 to {MAX_SIZE >> 50} PiB")
    return size


def _piece_size(value: Any) -> int | None:
    if value == "auto":
        return None
    size = _bytes(value)
    if not 1 <= size <= MAX_PIECE_SIZE:
        raise ValueError(f"{described(value)} is out of range; write auto, or a size from 1 byte to below 2 GiB")
    return size


def _auto_or_bool(value: Any) -> Any:
    if value == "auto":
        return None
    if not isinstance(value, bool):
        raise ValueError(f"{described(value)} is none of auto, true and false; write one of them")
    return value


def _jumps(value: Any) -> Any:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise ValueError(f"{described(value)} is not a bastion; write user@bastion:port, or a list of them")
    return value


def _pattern(value: str) -> str:
    excluding(value)
    return value


def _nothing_is_empty(value: Any) -> Any:
    """`alpha:` without a value is a host without keys of its own."""
    return {} if value is None else value


Name = Annotated[str, AfterValidator(names.safe_name), WithJsonSchema(_NAME_SCHEMA)]
NamePattern = Annotated[str, AfterValidator(names.name_pattern)]
Zone = Annotated[str, AfterValidator(names.zone)]
Address = Annotated[str, AfterValidator(names.address_pattern)]
Path = Annotated[str, AfterValidator(names.path)]
User = Annotated[str, AfterValidator(names.user)]
Pattern = Annotated[str, AfterValidator(_pattern)]
PayloadName = Annotated[str, AfterValidator(names.payload_name)]
JumpText = Annotated[str, AfterValidator(names.jump_text)]
Jumps = Annotated[List[JumpText], BeforeValidator(_jumps), WithJsonSchema(_JUMP_SCHEMA)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=1e6)]
Size = Annotated[int, BeforeValidator(_size), WithJsonSchema(_SIZE_SCHEMA)]
PieceSize = Annotated[Optional[int], BeforeValidator(_piece_size), WithJsonSchema(_PIECE_SCHEMA)]
Tls = Annotated[Optional[bool], BeforeValidator(_auto_or_bool), WithJsonSchema(_TLS_SCHEMA)]


_SOURCES = ("generate", "path", "upload", "url")
_OF_TREES = ("links", "special", "times", "setuid", "owner", "xattrs", "exclude")


class PayloadPart(UrlKeys):
    """The payload for every host: exactly one of `generate`, `path`, `upload` and `url`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [key]} for key in _SOURCES]})

    generate: Optional[Size] = Field(default=None, description="Make a test file of this size on every seed: 20MiB")
    path: Optional[Path] = Field(default=None, description="A file or folder on every seed host: /data/model")
    upload: Optional[Path] = Field(default=None, description="A file or folder on the operator's machine: ./build.tar")
    name: Optional[PayloadName] = Field(default=None, description="Its final name; the last part of path or upload")
    seed: Optional[Annotated[int, Field(ge=0, le=2**63 - 1)]] = Field(
        default=None, description="With generate: the same seed and size make the same bytes. Default 0"
    )
    links: Literal["keep", "follow", "keep-all"] = Field(
        default="keep", description="Symbolic links: those inside the tree, what they point to, or all as they are"
    )
    special: Literal["refuse", "skip"] = Field(default="refuse", description="Devices, pipes and sockets in a tree")
    times: bool = Field(default=True, description="Files, folders and links keep their times of change")
    setuid: Literal["drop", "keep"] = Field(default="drop", description="The setuid, setgid and sticky bits")
    owner: Literal["drop", "keep"] = Field(
        default="drop", description="User and group, by name where a host knows it; needs root there"
    )
    xattrs: Literal["drop", "keep"] = Field(default="drop", description="Extended attributes and ACLs")
    exclude: List[Pattern] = Field(
        default=[], description="What stays out of a tree, by the rules of gitignore: ['*.tmp', '/.cache/**']"
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> PayloadPart:
        said = [key for key in _SOURCES if getattr(self, key) is not None]
        if len(said) != 1:
            have = f"has {' and '.join(said)}" if said else "is empty"
            ways = "generate: SIZE, path: /on/the/seed, upload: ./local, url: https://..."
            raise ValueError(f"{have}; write exactly one of {ways}")
        if self.seed is not None and self.generate is None:
            raise ValueError("has a seed, which only a generated file has; remove it")
        key = next((key for key in _OF_TREES if key in self.model_fields_set), "")
        if key and said[0] in ("generate", "url"):
            kind = "generated file" if said[0] == "generate" else "file from a url"
            raise ValueError(f"has {key}, which a {kind} has no use for; remove it")
        return self


class SwarmPart(ThenKeys):
    """The settings that all peers share."""

    name: Name = Field(description="The swarm's name, and the name of its folder on every host")
    payload: PayloadPart
    piece_size: PieceSize = Field(default=None, description="auto, or the size of a piece: 256KiB")
    profile: Literal["fleet", "classic"] = Field(
        default="fleet", description="fleet is fast; classic is the course protocol"
    )
    preferred: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=2, description="classic: number of preferred neighbours"
    )
    unchoking: Seconds = Field(default=5.0, description="classic: seconds between choices of the preferred neighbours")
    optimistic: Seconds = Field(
        default=10.0, description="classic: seconds between choices of the optimistic neighbour"
    )
    patience: Seconds = Field(default=120.0, description="Seconds without any progress before a peer gives up")
    degree: Annotated[int, Field(ge=2, le=1000)] = Field(default=8, description="fleet: most neighbours of a peer")
    uploads: Annotated[int, Field(ge=1, le=1000)] = Field(default=6, description="fleet: pieces sent simultaneously")
    cap: Optional[CapMbits] = Field(default=None, description="Mbit/s that all seeds together may send")
    relay_cap: Optional[CapMbits] = Field(
        default=None, description="Mbit/s that the operator's machine may carry for hosts with relay: true"
    )
    tls: Tls = Field(default=None, description="auto: on in a fleet swarm with hosts reached by SSH")


class HostPart(Part):
    """One host, or several if its name has a range; `defaults` holds the same keys for all hosts."""

    address: Optional[Address] = Field(default=None, description="The address for SSH; the host's name if left out")
    peer_address: Optional[Address] = Field(default=None, description="The address for other peers, if that differs")
    port: Optional[Port] = Field(default=None, description="The port for SSH; ssh_config's, or 22, if left out")
    user: Optional[User] = Field(default=None, description="Login name; ssh_config's, or yours, if left out")
    key: Optional[Path] = Field(default=None, description="Identity file on the operator's machine: ~/.ssh/id_ed25519")
    known_hosts: Optional[Path] = Field(default=None, description="File of known host keys, if not ~/.ssh/known_hosts")
    accept_new: bool = Field(default=False, description="Note an unknown host key instead of refusing it")
    jump: Jumps = Field(default=[], description="user@bastion:port, or a list of them, the first hop first")
    connection: Literal["ssh", "local"] = Field(default="ssh", description="local: this machine, without SSH")
    transport: Literal["paramiko", "openssh"] = Field(
        default="paramiko",
        description="openssh: by this machine's own `ssh`, for host certificates, FIDO keys, PKCS#11 and the like",
    )
    workdir: Optional[Path] = Field(default=None, description="The parent of the swarm's folder. Default ~/.weft")
    destination: Destination = Field(
        default=None, description="The folder for the complete payload, or releases below it: {releases: /srv/app}"
    )
    replace: bool = Field(
        default=False, description="Put aside foreign files with a name that Weft needs, instead of refusing them"
    )
    extras: Literal["keep", "refuse"] = Field(
        default="keep", description="Foreign files in a delivered tree: keep them, or refuse them as an error"
    )
    peer_port: Port = Field(default=6008, description="Port of its first peer; the search for free numbers begins here")
    rate: RateOfHost = Field(
        default=None, description="Mbit/s: one number, or {up: 100, down: 1000}; only for the prediction"
    )
    cap: CapOfHost = Field(
        default=None, description="Mbit/s that its peers may use: one number, or {up: 200, down: 500}"
    )
    relay: bool = Field(
        default=False, description="Only SSH reaches it: the operator's machine carries its peers' connections, slowly"
    )
    zone: Optional[Zone] = Field(default=None, description="Its rack or site: rack-a, or site/rack-a")
    python: Path = Field(default="python3", description="The interpreter on the host")


class ZonePart(Part):
    """What is known of a zone."""

    rate: RateOfHost = Field(
        default=None, description="Mbit/s of its way out and in: one number, or {up: 50, down: 100}; for the prediction"
    )


class PeerPart(Part):
    """One row of PeerInfo.cfg."""

    id: Annotated[int, Field(ge=1, le=MAX_PEER_ID)]
    host: Annotated[str, AfterValidator(names.no_range)] = Field(description="A name of `hosts`")
    port: Optional[Port] = Field(
        default=None, description="The port to listen on; the host's next free one if left out"
    )
    seed: Optional[bool] = Field(default=None, description="It starts with the payload")
    classic: bool = Field(default=False, description="It speaks only the classic protocol; all peers connect with it")
    handshake: Literal["zeros", "ascii"] = Field(
        default="zeros", description="ascii: a classic peer that accepts only ten ASCII zeros and four digits"
    )


class InventoryPart(Part):
    """The complete file."""

    swarm: SwarmPart
    hosts: Annotated[Dict[NamePattern, Annotated[HostPart, BeforeValidator(_nothing_is_empty)]], Field(min_length=1)]
    defaults: HostPart = Field(default_factory=HostPart, description="Keys for every host that doesn't set them itself")
    groups: Dict[Name, List[NamePattern]] = Field(
        default={}, description="Names for several hosts: hosts, ranges, groups"
    )
    zones: Dict[Zone, ZonePart] = Field(default={}, description="What is known of the zones that hosts are in")
    seeds: Optional[List[NamePattern]] = Field(
        default=None, description="Hosts, ranges or groups that start with the payload"
    )
    peers: Optional[List[PeerPart]] = Field(
        default=None, description="The rows of PeerInfo.cfg in order. Default: one per host"
    )
