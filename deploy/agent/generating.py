"""Makes a seed's test payload through the pushed peer, which hashes it meanwhile: it isn't read for its manifest."""

from __future__ import annotations

import os

from deploy.agent import paths, seedmanifest, verbs
from deploy.agent.context import Context
from deploy.agent.notes import load_note, save_note
from deploy.agent.payload import make_in_place
from peer.core.mark import BYTES
from peer.core.treerules import USUAL
from peer.edge.asbefore import stamp


def generate(request: verbs.Generate, context: Context) -> verbs.Generated:
    """Make the test payload, and note its manifest, unless this very one was made here before."""
    home = paths.deployed_home(context.home)
    path = paths.payload_path(home, request.peer, request.name)
    note = os.path.join(home, f"made_{request.peer}.json")
    if os.path.isfile(path) and load_note(note) == [request.size, request.seed, stamp(path, USUAL)]:
        return verbs.Generated(made=False)
    soon = verbs.Manifest(request.peer, request.name, request.piece_size, rules=request.rules)
    about = [str(request.size), "--seed", str(request.seed), *seedmanifest.options(soon)]
    with paths.recording(home) as record:
        context.meter.begin(f"making {request.name}", request.size, BYTES)
        made = make_in_place(
            record, path, request.aside, lambda new: seedmanifest.run_peer(["generate", new, *about], home, context)
        )
        made.pop(seedmanifest.STAMP, None)  # it was another before the file got its name
        stamped = stamp(path, USUAL)
        save_note(record, note, [request.size, request.seed, stamped])
        seedmanifest.keep(record, home, soon, stamped, made)
    return verbs.Generated(made=True)
