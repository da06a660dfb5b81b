"""Refs and actor handles that the Node process beside us may name, by the keys that the SDK gave them."""

from __future__ import annotations

import threading
from typing import Any, Iterable, Sequence

from .values import JsFailure


class Failed:
    """Stands for an object or actor that could not be made."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Things:
    """Counts how often Node was told of each: it gives back as many when its garbage collector has taken the last use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._things: dict[str, Any] = {}
        self._counts: dict[str, int] = {}

    def add(self, key: str, thing: Any) -> None:
        with self._lock:
            self._things.setdefault(key, thing)
            self._counts[key] = self._counts.get(key, 0) + 1

    def add_all(self, keys: Sequence[str], things: Sequence[Any]) -> None:
        for key, thing in zip(keys, things):
            self.add(key, thing)

    def get(self, key: str) -> Any:
        """:raises JsFailure: when the program has let go of it."""
        try:
            return self._things[key]
        except KeyError:
            raise JsFailure("object.freed", f"object {key} was freed by this program; keep it, or put it again", {"objectId": key}) from None

    def find(self, key: str) -> Any | None:
        return self._things.get(key)

    def replace(self, key: str, thing: Any) -> Any | None:
        """:returns: what was there; where nothing was, nothing is."""
        with self._lock:
            before = self._things.get(key)
            if before is not None:
                self._things[key] = thing
            return before

    def get_all(self, keys: Iterable[str]) -> list[Any]:
        return [self.get(key) for key in keys]

    def release(self, releases: Iterable[tuple[str, int]]) -> list[str]:
        """:returns: the keys that are gone now."""
        dropped: list[Any] = []  # outside of the lock: the end of a handle runs code of Ray
        keys: list[str] = []
        with self._lock:
            for key, count in releases:
                left = self._counts.get(key, 0) - count
                if left > 0:
                    self._counts[key] = left
                elif key in self._things:
                    del self._counts[key]
                    dropped.append(self._things.pop(key))
                    keys.append(key)
        return keys
