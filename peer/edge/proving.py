"""Compares a peer's copy with the manifest in its working directory, for `peer verify` and for the agent."""

from __future__ import annotations

import os
from typing import Callable, Collection, Iterator, Optional, Tuple, Union

from peer.core.errors import WeftError
from peer.edge.blockhashes import Tell
from peer.edge.hashing import Check, check_payload
from peer.edge.job import load_job
from peer.edge.verdicts import verdicts_while


def prove(folder: str, peer: int, tell: Optional[Tell] = None) -> Check:
    """What hashing it from its final path shows; `tell`: see `hash_scanned`. Raises ConfigError."""
    job = load_job(folder, peer)
    path = os.path.join(job.payload_folder, job.manifest.name)
    check = check_payload(path, job.manifest, job.extras, tell, job.row.has_file)
    return check._replace(problem=_of_seed(check.problem)) if job.row.has_file else check


def prove_while(
    goes_on: Callable[[], bool], folder: str, peers: Collection[int], tell: Optional[Tell] = None
) -> Iterator[Tuple[int, Union[Check, WeftError]]]:
    """The same, or its error, of several peers by their IDs, in the order in which the cores get done with them.

    Those that are left when nothing `goes_on` any more are given up.
    """

    def judge(peer: int) -> Union[Check, WeftError]:
        try:
            return prove(folder, peer, tell)
        except WeftError as error:
            return error

    return verdicts_while(goes_on, judge, peers)


def _of_seed(problem: str) -> str:
    """A seed's payload was correct by definition when it was hashed: any difference is a later change."""
    return problem and f"the seed's payload was changed after it was hashed: {problem}"
