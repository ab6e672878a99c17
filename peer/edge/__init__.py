"""Touches sockets, files, threads and the clock, and carries out what `peer.core` decides."""
