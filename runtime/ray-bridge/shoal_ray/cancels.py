"""Cancel, where Ray does less than the SDK promises."""

from __future__ import annotations

import threading
from typing import Any, Callable

import ray

from . import kv
from .failures import note_forced
from .frames import Header
from .things import Failed, Things
from .values import JsFailure


class Cancels:
    def __init__(self, things: Things, reading: dict[int, Any], reply_failed: Callable[[int, BaseException], None]) -> None:
        """:param reading: refs whose value Node waits for, by the number of its request."""
        self._things = things
        self._reading = reading
        self._reply_failed = reply_failed
        # Tasks with arguments that were refs, by each of their results: the keys of all results, and of those refs.
        self._submitted: dict[str, tuple[list[str], list[str]]] = {}

    def note_submitted(self, header: Header) -> None:
        arguments = header.get("top")
        if arguments:
            results = header.get("ids", [])
            self._submitted.update(dict.fromkeys(results, (results, arguments)))

    def forget(self, key: str) -> None:
        self._submitted.pop(key, None)

    def cancel(self, header: Header, target: Any) -> None:
        if isinstance(target, Failed):
            return
        missing = self._missing_arguments(header["id"])
        if missing:
            self._cancel_waiting(header, target, missing)
            return
        if hasattr(target, "task_id"):
            task_id = target.task_id().hex()
            if not header["recursive"]:
                kv.put(f"keep-children:{task_id}", b"1")  # Ray does not hand this on to who runs the task
            if header["force"] and _missing([target]):
                note_forced(task_id)
        _cancel(target, header)

    def _missing_arguments(self, key: str) -> list[Any]:
        """Refs that the task still waits for, of those that the program holds."""
        _, arguments = self._submitted.get(key, ([], []))
        return _missing([ref for ref in map(self._things.find, arguments) if isinstance(ref, ray.ObjectRef)])

    def _cancel_waiting(self, header: Header, target: Any, missing: list[Any]) -> None:
        """A task that waits for arguments: Ray 2.9 does nothing before they are there, and Ray 2.58 ends the driver now and then.

        So the program is told now, and Ray when they are there.
        """
        error = JsFailure("task.cancelled", "the task was cancelled while it waited for its arguments", {})
        results, _ = self._submitted[header["id"]]
        refs = [self._things.replace(key, Failed(error)) for key in results]
        for request, ref in list(self._reading.items()):
            if ref in refs and self._reading.pop(request, None) is not None:
                self._reply_failed(request, error)

        def cancel_later() -> None:
            ray.wait(missing, num_returns=len(missing), timeout=None, fetch_local=False)
            _cancel(target, header)

        threading.Thread(target=cancel_later, daemon=True).start()


def _missing(refs: list[Any]) -> list[Any]:
    distinct = list(dict.fromkeys(refs))
    return ray.wait(distinct, num_returns=len(distinct), timeout=0, fetch_local=False)[1] if distinct else []


def _cancel(target: Any, header: Header) -> None:
    try:
        ray.cancel(target, force=header["force"], recursive=header["recursive"])
    except (TypeError, ValueError):
        pass  # an object that was put: there is nothing to cancel
