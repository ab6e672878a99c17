"""Programs for people: a lab on one machine, a swarm to start by hand, its audit, a simulation, old inventories."""
