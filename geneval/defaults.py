"""Which scorers run when nobody says which."""

from __future__ import annotations

from geneval_references import MissingDependencyError
from geneval_scorers import parse

CORE = ("bleu", "chrf", "rouge(kind='L')")
NEURAL = ("cosine",)


def default_scorers(core: tuple[str, ...] = CORE) -> tuple[list[str], str | None]:
    """The scorers of the core, and the embedding scorer where its package and model are there.

    Returns:
        Specs, and what is left out with the command that adds it (None where nothing is).
    """
    try:
        for spec in NEURAL:
            parse(spec).prepare()
    except MissingDependencyError as error:
        return list(core), f"without {', '.join(NEURAL)}: {error}"
    return [*core, *NEURAL], None
