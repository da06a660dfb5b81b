"""Ray's exceptions as the codes of the SDK's errors."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import ray.exceptions as exceptions

from . import kv
from .cluster import state_of_actor
from .values import JsError, JsFailure

# Names, as the two ends of the supported range of Ray do not have the same classes. Subclasses first.
_CODES: tuple[tuple[str, str], ...] = (
    ("TaskCancelledError", "task.cancelled"),
    ("ActorPlacementGroupRemoved", "group.removed"),
    ("TaskPlacementGroupRemoved", "group.removed"),
    ("ActorUnschedulableError", "actor.unschedulable"),
    ("TaskUnschedulableError", "task.unschedulable"),
    ("OutOfMemoryError", "worker.out-of-memory"),
    ("WorkerCrashedError", "worker.crashed"),
    ("NodeDiedError", "node.died"),
    ("LocalRayletDiedError", "node.died"),
    ("ActorUnavailableError", "actor.unavailable"),
    ("ActorDiedError", "actor.died"),
    ("RayActorError", "actor.died"),
    ("PendingCallsLimitExceeded", "actor.pending-calls-limit"),
    ("ActorAlreadyExistsError", "actor.name-taken"),
    ("GetTimeoutError", "timeout"),
    ("ObjectFetchTimedOutError", "object.fetch-timed-out"),
    ("ObjectFreedError", "object.freed"),
    ("OwnerDiedError", "object.owner-died"),
    ("ObjectReconstructionFailedError", "object.not-reconstructable"),
    ("ObjectReconstructionFailedMaxAttemptsExceededError", "object.not-reconstructable"),
    ("ObjectReconstructionFailedLineageEvictedError", "object.not-reconstructable"),
    ("ObjectLostError", "object.lost"),
    ("ReferenceCountingAssertionError", "object.lost"),
    ("ObjectStoreFullError", "store.full"),
    ("OutOfDiskError", "store.disk-full"),
    ("ObjectRefStreamEndOfStreamError", "internal"),
)

_ASK_STATE_TIMES = 10
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def describe(error: BaseException, task_id: str = "") -> tuple[dict[str, Any], list[bytes]]:
    """:param task_id: Ray's, of the task whose result it is.
    :returns: a record for the SDK, and the bytes of what a function threw where that is known.
    """
    cause = _original(error)
    if isinstance(cause, JsError):
        return {"kind": "threw", "classNames": list(cause.class_names), "origin": cause.origin}, [cause.data]
    if isinstance(cause, JsFailure):
        return _failed(cause.code, cause.message, cause.details), []
    for name, code in _CODES:
        known = getattr(exceptions, name, None)
        if known is not None and isinstance(cause, known):
            return _system_failure(cause, code, task_id)
    if isinstance(cause, ValueError):  # how Ray refuses options when a call is made
        return _failed("task.unschedulable" if "placement group" in str(cause) else "bad-argument", _text(cause), {}), []
    return _failed("internal", f"{type(cause).__name__}: {_text(cause)}", {}), []


def _original(error: BaseException) -> BaseException:
    """Ray wraps what a task raised, and wraps it again for each task that depends on it."""
    for _ in range(32):
        cause = getattr(error, "cause", None)
        if not isinstance(error, exceptions.RayTaskError) or not isinstance(cause, BaseException):
            return error
        error = cause
    return error


def _system_failure(error: BaseException, code: str, task_id: str) -> tuple[dict[str, Any], list[bytes]]:
    details: dict[str, Any] = {}
    actor_id = getattr(error, "actor_id", None)
    if isinstance(actor_id, str):
        details["actorId"] = actor_id
    text = _text(error)
    if code == "actor.died" and isinstance(actor_id, str) and not hasattr(exceptions, "ActorUnavailableError") and _lives_on(actor_id):
        code = "actor.unavailable"
    if code == "actor.died" and "placement group" in text and "removed" in text:
        code = "group.removed"
    if "exit_actor() is called" in text:
        text += "\nIt ended itself by exitActor()."
    if code == "worker.crashed" and task_id and kv.get(f"forced:{task_id}"):
        return _failed("task.cancelled", "the task was cancelled by force, which ended its process", details), []
    name = task_id if code == "worker.crashed" else actor_id if code in ("actor.died", "actor.unavailable") else None
    ended = kv.get(f"ended:{name}") if name else None
    if ended is not None:
        words, more = _last_words(json.loads(ended))
        text += words
        details.update(more)
    thrown = kv.get(f"actor-error:{actor_id}") if code == "actor.died" and actor_id else None
    return _failed(code, text, details), ([thrown] if thrown else [])


def _lives_on(actor_id: str) -> bool:
    """Whether an actor whose process has ended is started again: Ray 2.9 has one error for both, and knows a moment later."""
    for _ in range(_ASK_STATE_TIMES):
        state = state_of_actor(actor_id)
        if state in ("DEAD", "RESTARTING"):
            return state == "RESTARTING"
        time.sleep(0.05)
    return state == "ALIVE"  # it was faster than we are


def note_forced(task_id: str) -> None:
    """A task is cancelled by force: Ray 2.9 says only that its worker crashed."""
    kv.put(f"forced:{task_id}", b"1")


def note_end(name: str, ended: dict[str, Any]) -> None:
    """How a Node process ended, which Ray does not see: for the errors of what it ran. `name`: of a task or an actor."""
    kv.put(f"ended:{name}", json.dumps(ended).encode(), overwrite=True)


def _last_words(ended: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    how = f"by {ended['signal']}" if ended["signal"] else f"with exit code {ended['exitCode']}"
    lines = "".join(f"\n  {line}" for line in ended["lastLines"])
    said = f" Its last lines were:{lines}" if lines else ""
    runs = ended.get("runs", 0)
    often = f" It was run {runs} time{'' if runs == 1 else 's'}." if runs else ""
    details: dict[str, Any] = {name: ended[name] for name in ("pid", "exitCode", "signal", "runs") if name in ended}
    return f"\nIts process ended {how}, pid {ended['pid']}.{often}{said}", details


def _failed(code: str, message: str, details: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "failed", "failure": {"code": code, "message": message, "details": details}}


def _text(error: BaseException) -> str:
    text = _COLOUR.sub("", str(error))
    return re.sub(r" Some common causes include.*", "", text).strip()[:8_000]  # guesses, where we know
