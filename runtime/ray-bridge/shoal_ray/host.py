"""A worker's Node process, and the calls that it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, Union

import ray

from . import cluster, kv, node_process
from .calls import AsyncCall, Outcome, SyncCall, error_of
from .failures import note_end
from .frames import Buffer, Header, Link, LinkClosed
from .travel import Arguments, Spec
from .values import JsError, JsFailure, pack, unpack

if TYPE_CHECKING:
    from .bridge import Bridge, Buffers

Call = Union[SyncCall, AsyncCall]
# Node forgets them with us.
_MAX_SPECS = 10_000
_NOT_DEVICES = {"CPU", "memory"}


class Host:
    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._calls: dict[str, Call] = {}
        self._runs: dict[str, int] = {}
        # What Node was told of, by the text.
        self._specs: dict[bytes, int] = {}
        self._specs_lock = threading.Lock()
        self._started = threading.Event()
        self._changed = threading.Event()
        self._failure: BaseException | None = None
        self._constructed: SyncCall | None = None
        self._actor_id = ""
        self.is_gone = False
        self.is_blocked = False
        # The thread that starts Node must outlive it, or the kernel ends it.
        threading.Thread(target=self._live, name="shoal-node", daemon=True).start()
        self._started.wait()
        if self._failure is not None:
            self.is_gone = True
            raise self._failure

    def _live(self) -> None:
        from .bridge import Bridge  # which knows us by way of the tasks it submits

        try:
            self._process, connection = node_process.start(self._command)
        except Exception as error:  # raised by the constructor
            self._failure = error
            self._started.set()
            return
        self._output = node_process.Output(self._process)
        self._link = Link(connection, cluster.memory())
        self._bridge: Bridge = Bridge(self._link, self._command)
        self._link.send({"type": "worker.start", **cluster.context(self._command), **self._link.memory.facts()})
        self._started.set()
        try:
            for header, buffers in self._link.frames():
                self._take(header, buffers)
                del buffers  # what is staged goes back with its last user
        except LinkClosed:
            pass
        self._ended(self._process)

    def _ended(self, process: subprocess.Popen[bytes]) -> None:
        """Without its Node a worker can answer no call: it ends too, and Ray does what it does for crashed workers."""
        self._link.memory.close()
        was_expected = self.is_gone
        self.is_gone = True
        code = process.wait()
        if was_expected or not (self._calls or self._actor_id):
            return
        ended = {
            "pid": process.pid,
            "exitCode": max(code, -1),
            "signal": signal.Signals(-code).name if code < 0 else "",
            "lastLines": self._output.last_lines(),
        }
        how = f"ended by {ended['signal']}" if code < 0 else f"ended with exit code {code}"
        print(f"shoal: the Node process {process.pid} of this worker {how}", file=sys.stderr, flush=True)
        try:
            if self._actor_id:
                note_end(self._actor_id, ended)
            for task_id, call in list(self._calls.items()):  # more calls may come while Ray's head is told
                note_end(task_id, {**ended, "runs": call.attempt + 1})
        finally:
            os._exit(1)

    def _take(self, header: Header, buffers: Buffers) -> None:
        kind = header["type"]
        if kind == "task.ended":
            self._task_ended(header, buffers)
        elif kind == "task.yielded":
            self._calls[header["taskId"]].deliver(self._packed(header["attach"][0], buffers[0]))
        elif kind == "actor.constructed":
            self._actor_constructed(header, buffers)
        elif kind in ("worker.blocked", "worker.unblocked"):
            self.is_blocked = kind == "worker.blocked"
            self._changed.set()
        else:
            self._bridge.take(header, buffers)

    def _packed(self, keys: list[str], data: Buffer) -> Any:
        return pack(data, keys, self._bridge.things.get_all(keys))

    def _task_ended(self, header: Header, buffers: Buffers) -> None:
        call = self._calls.pop(header["taskId"], None)
        self._changed.set()
        if call is None:
            return
        if header["kind"] == "done":
            call.deliver(Outcome([self._packed(*each) for each in zip(header["attach"], buffers)], None))
        else:
            call.deliver(Outcome([], error_of(header, buffers, call.retries)))

    def _actor_constructed(self, header: Header, buffers: Buffers) -> None:
        call, self._constructed = self._constructed, None
        if call is not None:
            call.deliver(Outcome([], None if header["kind"] == "ready" else error_of(header, buffers, False)))

    # In the threads and coroutines of Ray

    def run_task(self, call: Call, spec: Spec, arguments: Arguments) -> None:
        self._begin(call, spec.fields["retries"])
        self._send({"type": "task.run", "spec": self._number("task.spec", spec)}, call, arguments)

    def _number(self, kind: str, spec: Spec) -> int:
        with self._specs_lock:
            number = self._specs.get(spec.text)
            if number is None:
                if len(self._specs) >= _MAX_SPECS:
                    self._specs.clear()
                number = self._specs[spec.text] = len(self._specs)
                self._link.send({**_shown(spec), "type": kind, "spec": number})
            return number

    def construct(self, call: SyncCall, spec: Spec, arguments: Arguments) -> None:
        """:raises JsError: what the constructor threw."""
        actor_id = ray.get_runtime_context().get_actor_id() or ""
        self._actor_id = actor_id
        restarts = int(kv.get(f"actor-starts:{actor_id}") or b"0")
        kv.put(f"actor-starts:{actor_id}", str(restarts + 1).encode(), overwrite=True)
        self._constructed = call
        self._send({**_shown(spec), "type": "actor.construct", "actorId": actor_id, "restarts": restarts}, call, arguments)
        try:
            call.result(0)
        except JsError as error:
            kv.put(f"actor-error:{actor_id}", error.data, overwrite=True)
            raise

    def call_actor(self, call: Call, spec: Spec, arguments: Arguments) -> None:
        self._begin(call, False)
        self._send({"type": "actor.run", "spec": self._number("method.spec", spec)}, call, arguments)

    def _begin(self, call: Call, retries: Any) -> None:
        call.task_id = ray.get_runtime_context().get_task_id() or ""
        call.attempt = _attempt()
        call.retries = retries
        self._calls[call.task_id] = call

    def _send(self, header: Header, call: Call, arguments: Arguments) -> None:
        positions, packed, top = arguments
        values = [unpack(each) for each in (packed, *top)]
        for value in values:
            self._bridge.things.add_all(value.keys, value.things)
        header["taskId"] = call.task_id
        header["attempt"] = call.attempt
        devices = _devices()
        if devices:
            header["devices"] = devices
        if positions:
            header["positions"] = positions
        if any(value.keys for value in values):
            header["attach"] = [list(value.keys) for value in values]
        self._link.send(header, [value.data for value in values])

    def cancel(self, call: Call) -> None:
        recursive = kv.get(f"keep-children:{call.task_id}") is None
        self._link.send({"type": "task.cancel", "taskId": call.task_id, "recursive": recursive})

    def consumed(self, call: Call) -> None:
        self._link.send({"type": "task.consumed", "taskId": call.task_id, "count": call.yielded})

    def waited_for(self) -> list[Any]:
        return list(self._bridge.reading.values())

    def wait_for_change(self, seconds: float) -> None:
        self._changed.wait(seconds)
        self._changed.clear()

    def note_run(self, function_id: str, max_calls: int) -> None:
        """Node is replaced after so many runs of a function; the worker stays."""
        if not max_calls:
            return
        self._runs[function_id] = self._runs.get(function_id, 0) + 1
        if self._runs[function_id] >= max_calls and not self._calls:
            self.is_gone = True
            self._link.close()


def is_exit(error: BaseException) -> bool:
    """The method called `exitActor()`."""
    return isinstance(error, JsFailure) and error.code == "actor.died"


def _shown(spec: Spec) -> Header:
    return {name: value for name, value in spec.fields.items() if name != "command"}


def _core() -> Any:
    worker: Any = ray._private.worker.global_worker
    return worker.core_worker


def _attempt() -> int:
    return int(_core().get_current_task_attempt_number())


def _devices() -> dict[str, list[str]]:
    if _core().resource_ids().keys() <= _NOT_DEVICES:
        return {}  # which Ray finds out more slowly
    here = ray.get_runtime_context()
    ask = getattr(here, "get_accelerator_ids", None)
    found = ask() if ask is not None else {"GPU": ray.get_gpu_ids()}
    return {name: [str(each) for each in ids] for name, ids in found.items() if ids}
