"""The network is closed for every test, and what closes it bites."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.request

import pytest

# A test of documentation for use: these addresses are set aside for examples (RFC 5737, RFC 3849, RFC 2606).
ATTEMPTS = [
    ("a name", lambda: socket.getaddrinfo("example.org", 443)),
    ("a name, the old way", lambda: socket.gethostbyname("example.org")),
    ("an address", lambda: socket.create_connection(("192.0.2.1", 443), timeout=1)),
    ("an address of version 6", lambda: socket.socket(socket.AF_INET6).connect(("2001:db8::1", 443))),
    ("a datagram", lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53))),
    ("a page", lambda: urllib.request.urlopen("http://example.org", timeout=1)),
]


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("attempt", [attempt for _, attempt in ATTEMPTS], ids=[name for name, _ in ATTEMPTS])
def test_the_guard_stops_what_leaves_the_machine(attempt, closed_network):
    with pytest.raises(OSError, match="the network is closed for tests"):
        attempt()
    assert len(closed_network) == 1
    closed_network.clear()  # or this test would fail, as any other does


def test_the_guard_lets_the_machine_talk_to_itself():
    server = socket.create_server(("127.0.0.1", 0))
    with server, socket.create_connection(server.getsockname(), timeout=5) as client:
        assert client.getpeername() == server.getsockname()


SWALLOWED = """
import socket

def test_that_swallows_the_error():
    try:
        socket.create_connection(("192.0.2.1", 443), timeout=1)
    except OSError:
        pass
"""


def test_a_test_that_swallows_the_error_fails_all_the_same(tmp_path, pytestconfig):
    (tmp_path / "conftest.py").write_text((pytestconfig.rootpath / "tests" / "conftest.py").read_text("utf-8"), "utf-8")
    (tmp_path / "test_it.py").write_text(SWALLOWED, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1 and "this test tried to reach the network" in done.stdout
