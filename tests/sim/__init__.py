"""Seeded swarms of many cores in one process."""
