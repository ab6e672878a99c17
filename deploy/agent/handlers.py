"""All that an agent can be asked, and who answers it."""

from __future__ import annotations

from typing import Any, Dict

from deploy.agent import (
    bundle,
    capping,
    claim,
    clean,
    collect,
    commandrun,
    currentlink,
    facts,
    fetch,
    follow,
    generating,
    payload,
    peers,
    ports,
    relay,
    releasestore,
    seedmanifest,
    standing,
    survey,
    verbs,
)
from deploy.agent.main import Handler, serve_all

HANDLERS: Dict[Any, Handler] = {
    verbs.Facts: facts.facts,
    verbs.State: facts.state,
    verbs.Claim: claim.claim,
    verbs.Receive: bundle.receive,
    verbs.Prepare: payload.prepare,
    verbs.Survey: survey.survey,
    verbs.Look: standing.look,
    verbs.Generate: generating.generate,
    verbs.Fetch: fetch.fetch,
    verbs.Manifest: seedmanifest.manifest,
    verbs.Verify: payload.verify,
    verbs.Warm: peers.warm,
    verbs.Start: peers.start,
    verbs.Stop: peers.stop,
    verbs.Status: peers.status,
    verbs.Cap: capping.cap,
    verbs.Follow: follow.follow,
    verbs.Relay: relay.relay,
    verbs.Collect: collect.collect,
    verbs.Clean: clean.clean,
    verbs.Keep: releasestore.keep,
    verbs.Ready: currentlink.ready,
    verbs.Turn: currentlink.turn,
    verbs.Unready: currentlink.unready,
    verbs.Prune: releasestore.prune,
    verbs.Run: commandrun.run,
    verbs.Settle: commandrun.settle,
    verbs.Listen: ports.listen,
    verbs.Unlisten: ports.unlisten,
    verbs.Dial: ports.dial,
}


def main() -> None:
    """Serve standard input and output."""
    serve_all(HANDLERS)
