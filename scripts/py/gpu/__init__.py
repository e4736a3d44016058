"""Checks and times on an NVIDIA GPU: scripts/bench-gpu."""
