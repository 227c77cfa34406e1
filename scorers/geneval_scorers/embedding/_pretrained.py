"""Models of transformers, loaded from checked files: float32, no code of their own, no weight left to chance."""

import logging
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from geneval_references import GenevalError, MissingDependencyError
from geneval_scorers.embedding._machine import choose_device, machine
from geneval_scorers.embedding._models import ModelFiles, locate
from geneval_scorers.embedding._quiet import quiet

_LOG = logging.getLogger(__name__)

_NO_LIMIT = 1_000_000
"""A tokeniser that knows no limit says a number that no text reaches."""


def find_pretrained(model: str, needed_by: str) -> ModelFiles:
    """Find a model and what runs it, without loading either, so that what is missing is told at once.

    Args:
        model: `hf:org/name@revision` or `org/name`, `path:/a/folder`, or `pkg:name`.
        needed_by: the scorer, for the error.

    Raises:
        UsageError: the name has no known form, or the model would run code or is no safetensors model.
        MissingDependencyError: transformers, torch or the model is not there.
    """
    for package in ("torch", "transformers"):
        if find_spec(package) is None:
            raise MissingDependencyError(f"{needed_by} needs {package}: pip install 'geneval-text[neural]'")
    return locate(model)


def load_pretrained(
    files: ModelFiles, auto: str, device: str | None = None, **config: int | bool | str
) -> tuple[Any, Any]:
    """Load a model and its tokeniser.

    Args:
        files: as `find_pretrained` gives them.
        auto: which of transformers' classes reads it, such as `AutoModelForSequenceClassification`.
        device: as in torch (`cpu`, `cuda`, `mps`); else what `GENEVAL_DEVICE` or --device says, or the best one there is.
        config: in place of what its config.json says, such as `num_hidden_layers=17` to load no more than these.

    Returns:
        The model, in evaluation mode, and the tokeniser.

    Raises:
        GenevalError: the files are damaged, or a weight that the class needs is not in them: transformers would fill it
            with random numbers and go on.
    """
    try:
        with quiet():
            import torch
            import transformers
        # Again, since importing transformers sets how much it says.
        with quiet():
            model, report = getattr(transformers, auto).from_pretrained(
                str(files.folder),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                # Whatever the file holds: half precision would make the numbers depend on the machine.
                dtype=torch.float32,
                output_loading_info=True,
                **config,
            )
            tokenizer = transformers.AutoTokenizer.from_pretrained(str(files.folder), local_files_only=True)
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise GenevalError(f"the model in {files.folder} cannot be loaded, are its files damaged? {reason}") from error
    # A bare encoder is asked for token vectors only, which a pooler has no part in.
    unused = ("pooler.",) if auto == "AutoModel" else ()
    absent = sorted(name for name in report["missing_keys"] if not (unused and name.startswith(unused)))
    if absent:
        raise GenevalError(
            f"the model in {files.folder} lacks {len(absent)} of the weights that {auto} needs, such as {absent[0]}; "
            "it is a model of another kind, or its files are damaged"
        )
    place = device or choose_device(machine().device)
    _LOG.info("%s runs on %s", files.name, place)
    return model.eval().to(place), tokenizer


def token_limit(model: Any, tokenizer: Any) -> int | None:
    """How many tokens the model reads at most, those that the tokeniser adds included; None where nothing says.

    The tokeniser's word counts, and the number of positions that the model knows: of many checkpoints one is missing.
    """
    limits = [tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", None)]
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            # RoBERTa and its kin count positions from behind that of the padding.
            limits.append(module.num_embeddings - module.padding_idx - 1)
    known = [int(limit) for limit in limits if limit is not None and 0 < limit < _NO_LIMIT]
    return min(known, default=None)


def versions(*packages: str) -> str:
    """The versions of packages that decide a number, for its signature."""
    return "+".join(f"{name}-{version(name)}" for name in packages)
