"""SSH: what ssh_config and known_hosts say, whom to trust, the login, and the way to a host that comes of it."""
