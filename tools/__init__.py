"""Programs for people, each thin: a test file, a swarm to start by hand, a lab of hosts on one machine."""
