"""Specs of scorers, blends among them, whose recipes lie in files."""

from __future__ import annotations

from geneval.blend_files import find_recipe
from geneval_scorers import parse
from geneval_scorers.preference.blend import read_with

__all__ = ["parse"]

read_with(find_recipe)
