"""What runs on the operator's machine: inventory, plan and Fabric tasks that bring a swarm to a fleet of hosts."""
