"""Programs for people: a lab of hosts on one machine, a swarm to start by hand, imported inventories, a simulation."""
