"""Tests with real peer processes on loopback."""
