"""Makes a link of a connection whose handshakes are complete: with TLS or plain, for fleet or classic messages."""

from __future__ import annotations

from peer.core.messages import Decoder
from peer.edge.channel import AnyChannel, Channel
from peer.edge.link import Link, Report
from peer.edge.meeting import Met
from peer.edge.store import Store
from peer.edge.throttle import Budget, Meter


def link_to(met: Met, store: Store, report: Report, budget: Budget) -> Link:
    """The link; it isn't started yet."""
    decoder, mine = Decoder(store.manifest, met.fleet), budget.toward(met.peer)
    return Link(met.peer, _channel(met, store.manifest.piece_size, mine.down), store, decoder, report, mine)


def _channel(met: Met, piece_size: int, meter: Meter) -> AnyChannel:
    """The kind of channel that a new connection needs."""
    channel = Channel(met.sock, piece_size, not met.fleet, meter)
    if not met.session:
        return channel
    from peer.edge.tlschannel import TlsChannel  # brings ssl along, which is slow to load

    return TlsChannel(met.session, channel)
