"""How `fab` runs a chain of our tasks: its command line, its options, its executor."""
