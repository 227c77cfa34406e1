"""Plants faults in real data, and counts how many of them the reference audit finds, and what it says of clean data.

Usage: python benchmarks/audit_faults.py [--shared ../shared] [--draws 20] [--only NAME] [--json FILE] [--write FILE...]

Data: the development sets that tests/real reads. Faults, each drawn anew:

* shifted: one column (a reference or a system) is moved by 1 to 3 lines, from a random line to the end, or for 60 lines;
* leaks: 5 % of a system's outputs are replaced by a reference of their item; the systems are those of the data, and
  each reference in turn as a system, taken out of the sets;
* mojibake: 5 % of the references, with the typography and accents that such texts have, are read as another encoding;
  Chinese ones as well;
* transposed: 8 items of 60 texts, in place of 60 items of 8;
* shuffled: one column in random order.

Clean: the sets as they are (thumb_mscoco without the items of its known leak), and each reference as a system. Counted is
whether any test alarms, and for marks of damage, how many texts.

`--json` keeps counts; `--write` puts the tables of several such files into docs/audit.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from geneval.data import Output
from geneval.similarity import ScorerSimilarity
from geneval_references import Reference, ReferenceSet, fold
from geneval_references.audit import ALPHA, audit
from geneval_references.audit._alike import Alike
from geneval_references.audit._audit import LEAKS, OTHERS
from geneval_references.audit._encoding import repair
from geneval_references.audit._leaks import leaks
from geneval_references.audit._misplaced import misplaced
from geneval_references.audit._model import Finding
from geneval_references.audit._table import Table

PAGE = Path(__file__).parents[1] / "docs" / "audit.md"
BEGIN, END = "<!-- begin: planted -->", "<!-- end: planted -->"
LEAK_SHARE, SHARE = ALPHA * LEAKS, ALPHA * OTHERS
"""What the tests get of the audit's chance of a false alarm."""
TESTS = {"leak", "shifted", "unrelated", "transposed", "outlier column", "language", "length limit"}
FILES = {
    "asset": "asset/items.jsonl.gz",
    "fense_audiocaps": "fense_audiocaps/items.jsonl",
    "thumb_mscoco": "thumb_mscoco/items.jsonl",
    "wmt21_ted_zhen": "wmt21_ted_zhen/items.jsonl.gz",
}


@dataclass
class Data:
    """Reference sets and outputs."""

    name: str
    sets: list[ReferenceSet]
    outputs: list[Output]

    @property
    def systems(self) -> list[str]:
        """Names, in order of appearance."""
        return list(dict.fromkeys(output.system for output in self.outputs))


def rows(path: Path) -> Iterator[dict[str, object]]:
    """The rows of a file of JSON lines."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    yield from map(json.loads, data.decode("utf-8").split("\n")[:-1])


def load(shared: Path, name: str) -> Data:
    """A set as it is; thumb_mscoco without its leak."""
    if name == "coco_eccv":
        texts: dict[str, list[str]] = {}
        for row in rows(shared / "data" / "coco_eccv" / "captions.jsonl.gz"):
            texts.setdefault(str(row["iid"]), []).append(str(row["text"]))
        return Data(name, [ReferenceSet(i, tuple(map(Reference, found))) for i, found in texts.items()], [])
    sets, outputs = [], []
    for row in rows(shared / "data" / FILES[name]):
        given, id_ = row["references"], str(row["id"])
        named = isinstance(given, dict)
        refs = (
            tuple(Reference(t, origin=f"human:{n}") for n, t in given.items())
            if named
            else tuple(map(Reference, given))
        )
        sets.append(ReferenceSet(id_, refs, None if row.get("source") is None else str(row["source"])))
        outputs += [Output(id_, system, text) for system, text in dict(row.get("outputs", {})).items()]
    if name == "thumb_mscoco":
        own = {item.id: {fold(r.text) for r in item.references} for item in sets}
        leaked = {o.id for o in outputs if o.system == "Human" and fold(o.text) in own[o.id]}
        sets = [item for item in sets if item.id not in leaked]
        outputs = [output for output in outputs if output.id not in leaked]
    return Data(name, sets, outputs)


def rotated(data: Data, place: int) -> Data:
    """One reference of each item in the role of a system."""
    held = [Output(i.id, "held out", i.references[place].text) for i in data.sets if len(i.references) > place]
    sets = [
        replace(item, references=tuple(r for n, r in enumerate(item.references) if n != place)) for item in data.sets
    ]
    return Data(f"{data.name}, reference {place + 1} as a system", sets, held)


def alike(data: Data) -> tuple[Table, Alike]:
    """What the checks take."""
    table = Table(data.sets, data.outputs)
    return table, Alike(table, ScorerSimilarity("token_f1"), 12345)


def plant_shift(data: Data, rng: np.random.Generator, *, whole: bool) -> tuple[Data, str, set[str]]:
    """One column moved; what it is called, and the ids it was moved in."""
    n, shift = len(data.sets), int(rng.choice([-3, -2, -1, 1, 2, 3]))
    start = int(rng.integers(0, n - 100 if whole else n - 60))
    stop = n if whole else start + 60
    # The text of `shift` lines later or earlier; at the end of the file lines repeat.
    source = np.arange(n)
    source[start:stop] = np.clip(source[start:stop] + shift, 0, n - 1)
    touched = {data.sets[i].id for i in range(start, stop) if source[i] != i}
    places = min(len(item.references) for item in data.sets)
    column = int(rng.integers(0, places + len(data.systems)))
    if column < places:
        texts = [item.references[column].text for item in data.sets]
        sets = [_with(item, column, texts[source[i]]) for i, item in enumerate(data.sets)]
        first = data.sets[0].references[column].origin
        label = f"reference {first.removeprefix('human:')!r}" if ":" in first else f"reference {column + 1}"
        return replace(data, sets=sets), label, touched
    system = data.systems[column - places]
    by_id = {output.id: output.text for output in data.outputs if output.system == system}
    ids = [item.id for item in data.sets]
    moved = {id_: by_id.get(ids[source[i]], by_id.get(id_, "")) for i, id_ in enumerate(ids)}
    outputs = [replace(o, text=moved[o.id]) if o.system == system else o for o in data.outputs]
    return replace(data, outputs=outputs), system, touched


def _with(item: ReferenceSet, place: int, text: str) -> ReferenceSet:
    kept = list(item.references)
    kept[place] = replace(kept[place], text=text)
    return replace(item, references=tuple(kept))


def shifts(data: Data, rng: np.random.Generator, *, whole: bool) -> bool:
    """Whether a planted shift is found: its column, four of five of its rows, and hardly any others."""
    planted, label, touched = plant_shift(data, rng, whole=whole)
    found = [f for f in misplaced(*alike(planted), SHARE) if isinstance(f, Finding) and f.kind == "shifted"]
    mine = {row.id for f in found if label in {f.subject, *_doubted(f)} for row in f.rows}
    return len(mine & touched) > 0.8 * len(touched) and len(mine - touched) < 0.2 * len(touched) + 10


def _doubted(finding: Finding) -> list[str]:
    """The other column, where two cannot tell which one has moved."""
    _, doubt, rest = finding.message.partition("(or it is ")
    return rest.split(", the other way")[0].split(" or ") if doubt else []


def shuffles(data: Data, rng: np.random.Generator) -> bool:
    """Whether a column in random order is found."""
    places = min(len(item.references) for item in data.sets)
    place = int(rng.integers(0, places))
    order = rng.permutation(len(data.sets))
    texts = [item.references[place].text for item in data.sets]
    sets = [_with(item, place, texts[order[i]]) for i, item in enumerate(data.sets)]
    found = audit(sets, data.outputs, similarity=ScorerSimilarity("token_f1"))
    kinds = {finding.kind for finding in found.findings}
    return bool(kinds & {"unrelated", "outlier column"})


def leak(data: Data, system: str, rng: np.random.Generator) -> bool:
    """Whether planted copies are found."""
    own = {item.id: [r.text for r in item.references] for item in data.sets}
    places = [n for n, o in enumerate(data.outputs) if o.system == system and own[o.id]]
    chosen = set(rng.choice(places, round(0.05 * len(places)), replace=False).tolist())
    outputs = [replace(o, text=str(rng.choice(own[o.id]))) if n in chosen else o for n, o in enumerate(data.outputs)]
    found = leaks(Table(data.sets, outputs), LEAK_SHARE)
    return any(isinstance(f, Finding) and f.subject == system for f in found)


def typographic(text: str, rng: np.random.Generator) -> str:
    """The text with what English typography and names have beyond ASCII."""
    marks = [
        ("'", "\u2019"),
        ("e", "\u00e9"),
        ("a", "\u00e0"),
        ("o", "\u00f6"),
        ("u", "\u00fc"),
        (" ", " \u2013 "),
        ("n", "\u00f1"),
    ]
    plain, mark = marks[int(rng.integers(len(marks)))]
    return text.replace(plain, mark, 1) if plain in text else f"\u201c{text}\u201d"


def damages(texts: Sequence[str], rng: np.random.Generator, codecs: Sequence[str]) -> tuple[int, int, int, int]:
    """(found, damaged, false alarms, whole): 5 % of the texts are damaged."""
    chosen = set(rng.choice(len(texts), round(0.05 * len(texts)), replace=False).tolist())
    found = damaged = alarms = 0
    for n, text in enumerate(texts):
        if n in chosen:
            codec = codecs[int(rng.integers(len(codecs)))]
            try:
                bad = text.encode("utf-8").decode(codec)
            except UnicodeDecodeError:
                bad = text.encode("utf-8").decode("latin-1")
            damaged += bad != text
            found += bad != text and repair(bad) is not None
        else:
            alarms += repair(text) is not None
    return found, damaged, alarms, len(texts) - len(chosen)


def transposes(data: Data, rng: np.random.Generator, places: int = 8) -> bool:
    """Places become items: 60 of the items with their texts (references, then outputs) turned round."""
    by_id: dict[str, list[str]] = {item.id: [r.text for r in item.references] for item in data.sets}
    for output in data.outputs:
        by_id[output.id].append(output.text)
    whole = [found for found in by_id.values() if len(found) >= places]
    if len(whole) < 60:
        return False
    chosen = [whole[i][:places] for i in rng.choice(len(whole), 60, replace=False)]
    sets = [ReferenceSet(str(n), tuple(map(Reference, column))) for n, column in enumerate(zip(*chosen, strict=True))]
    table = Table(sets)
    found = misplaced(table, Alike(table, ScorerSimilarity("token_f1"), 12345), SHARE)
    return any(isinstance(f, Finding) and f.kind == "transposed" for f in found)


def clean(data: Data) -> Counter[str]:
    """Texts (or columns) that each kind of finding names."""
    found = audit(data.sets, data.outputs, similarity=ScorerSimilarity("token_f1"))
    return Counter({finding.kind: 1 if finding.kind in TESTS else finding.count for finding in found.findings})


def measure(data: Data, draws: int) -> dict[str, list[int]]:
    """Counts by `fault | data`: [found, planted]; `clean | data` has what was said of clean data."""
    return _orders(data, draws) | _leaks(data, draws) | _damage(data) | _alarms(data)


def _count(fault: str, name: str, once: Callable[[np.random.Generator], bool], times: int) -> dict[str, list[int]]:
    rng = np.random.default_rng(1)
    found = [sum(once(rng) for _ in range(times)), times]
    print(fault, name, found, flush=True)
    return {f"{fault} | {name}": found}


def _orders(data: Data, draws: int) -> dict[str, list[int]]:
    out = _count("shifted to the end", data.name, lambda rng: shifts(data, rng, whole=True), draws)
    out |= _count("shifted for 60 lines", data.name, lambda rng: shifts(data, rng, whole=False), draws)
    out |= _count("shuffled", data.name, lambda rng: shuffles(data, rng), max(draws // 4, 3))
    if len(data.sets[0].references) + len(data.systems) >= 8:
        out |= _count("transposed", data.name, lambda rng: transposes(data, rng), draws)
    return out


def _held_out(data: Data) -> list[Data]:
    places = min(len(item.references) for item in data.sets)
    return [rotated(data, place) for place in range(places if places > 2 else 0)]


def _leaks(data: Data, draws: int) -> dict[str, list[int]]:
    out: dict[str, list[int]] = {}
    for one in [data, *_held_out(data)]:
        for system in one.systems:
            out |= _count("leaks, 5 %", f"{one.name}: {system}", partial(leak, one, system), draws)
    return out


def _damage(data: Data) -> dict[str, list[int]]:
    rng = np.random.default_rng(2)
    texts = [typographic(r.text, rng) for item in data.sets for r in item.references]
    kinds = {data.name: (texts, ("latin-1", "cp1252", "mac_roman", "cp1250", "cp437"))}
    if data.name == "wmt21_ted_zhen":
        kinds[f"{data.name}: Chinese"] = (
            [item.source or "" for item in data.sets],
            ("latin-1", "cp1252", "gbk", "cp1251"),
        )
    out = {}
    for name, (whole, codecs) in kinds.items():
        found, damaged, alarms, untouched = damages(whole, rng, codecs)
        out[f"mojibake | {name}"], out[f"*whole texts: alarms* | {name}"] = [found, damaged], [alarms, untouched]
    return out


def _alarms(data: Data) -> dict[str, list[int]]:
    out: dict[str, list[int]] = {}
    for one in [data, *_held_out(data)]:
        for kind, number in clean(one).items():
            out.setdefault(f"clean: {kind} | {data.name}", []).append(number)
        out.setdefault(f"clean | {data.name}", []).append(1)
    return out


def tables(counts: dict[str, list[int]]) -> str:
    """Found of planted by fault and data set, and alarms on clean data."""
    names = list(dict.fromkeys(key.split(" | ")[1].split(":")[0].split(",")[0] for key in counts))
    faults = list(dict.fromkeys(k.split(" | ")[0] for k in counts if not k.startswith("clean")))
    lines = [f"| planted | {' | '.join(names)} |", "| --- |" + " ---: |" * len(names)]
    for fault in faults:
        cells = []
        for name in names:
            mine = [v for k, v in counts.items() if k.split(" | ")[0] == fault and k.split(" | ")[1].startswith(name)]
            cells.append(f"{sum(v[0] for v in mine)} of {sum(v[1] for v in mine)}" if mine else "-")
        lines.append(f"| {fault} | {' | '.join(cells)} |")
    tested = []
    for name in names:
        audits = len(counts.get(f"clean | {name}", []))
        alarms = sum(sum(counts.get(f"clean: {kind} | {name}", [])) for kind in TESTS)
        tested.append(f"{alarms} in {audits}" if audits else "-")
    lines.append(f"| *nothing: alarms of tests, in audits* | {' | '.join(tested)} |")
    return "\n".join(lines)


def main() -> None:
    """Measures, or writes what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("GENEVAL_SHARED", "../shared")))
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--only")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path, nargs="*")
    given = parser.parse_args()
    counts: dict[str, list[int]] = {}
    if given.write is not None:
        for path in given.write:
            counts |= json.loads(path.read_text("utf-8"))
        before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{tables(counts)}\n{END}{rest.partition(END)[2]}", "utf-8")
        return
    for name in [given.only] if given.only else [*FILES, "coco_eccv"]:
        data = load(given.shared, name)
        counts |= measure(replace(data, sets=data.sets[:1000]), given.draws)
    print(tables(counts))
    print(json.dumps({key: value for key, value in counts.items() if key.startswith("clean")}, indent=1))
    if given.json:
        given.json.write_text(json.dumps(counts, indent=1), "utf-8")


if __name__ == "__main__":
    main()
