"""What `deploy` pushes to the hosts: code, configuration, keys, and a payload that is uploaded."""
