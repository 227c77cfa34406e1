"""A user's own function as an encoder: known by a name as long as the process lives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneval_references import ScorerError, UsageError
from geneval_scorers.embedding._batches import Progress, in_batches
from geneval_scorers.embedding._protocols import Vectors

Encode = Callable[[list[str]], ArrayLike]

_KIND = "code:"

_functions: dict[str, Encode] = {}


def encoder(function: Encode, *, name: str | None = None) -> str:
    """Makes a function known as an encoder, for all scorers that work on sentence vectors.

    Its vectors are not kept on disk, since nothing tells whether it is still the same function.

    Args:
        function: gives one row of numbers a text, for a list of texts. It is asked about each distinct text once, in
            batches of texts of like length.
        name: what it is called in specs and signatures; by default the function's own name. A function that is made
            known under a name that is taken replaces the one before.

    Returns:
        What such a scorer takes as its `model`: `code:` and the name. It means nothing in another process.

    Raises:
        UsageError: the name is no identifier.

    Examples:
        >>> import geneval
        >>> def lengths(texts):
        ...     return [[len(text), 1.0] for text in texts]
        >>> model = geneval.encoder(lengths)
        >>> result = geneval.score(
        ...     predictions=["a cat"], references=["a dog"], scorers=f"cosine(model={model!r})", resamples=0
        ... )
        >>> round(result.scores[0].score, 6)
        1.0
    """
    called = name or str(getattr(function, "__name__", type(function).__name__))
    if not called.isidentifier():
        raise UsageError(f"{called!r} is no name for an encoder; give one: geneval.encoder(function, name='mine')")
    _functions[called] = function
    return _KIND + called


def function_of(model: str) -> Encode | None:
    """The function that a model's name stands for; None where it is a name of another kind.

    Raises:
        UsageError: nothing is known by that name in this process.
    """
    if not model.startswith(_KIND):
        return None
    name = model.removeprefix(_KIND)
    if name not in _functions:
        known = ", ".join(sorted(_functions)) or "none"
        raise UsageError(
            f"model {model!r}: no encoder {name!r} was made known in this process by geneval.encoder(function, "
            f"name={name!r}); there is {known}. Files and the command line take models only: path:/a/folder"
        )
    return _functions[name]


@dataclass(frozen=True, eq=False)
class FunctionModel:
    """An encoder made of a function."""

    called: str
    function: Encode
    batch_size: int
    identity: None = None
    setup: str = "code:user|norm:l2"

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self.called

    @property
    def signature(self) -> str:
        """The name, and that the rest is code that geneval does not know."""
        return f"{self.name}|{self.setup}"

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """One row of length 1 a text.

        Raises:
            ScorerError: the function gave something else than one row of numbers a text.
        """
        if not texts:
            return np.zeros((0, 0), np.float32)
        lengths = [len(text) for text in texts]
        rows = in_batches(lambda at: self._rows([texts[i] for i in at]), lengths, self.batch_size, progress)
        if len({len(row) for row in rows}) > 1:
            raise ScorerError(f"the encoder {self.called} gave vectors of several lengths; it gives all texts the same")
        vectors = np.stack(rows)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)

    def cut(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """None that is known of."""
        return np.zeros(len(texts), bool)

    def _rows(self, texts: list[str]) -> list[NDArray[np.float64]]:
        rows = np.asarray(self.function(texts))
        if rows.ndim != 2 or len(rows) != len(texts) or not np.issubdtype(rows.dtype, np.number):
            raise ScorerError(
                f"the encoder {self.called} gave an array of shape {rows.shape} and type {rows.dtype} for {len(texts)} "
                "texts; it gives one row of numbers a text"
            )
        if not np.isfinite(rows).all():
            raise ScorerError(f"the encoder {self.called} gave numbers that are not finite")
        return list(rows.astype(np.float64))
