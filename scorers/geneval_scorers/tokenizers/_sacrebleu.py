"""sacrebleu's tokenisers: the tokens that `sacrebleu.BLEU(tokenize=name)` counts, to the letter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Protocol, cast

from geneval_references import MissingDependencyError
from geneval_scorers.tokenizers._mteval import tokenize_13a, tokenize_intl


@dataclass(frozen=True)
class SacrebleuTokenizer:
    """Gives the words that `sacrebleu.BLEU(tokenize=name)` counts in a text; lower-casing, if any, is the scorer's."""

    name: str
    signature: str
    tokenize: Callable[[Sequence[str]], list[str]] = field(repr=False)

    def __call__(self, texts: Sequence[str], /) -> list[str]:
        # sacrebleu strips the end of a segment before any tokeniser sees it. `none` is left as it is: whoever cuts
        # at white space sees no difference, and pycocoevalcap's ROUGE-L, which cuts at every space, does.
        return self.tokenize(list(texts) if self.name == "none" else [text.rstrip() for text in texts])


def build_sacrebleu(name: str) -> SacrebleuTokenizer:
    """Return sacrebleu's tokeniser of that name, one of `sacrebleu.BLEU.TOKENIZERS`."""
    if name in _BATCHED:
        return SacrebleuTokenizer(name, name, _BATCHED[name])
    line = _load(name)
    return SacrebleuTokenizer(name, line.signature(), lambda texts: [line(text) for text in texts])


def _none(texts: Sequence[str]) -> list[str]:
    return list(texts)


def _char(texts: Sequence[str]) -> list[str]:
    return [" ".join(text) for text in texts]


_BATCHED = MappingProxyType({"none": _none, "char": _char, "13a": tokenize_13a, "intl": tokenize_intl})


class _LineTokenizer(Protocol):
    """What a tokeniser class of sacrebleu offers."""

    def __call__(self, line: str) -> str: ...
    def signature(self) -> str: ...


_CLASSES = MappingProxyType(
    {
        "zh": ("zh", "TokenizerZh"),
        "ja-mecab": ("ja_mecab", "TokenizerJaMecab"),
        "ko-mecab": ("ko_mecab", "TokenizerKoMecab"),
        "spm": ("spm", "Flores101Tokenizer"),
        "flores101": ("spm", "Flores101Tokenizer"),
        "flores200": ("spm", "Flores200Tokenizer"),
        "spBLEU-1K": ("spm", "spBLEU1KTokenizer"),
    }
)
_INSTALL = MappingProxyType(
    {
        "ja_mecab": "pip install 'sacrebleu[ja]'",
        "ko_mecab": "pip install 'sacrebleu[ko]'",
        "spm": "pip install sentencepiece",
    }
)


def _load(name: str) -> _LineTokenizer:
    module, class_name = _CLASSES[name]
    tokenizer = getattr(import_module(f"sacrebleu.tokenizers.tokenizer_{module}"), class_name)
    if module == "spm":
        _require_spm_model(name)
    try:
        return cast(_LineTokenizer, tokenizer())
    except (ImportError, RuntimeError, AssertionError) as error:  # the three ways in which sacrebleu says "missing"
        reason = " ".join(str(error).split())
        raise MissingDependencyError(f"tokenizer {name!r} needs: {_INSTALL[module]} (sacrebleu: {reason})") from error


def _require_spm_model(name: str) -> None:
    """Refuse before sacrebleu would fetch a model unasked."""
    from sacrebleu.tokenizers.tokenizer_spm import SPM_MODELS
    from sacrebleu.utils import SACREBLEU_DIR

    path = Path(SACREBLEU_DIR, "models", PurePosixPath(SPM_MODELS[name]["url"]).name)
    if path.exists():
        return
    fetch = f"from sacrebleu.tokenizers.tokenizer_spm import TokenizerSPM; TokenizerSPM('{name}')"
    raise MissingDependencyError(
        f"tokenizer {name!r} needs: {_INSTALL['spm']}, and its model, which is not at {path}; "
        f'this fetches it to there: python -c "{fetch}"'
    )
