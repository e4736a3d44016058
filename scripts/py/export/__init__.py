"""Makes a model bundle from a Hugging Face snapshot: scripts/export."""
