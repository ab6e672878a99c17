"""What touches: sockets, files, threads and the clock, each carrying out what `peer.core` decides."""
