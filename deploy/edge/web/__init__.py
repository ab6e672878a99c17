"""The page of a run: its parts, the run's folder that it is made of, and the server that shows it meanwhile."""
