"""What Ray's workers run: each call is handed to a Node process that lives as long as the worker."""

from __future__ import annotations

from typing import Any, AsyncIterator, Iterator

from .calls import AsyncCall, SyncCall
from .host import Host, is_exit
from .travel import Spec, unpack_call

_host: Host | None = None


def _host_for(spec: Spec) -> Host:
    global _host
    if _host is None or _host.is_gone:
        _host = Host(spec.fields["command"])
    return _host


def run(head: bytes, *rest: Any) -> Any:
    spec, arguments = unpack_call(head, rest)
    host = _host_for(spec)
    call = SyncCall(host, releases_cpu=True)
    host.run_task(call, spec, arguments)
    try:
        return call.result(spec.fields["returnCount"])
    finally:
        host.note_run(spec.fields["functionId"], spec.fields["maxCalls"])


def run_stream(head: bytes, *rest: Any) -> Iterator[Any]:
    spec, arguments = unpack_call(head, rest)
    host = _host_for(spec)
    call = SyncCall(host, releases_cpu=True)
    host.run_task(call, spec, arguments)
    try:
        yield from call.items()
    finally:
        host.note_run(spec.fields["functionId"], spec.fields["maxCalls"])


class SyncActor:
    """One call at a time, in the order of its callers."""

    def __init__(self, head: bytes, *rest: Any) -> None:
        spec, arguments = unpack_call(head, rest)
        self._host = _host_for(spec)
        self._host.construct(SyncCall(self._host), spec, arguments)

    def call(self, head: bytes, *rest: Any) -> Any:
        spec, arguments = unpack_call(head, rest)
        call = SyncCall(self._host)
        self._host.call_actor(call, spec, arguments)
        try:
            return call.result(spec.fields["returnCount"])
        except Exception as error:
            if is_exit(error):
                _exit_actor()
            raise

    def stream(self, head: bytes, *rest: Any) -> Iterator[Any]:
        spec, arguments = unpack_call(head, rest)
        call = SyncCall(self._host)
        self._host.call_actor(call, spec, arguments)
        yield from call.items()


class AsyncActor:
    """Many calls at a time; Node runs them in one event loop."""

    def __init__(self, head: bytes, *rest: Any) -> None:
        spec, arguments = unpack_call(head, rest)
        self._host = _host_for(spec)
        self._host.construct(SyncCall(self._host), spec, arguments)

    async def call(self, head: bytes, *rest: Any) -> Any:
        spec, arguments = unpack_call(head, rest)
        call = AsyncCall(self._host)
        self._host.call_actor(call, spec, arguments)
        try:
            return await call.result(spec.fields["returnCount"])
        except Exception as error:
            if is_exit(error):
                _exit_actor()
            raise

    async def stream(self, head: bytes, *rest: Any) -> AsyncIterator[Any]:
        spec, arguments = unpack_call(head, rest)
        call = AsyncCall(self._host)
        self._host.call_actor(call, spec, arguments)
        async for item in call.items():
            yield item


def _exit_actor() -> None:
    import ray.actor  # only where it is needed: workers start sooner

    leave: Any = ray.actor.exit_actor
    leave()
