"""What tests of several rooms use: swarm folders, ports, sockets, and waiting for facts."""
