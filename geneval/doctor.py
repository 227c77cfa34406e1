"""What is installed on this machine, what is missing, and what to do about it.

Nothing here loads torch, uses the network, or starts more than `java -version`.
"""

from __future__ import annotations

import hashlib
import locale
import os
import platform
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from geneval import __version__
from geneval_references import GenevalError, MissingDependencyError, UsageError

Status = Literal["ok", "note", "missing", "broken"]

PACKAGE = "geneval-text"
JAVA_SECONDS = 10.0
OLDEST_PYTHON, OLDEST_JAVA = (3, 11), 8
_ORDER = (
    "core",
    "neural",
    "offline",
    "light",
    "translate",
    "ling",
    "coco",
    "java",
    "meteor",
    "spice",
    "model",
    "device",
    "hub",
    "caches",
    "disk",
    "plugins",
    "text",
)
_ROOM = 1 << 30
"""Bytes below which a disk is worth a note."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        part: what it is a part of; the name that `--require` takes.
        name: what it is.
        status: `ok`; `note`, which works but is worth knowing; `missing`; `broken`, which is there and does not work.
        found: what there is.
        remedy: what to do, "" where there is nothing to do.
    """

    part: str
    name: str
    status: Status
    found: str
    remedy: str = ""


def examine(folder: Path | None = None) -> list[Finding]:
    """Looks at everything.

    Args:
        folder: where results would go; the current one by default.
    """
    parts: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("core", _python),
        ("core", _scorers),
        ("core", _packages),
        ("java", _java),
        ("coco", _jars),
        ("model", _model),
        ("light", _light),
        ("device", _device),
        ("caches", _caches),
        ("caches", _vectors),
        ("disk", lambda: _disk(folder or Path())),
        ("plugins", _plugins),
        ("text", _text),
    ]
    found = [finding for part, look in parts for finding in _looked(part, look)]
    java = next((finding for finding in found if finding.name == "Java"), None)
    found += _looked("meteor", lambda: _meteor(java)) + _looked("spice", lambda: _spice(java))
    return sorted(found, key=lambda finding: _ORDER.index(finding.part) if finding.part in _ORDER else len(_ORDER))


def works(findings: list[Finding]) -> bool:
    """Whether the core works: Python and the packages that geneval cannot do without."""
    return all(finding.status in {"ok", "note"} for finding in findings if finding.part == "core")


def lacking(findings: list[Finding], part: str) -> list[Finding]:
    """What of a part is missing or broken."""
    return [finding for finding in findings if finding.part == part and finding.status in {"missing", "broken"}]


def _looked(part: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """Findings of one kind; looking must not fail where the patient is ill."""
    found: list[Finding] = []
    try:
        found.extend(look())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what there is to report
        remedy = f"pip install --force-reinstall {PACKAGE}" if isinstance(error, ImportError) else ""
        found.append(Finding(part, "examination", "broken", f"{type(error).__name__}: {error}", remedy))
    return found


# --- Python and packages ---


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    # Not `platform.platform()`, which starts `uname`.
    machine = f"{platform.system()} {platform.release()}, {platform.machine()}"
    here = f"{version} ({platform.python_implementation()}, {machine}), {sys.executable}"
    if sys.version_info >= OLDEST_PYTHON:
        yield Finding("core", "Python", "ok", here)
    else:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        yield Finding("core", "Python", "broken", here, f"install Python {oldest} or newer, and geneval there")


def _packages() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    try:
        installed, wanted = metadata.version(PACKAGE), metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        told = f"{__version__}, run from its source: what it needs cannot be told"
        yield Finding(
            "core", PACKAGE, "note", told, f"pip install {PACKAGE}, or pip install --editable . in the source"
        )
        return
    yield Finding("core", PACKAGE, "ok", installed)
    for line in wanted:
        requirement = Requirement(line)
        extra = re.search(r"""extra\s*==\s*['"]([\w-]+)['"]""", line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra[1] if extra else ""}):
            spec = str(requirement.specifier)
            yield _package(requirement.name, requirement.specifier.contains, spec, extra[1] if extra else "core")


def _package(name: str, fits: Callable[..., bool], spec: str, part: str) -> Finding:
    repair = f"pip install '{PACKAGE}[{part}]'" if part != "core" else f"pip install --upgrade {PACKAGE}"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(part, name, "missing", "not installed", repair)
    if not fits(version, prereleases=True):
        return Finding(part, name, "broken", f"{version}; {spec} is needed", f"pip install '{name}{spec}'")
    return Finding(part, name, "ok", version)


def _scorers() -> Iterator[Finding]:
    """What is installed may still not load."""
    import geneval_scorers

    yield Finding("core", "scorers", "ok", f"they load, from {Path(geneval_scorers.__file__).parent}")


# --- Java ---


def _java() -> Iterator[Finding]:
    from geneval_scorers.java._process import find_java, java_timeout, java_version

    home = os.environ.get("JAVA_HOME")
    try:
        java = find_java("the tokeniser ptb-java")
    except MissingDependencyError as error:
        told, _, remedy = str(error).partition(": ")
        yield Finding("java", "Java", "missing", told, remedy)
        return
    if home and not Path(java).is_relative_to(home):
        told = f"JAVA_HOME is {home}, which has no bin/java; that of PATH is used"
        yield Finding("java", "JAVA_HOME", "note", told, "unset JAVA_HOME, or set it to the folder of a Java")
    try:
        seconds = java_timeout(JAVA_SECONDS)
    except UsageError as error:
        variable = "GENEVAL_JAVA_TIMEOUT"
        yield Finding("java", variable, "broken", f"{error}", f"unset {variable}, or set it to a number of seconds")
        return
    try:
        yield _judged(java, java_version(java, seconds))
    except GenevalError as error:
        remedy = "install another Java, or put another one first (JAVA_HOME, PATH)"
        yield Finding("java", "Java", "broken", f"{error}", remedy)


def _judged(java: str, said: str) -> Finding:
    """Java 8 calls itself 1.8, later ones by their number."""
    remedy = f"install Java {OLDEST_JAVA} or newer, and put it first (JAVA_HOME, PATH)"
    number = re.search(r'version "(?:1\.)?(\d+)', said)
    if number is None:
        told = f"{java} answers `java -version` with {said[:80]!r}, as no Java does"
        return Finding("java", "Java", "broken", told, remedy)
    if int(number[1]) < OLDEST_JAVA:
        return Finding("java", "Java", "broken", f"{java} is Java {number[1]}, too old", remedy)
    return Finding("java", "Java", "ok", f"{number[1]}, {java}")


def _jars() -> Iterator[Finding]:
    from geneval_scorers.java.ptb import JAR_SHA256, find_jar

    what = "jar of Stanford's tokeniser"
    try:
        jar = find_jar()
    except MissingDependencyError:
        yield Finding("coco", what, "missing", "pycocoevalcap is not installed", f"pip install '{PACKAGE}[coco]'")
        return
    yield _published("coco", what, {jar: JAR_SHA256}) or Finding("coco", what, "ok", f"{jar.name}, {_AS_PUBLISHED}")


_AS_PUBLISHED = "sha256 as published"


def _published(part: str, what: str, files: dict[Path, str]) -> Finding | None:
    """What is wrong with files that should have these hashes."""
    for file, expected in files.items():
        with file.open("rb") as stream:
            same = hashlib.file_digest(stream, "sha256").hexdigest() == expected
        if not same:
            repair = "pip install --force-reinstall --no-deps pycocoevalcap==1.2"
            return Finding(part, what, "broken", f"{file} is not the one that was published (sha256)", repair)
    return None


# --- scorers that run on Java ---


def _meteor(java: Finding | None) -> Iterator[Finding]:
    from geneval_scorers.java._packaged import find_packaged
    from geneval_scorers.java.meteor import SHA256

    try:
        files = {find_packaged(file, "meteor"): expected for file, expected in SHA256.items()}
    except MissingDependencyError as error:
        yield _absent("meteor", error)
        return
    fine = Finding("meteor", _SCORER.format("meteor"), "ok", f"can run: jar and paraphrases, {_AS_PUBLISHED}, and Java")
    yield _published("meteor", fine.name, files) or _without_java("meteor", java) or fine


def _spice(java: Finding | None) -> Iterator[Finding]:
    from geneval_scorers.java._packaged import find_packaged
    from geneval_scorers.java.spice import JAR, NEWEST_JAVA, OLDEST_JAVA, find_corenlp

    name = _SCORER.format("spice")
    try:
        parsers = find_corenlp(find_packaged(JAR, "spice").parent / "lib")
    except MissingDependencyError as error:
        yield _absent("spice", error)
        return
    told = f"can run: its jar, {', '.join(parser.name for parser in parsers)}, and Java"
    ill = _without_java("spice", java)
    if ill is None and java is not None and not OLDEST_JAVA <= int(java.found.partition(",")[0]) <= NEWEST_JAVA:
        span = f"Java {OLDEST_JAVA} to {NEWEST_JAVA}"
        remedy = f"install {span}, for example Java 11, and set JAVA_HOME to its folder"
        ill = Finding("spice", name, "missing", f"cannot run: needs {span}; there is {java.found}", remedy)
    yield ill or Finding("spice", name, "ok", told)


_SCORER = "scorer {}"


def _absent(part: str, error: MissingDependencyError) -> Finding:
    told, _, remedy = str(error).partition(": ")
    return Finding(part, _SCORER.format(part), "missing", f"cannot run: {told}", remedy)


def _without_java(part: str, java: Finding | None) -> Finding | None:
    if java is not None and java.status == "ok":
        return None
    ill = "there is none that works" if java is None else f"it is {java.status}"
    remedy = java.remedy if java is not None else ""
    return Finding(part, _SCORER.format(part), "missing", f"cannot run: needs Java, and {ill} (see java)", remedy)


# --- models and caches ---


def _model() -> Iterator[Finding]:
    from geneval_scorers.embedding._models import DEFAULT_MODEL, default_model_here

    name = DEFAULT_MODEL.removeprefix("hf:").partition("@")[0]
    found = default_model_here()
    if found is not None:
        yield Finding("model", name, "ok", f"{found[1]}: {found[0]}")
    else:
        revision = DEFAULT_MODEL.partition("@")[2]
        fetch = f"pip install '{PACKAGE}[offline]', or with a network: hf download {name} --revision {revision}"
        yield Finding("model", name, "missing", "neither in the Hub's cache nor installed as a package", fetch)
    yield from _hub()


def _light() -> Iterator[Finding]:
    from geneval_scorers.embedding import LIGHT_MODEL, load_encoder

    try:
        yield Finding("light", LIGHT_MODEL, "ok", f"{load_encoder(LIGHT_MODEL).signature}; needs no torch")
    except MissingDependencyError:
        repair = f"pip install '{PACKAGE}[light]'"
        yield Finding("light", LIGHT_MODEL, "missing", "the encoder that needs no torch is not installed", repair)


def _device() -> Iterator[Finding]:
    """Where encoders would run, as far as that can be told without torch."""
    from geneval_scorers.embedding import machine

    try:
        torch = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return
    asked = machine().device
    if "+cpu" in torch and asked not in {None, "cpu"}:
        repair = "unset GENEVAL_DEVICE, or install the torch for your GPU (https://pytorch.org/get-started)"
        yield Finding(
            "device", "encoders", "broken", f"GENEVAL_DEVICE is {asked}, and torch {torch} has the CPU only", repair
        )
    else:
        best = "the CPU; this torch knows no other" if "+cpu" in torch else "the best one there is"
        yield Finding("device", "encoders", "ok", f"{asked or best} (torch {torch})")


def _hub() -> Iterator[Finding]:
    from huggingface_hub import is_offline_mode, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    if is_offline_mode():
        told = "HF_HUB_OFFLINE is set: nothing is fetched from the Hub"
        yield Finding("hub", "network", "note", told, "unset HF_HUB_OFFLINE where models or data sets shall be fetched")
    else:
        yield Finding(
            "hub", "network", "ok", "models and data sets of the Hub may be fetched (HF_HUB_OFFLINE is not set)"
        )
    try:
        for repo in sorted(scan_cache_dir().repos, key=lambda repo: repo.repo_id):
            revisions = ", ".join(sorted(revision.commit_hash[:12] for revision in repo.revisions))
            yield Finding("hub", f"{repo.repo_type} {repo.repo_id}", "ok", f"{_size(repo.size_on_disk)}, {revisions}")
    except CacheNotFound:
        yield Finding("hub", "models in the cache", "ok", "none: there is no cache yet")


def _caches() -> Iterator[Finding]:
    from huggingface_hub import constants

    places = {
        "Hub": Path(constants.HF_HUB_CACHE),
        "datasets": Path(os.environ.get("HF_DATASETS_CACHE") or Path(constants.HF_HOME) / "datasets"),
        "sacrebleu": Path(os.environ.get("SACREBLEU") or Path.home() / ".sacrebleu"),
    }
    variables = {"Hub": "HF_HOME or HF_HUB_CACHE", "datasets": "HF_HOME or HF_DATASETS_CACHE", "sacrebleu": "SACREBLEU"}
    for name, place in places.items():
        file = next((part for part in (place, *place.parents) if part.is_file()), None)
        if file:
            remedy = f"unset {variables[name]}, or set it to a folder"
            yield Finding("caches", name, "broken", f"{place} cannot be a folder, for {file} is a file", remedy)
            continue
        held = f"{_size(_bytes_in(place))} in {place}" if place.is_dir() else f"empty ({place} is not there)"
        yield Finding("caches", name, "ok", held)


def _vectors() -> Iterator[Finding]:
    """What encoders keep."""
    from geneval_scorers.embedding import VectorStore, machine

    folder = machine().cache
    if folder is None:
        yield Finding("caches", "vectors", "note", "GENEVAL_CACHE is off: every run encodes all texts")
        return
    store, elsewhere = VectorStore(folder), "set GENEVAL_CACHE to a folder that can be written to, or to off"
    try:
        with store.opened() as cache:
            yield Finding("caches", "vectors", "ok", f"{cache.count} vectors, {_size(store.size)} in {folder}")
    except sqlite3.OperationalError as error:
        yield Finding("caches", "vectors", "broken", f"{store.file}: {error}", elsewhere)
    except sqlite3.DatabaseError as error:
        yield Finding("caches", "vectors", "broken", f"{store.file}: {error}", "geneval cache clear")
    except OSError as error:
        yield Finding("caches", "vectors", "broken", f"{folder}: {error.strerror or error}", elsewhere)


def _bytes_in(folder: Path) -> int:
    """What the files of a folder hold; links are not followed, since the Hub's cache links to its own files."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_size
            except OSError:  # it has just gone
                continue
    return total


def _size(count: int) -> str:
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} TB"


# --- the rest of the machine ---


def _disk(folder: Path) -> Iterator[Finding]:
    places: dict[str, tuple[Callable[[], Path], str]] = {
        "results": (folder.resolve, "-o"),
        "temporary files": (lambda: Path(tempfile.gettempdir()), "TMPDIR"),
    }
    for name, (find, option) in places.items():
        try:
            place = find()
            free = shutil.disk_usage(place).free
        except OSError as error:
            told = f"the folder cannot be looked at: {error.strerror or error}"
            yield Finding("disk", name, "broken", told, f"name another folder ({option}), or go to one that is there")
            continue
        told, remedy = f"{_size(free)} free in {place}", f"name another folder ({option})"
        if not os.access(place, os.W_OK):
            yield Finding("disk", name, "broken", f"{place} cannot be written to", remedy)
        elif free < _ROOM:
            yield Finding("disk", name, "note", told, f"free some, or {remedy}")
        else:
            yield Finding("disk", name, "ok", told)


def _plugins() -> Iterator[Finding]:
    from geneval_scorers import plugins

    found = plugins()
    if not found:
        yield Finding("plugins", "plug-ins", "ok", "none is installed")
    for plugin in found:
        who = f"{plugin.distribution} {plugin.version} ({plugin.target})"
        if plugin.error:
            repair = f"pip install --upgrade {plugin.distribution}, or pip uninstall {plugin.distribution}"
            yield Finding("plugins", plugin.name, "broken", f"{who}: {plugin.error}", repair)
        else:
            yield Finding("plugins", plugin.name, "ok", who)


def _text() -> Iterator[Finding]:
    names = sys.getfilesystemencoding()
    utf8 = names.lower().replace("-", "") == "utf8"
    found = f"files and streams UTF-8; file names {names}; locale {locale.setlocale(locale.LC_CTYPE)}"
    remedy = "" if utf8 else "names of files outside of ASCII may fail: set PYTHONUTF8=1 or LC_ALL=C.UTF-8"
    yield Finding("text", "encoding", "ok" if utf8 else "note", found, remedy)
