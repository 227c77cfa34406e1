"""Texts that people have judged, in the forms in which such judgements are published."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from geneval.data import InputFile, Judgement, read_judgements
from geneval.data._bytes import suffix
from geneval.data._label_studio import read_tasks
from geneval.data._problems import Problems, listed, shown
from geneval.data._sources import open_sources
from geneval.data._whole import read_json
from geneval_references import Fact, InputError, fold
from geneval_references.expanders import Candidate

_NUMBER = re.compile(r"\d+(?=\D*\Z)")
_GRADES = ("grade", "score", "similarity", "value", "agg_score")
_ECCV = "ECCV Caption (Chun et al. 2022): best five of five models, judged by crowd workers (yes or partly), and CxC"
_CXC = "Crisscrossed Captions (Parekh et al. 2021): similarity of caption and image, 0 to 5, the mean of its raters"


class JudgedFile:
    """What a file of judgements says, by item.

    Attributes:
        hash: of the files.
        notes: what there is to tell about them.

    Raises:
        InputError: the file is not what its format says.
    """

    def __init__(self, path: str, form: str, captions: str, threshold: float | None) -> None:
        self.notes: list[str] = []
        self._by_item: dict[str, list[Candidate]] = {}
        files: list[InputFile] = []
        for id_, candidate in self._read(path, form, captions, threshold, files):
            self._by_item.setdefault(id_, []).append(candidate)
        self.name = files[0].name
        self.hash = hashlib.sha256("".join(f.sha256 for f in files).encode()).hexdigest()

    def of(self, ids: Sequence[str]) -> list[list[Candidate]]:
        """For each item its texts, in the order of the file."""
        return [self._by_item.get(id_, []) for id_ in ids]

    def _read(
        self, path: str, form: str, captions: str, threshold: float | None, files: list[InputFile]
    ) -> Iterator[tuple[str, Candidate]]:
        if form in {"eccv", "cxc"}:
            texts = _captions(captions, files)
            listed_ids = _eccv(path, files) if form == "eccv" else _cxc(path, threshold or 0.0, files)
            yield from self._with_texts(listed_ids, texts, captions)
        elif form == "label-studio":
            tasks, file = read_tasks(path)
            files.append(file)
            yield from _voted(j for task in tasks for j in task.judgements)
        elif threshold is None:
            judgements, notes, read = read_judgements([path], format=_form(path, form))
            self.notes += notes
            files += read
            yield from _voted(judgements)
        else:
            yield from _graded(path, _form(path, form), threshold, files)

    def _with_texts(
        self, found: Iterable[tuple[str, int, str, dict[str, Fact]]], texts: Mapping[int, str], captions: str
    ) -> Iterator[tuple[str, Candidate]]:
        missing = known = 0
        for id_, caption, origin, facts in found:
            if caption not in texts:
                missing += 1
                continue
            known += 1
            yield id_, Candidate(texts[caption], origin, evidence={**facts, "caption": caption})
        if not known:
            raise InputError(f"none of {missing} ids of captions is in {captions}; name the captions they belong to")
        if missing:
            name = captions.replace("\\", "/").rpartition("/")[-1]
            self.notes.append(f"{missing} of {missing + known} captions are not in {name}, and are left out")


def _form(path: str, form: str) -> str | None:
    """The suffix tells, where it tells anything."""
    return None if suffix(path) in {".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet"} else form


def _rows(path: str, form: str | None, files: list[InputFile]) -> Iterator[tuple[int, dict[str, Any]]]:
    problems = Problems()
    (source,) = open_sources([path], form, problems)
    yield from source.rows()
    problems.check()
    if source.file is not None:
        files.append(source.file)


# --- votes ---


def _voted(judgements: Iterable[Judgement]) -> Iterator[tuple[str, Candidate]]:
    """One candidate a text and origin that is known of it, with the votes on the text; a person counts once."""
    said: dict[tuple[str, str], dict[str, Judgement]] = {}
    origins: dict[tuple[str, str], dict[str, None]] = {}
    for one in judgements:
        if one.origin:
            origins.setdefault((one.id, fold(one.text)), {})[one.origin] = None
        people = said.setdefault((one.id, fold(one.text)), {})
        before = people.setdefault(one.annotator, one)
        if before.verdict != one.verdict:
            raise InputError(
                f"id {one.id!r}: annotator {one.annotator!r} said both {before.verdict} and {one.verdict} of {one.text!r}; "
                "keep one verdict a person"
            )
    for (id_, key), people in said.items():
        first = next(iter(people.values()))
        guidelines = sorted({one.guideline for one in people.values()})
        facts: dict[str, Fact] = {"guideline": ", ".join(guidelines), "raters": ", ".join(sorted(people))}
        votes = Counter(str(one.verdict) for one in people.values())
        for origin in origins.get((id_, key), (f"judged:{guidelines[0] or 'people'}",)):
            yield id_, Candidate(first.text, origin, evidence=facts, votes=dict(sorted(votes.items())))


# --- grades ---


def _graded(path: str, form: str | None, threshold: float, files: list[InputFile]) -> Iterator[tuple[str, Candidate]]:
    """Rows of an id, a text and a grade; several grades of one text are averaged."""
    grades: dict[tuple[str, str], tuple[str, list[float]]] = {}
    for number, row in _rows(path, form, files):
        column = next((name for name in _GRADES if name in row), None)
        if column is None or type(row.get("id")) not in {str, int} or type(row.get("text")) is not str:
            raise InputError(
                f"{path}: row {number}: an id, a text and a {' or '.join(_GRADES[:4])} are due; it has {listed(row)}"
            )
        _, values = grades.setdefault((str(row["id"]), fold(row["text"])), (row["text"], []))
        values.append(_number(row[column], f"{path}: row {number}"))
    for (id_, _), (text, values) in grades.items():
        if fmean(values) >= threshold:
            facts: dict[str, Fact] = {"grade": fmean(values), "grades": len(values), "threshold": threshold}
            yield id_, Candidate(text, "judged:grades", evidence=facts)


def _number(value: Any, where: str) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = float("nan")
    if not abs(found) < float("inf"):
        raise InputError(f"{where}: got {shown(value)}; a finite number is due")
    return found


def _cxc(path: str, threshold: float, files: list[InputFile]) -> Iterator[tuple[str, int, str, dict[str, Fact]]]:
    """Captions of images (SITS) with their grades, as published (`caption,image,agg_score`) or as rows of ids."""
    for number, row in _rows(path, _form(path, "csv"), files):
        caption, image = row.get("cid", row.get("caption")), row.get("iid", row.get("image"))
        grade = row.get("score", row.get("agg_score"))
        if caption is None or image is None or grade is None:
            raise InputError(
                f"{path}: row {number}: a caption, an image and a grade are due, as in sits_test.csv; it has {listed(row)}. "
                "Grades of two captions or of two images say nothing of whether a caption fits an image"
            )
        value = _number(grade, f"{path}: row {number}")
        if value >= threshold:
            where = f"{path}: row {number}"
            facts: dict[str, Fact] = {"protocol": _CXC, "grade": value, "threshold": threshold}
            yield str(_id(image, where)), _id(caption, where), "human:cxc", facts


def _id(value: Any, where: str) -> int:
    """69 of 69, of "69", of "COCO_val2014:sentid:69" and of "COCO_val2014_000000000069.jpg"."""
    if type(value) is int:
        return value
    bare = str(value).rpartition(".")[0] if str(value).endswith((".jpg", ".png")) else str(value)
    found = _NUMBER.search(bare)
    if found is None:
        raise InputError(f"{where}: {value!r} holds no id")
    return int(found.group())


# --- lists of positives ---


def _eccv(path: str, files: list[InputFile]) -> Iterator[tuple[str, int, str, dict[str, Fact]]]:
    """`{image: [captions]}` as the package has it, or rows of an image and its captions."""
    for image, captions in _lists(path, files):
        for caption in captions:
            yield image, caption, "human:eccv-caption", {"protocol": _ECCV}


def _lists(path: str, files: list[InputFile]) -> Iterator[tuple[str, list[int]]]:
    if suffix(path) == ".json":
        value, file = read_json(path)
        files.append(file)
        pairs: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else [(None, None)]
    else:
        pairs = ((row.get("iid"), row.get("eccv", ())) for _, row in _rows(path, None, files))
    for image, captions in pairs:
        if captions is None:
            continue  # an image that nobody judged
        if image is None or not isinstance(captions, list) or not all(type(c) is int for c in captions):
            raise InputError(
                f"{path}: got {shown(image)} with {shown(captions)}; an image and a list of ids of captions are due, as in "
                "eccv_image_to_caption.json, or rows with iid and eccv"
            )
        yield str(image), captions


def _captions(path: str, files: list[InputFile]) -> dict[int, str]:
    """Texts by id: rows of a cid (or id) and a text (or caption), or COCO's annotations."""
    if suffix(path) == ".json":
        value, file = read_json(path)
        files.append(file)
        rows = value.get("annotations", ()) if isinstance(value, dict) else value
    else:
        rows = [row for _, row in _rows(path, None, files)]
    texts = {}
    for number, row in enumerate(rows, 1):
        caption, text = (row.get("cid", row.get("id")), row.get("text", row.get("caption")))
        if caption is None or type(text) is not str:
            raise InputError(f"{path}: row {number}: a cid and a text are due; it has {listed(row)}")
        texts[_id(caption, f"{path}: row {number}")] = text
    return texts
