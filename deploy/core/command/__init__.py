"""The command line of `weft`, as text: its words, its help, and what shells complete."""
