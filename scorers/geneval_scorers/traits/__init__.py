"""Traits: properties of an output that a blend may weigh, and that say nothing of quality by themselves."""
