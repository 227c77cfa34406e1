"""`--offline` never touches the network: nothing asks, and what would ask is stopped."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request

import pytest

from geneval.offline import offline

# Writes down who asks for the network, and lets nobody; it is in place before anything of ours.
RECORDER = """
import os, sys

def record(event, arguments):
    if event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto", "socket.sendmsg"}:
        asked = arguments[1] if event in {"socket.connect", "socket.sendto", "socket.sendmsg"} else arguments[0]
        if not (isinstance(asked, str) and asked.startswith("/")):
            with open(os.environ["ASKED"], "a") as file:
                print(event, asked, file=file)
            raise OSError("the network is closed for this test")

sys.addaudithook(record)
"""
ROW = {"id": "1", "output": "a", "references": ["b"]}
DATASET = "hf://datasets/owner/name?split=test"


@pytest.fixture
def watched(tmp_path, process, monkeypatch):
    """Runs the command as on a machine that may use the network; gives exit code, stderr, and who asked for it."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(RECORDER)
    (tmp_path / "o.jsonl").write_text(json.dumps(ROW) + "\n")
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments):
        asked = tmp_path / "asked"
        asked.unlink(missing_ok=True)
        env = {
            "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), *filter(None, sys.path)]),
            "ASKED": str(asked),
            "HF_HOME": str(tmp_path / "hf"),
        }
        code, _, said = process(*arguments, env=env)
        return code, said, asked.read_text() if asked.exists() else ""

    return run


COMMANDS = [
    pytest.param(("score", DATASET, "-s", "bleu"), 6, "the data set is not in the cache", id="score a data set"),
    pytest.param(("compare", DATASET, "-s", "bleu"), 6, "the data set is not in the cache", id="compare a data set"),
    pytest.param(("validate", DATASET), 6, "the data set is not in the cache", id="validate a data set"),
    pytest.param(("references", "describe", DATASET), 6, "the data set is not in the cache", id="describe a data set"),
    pytest.param(
        ("score", "o.jsonl", "-s", "cosine(model='hf:org/name')"), 6, "hf download org/name", marks=pytest.mark.neural
    ),
    pytest.param(("score", "o.jsonl", "-s", "cosine"), 0, "", marks=pytest.mark.neural, id="the default model"),
    pytest.param(("score", "o.jsonl"), 0, "", id="the default scorers"),
]


@pytest.mark.parametrize(("arguments", "code", "told"), COMMANDS)
def test_nothing_asks_for_the_network(watched, arguments, code, told):
    ended, said, asked = watched(*arguments, "--offline")
    assert (ended, asked) == (code, ""), said
    assert told in said


def test_without_it_the_hub_is_asked(watched):
    """What the test above would see."""
    code, _, asked = watched("score", DATASET, "-s", "bleu")
    assert code == 6 and "huggingface.co" in asked


ATTEMPTS = [
    ("a name", lambda: socket.getaddrinfo("example.org", 443)),
    ("an address", lambda: socket.create_connection(("192.0.2.1", 443), timeout=1)),
    ("an address of version 6", lambda: socket.socket(socket.AF_INET6).connect(("2001:db8::1", 443))),
    ("a datagram", lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53))),
    ("a page", lambda: urllib.request.urlopen("http://example.org", timeout=1)),
]


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("attempt", [attempt for _, attempt in ATTEMPTS], ids=[name for name, _ in ATTEMPTS])
def test_whatever_asks_all_the_same_is_stopped(attempt, closed_network):
    with offline(), pytest.raises(OSError, match=r"offline \(--offline\): nothing reaches|the network is closed"):
        attempt()
    closed_network.clear()


def test_this_machine_may_still_talk_to_itself():
    with (
        offline(),
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as client,
    ):
        assert client.getpeername() == server.getsockname()


def test_it_ends_and_the_libraries_hear_of_both(monkeypatch):
    from huggingface_hub import constants, is_offline_mode

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    with offline():
        assert is_offline_mode() and os.environ["TRANSFORMERS_OFFLINE"] == "1"
        with offline():
            pass
        assert is_offline_mode()
    assert not is_offline_mode()
    assert os.environ["HF_HUB_OFFLINE"] == "0" and "TRANSFORMERS_OFFLINE" not in os.environ


GUARDED = """
import socket, sys
from geneval.offline import offline
def attempt():
    try:
        socket.create_connection(("192.0.2.1", 443), timeout=0.01)
    except ConnectionError as error:
        return str(error)
    except OSError as error:
        return type(error).__name__
with offline():
    print(attempt())
"""


def test_the_guard_is_the_one_that_stops_it():
    """In a process in which nothing else closes the network."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", GUARDED], capture_output=True, text=True, env=env, check=True)
    assert done.stdout == "offline (--offline): nothing reaches 192.0.2.1\n"
