"""What scorers learned, in files: one a state, named by its content."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from geneval_references import InputError
from geneval_scorers import FitState

_ROWS = 100_000
"""So many n-grams are written at a time."""


def write_fitted(state: FitState, folder: Path) -> None:
    """Writes a state into a folder, which is made where it is not there; the file is whole or not there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(exist_ok=True)
    facts = {"geneval": json.dumps({"kind": state.kind, "facts": dict(state.facts)})}
    table = pa.table({name: pa.array(np.asarray(array)) for name, array in state.arrays.items()})
    place = folder / f"{state.kind}-{state.hash[:12]}.parquet"
    half = place.with_suffix(".tmp")
    with half.open("wb") as file:
        pq.write_table(table.replace_schema_metadata(facts), file, row_group_size=_ROWS)
        file.flush()
        os.fsync(file.fileno())
    half.rename(place)
    # The states of large data are large, and Arrow would keep what it took for writing them.
    pa.default_memory_pool().release_unused()


def read_fitted(path: str | Path) -> tuple[FitState, ...]:
    """Reads what scorers learned in an earlier run: a run directory, or one file of its `fitted/` folder.

    Raises:
        InputError: it is no such file, or its content is not what its name says.
    """
    import pyarrow.parquet as pq

    place = Path(path)
    files = [place] if place.is_file() else sorted((place / "fitted").glob("*.parquet"))
    if not place.exists():
        raise InputError(f"{place}: there is no such run directory or file of fitted state")
    if not files:
        raise InputError(f"{place}: no fitted state in there; a run that fits a scorer (cider) keeps it in fitted/")
    states = []
    for file in files:
        try:
            table = pq.read_table(file)
            about = json.loads((table.schema.metadata or {})[b"geneval"])
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{file} is no fitted state that geneval has saved") from error
        arrays = {name: table.column(name).to_numpy() for name in table.column_names}
        state = FitState(about["kind"], about["facts"], arrays)
        if state.hash[:12] not in file.name:
            raise InputError(f"{file}: the content's hash is {state.hash[:12]}, not what the name says; it was changed")
        states.append(state)
    return tuple(states)
