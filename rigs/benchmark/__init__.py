"""Measures this project's swarm and other tools side by side, on real hosts of one machine.

Start reading at scenarios.py (what is measured), then rounds.py (in which order, and how one run is measured) and
weft.py (one of the tools). What goes out is made by table.py, plot.py, records.py and docs.py.
"""
