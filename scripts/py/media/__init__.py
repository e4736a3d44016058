"""Films and camera raw files, written for tests and benchmarks."""
