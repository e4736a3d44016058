"""Vignette beside transformers, answer by answer: scripts/check-parity."""
