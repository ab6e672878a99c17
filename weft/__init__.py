"""Weft, as `pip install` brings it: its version, and the command `weft`. Its two programs lie in `weft/parts`."""

__version__ = "0.1.0"
