"""Another paper's protocol, question by question: docs/protocols.md explains these lines.

python examples/fense_protocol.py FOLDER [SCORER...]    FOLDER holds the items.jsonl and pairs.jsonl of AudioCaps-Eval
"""

import argparse
import json
from pathlib import Path

import numpy as np

from geneval.data import read_references
from geneval_references import InputError
from geneval_scorers import Corpus, Scorer, ask, ask_all, documents, leave_one_out, parse

SCORERS = ["coco_bleu(n=1)", "coco_bleu(n=4)", "coco_rouge_l", "cider"]


def known(pair: dict, side: str, references: dict) -> list[str]:
    """What a text is scored against: a person's caption never against itself, and then against four."""
    if pair["category"] == "MM":
        return references[pair["item"]]
    written = pair[side] if pair["category"] == "HC" else pair["a"]
    others = [text for text in references[pair["item"]] if text != written]
    return (others * 4)[: max(4, len(others))]


def one_call(scorer: Scorer, corpus: Corpus, pairs: list[dict], side: str, references: dict) -> np.ndarray:
    """The scores of the texts of one side, with the document frequencies of all that is asked in this call."""
    asked = ask(corpus, [(pair["item"], pair[side], known(pair, side, references)) for pair in pairs])
    if pairs[0]["category"] == "MM":
        asked, _ = leave_one_out(asked)
    answers = ask_all(scorer.fit(documents(corpus, asked)), corpus, asked)
    if not answers.scored.all():
        raise InputError("a text is left without a reference; each pair needs an item with two different ones")
    return np.float32(np.bincount(asked.subject, answers.segment) / np.bincount(asked.subject))


def accuracies(scorer: Scorer, corpus: Corpus, pairs: list[dict], references: dict) -> dict[str, float]:
    """How often, in percent, the scorer sides with people, pairs on which they were split left out."""
    right = {}
    for kinds in (["HC", "HI", "HM"], ["MM"]):
        rows = [pair for pair in pairs if pair["category"] in kinds]
        a, b = (one_call(scorer, corpus, rows, side, references) for side in "ab")
        for pair, difference in zip(rows, a - b, strict=True):
            if pair["vote_sum"] != 0:
                right.setdefault(pair["category"], []).append(difference * pair["vote_sum"] > 0)
    right["All"] = [sided for kind in right.values() for sided in kind]
    return {kind: 100 * float(np.mean(sided)) for kind, sided in right.items()}


def main(folder: Path, specs: list[str] = SCORERS) -> None:
    """Prints a row a scorer."""
    sets, _, _ = read_references([str(folder / "items.jsonl")])
    with (folder / "pairs.jsonl").open(encoding="utf-8") as lines:
        pairs = [json.loads(line) for line in lines]
    references = {item.id: [reference.text for reference in item.references] for item in sets}
    corpus = Corpus(sets, extra=[pair[side] for pair in pairs for side in "ab"])
    for spec in specs:
        found = accuracies(parse(spec), corpus, pairs, references)
        print(f"{spec:14}", *(f"{kind} {value:5.1f}" for kind, value in found.items()), sep="  ")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("scorers", nargs="*", default=SCORERS, metavar="SCORER")
    arguments = parser.parse_args()
    main(arguments.folder, arguments.scorers)
