"""Vignette beside what it replaces: scripts/bench and scripts/bench-raw."""
