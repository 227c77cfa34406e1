"""What this package needs and does not have: it is handed in by whoever has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Similarity(Protocol):
    """Tells how alike texts are. Only the order of its numbers is used, and differences of them."""

    @property
    def name(self) -> str:
        """What decides the numbers, for reports."""
        ...

    def __call__(
        self, texts: Sequence[str], mine: npt.NDArray[np.int64], theirs: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """How alike `texts[mine[i]]` and `texts[theirs[i]]` are; higher is more alike.

        Args:
            texts: distinct texts.
            mine: places in `texts`, [pairs].
            theirs: places of those beside them, [pairs].

        Returns:
            [pairs]; NaN where it cannot be told.
        """
        ...
