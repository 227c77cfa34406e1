"""Many texts through a model, in batches of like length that shrink where memory does not suffice."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from geneval_references import GenevalError

T = TypeVar("T")

Progress = Callable[[int], None]
"""Hears how many entries each batch held."""


def in_batches(
    run: Callable[[list[int]], Sequence[T]],
    lengths: Sequence[int],
    batch_size: int,
    progress: Progress | None = None,
) -> list[T]:
    """Run a model over entries, those of like length together, the longest first.

    A batch too large for the memory then shows itself at once; it is halved, and so are those that follow.

    Args:
        run: gives one result an entry, for the entries at these places.
        lengths: of every entry, in any unit.
        batch_size: entries a batch; it changes speed and memory, not results.
        progress: hears how many entries each batch held.

    Returns:
        One result an entry, in the order of `lengths`.

    Raises:
        GenevalError: the model failed, or one entry alone needs more memory than there is.
    """
    order = sorted(range(len(lengths)), key=lambda at: -lengths[at])
    results: dict[int, T] = {}
    while len(results) < len(order):
        batch = order[len(results) : len(results) + batch_size]
        try:
            found = run(batch)
        except (MemoryError, RuntimeError) as error:
            if not _out_of_memory(error) or len(batch) == 1:
                raise GenevalError(f"the model failed on a batch of {len(batch)} texts: {error}") from error
            batch_size = len(batch) // 2
            continue
        results.update(zip(batch, found, strict=True))
        if progress is not None:
            progress(len(batch))
    return [results[at] for at in range(len(order))]


def _out_of_memory(error: Exception) -> bool:
    # torch says it in three ways: OutOfMemoryError on a GPU, and two RuntimeErrors on a CPU.
    said = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or "out of memory" in said
        or "not enough memory" in said
        or "can't alloc" in said
    )
