"""Drawn scenes with their true captions, and what is made of them: questions, events, demo models and their checks."""
