"""What narrow weights cost in exactness: scripts/check-quality."""
