"""Questions about single outputs, made of those about sets of them; kept with these for the next scorer that asks."""

from __future__ import annotations

import numpy as np

from geneval_scorers._queries import Queries, siblings
from geneval_scorers._ragged import Ragged


def each_output(queries: Queries) -> Queries:
    """Every output in a question of its own, against the same references."""
    key = "each output"
    if key not in queries.memo:
        rows = queries.candidates.rows
        queries.memo[key] = _about_outputs(queries, queries.references.take(rows))
    asked: Queries = queries.memo[key]
    return asked


def each_against_the_others(queries: Queries) -> Queries:
    """Every output in a question of its own, with the other outputs of its set for references."""
    key = "each against the others"
    if key not in queries.memo:
        candidates = queries.candidates
        every = np.arange(len(candidates.values), dtype=np.int64)
        queries.memo[key] = _about_outputs(queries, siblings(candidates, candidates.rows, every))
    asked: Queries = queries.memo[key]
    return asked


def each_against_all(queries: Queries) -> Queries:
    """Every output in a question of its own, with all outputs of its set, itself among them, for references."""
    key = "each against all"
    if key not in queries.memo:
        queries.memo[key] = _about_outputs(queries, queries.candidates.take(queries.candidates.rows))
    asked: Queries = queries.memo[key]
    return asked


def _about_outputs(queries: Queries, references: Ragged) -> Queries:
    rows = queries.candidates.rows
    return Queries(queries.item[rows], Ragged.singles(queries.candidates.values), references, queries.subject[rows])
