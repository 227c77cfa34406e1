"""Paraphrases by a language model: each reference said in other words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar

from geneval_references._errors import UsageError
from geneval_references._model import ReferenceSet
from geneval_references._protocols import Generator, Sampling
from geneval_references.expanders._clean import texts_of
from geneval_references.expanders._expander import Candidate, Expander, Info, Tools, seed_of
from geneval_references.expanders._registry import expander

PROMPT = (
    "Rewrite the following text in other words, so that it means exactly the same. Answer with the rewritten text only."
    "\n\n{text}"
)


@expander("paraphrase")
@dataclass(frozen=True, repr=False)
class Paraphrase(Expander):
    """Asks a language model to reword each reference, `n` times, with a seed of its own each time.

    Attributes:
        model: a sequence-to-sequence or a causal model: `hf:org/name@revision`, `path:/a/folder`.
        n: paraphrases of each reference.
        prompt: what the model is asked; `{text}` stands for the reference.
        temperature: of sampling, above 0.
        top_p: only the most probable tokens that have this probability together are drawn.
        max_tokens: of one answer.
    """

    info: ClassVar[Info] = Info(
        summary="each reference, reworded by a language model",
        origin="paraphrase:<model@revision>",
        needs="geneval-text[neural]",
        licence="the model's",
    )

    model: str
    n: int = 5
    prompt: str = PROMPT
    temperature: float = 1.0
    top_p: float = 0.95
    max_tokens: int = 128

    def __post_init__(self) -> None:
        if "{text}" not in self.prompt:
            raise UsageError(f"paraphrase: prompt={self.prompt!r} does not fit; it needs {{text}}, for the reference")
        for name, fits, due in (
            ("n", self.n >= 1, "1 or more"),
            ("temperature", 0 < self.temperature < float("inf"), "above 0"),
            ("top_p", 0 < self.top_p <= 1, "above 0, 1 at most"),
            ("max_tokens", self.max_tokens >= 1, "1 or more"),
        ):
            if not fits:
                raise UsageError(f"paraphrase: {name}={getattr(self, name)!r} does not fit; allowed: {due}")

    def shown(self) -> dict[str, object]:
        """The options, with the name of the model's folder in place of its path."""
        kind, _, rest = self.model.partition(":")
        short = f"path:{rest.rstrip('/').rpartition('/')[-1]}" if kind == "path" else self.model
        return super().shown() | {"model": short}

    def open(self, tools: Tools) -> Paraphrasing:
        """Finds the model; it is loaded when the first item comes."""
        return Paraphrasing(self, tools.generator(self.model, self.name))


@dataclass(frozen=True)
class Paraphrasing:
    """`paraphrase` with its model."""

    options: Paraphrase
    generator: Generator
    batch: int = 16

    @property
    def signature(self) -> str:
        """The options, the prompt's hash, and the model's own signature."""
        prompt = sha256(self.options.prompt.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        return f"{self.options.label}|prompt:{prompt}|{self.generator.signature}"

    def propose(self, items: Sequence[ReferenceSet], seed: int) -> list[list[Candidate]]:
        """`n` answers for each reference; one that lists several texts gives several candidates."""
        asked = [
            (place, reference.text, seed_of(seed, item.id, reference.text, str(number)))
            for place, item in enumerate(items)
            for reference in item.references
            for number in range(self.options.n)
        ]
        prompts = [self.options.prompt.replace("{text}", text) for _, text, _ in asked]
        sampling = Sampling(self.options.temperature, self.options.top_p, self.options.max_tokens)
        answers = self.generator.generate(prompts, [own for _, _, own in asked], sampling)
        found: list[list[Candidate]] = [[] for _ in items]
        for (place, parent, _), prompt, answer in zip(asked, prompts, answers, strict=True):
            found[place] += [self._candidate(text, parent) for text in texts_of(answer, prompt, parent)]
        return found

    def _candidate(self, text: str, parent: str) -> Candidate:
        return Candidate(text, f"paraphrase:{self.generator.name}", parent, (self.options.label,))
