"""The trainings of the demo models: scripts/train-demo. A model is a file."""
