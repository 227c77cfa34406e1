"""Models of transformers that write: language models after a prompt, and translation models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from geneval_references import GenevalError
from geneval_references._protocols import Answer, Sampling
from geneval_scorers.embedding._batches import in_batches
from geneval_scorers.embedding._pretrained import find_pretrained, load_pretrained, token_limit, versions
from geneval_scorers.embedding._quiet import quiet

BATCH = 16
"""Texts that are written together; halved where the memory does not suffice."""

LONGEST = 512
"""Tokens of a translation, where the model does not say."""


class _Loaded:
    """A model that is found at once, and loaded when it is first asked.

    Raises:
        UsageError: the name has no known form, or the model would run code or is no safetensors model.
        MissingDependencyError: transformers, torch or the model is not there.
    """

    def __init__(self, model: str, needed_by: str) -> None:
        self._files = find_pretrained(model, needed_by)
        config = json.loads((self._files.folder / "config.json").read_text("utf-8"))
        self.encoder_decoder = bool(config.get("is_encoder_decoder"))
        revision = self._files.commit or (model.partition("@")[2] or self._files.weights)
        self.name = f"{self._files.name}@{revision[:12]}"
        self.signature = f"{self._files.name}@{self._files.weights[:12]}|{versions('transformers', 'torch')}"

    @cached_property
    def _pair(self) -> tuple[Any, Any]:
        auto = "AutoModelForSeq2SeqLM" if self.encoder_decoder else "AutoModelForCausalLM"
        model, tokenizer = load_pretrained(self._files, auto)
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        return model, tokenizer

    def _tokens(self, texts: Sequence[str], room: int) -> list[list[int]]:
        """The tokens of every text, cut where the model reads no more; `room` is left for what it writes."""
        model, tokenizer = self._pair
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        with quiet():
            rows = tokenizer(clean, add_special_tokens=not self._chats, padding=False)["input_ids"]
        limit = token_limit(model, tokenizer)
        if limit is None:
            return list(rows)
        if limit <= room:
            raise GenevalError(
                f"the model in {self._files.folder} holds {limit} tokens, and max_tokens={room} leaves none for the text; "
                "ask for fewer"
            )
        most = limit if self.encoder_decoder else limit - room
        for row in rows:
            if len(row) > most:
                raise GenevalError(
                    f"a prompt has {len(row)} tokens, and the model in {self._files.folder} reads {most} here; take a "
                    "shorter prompt, fewer max_tokens, or a model that reads more"
                )
        return list(rows)

    @property
    def _chats(self) -> bool:
        return False

    def _run(self, rows: list[list[int]], **asked: Any) -> list[Answer]:
        """What the model writes after these tokens."""
        import torch

        model, tokenizer = self._pair
        longest = max(map(len, rows))
        pad = tokenizer.pad_token_id or 0
        # A model that goes on writing must have the text at the end of the row.
        fill = [[pad] * (longest - len(row)) for row in rows]
        left = not self.encoder_decoder
        ids = [more + row if left else row + more for row, more in zip(rows, fill, strict=True)]
        seen = [
            [0] * len(more) + [1] * len(row) if left else [1] * len(row) + [0] * len(more)
            for row, more in zip(rows, fill, strict=True)
        ]
        end = model.generation_config.eos_token_id
        end = tokenizer.eos_token_id if end is None else end
        ends = set(end) if isinstance(end, list) else {end}
        with torch.inference_mode(), quiet():
            written = model.generate(
                input_ids=torch.tensor(ids, device=model.device),
                attention_mask=torch.tensor(seen, device=model.device),
                **asked,
            )
        written = written[:, longest if left else 1 :].tolist()
        texts = tokenizer.batch_decode(written, skip_special_tokens=True)
        return [Answer(text, not ends.isdisjoint(tokens)) for text, tokens in zip(texts, written, strict=True)]


class LanguageModel(_Loaded):
    """A sequence-to-sequence or a causal model that answers prompts; chat models get them in their own form."""

    @cached_property
    def _template(self) -> bool:
        return not self.encoder_decoder and self._pair[1].chat_template is not None

    @property
    def _chats(self) -> bool:
        return self._template

    def generate(self, prompts: Sequence[str], seeds: Sequence[int], sampling: Sampling) -> list[Answer]:
        """One answer a prompt, drawn with the prompt's own seed: it is the same in every batch, but for rounding."""
        if not prompts:
            return []
        room = 0 if self.encoder_decoder else sampling.max_tokens
        rows = self._tokens([self._asked(prompt) for prompt in prompts], room)
        settings = self._settings(sampling)

        def run(at: list[int]) -> list[Answer]:
            return self._run(
                [rows[place] for place in at],
                generation_config=settings,
                logits_processor=_draws(sampling, [seeds[place] for place in at]),
            )

        return in_batches(run, [len(row) for row in rows], BATCH)

    def _asked(self, prompt: str) -> str:
        if not self._chats:
            return prompt
        message = [{"role": "user", "content": prompt}]
        return str(self._pair[1].apply_chat_template(message, add_generation_prompt=True, tokenize=False))

    def _settings(self, sampling: Sampling) -> Any:
        """No setting of the model's own but its special tokens: the signature names all others."""
        import transformers

        model, tokenizer = self._pair
        own = model.generation_config
        special = {
            name: getattr(own, name)
            for name in ("bos_token_id", "eos_token_id", "decoder_start_token_id", "forced_bos_token_id")
            if getattr(own, name, None) is not None
        }
        special.setdefault("eos_token_id", tokenizer.eos_token_id)
        settings: Any = transformers.GenerationConfig
        return settings(
            **special,
            pad_token_id=tokenizer.pad_token_id,
            max_new_tokens=sampling.max_tokens,
            do_sample=False,  # the draw is in the scores: see `_draws`
            num_beams=1,
        )


class TranslationModel(_Loaded):
    """A translation model, decoded as its makers say."""

    @property
    def _says_how_long(self) -> bool:
        own = self._pair[0].generation_config
        return own.max_new_tokens is not None or own.max_length not in {None, 20}

    def translate(self, texts: Sequence[str]) -> list[str]:
        """One translation a text; an empty one of an empty one, and of one that came to no end."""
        full = [place for place, text in enumerate(texts) if text.strip()]
        if not full:
            return [""] * len(texts)
        rows = self._tokens([texts[place] for place in full], 0)
        # transformers would end every text after 20 tokens, unless the model says otherwise.
        room = {} if self._says_how_long else {"max_new_tokens": LONGEST}
        found = in_batches(
            lambda at: self._run([rows[place] for place in at], do_sample=False, **room),
            [len(row) for row in rows],
            BATCH,
        )
        written = {place: answer.text for place, answer in zip(full, found, strict=True) if answer.whole}
        return [written.get(place, "") for place in range(len(texts))]


def _draws(sampling: Sampling, seeds: Sequence[int]) -> Any:
    """Turns taking the best token into drawing one: noise of the Gumbel distribution, each row with its own seed.

    transformers draws all rows of a batch from one generator, so that a text would hang on its neighbours.
    """
    import transformers

    steps: list[Any] = []
    if sampling.temperature != 1:
        steps.append(transformers.TemperatureLogitsWarper(sampling.temperature))
    if sampling.top_p < 1:
        steps.append(transformers.TopPLogitsWarper(sampling.top_p))
    return transformers.LogitsProcessorList([*steps, _Gumbel(seeds)])


class _Gumbel:
    """Adds the noise; a step of writing is one call."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._generators = [np.random.default_rng(seed) for seed in seeds]

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        import torch

        noise = [generator.gumbel(size=scores.shape[-1]) for generator in self._generators]
        return scores + torch.tensor(np.asarray(noise, np.float32), device=scores.device)
