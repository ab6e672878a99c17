"""The parts of `rigs/soak.py`: rounds drawn from a seed, run with real peers, and judged."""
