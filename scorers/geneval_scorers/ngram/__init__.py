"""Scorers made of n-grams, edits and common subsequences."""
