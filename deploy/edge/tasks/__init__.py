"""The tasks of `fab`, one file each, and the chain that they share."""
