"""Files that pycocoevalcap brings, and that nothing of pycocoevalcap has to run for."""

from importlib.util import find_spec
from pathlib import Path

from geneval_references import MissingDependencyError


def find_packaged(file: Path, needed_by: str) -> Path:
    """Return where a file of pycocoevalcap lies.

    Raises:
        MissingDependencyError: pycocoevalcap is not there, or not whole.
    """
    spec = find_spec("pycocoevalcap")  # found, not imported: its modules run code that geneval has no use for
    folders = spec.submodule_search_locations if spec else None
    found = next((Path(folder, file) for folder in folders or () if Path(folder, file).is_file()), None)
    if found is None:
        raise MissingDependencyError(
            f"{needed_by} needs {file.name}, which pycocoevalcap brings: pip install 'geneval-text[coco]'"
        )
    return found.resolve()
