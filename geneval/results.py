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

from geneval import __version__
from geneval.copies import CopyRates
from geneval.fitted import read_fitted, write_fitted
from geneval.run_directory import run_directory, writing
from geneval.segments import Nothing, Segments, Stored, schema, write
from geneval.settings import Settings
from geneval_references import InputError, UsageError
from geneval_scorers import FitState, Role

if TYPE_CHECKING:
    import datasets
    import pandas as pd
    import pyarrow as pa

    from geneval.data import InputFile, Reading

__all__ = ["SCHEMA", "Result", "Score", "now", "read_fitted", "versions"]

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
    """Outputs scored; sets of them where `counts` says so, here and in what follows."""
    n_flagged: int
    """Outputs that are empty; they are scored."""
    n_missing: int
    """Outputs that are not there, or that have no or too few references; sets of too few outputs."""
    n_failed: int
    """Outputs that the scorer could not score."""
    tiers: Mapping[str, int]
    """How many references of each tier there are."""
    k: int | None
    """Expected score at so many references; None: against the whole set."""
    copies: CopyRates
    signature: str
    role: Role = "validity"
    """`validity`; of scores that say nothing of quality by themselves `diversity` or `trait`."""
    counts: Literal["outputs", "sets"] = "outputs"
    """What `n` and its like count: outputs, or the sets of outputs that the system gave for an item."""

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
        segments: segment scores; `columns`, `to_arrow`, `to_pandas` and `to_dataset` show them.
        fitted: what scorers learned from the references.
        reference_hash: of the references that counted.
        files: the inputs, with their hashes.
        settings: how it was scored.
        notes: what reading the inputs had to say: columns used and left aside, what is missing.
        reading: which files were read and how, so that they can be read again.
    """

    scores: tuple[Score, ...]
    bands: tuple[Score, ...] = ()
    warnings: tuple[str, ...] = ()
    segments: Segments = field(default_factory=Nothing, repr=False)
    fitted: tuple[FitState, ...] = ()
    reference_hash: str = ""
    files: tuple[InputFile, ...] = ()
    settings: Settings | None = None
    notes: tuple[str, ...] = ()
    reading: Reading | None = None

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

    @property
    def columns(self) -> dict[str, list[Any]]:
        """Segment scores as lists, long: one row an output, scorer and k. Made anew each time."""
        found: dict[str, list[Any]] = self.to_arrow().to_pydict()
        return found

    def to_arrow(self) -> pa.Table:
        """Segment scores: id, system, sample, scorer, k, score, winner, flag, reason."""
        import pyarrow as pa

        tables = list(self.segments.tables())
        return pa.concat_tables(tables).combine_chunks() if tables else schema().empty_table()

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

    def write(self, folder: Path, *, created: str | None = None) -> None:
        """Writes the files of a run into a folder.

        Args:
            folder: nothing of a run is in there yet.
            created: when the run was begun, where that was not just now.
        """
        (folder / "results.json").write_text(self.to_json() + "\n", encoding="utf-8")
        write(self.segments, folder / "segments.parquet")
        for state in self.fitted:
            write_fitted(state, folder / "fitted")
        (folder / "manifest.json").write_text(
            json.dumps(self._manifest(created or now()), indent=2) + "\n", encoding="utf-8"
        )

    def _manifest(self, created: str) -> dict[str, object]:
        return {
            "schema": "geneval.manifest/1",
            "created": created,
            "config": {"scorers": list(dict.fromkeys(s.scorer for s in self.scores))}
            | (asdict(self.settings) if self.settings else {}),
            "reading": None if self.reading is None else asdict(self.reading),
            "inputs": [{"name": f.name, "sha256": f.sha256, "rows": f.rows} for f in self.files],
            "notes": list(self.notes),
            "reference_hash": self.reference_hash,
            "fitted": [{"kind": s.kind, "sha256": s.hash, "facts": dict(s.facts)} for s in self.fitted],
            "versions": versions(),
        }

    @classmethod
    def open(cls, directory: str | Path) -> Result:
        """Opens a run directory.

        Raises:
            InputError: it is none, or it was written by another version of the format.
        """
        import pyarrow.parquet as pq

        from geneval.data import InputFile, reading_from

        folder = Path(directory)
        try:
            found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            pq.read_metadata(folder / "segments.parquet")
            schema = found.get("schema") if isinstance(found, dict) else None
            if schema != SCHEMA:
                raise InputError(f"{folder}: schema {schema!r}; this geneval reads {SCHEMA!r}")
            config = {key: _tupled(value) for key, value in manifest["config"].items() if key != "scorers"}
            return cls(
                scores=tuple(map(Score.from_dict, found["scores"])),
                bands=tuple(map(Score.from_dict, found.get("bands", []))),
                warnings=tuple(found["warnings"]),
                segments=Stored(folder / "segments.parquet"),
                fitted=read_fitted(folder) if (folder / "fitted").exists() else (),
                reference_hash=manifest["reference_hash"],
                files=tuple(InputFile(**file) for file in manifest["inputs"]),
                settings=Settings(**config) if config else None,
                notes=tuple(manifest["notes"]),
                reading=reading_from(manifest["reading"]) if manifest.get("reading") else None,
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{folder} is no run directory of geneval (results.json, segments.parquet, manifest.json): {error!r}"
            ) from error


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def now() -> str:
    """The time, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Of geneval, Python, the platform and the packages that decide numbers."""
    out = {"geneval": __version__, "python": platform.python_version(), "platform": sys.platform}
    for package in _PACKAGES:
        try:
            out[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return out
