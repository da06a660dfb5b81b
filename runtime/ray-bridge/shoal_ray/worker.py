"""What Ray's workers run: each call is handed to a Node process that lives as long as the worker."""

from __future__ import annotations

import json
from typing import Any, AsyncIterator, Iterator

from .calls import AsyncCall, SyncCall
from .host import Host, is_exit

_host: Host | None = None


def _host_for(spec: dict[str, Any]) -> Host:
    global _host
    if _host is None or _host.is_gone:
        _host = Host(spec["command"])
    return _host


def run(spec_text: bytes, positions: list[int], arguments: Any, *top: Any) -> Any:
    spec = json.loads(spec_text)
    host = _host_for(spec)
    call = SyncCall(host, releases_cpu=True)
    host.run_task(call, spec, (positions, arguments, top))
    try:
        return call.result(spec["returnCount"])
    finally:
        host.note_run(spec["functionId"], spec["maxCalls"])


def run_stream(spec_text: bytes, positions: list[int], arguments: Any, *top: Any) -> Iterator[Any]:
    spec = json.loads(spec_text)
    host = _host_for(spec)
    call = SyncCall(host, releases_cpu=True)
    host.run_task(call, spec, (positions, arguments, top))
    try:
        yield from call.items()
    finally:
        host.note_run(spec["functionId"], spec["maxCalls"])


class SyncActor:
    """One call at a time, in the order of its callers."""

    def __init__(self, spec_text: bytes, positions: list[int], arguments: Any, *top: Any) -> None:
        spec = json.loads(spec_text)
        self._host = _host_for(spec)
        self._host.construct(SyncCall(self._host), spec, (positions, arguments, top))

    def call(self, spec_text: bytes, positions: list[int], arguments: Any, *top: Any) -> Any:
        spec = json.loads(spec_text)
        call = SyncCall(self._host)
        self._host.call_actor(call, spec, (positions, arguments, top))
        try:
            return call.result(spec["returnCount"])
        except Exception as error:
            if is_exit(error):
                _exit_actor()
            raise

    def stream(self, spec_text: bytes, positions: list[int], arguments: Any, *top: Any) -> Iterator[Any]:
        spec = json.loads(spec_text)
        call = SyncCall(self._host)
        self._host.call_actor(call, spec, (positions, arguments, top))
        yield from call.items()


class AsyncActor:
    """Many calls at a time; Node runs them in one event loop."""

    def __init__(self, spec_text: bytes, positions: list[int], arguments: Any, *top: Any) -> None:
        spec = json.loads(spec_text)
        self._host = _host_for(spec)
        self._host.construct(SyncCall(self._host), spec, (positions, arguments, top))

    async def call(self, spec_text: bytes, positions: list[int], arguments: Any, *top: Any) -> Any:
        spec = json.loads(spec_text)
        call = AsyncCall(self._host)
        self._host.call_actor(call, spec, (positions, arguments, top))
        try:
            return await call.result(spec["returnCount"])
        except Exception as error:
            if is_exit(error):
                _exit_actor()
            raise

    async def stream(self, spec_text: bytes, positions: list[int], arguments: Any, *top: Any) -> AsyncIterator[Any]:
        spec = json.loads(spec_text)
        call = AsyncCall(self._host)
        self._host.call_actor(call, spec, (positions, arguments, top))
        async for item in call.items():
            yield item


def _exit_actor() -> None:
    import ray.actor  # only where it is needed: workers start sooner

    leave: Any = ray.actor.exit_actor
    leave()
