"""Hosts as other tools list them: the text of such a file -> hosts with the inventory's keys, and groups."""
