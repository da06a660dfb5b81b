"""One call that Node runs, seen from the thread or coroutine of Ray that waits for it."""

from __future__ import annotations

import asyncio
import queue
from typing import TYPE_CHECKING, Any, AsyncIterator, Iterator

import ray
from ray.exceptions import TaskCancelledError

from .frames import Buffer
from .values import JsError, JsFailure, RetriableJsError

if TYPE_CHECKING:
    from .host import Host

# A cancel of Ray is seen between two steps of Python code.
_LOOK_EVERY_S = 0.1
_RELEASED_FOR_S = 0.5


class Outcome:
    """How a call ended. `values` are packed."""

    def __init__(self, values: list[Any], error: BaseException | None) -> None:
        self.values = values
        self.error = error

    def result(self, return_count: int) -> Any:
        if self.error is not None:
            raise self.error
        if return_count == 1:
            return self.values[0]
        return None if return_count == 0 else tuple(self.values)


class SyncCall:
    """Waits in the main thread of the worker, where Ray's cancel arrives and where a wait of Ray gives back the CPU."""

    def __init__(self, host: Host, releases_cpu: bool = False) -> None:
        self._host = host
        self._arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._releases_cpu = releases_cpu
        self._cancelled = False
        self.task_id = ""
        self.attempt = 0
        self.retries: Any = False
        self.yielded = 0

    def deliver(self, what: Any) -> None:
        """An item, or the outcome. In any thread."""
        self._arrived.put(what)

    def result(self, return_count: int) -> Any:
        try:
            outcome = self._next()
        except BaseException:  # Ray's cancel came where we do not look for it
            self._cancel()
            raise
        self._raise_cancelled()
        return outcome.result(return_count)

    def items(self) -> Iterator[Any]:
        try:
            while not isinstance(arrived := self._next(), Outcome):
                yield arrived
                self.yielded += 1
                self._host.consumed(self)
        except BaseException:  # Ray stops a generator where it yields
            self._cancel()
            raise
        self._raise_cancelled()
        if arrived.error is not None:
            raise arrived.error

    def _raise_cancelled(self) -> None:
        if self._cancelled:
            raise TaskCancelledError()

    def _next(self) -> Any:
        while True:
            try:
                arrived = self._look()
                if arrived is not None:
                    return arrived
            except KeyboardInterrupt:  # Ray's cancel, between any two steps
                self._cancel()

    def _look(self) -> Any | None:
        if self._releases_cpu and self._host.is_blocked:
            self._wait_without_cpu()
        try:
            return self._arrived.get(timeout=_LOOK_EVERY_S)
        except queue.Empty:
            if not self._cancelled and _is_cancelled():
                self._cancel()
            return None

    def _cancel(self) -> None:
        self._cancelled = True
        self._host.cancel(self)

    def _wait_without_cpu(self) -> None:
        """The program waits for others: Ray lends our CPU to them while we wait in Ray too."""
        while self._host.is_blocked and self._arrived.empty():
            refs = list(dict.fromkeys(self._host.waited_for()))
            if refs:
                ray.wait(refs, num_returns=1, timeout=_RELEASED_FOR_S, fetch_local=False)
            self._host.wait_for_change(0.005 if refs else _LOOK_EVERY_S)


class AsyncCall:
    def __init__(self, host: Host) -> None:
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._arrived: asyncio.Queue[Any] = asyncio.Queue()
        self.task_id = ""
        self.attempt = 0
        self.retries: Any = False
        self.yielded = 0

    def deliver(self, what: Any) -> None:
        """An item, or the outcome. In any thread."""
        self._loop.call_soon_threadsafe(self._arrived.put_nowait, what)

    async def result(self, return_count: int) -> Any:
        try:
            outcome = await self._next()
        except asyncio.CancelledError:
            self._host.cancel(self)
            raise
        return outcome.result(return_count)

    async def items(self) -> AsyncIterator[Any]:
        try:
            while not isinstance(arrived := await self._next(), Outcome):
                yield arrived
                self.yielded += 1
                self._host.consumed(self)
        except BaseException:  # Ray stops a generator where it yields
            self._host.cancel(self)
            raise
        if arrived.error is not None:
            raise arrived.error

    async def _next(self) -> Any:
        return await self._arrived.get()


def error_of(header: dict[str, Any], buffers: list[Buffer], retries: Any) -> BaseException:
    if header["kind"] == "threw":
        names = tuple(header["classNames"])
        meant = retries is True or (isinstance(retries, list) and any(name in retries for name in names))
        return (RetriableJsError if meant else JsError)(header["text"], bytes(buffers[0]), names, header["origin"])
    failure = header["failure"]
    if failure["code"] == "task.cancelled":
        return TaskCancelledError()
    return JsFailure(failure["code"], failure["message"], failure["details"])


def _is_cancelled() -> bool:
    """Calls of sync actors are told this way, by versions of Ray that can."""
    ask = getattr(ray.get_runtime_context(), "is_canceled", None)
    try:
        return ask is not None and bool(ask())
    except RuntimeError:  # in the constructor of an async actor
        return False
