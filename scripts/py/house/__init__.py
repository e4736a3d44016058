"""What looks after this repository, and not after models."""
