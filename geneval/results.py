"""What comes out of an evaluation run: facts, frozen; and the run directory they are kept in."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from geneval import __version__
from geneval.copies import CopyRates
from geneval.run_directory import run_directory, writing
from geneval_references import InputError, UsageError
from geneval_scorers import FitState

if TYPE_CHECKING:
    import datasets
    import pandas as pd
    import pyarrow as pa

    from geneval.data import InputFile
    from geneval.evaluation import Settings

SCHEMA = "geneval.score/1"
_PACKAGES = ("numpy", "sacrebleu", "rapidfuzz", "regex", "sentence-transformers", "transformers", "torch")


@dataclass(frozen=True, slots=True)
class Score:
    """The corpus score of one system under one scorer, with its interval and its recipe."""

    system: str
    scorer: str
    score: float | None
    """None where no output could be scored."""
    low: float | None
    high: float | None
    scale: tuple[float | None, float | None]
    direction: Literal["higher", "lower"]
    n: int
    """Outputs scored."""
    n_flagged: int
    """Outputs that are empty; they are scored."""
    n_missing: int
    """Outputs that are not there, or that have no or too few references."""
    n_failed: int
    """Outputs that the scorer could not score."""
    tiers: Mapping[str, int]
    """How many references of each tier there are."""
    k: int | None
    """Expected score at so many references; None: against the whole set."""
    copies: CopyRates
    signature: str

    def to_dict(self) -> dict[str, object]:
        """The row of the printed JSON."""
        row = {name: getattr(self, name) for name in self.__slots__}
        return row | {"scale": list(self.scale), "tiers": dict(self.tiers), "copies": self.copies.to_dict()}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Score:
        """Reads `to_dict` back."""
        rates = {key: value for key, value in row["copies"].items() if key not in ("rate", "reference_rate")}
        return cls(**{**row, "scale": tuple(row["scale"]), "copies": CopyRates(**rates)})


@dataclass(frozen=True, eq=False)
class Result:
    """Everything one run found.

    Attributes:
        scores: one a system, scorer and k.
        bands: the references in the role of a system, where asked for.
        warnings: what a reader of the numbers must know.
        columns: segment scores, long: one row an output, scorer and k.
        fitted: what scorers learned from the references.
        reference_hash: of the references that counted.
        files: the inputs, with their hashes.
        settings: how it was scored.
        notes: what reading the inputs had to say: columns used and left aside, what is missing.
    """

    scores: tuple[Score, ...]
    bands: tuple[Score, ...] = ()
    warnings: tuple[str, ...] = ()
    columns: Mapping[str, list[Any]] = field(default_factory=dict, repr=False)
    fitted: tuple[FitState, ...] = ()
    reference_hash: str = ""
    files: tuple[InputFile, ...] = ()
    settings: Settings | None = None
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Score]:
        """Over the scores."""
        return iter(self.scores)

    @property
    def systems(self) -> tuple[str, ...]:
        """In order of appearance."""
        return tuple(dict.fromkeys(score.system for score in self.scores))

    def score(self, system: str, scorer: str, k: int | None = None) -> Score:
        """The score of one system under one scorer.

        Raises:
            UsageError: there is none.
        """
        for score in self.scores:
            if (score.system, score.scorer, score.k) == (system, scorer, k):
                return score
        have = ", ".join(dict.fromkeys(f"{s.system} / {s.scorer} / k={s.k}" for s in self.scores))
        raise UsageError(f"no score of {system!r} under {scorer!r} at k={k}; there are: {have}")

    def to_dict(self) -> dict[str, object]:
        """What `geneval score --format json` prints."""
        out: dict[str, object] = {"schema": SCHEMA, "scores": [score.to_dict() for score in self.scores]}
        if self.bands:
            out["bands"] = [score.to_dict() for score in self.bands]
        return out | {"warnings": list(self.warnings)}

    def to_json(self) -> str:
        """The same as text: no NaN, sorted as declared."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)

    def to_arrow(self) -> pa.Table:
        """Segment scores: id, system, sample, scorer, k, score, winner, flag, reason."""
        import pyarrow as pa

        return pa.table({name: pa.array(self.columns[name], kind) for name, kind in _schema(pa).items()})

    def to_pandas(self) -> pd.DataFrame:
        """Segment scores as a data frame."""
        return self.to_arrow().to_pandas()

    def to_dataset(self) -> datasets.Dataset:
        """Segment scores as a Hugging Face dataset."""
        import datasets

        return datasets.Dataset(self.to_arrow())

    def save(self, directory: str | Path) -> Path:
        """Writes the run directory: results.json, segments.parquet, fitted/, manifest.json.

        It is built beside its place and moved there when whole.

        Raises:
            UsageError: the directory is there already; nothing is ever overwritten.
        """
        with run_directory(directory) as folder, writing(Path(directory)):
            self.write(folder)
        return Path(directory)

    def write(self, folder: Path) -> None:
        """Writes the files of a run into an empty folder."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        (folder / "results.json").write_text(self.to_json() + "\n", encoding="utf-8")
        pq.write_table(self.to_arrow(), folder / "segments.parquet")
        for state in self.fitted:
            (folder / "fitted").mkdir(exist_ok=True)
            facts = {"geneval": json.dumps({"kind": state.kind, "facts": dict(state.facts)})}
            table = pa.table({name: pa.array(np.asarray(array)) for name, array in state.arrays.items()})
            pq.write_table(
                table.replace_schema_metadata(facts), folder / "fitted" / f"{state.kind}-{state.hash[:12]}.parquet"
            )
        (folder / "manifest.json").write_text(json.dumps(self._manifest(), indent=2) + "\n", encoding="utf-8")

    def _manifest(self) -> dict[str, object]:
        return {
            "schema": "geneval.manifest/1",
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "config": {"scorers": list(dict.fromkeys(s.scorer for s in self.scores))}
            | (asdict(self.settings) if self.settings else {}),
            "inputs": [{"name": f.name, "sha256": f.sha256, "rows": f.rows} for f in self.files],
            "notes": list(self.notes),
            "reference_hash": self.reference_hash,
            "fitted": [{"kind": s.kind, "sha256": s.hash, "facts": dict(s.facts)} for s in self.fitted],
            "versions": {
                "geneval": __version__,
                "python": platform.python_version(),
                "platform": sys.platform,
                **_versions(),
            },
        }

    @classmethod
    def open(cls, directory: str | Path) -> Result:
        """Opens a run directory.

        Raises:
            InputError: it is none, or it was written by another version of the format.
        """
        import pyarrow.parquet as pq

        from geneval.data import InputFile
        from geneval.evaluation import Settings

        folder = Path(directory)
        try:
            found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            table = pq.read_table(folder / "segments.parquet")
            schema = found.get("schema") if isinstance(found, dict) else None
            if schema != SCHEMA:
                raise InputError(f"{folder}: schema {schema!r}; this geneval reads {SCHEMA!r}")
            config = {key: _tupled(value) for key, value in manifest["config"].items() if key != "scorers"}
            return cls(
                scores=tuple(map(Score.from_dict, found["scores"])),
                bands=tuple(map(Score.from_dict, found.get("bands", []))),
                warnings=tuple(found["warnings"]),
                columns=table.to_pydict(),
                fitted=read_fitted(folder) if (folder / "fitted").exists() else (),
                reference_hash=manifest["reference_hash"],
                files=tuple(InputFile(**file) for file in manifest["inputs"]),
                settings=Settings(**config) if config else None,
                notes=tuple(manifest["notes"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{folder} is no run directory of geneval (results.json, segments.parquet, manifest.json): {error!r}"
            ) from error


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


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _schema(pa: Any) -> dict[str, Any]:
    text = pa.string()
    kinds = {"id": text, "system": text, "sample": pa.int64(), "scorer": text, "k": pa.int64(), "score": pa.float64()}
    return kinds | {"winner": pa.int64(), "flag": text, "reason": text}


def _versions() -> dict[str, str]:
    out = {}
    for package in _PACKAGES:
        try:
            out[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return out
