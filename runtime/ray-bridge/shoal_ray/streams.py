"""Generators of Ray, each read by a thread of its own, as `next` waits."""

from __future__ import annotations

import collections
import queue
import threading
from typing import Any, Callable

import ray

from .things import Things

_Step = Callable[["_Stream"], None]


class Streams:
    def __init__(self, things: Things) -> None:
        self._things = things
        self._streams: dict[str, _Stream] = {}

    def add(self, key: str, source: Any) -> None:
        self._things.add(key, source)
        self._streams[key] = _Stream(source, self._things)

    def fail(self, key: str, error: BaseException) -> None:
        self._things.add(key, error)
        self._streams[key] = _Stream(error, self._things)

    def source(self, key: str) -> Any | None:
        stream = self._streams.get(key)
        return stream.source if stream is not None else None

    def drop(self, key: str) -> None:
        stream = self._streams.pop(key, None)
        if stream is not None:
            stream.stop()

    def next(self, key: str, item_key: str, told: Callable[[bool], None]) -> None:
        self._streams[key].do(lambda stream: told(stream.take(item_key)))

    def completed(self, key: str, told: Callable[[int, BaseException | None], None]) -> None:
        self._streams[key].do(lambda stream: told(*stream.complete()))


class _Stream:
    """What follows `source` runs in the stream's thread."""

    def __init__(self, source: Any, things: Things) -> None:
        self.source = source
        self._things = things
        self._steps: queue.SimpleQueue[_Step | None] = queue.SimpleQueue()
        self._ahead: collections.deque[Any] = collections.deque()
        self._taken = 0
        self._ended = False
        self._last: Any = None
        self._thread: threading.Thread | None = None

    def do(self, step: _Step) -> None:
        self._steps.put(step)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="shoal-stream", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._steps.put(None)

    def _run(self) -> None:
        while (step := self._steps.get()) is not None:
            step(self)

    def take(self, item_key: str) -> bool:
        item = self._ahead.popleft() if self._ahead else self._read()
        if item is None:
            return False
        self._taken += 1
        self._things.add(item_key, item)
        return True

    def complete(self) -> tuple[int, BaseException | None]:
        """Reads what is left, to count it; `take` gives it later."""
        while (item := self._read()) is not None:
            self._ahead.append(item)
        if isinstance(self.source, BaseException):
            return 0, self.source
        try:
            ray.get([self.source.completed(), *([] if self._last is None else [self._last])])
        except Exception as error:  # how the task ended: with Ray what a generator throws is its last item
            return 0, error
        return self._taken + len(self._ahead), None

    def _read(self) -> Any | None:
        if self._ended or isinstance(self.source, BaseException):
            return None
        try:
            self._last = next(self.source)
            return self._last
        except StopIteration:
            self._ended = True
            return None
