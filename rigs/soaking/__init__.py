"""The parts of `rigs/soak.py`: rounds drawn from a seed, played with real peers, and judged."""
