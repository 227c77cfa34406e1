"""What bert-score 0.3.13 ships for well-known models: the layer that did best, and what unrelated texts score there.

The layers had the highest correlation with the human grades of WMT16; the baselines are means of P, R and F over
random pairs of English sentences (bert_score/utils.py and bert_score/rescale_baseline/en/*.tsv; Zhang et al. 2020).
Models are named as on the Hub: a folder of the same name may hold anything.
"""

from dataclasses import dataclass

Baseline = tuple[float, float, float]
"""P, R and F of unrelated texts."""


@dataclass(frozen=True)
class Known:
    """A model's best layer, and the baseline of that layer in English."""

    layer: int
    baseline: Baseline


_KNOWN = {
    "FacebookAI/roberta-base": Known(10, (0.8146725, 0.8146619, 0.814463)),
    "FacebookAI/roberta-large": Known(17, (0.83150584, 0.8314941, 0.83122575)),
    "FacebookAI/roberta-large-mnli": Known(19, (0.6901594, 0.69018, 0.6896288)),
    "FacebookAI/xlm-roberta-base": Known(9, (0.81658614, 0.8165717, 0.81639785)),
    "FacebookAI/xlm-roberta-large": Known(17, (0.85291016, 0.8529066, 0.8525485)),
    "distilbert/distilbert-base-uncased": Known(5, (0.6666034, 0.66660464, 0.66620487)),
    "distilbert/distilroberta-base": Known(5, (0.84732, 0.84759504, 0.8473319)),
    "google-bert/bert-base-multilingual-cased": Known(9, (0.6320527, 0.6320019, 0.63146895)),
    "google-bert/bert-base-uncased": Known(9, (0.35375935, 0.3537393, 0.35219112)),
    "google-bert/bert-large-uncased": Known(18, (0.4278576, 0.42786714, 0.42646673)),
    "microsoft/deberta-base-mnli": Known(9, (0.53045946, 0.5304829, 0.52866036)),
    "microsoft/deberta-large-mnli": Known(18, (0.45358238, 0.45362508, 0.45173016)),
    "microsoft/deberta-xlarge-mnli": Known(40, (0.5169066, 0.5170288, 0.5150192)),
}


def known(model: str) -> Known | None:
    """What is known of a model of the Hub."""
    return _KNOWN.get(model.removeprefix("hf:").partition("@")[0])


def known_models() -> tuple[str, ...]:
    """The models of which something is known."""
    return tuple(_KNOWN)
