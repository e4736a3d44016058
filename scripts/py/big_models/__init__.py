"""Random models of real sizes, to be timed."""
