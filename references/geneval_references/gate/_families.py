"""Which models are of one family: what one of them admits, another of it scores too well.

A family is a lineage: the same base weights, teacher or training pairs. The list is short and by name; a model that it does
not know is a family of its own, under its own name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_FAMILIES = {
    "minilm": r"minilm",
    "mpnet": r"mpnet",
    "use": r"usem3|universal-sentence-encoder",
    "e5": r"(^|[-/_])(multilingual-)?e5([-_]|$)",
    "bge": r"(^|[-/_])bge[-_]",
    "gte": r"(^|[-/_])gte[-_]",
    "labse": r"labse",
    "sentence-t5": r"sentence-t5|gtr-t5",
    "clip": r"clip",
    "comet": r"comet|unite",
    "bleurt": r"bleurt",
    "xlm-roberta": r"xlm-?r",
    "deberta": r"deberta",
    "roberta": r"roberta",
    "distilbert": r"distilbert",
    "bert": r"(^|[-/_])bert([-_]|$)",
    "bart": r"bart",
    "t5": r"(^|[-/_])(flan-)?t5([-_]|$)",
    "gpt2": r"gpt-?2",
    "smollm": r"smollm",
    "llama": r"llama",
    "qwen": r"qwen",
    "mistral": r"mistral|mixtral",
}
"""From family to a pattern of names, the more special first."""


def family_of(model: str) -> str:
    """The family of a model's name, as it stands in specs, signatures and origins.

    >>> family_of("hf:sentence-transformers/all-MiniLM-L6-v2@c9745ed")
    'minilm'
    >>> family_of("path:/models/ours")
    'ours'
    """
    bare = re.sub(r"@.*$", "", model.partition("|")[0]).lower()
    for family, pattern in _FAMILIES.items():
        if re.search(pattern, bare):
            return family
    return bare.rstrip("/").rpartition("/")[2].rpartition(":")[2]


def shared(admitted: Iterable[str], scoring: Collection[str]) -> tuple[str, ...]:
    """Families that both admit references and score them, sorted."""
    return tuple(sorted(set(admitted).intersection(scoring)))
