"""Compares a peer's copy with the manifest in its working directory, for `peer verify` and for the agent."""

from __future__ import annotations

import os
from typing import Optional

from peer.edge.blockhashes import Tell
from peer.edge.hashing import Check, check_payload
from peer.edge.job import load_job


def prove(folder: str, peer: int, tell: Optional[Tell] = None) -> Check:
    """What hashing it from its final path shows; `tell`: see `hash_scanned`. Raises ConfigError."""
    job = load_job(folder, peer)
    path = os.path.join(job.payload_folder, job.manifest.name)
    check = check_payload(path, job.manifest, job.extras, tell, job.row.has_file)
    return check._replace(problem=_of_seed(check.problem)) if job.row.has_file else check


def _of_seed(problem: str) -> str:
    """A seed's payload was correct by definition when it was hashed: any difference is a later change."""
    return problem and f"the seed's payload was changed after it was hashed: {problem}"
