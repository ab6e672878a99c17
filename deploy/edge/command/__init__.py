"""The command `weft`: its command line, which runs the tasks of `fab` by the same executor."""
