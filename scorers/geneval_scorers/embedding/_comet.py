"""COMET models in a Python of their own: where they are, whether they can run, and a process that answers."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from geneval_references import GenevalError, MissingDependencyError, UsageError

PYTHON_VARIABLE = "GENEVAL_COMET_PYTHON"

_WORKER = Path(__file__).with_name("_comet_worker.py")
_HUB = re.compile(r"(?:hf:)?(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
_VERSION = "from importlib.metadata import version; print(version('unbabel-comet'))"
_LICENCE = re.compile(r"^license:\s*['\"]?([\w.+-]+)", re.MULTILINE)
_LAST_WORDS = 300


@dataclass(frozen=True)
class CometFiles:
    """A COMET model on this machine.

    Attributes:
        folder: holds `hparams.yaml` and `checkpoints/model.ckpt`.
        name: its name.
        weights: the sha256 of the checkpoint.
        licence: as its own page says, "unknown" where it says nothing.
    """

    folder: Path
    name: str
    weights: str
    licence: str


@lru_cache(maxsize=2)
def find_comet(model: str) -> CometFiles:
    """Find a model; nothing is downloaded.

    Raises:
        UsageError: the name has no known form, or the folder holds no COMET model.
        MissingDependencyError: it is not on this machine; says the command that fetches it.
    """
    kind, _, rest = model.partition(":")
    hub = None if kind == "path" else _HUB.fullmatch(model)
    if kind == "path" and rest:
        folder, name = Path(rest), Path(rest).resolve().name
        if not folder.is_dir():
            raise MissingDependencyError(f"model {model!r}: there is no folder {folder}")
    elif hub is not None:
        folder, name = _cached(hub["repo"], hub["revision"], model), hub["repo"].rsplit("/", 1)[-1]
    else:
        raise UsageError(f"unknown model {model!r}; allowed: hf:org/name@revision, org/name, path:/a/folder")
    for file in ("hparams.yaml", "checkpoints/model.ckpt"):
        if not (folder / file).is_file():
            raise UsageError(f"{folder} holds no COMET model: it has no {file}")
    with (folder / "checkpoints" / "model.ckpt").open("rb") as stream:
        weights = hashlib.file_digest(stream, "sha256").hexdigest()
    return CometFiles(folder, name, weights, _licence(folder))


def _cached(repo: str, revision: str | None, model: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repo, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError as error:
        fetch = f"hf download {repo}" + (f" --revision {revision}" if revision else "")
        raise MissingDependencyError(
            f"model {model!r} is missing: it is not in the Hub's cache. Read its licence on its page, then: {fetch}"
        ) from error


def _licence(folder: Path) -> str:
    """The licence in the head of a model's README.md."""
    page = folder / "README.md"
    head = page.read_text("utf-8", "replace").partition("\n---")[0] if page.is_file() else ""
    found = _LICENCE.search(head)
    return found[1] if found else "unknown"


@lru_cache(maxsize=1)
def comet_python() -> tuple[str, str]:
    """The Python that has unbabel-comet, and the version of that.

    Raises:
        MissingDependencyError: none has; says how to get one.
    """
    python = os.environ.get(PYTHON_VARIABLE) or sys.executable
    try:
        found = subprocess.run(  # noqa: S603 - the Python that the user named, or this one
            [python, "-I", "-c", _VERSION], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise MissingDependencyError(
            f"comet needs unbabel-comet, and {python} does not have it. It asks for older versions of what geneval is "
            "built on, so give it an environment of its own and say where that is: python3.11 -m venv comet-env && "
            f"comet-env/bin/pip install unbabel-comet==2.2.7 && export {PYTHON_VARIABLE}=$PWD/comet-env/bin/python"
        ) from error
    return python, found.stdout.strip()


class CometProcess:
    """A model in a process, which ends with this one, however that ends: it stops where its input does."""

    def __init__(self, files: CometFiles) -> None:
        """Starts it and waits until the model is loaded.

        Raises:
            MissingDependencyError: unbabel-comet is missing, or what the model is built on.
            UsageError: the model is refused.
            GenevalError: the process died.
        """
        self._files = files
        self._stderr: IO[bytes] = tempfile.TemporaryFile(prefix="geneval-")  # noqa: SIM115 - closed with the process
        python, _ = comet_python()
        self._process = subprocess.Popen(  # noqa: S603 - as above
            [python, "-I", str(_WORKER), str(files.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
            text=True,
            encoding="utf-8",
        )
        atexit.register(self.close)
        facts = self._answer()
        for word, error in (("refused", UsageError), ("missing", MissingDependencyError)):
            if word in facts:
                self.close()
                raise error(f"comet: the model in {files.folder} is not used: {facts[word]}")
        self.needs_source = bool(facts["needs_source"])

    def scores(self, samples: Sequence[dict[str, str]]) -> tuple[list[float], list[bool]]:
        """Scores of (source, output, reference), and of which of them the model reads only the beginning.

        Raises:
            GenevalError: the process died.
        """
        try:
            self._pipe(self._process.stdin).write(json.dumps(samples) + "\n")
            self._pipe(self._process.stdin).flush()
        except OSError:
            self._died()
        found = self._answer()
        return found["scores"], found["cut"]

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._stderr):
            if pipe is not None and not pipe.closed:
                pipe.close()
        atexit.unregister(self.close)

    def _answer(self) -> dict[str, Any]:
        try:
            line = self._pipe(self._process.stdout).readline()
        except BaseException:
            self.close()
            raise
        if not line.endswith("\n"):
            self._died()
        found: dict[str, Any] = json.loads(line)
        return found

    def _died(self) -> None:
        code = self._process.wait()
        self._stderr.seek(0)
        said = " ".join(self._stderr.read().decode("utf-8", "replace").split())[-_LAST_WORDS:]
        self.close()
        raise GenevalError(f"comet's process ended with exit code {code}; it said: {said or 'nothing'}")

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        if pipe is None or pipe.closed:
            raise GenevalError("comet's process has ended")
        return pipe


@lru_cache(maxsize=1)
def comet_process(model: str) -> CometProcess:
    """The process of a model, started once."""
    return CometProcess(find_comet(model))
