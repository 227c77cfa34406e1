"""Offline: nothing in this process reaches beyond this machine, whichever library would."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_VARIABLES = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE")
_SWITCHES = {
    "huggingface_hub.constants": ("HF_HUB_OFFLINE",),
    "datasets.config": ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"),
}
_ASKS = {"socket.getaddrinfo", "socket.gethostbyname"}
_SENDS = {"socket.connect", "socket.sendto", "socket.sendmsg"}

_closed = 0
_guarded = False


@contextmanager
def offline() -> Iterator[None]:
    """Tell the libraries of Hugging Face to fetch nothing, and stop whatever tries all the same."""
    global _closed  # noqa: PLW0603 - the network is the process's affair
    _guard()
    before = {name: os.environ.get(name) for name in _VARIABLES}
    set_before = [(module, name, getattr(module, name)) for module, name in _switches()]
    os.environ.update(dict.fromkeys(_VARIABLES, "1"))
    for module, name in _switches():
        setattr(module, name, True)
    _closed += 1
    try:
        yield
    finally:
        _closed -= 1
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        for module, name, was in set_before:
            setattr(module, name, was)


def _switches() -> Iterator[tuple[Any, str]]:
    """What the libraries read from the environment when they were imported."""
    for module, names in _SWITCHES.items():
        if module in sys.modules:
            yield from ((sys.modules[module], name) for name in names if hasattr(sys.modules[module], name))


def _guard() -> None:
    """Puts the guard up, which cannot be taken down again."""
    global _guarded  # noqa: PLW0603 - one guard is enough
    if not _guarded:
        sys.addaudithook(_stop)
        _guarded = True


def _stop(event: str, arguments: tuple[Any, ...]) -> None:
    if not _closed:
        return
    host = arguments[0] if event in _ASKS else _host(arguments[1]) if event in _SENDS else None
    if host is not None and not _is_here(host):
        raise ConnectionError(f"offline (--offline): nothing reaches {host}")


def _host(address: object) -> object:
    """The host of an address; a path is a socket of this machine."""
    return address[0] if isinstance(address, tuple) and address else None


def _is_here(host: object) -> bool:
    name = (host.decode("utf-8", "replace") if isinstance(host, bytes) else str(host)).partition("%")[0]
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name in {"", "localhost"}
