"""What other distributions offer to plug in: their metadata is read, nothing of theirs is imported."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import Distribution, distributions


@dataclass(frozen=True, slots=True)
class Offer:
    """An entry point: `name = "package.module:ClassOrFunction"`.

    Attributes:
        name: the name under which it is offered.
        module, attribute: where it is.
        distribution, version: who offers it.
        fault: what is wrong with the metadata itself, "" where nothing is.
    """

    name: str
    module: str
    attribute: str
    distribution: str
    version: str
    fault: str = ""

    @property
    def target(self) -> str:
        """`package.module:ClassOrFunction`."""
        return f"{self.module}:{self.attribute}"

    def __str__(self) -> str:
        """Who offers what."""
        return f"{self.distribution} {self.version} ({self.target})"


def offers(group: str) -> tuple[Offer, ...]:
    """Everything that installed distributions offer in a group of entry points, by name."""
    return _offers(group, tuple(sys.path))


def there(offer: Offer) -> object:
    """What an offer names, where that is imported already. Only looked up, so that no code of a plug-in's runs."""
    found: object = sys.modules.get(offer.module)
    for part in offer.attribute.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    return found


@lru_cache(maxsize=8)
def _offers(group: str, path: tuple[str, ...]) -> tuple[Offer, ...]:
    first: dict[str, Distribution] = {}
    for distribution in distributions(path=list(path)):
        # As in an import, what comes first on the path hides what comes later.
        first.setdefault(re.sub(r"[-_.]+", "-", _name(distribution)).lower(), distribution)
    found = [offer for distribution in first.values() for offer in _offered(group, distribution)]
    return tuple(sorted(found, key=lambda offer: (offer.name, offer.distribution)))


def _name(distribution: Distribution) -> str:
    # A distribution without readable metadata still has a folder with a name.
    folder = str(getattr(distribution, "_path", "")).replace("\\", "/").rsplit("/", 1)[-1].split("-", 1)[0]
    try:
        return str(distribution.metadata["Name"] or folder)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not ours to fail
        return folder


def _version(distribution: Distribution) -> str:
    try:
        return str(distribution.version or "?")
    except Exception:  # noqa: BLE001 - as above
        return "?"


def _offered(group: str, distribution: Distribution) -> Iterator[Offer]:
    try:
        text = distribution.read_text("entry_points.txt") or ""
    except (OSError, ValueError):
        return  # unreadable: it cannot be told whether it means us
    if group not in text:
        return
    who = (_name(distribution), _version(distribution))
    try:
        for entry in distribution.entry_points:
            if entry.group == group:
                yield Offer(entry.name, *_target(entry.value), *who)
    except Exception as error:  # noqa: BLE001 - one malformed file must not take all others with it
        yield Offer("?", "?", "?", *who, fault=f"its entry_points.txt cannot be read: {error}")


def _target(value: str) -> tuple[str, str]:
    module, _, attribute = value.partition("[")[0].partition(":")
    return module.strip(), attribute.strip()
