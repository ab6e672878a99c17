"""Tells Weft's own files from foreign ones, and changes only its own: records, temporary names, atomic renames."""
