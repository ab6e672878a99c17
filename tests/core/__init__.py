"""The pure half of the peer, with no socket, file or clock."""
