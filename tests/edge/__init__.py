"""Tests of what touches: files, sockets, threads, and the command line."""
