"""The auditor: its rules as tables, on simulated swarms, on damaged logs and on logs of other implementations."""
