"""The names a user can type for a tokeniser, and what each of them stands for."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from geneval_references import UsageError
from geneval_scorers.java.ptb import PTBTokenizer
from geneval_scorers.tokenizers._ptb import PennTokenizer
from geneval_scorers.tokenizers._sacrebleu import build_sacrebleu
from geneval_scorers.tokenizers._words import RougeTokenizer, UnicodeTokenizer


class Tokenizer(Protocol):
    """Maps texts to their tokens, each text's joined by single spaces, in the order of the texts."""

    @property
    def name(self) -> str:
        """The name as typed, as in `13a`."""

    @property
    def signature(self) -> str:
        """The name with the version that decides its tokens, as in `unicode-1`."""

    def __call__(self, texts: Sequence[str], /) -> list[str]:
        """Return the tokens of each text. One call with all distinct texts is the fastest."""


TOKENIZERS: Mapping[str, str] = MappingProxyType(
    {
        "13a": "sacrebleu's default, mteval-v13a: splits off ASCII punctuation, keeps case; for languages with spaces",
        "intl": "sacrebleu's mteval-v14: splits off Unicode punctuation and symbols, keeps case",
        "zh": "sacrebleu's for Chinese: each Chinese character is a token, the rest as in 13a",
        "char": "sacrebleu's: each character is a token",
        "none": "sacrebleu's: the text as it is, for texts that are tokenised already",
        "ja-mecab": "sacrebleu's for Japanese: words by MeCab (needs sacrebleu[ja])",
        "ko-mecab": "sacrebleu's for Korean: words by MeCab-ko (needs sacrebleu[ko])",
        "spm": "sacrebleu's old name for flores101",
        "flores101": "sacrebleu's: SentencePiece pieces of FLORES-101 (needs sentencepiece and its model)",
        "flores200": "sacrebleu's: SentencePiece pieces of FLORES-200 (needs sentencepiece and its model)",
        "spBLEU-1K": "sacrebleu's: SentencePiece pieces for 1,000 languages (needs sentencepiece and its model)",
        "unicode": "lower-cased words of any script, one token a character where a script has no spaces",
        "rouge": "rouge_score's: lower-cased runs of a-z and 0-9, everything else dropped; English only",
        "ptb": "COCO captions': Penn Treebank, lower-cased, punctuation dropped",
        "ptb-java": "the judge of ptb: Stanford's own program (needs Java and pycocoevalcap)",
    }
)


def get_tokenizer(name: str) -> Tokenizer:
    """Return the tokeniser of that name, ready to be called.

    Raises:
        UsageError: no tokeniser has this name.
        MissingDependencyError: the package, the model or the Java it needs is not there.
    """
    if name not in TOKENIZERS:
        raise UsageError(f"unknown tokenizer {name!r}; allowed: {', '.join(TOKENIZERS)}")
    if name == "unicode":
        return UnicodeTokenizer()
    if name == "rouge":
        return RougeTokenizer()
    if name == "ptb":
        return PennTokenizer()
    if name == "ptb-java":
        return PTBTokenizer.find()
    return build_sacrebleu(name)
