"""The agent: what it does on a host, through a link to this machine or called itself."""
