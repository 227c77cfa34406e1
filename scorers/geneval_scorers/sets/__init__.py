"""Scorers of sets: all outputs that a system gave for an item, together."""
