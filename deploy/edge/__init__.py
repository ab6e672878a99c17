"""What touches: hosts, processes, files, clocks and the screen."""
