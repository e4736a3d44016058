"""What several families are made of. TorchScript compiles it, so it keeps to the Python that TorchScript knows."""
