"""Decides which pieces to request, which neighbours to serve, and when to leave; touches no socket, file or clock."""
