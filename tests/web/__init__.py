"""The page of a run: in a browser, live from its server, and runs that never were to draw."""
