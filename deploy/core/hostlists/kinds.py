"""Which reader a list of hosts is for: as it was said (`mpi:FILE`), else by what is in it."""

from __future__ import annotations

import re
from collections.abc import Callable

from deploy.core.hostlists.ansibleini import read_ini
from deploy.core.hostlists.ansiblejson import read_json
from deploy.core.hostlists.ansibleyaml import read_yaml
from deploy.core.hostlists.mpi import read_mpi
from deploy.core.hostlists.plainlist import read_plain
from deploy.core.hostlists.slurm import read_slurm
from deploy.core.hostlists.sshhosts import read_ssh_config
from deploy.core.inventory.listed import Listed

ANSIBLE, SSH_CONFIG, SLURM = "ansible", "ssh_config", "slurm"
Reader = Callable[[str, str], Listed]
KINDS: dict[str, Reader] = {
    "list": read_plain,
    SSH_CONFIG: read_ssh_config,
    SLURM: read_slurm,
    "mpi": read_mpi,
    ANSIBLE: lambda text, source: _ansible(source, text)(text, source),
}
_SIGNS = (  # in the order in which they are looked for
    (ANSIBLE, re.compile(r"^\s*\[[\w.-]+(?::(?:children|vars))?\]\s*(?:[#;].*)?$|\bansible_\w+\s*[=:]", re.M)),
    (ANSIBLE, re.compile(r"^[^\s#;]*\[(?:[0-9]+:[0-9]+|[A-Za-z]:[A-Za-z])(?::[0-9]+)?\]", re.M)),  # web[01:16]
    (SSH_CONFIG, re.compile(r"^\s*(?:Host|Match|Include)(?:\s+|\s*=\s*)\S", re.M | re.I)),
    (SLURM, re.compile(r"^\s*NodeName=", re.M)),
    ("mpi", re.compile(r"\s(?:slots|max[_-]?slots)\s*=", re.M)),
)


def split_kind(word: str) -> tuple[str, str]:
    """`mpi:hosts` -> mpi, hosts; a word without a kind has ""."""
    kind, colon, rest = word.partition(":")
    return (kind, rest) if colon and kind in KINDS else ("", word)


def kind_of(text: str, source: str) -> str:
    """The kind of a list that nobody said."""
    if source.endswith((".yml", ".yaml", ".json")) or text.lstrip("\ufeff \t\r\n").startswith(("{", "---")):
        return ANSIBLE
    return next((kind for kind, sign in _SIGNS if sign.search(text)), "list")


def read_list(text: str, source: str, kind: str = "") -> Listed:
    """The hosts of a list; `kind` is one of KINDS, "" to tell it by the text. Raises InventoryError."""
    read = KINDS[kind or kind_of(text, source)](text, source)
    return read._replace(hosts=tuple(host._replace(source=source) for host in read.hosts))


def _ansible(source: str, text: str) -> Reader:
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        return read_json
    yaml = source.endswith((".yml", ".yaml")) or re.search(r"^(?:---|all\s*:|ungrouped\s*:)\s*$", text, re.M)
    return read_yaml if yaml else read_ini
