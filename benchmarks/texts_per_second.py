"""Texts per second of the tokenisers and of the default encoder: python benchmarks/texts_per_second.py [N] [NAME ...]."""

import random
import sys
import time
from collections.abc import Callable, Sequence

import sacrebleu

from geneval_scorers.embedding import load_encoder
from geneval_scorers.tokenizers import get_tokenizer

WORDS = [
    "a",
    "the",
    "man's",
    "dog",
    "rides",
    "in",
    "on",
    "white,",
    "red",
    "(old)",
    "elephant;",
    "street.",
    "3-4",
    "1,000",
    "well-known",
    "café",
    "people",
    "train",
    "snow",
]
DEFAULT = ["13a", "intl", "zh", "char", "unicode", "rouge", "ptb", "ptb-java"]


def captions(count: int) -> list[str]:
    """Draw distinct captions of about eleven words."""
    rng = random.Random(12345)
    return [" ".join(rng.choices(WORDS, k=rng.randint(8, 14))) + f" {at}." for at in range(count)]


def report(name: str, run: Callable[[Sequence[str]], object], texts: Sequence[str]) -> None:
    """Print how many texts a second one run takes."""
    began = time.perf_counter()
    run(texts)
    print(f"{name:20} {len(texts) / (time.perf_counter() - began):12,.0f} texts/s")


def main() -> None:
    """Time each tokeniser, beside sacrebleu's own where there is one."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    texts = captions(count)
    for name in sys.argv[2:] or DEFAULT:
        if name == "encoder":
            report(name, load_encoder().encode, texts)
            continue
        report(name, get_tokenizer(name), texts)
        if name in sacrebleu.BLEU.TOKENIZERS:
            judge = sacrebleu.BLEU(tokenize=name)
            report(
                f"  sacrebleu {name}", lambda batch, judge=judge: [judge.tokenizer(t.rstrip()) for t in batch], texts
            )


if __name__ == "__main__":
    main()
