"""What runs on a host while a task lasts: fed over standard input, standard library only, Python 3.9."""
