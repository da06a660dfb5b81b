"""Functions and classes of the SDK as tasks and actors of Ray."""

from __future__ import annotations

import json
from typing import Any, Callable

import ray

from . import options, worker
from .frames import Header
from .options import FindGroup
from .travel import pack_call
from .values import JsFailure

FunctionOf = Callable[[Header], str]
Arguments = Any

_SHARED = ("name", "returnCount", "backpressure", "strategy", "namespace", "maxCalls", "retries")


class Template:
    """A remote function with its options: made once, then submitted many times."""

    def __init__(self, header: Header, command: list[str], function_of: FunctionOf, find_group: FindGroup) -> None:
        spec = {name: header.get(name) for name in _SHARED}
        self._spec = json.dumps({**spec, "functionId": function_of(header), "command": command}).encode()
        given = options.task_options(header, find_group)
        streams = header["returnCount"] == -1
        if streams and header["backpressure"]:
            given["_generator_backpressure_num_objects"] = header["backpressure"]
        self._remote = ray.remote(worker.run_stream if streams else worker.run).options(**given)

    def submit(self, positions: list[int], arguments: Arguments, top: list[Any]) -> Any:
        return self._remote.remote(*pack_call(self._spec, positions, arguments), *top)


class ActorTemplate:
    """An actor class with its options."""

    def __init__(self, header: Header, command: list[str], function_of: FunctionOf, find_group: FindGroup) -> None:
        self.may_restart = bool(header.get("maxRestarts"))
        shared = ("name", "strategy", "namespace", "maxConcurrency", "concurrencyGroups", "methodGroups")
        spec = {name: header.get(name) for name in shared}
        self._spec = json.dumps({**spec, "functionId": function_of(header), "command": command}).encode()
        # Calls that may overlap run in one event loop, as they do in Node; those that may not keep the order of their callers.
        overlaps = header["maxConcurrency"] > 1 or bool(header["concurrencyGroups"])
        base = worker.AsyncActor if overlaps else worker.SyncActor
        # A class of its own, so that Ray's lists show its name.
        actor_class = type(header["name"], (base,), {"__module__": "__main__"})
        groups = header["concurrencyGroups"]
        make: Any = ray.remote
        remote = make(concurrency_groups=groups)(actor_class) if groups else make(actor_class)
        self._remote = remote.options(**options.actor_options(header, find_group))

    def create(self, positions: list[int], arguments: Arguments, top: list[Any]) -> Any:
        return self._remote.remote(*pack_call(self._spec, positions, arguments), *top)


class Method:
    """A method of one actor with its options."""

    def __init__(self, handle: Any, header: Header) -> None:
        """:raises JsFailure: for a concurrency group that the actor does not have."""
        if header["group"] and header["group"] not in header["groups"]:
            known = ", ".join(header["groups"]) or "none"
            message = f"{header['name']} was called in concurrency group \"{header['group']}\"; groups of this actor: {known}"
            raise JsFailure("bad-argument", message, {"group": header["group"]})
        streams = header["returnCount"] == -1
        self._spec = json.dumps({name: header[name] for name in ("method", "returnCount", "backpressure", "group")}).encode()
        given: dict[str, Any] = {"name": header["name"], "num_returns": "streaming" if streams else header["returnCount"]}
        if header["group"]:
            given["concurrency_group"] = header["group"]
        if streams and header["backpressure"]:
            given["_generator_backpressure_num_objects"] = header["backpressure"]
        self._remote = (handle.stream if streams else handle.call).options(**given)

    def call(self, positions: list[int], arguments: Arguments, top: list[Any]) -> Any:
        return self._remote.remote(*pack_call(self._spec, positions, arguments), *top)
