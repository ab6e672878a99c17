"""A plain list of hosts, one a line: `[USER@]HOST[:PORT]` or `[USER@]HOST:/folder`, with ranges and comments."""

from __future__ import annotations

from deploy.core.hostlists.hostword import read_word
from deploy.core.hostlists.listlines import entries, refuse
from deploy.core.inventory.listed import Listed, ListedHost


def read_plain(text: str, source: str) -> Listed:
    """The hosts of a plain list. Raises InventoryError."""
    found: list[ListedHost] = []
    for number, line in entries(text):
        word = line.partition(" #")[0].strip()
        if len(word.split()) > 1:
            refuse(source, number, f"'{word}' holds several words; write one host a line")
        try:
            read = read_word(word, number)
        except ValueError as error:
            refuse(source, number, str(error))
        folder = {"destination": read.folder} if read.folder else {}
        found += [host._replace(keys={**host.keys, **folder}) for host in read.hosts]
    return Listed(tuple(found))
