"""The same `peer.core` in simulated time: links with rates, no socket, no thread; one seed gives one run."""
