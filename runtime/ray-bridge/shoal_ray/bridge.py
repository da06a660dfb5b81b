"""Does for the Node process beside us what its program asks of Ray. The same in drivers and in workers."""

from __future__ import annotations

import json
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import ray

from . import cluster, kv, workload
from .cancels import Cancels
from .failures import describe
from .frames import Buffer, Header, Link
from .groups import Groups
from .streams import Streams
from .things import Failed, Things
from .values import JsFailure, Value, pack, unpack

# Above this, the bytes of a value are sent only to who asks for them.
_TELL_UP_TO_BYTES = 100 * 1024
# A larger value may have to wait for room: not in the thread that reads orders.
_PUT_HERE_UP_TO_BYTES = 1024 * 1024
_FIND_META_TRIES = 50

Buffers = list[Buffer]


class Bridge:
    def __init__(self, link: Link, command: list[str]) -> None:
        """:param command: How a worker starts its Node process."""
        self.link = link
        self.things = Things()
        self.groups = Groups()
        self.streams = Streams(self.things)
        # Refs whose value Node waits for, by the number of its request.
        self.reading: dict[int, Any] = {}
        self._cancels = Cancels(self.things, self.reading, self._reply_failed)
        self._command = command
        # What actors were made with, as long as their handles are here.
        self._kept: dict[str, list[Any]] = {}
        # By actor and number; a definition until the first call.
        self._methods: dict[str, dict[int, workload.Method | Header]] = {}
        self._templates: dict[int, workload.Template | Failed] = {}
        self._actor_templates: dict[int, workload.ActorTemplate | Failed] = {}
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="shoal-bridge")
        self._orders: dict[str, Callable[[Header, Buffers], None]] = {
            "kv.put": self._kv_put,
            "kv.get": self._kv_get,
            "task.define": self._task_define,
            "task.submit": self._task_submit,
            "task.cancel": self._task_cancel,
            "actor.define": self._actor_define,
            "actor.create": self._actor_create,
            "method.define": self._method_define,
            "actor.call": self._actor_call,
            "object.put": self._object_put,
            "object.read": self._object_read,
            "stream.next": self._stream_next,
            "stream.completed": self._stream_completed,
            "things.release": self._release,
            "memory.opened": lambda header, buffers: link.memory.opened(header["arena"], header["files"]),
            "staging.open": self._staging_open,
            "views.release": lambda header, buffers: link.memory.release(header["views"]),
            "template.drop": self._template_drop,
        }
        # Answered from the pool, in any order.
        self._questions: dict[str, Callable[[Header], Any]] = {
            "object.peek": self._object_peek,
            "actor.find": self._actor_find,
            "actor.names": lambda header: cluster.named_actors(header["all"]),
            "actor.kill": self._actor_kill,
            "group.ready": lambda header: self.groups.ready(header["id"]),
            "group.remove": lambda header: self.groups.remove(header["id"]),
            "group.list": lambda header: self.groups.table(),
            "nodes": lambda header: cluster.nodes(),
            "timeline": lambda header: cluster.timeline(),
        }

    def take(self, header: Header, buffers: Buffers) -> None:
        kind = header["type"]
        question = self._questions.get(kind)
        try:
            if question is not None:
                self._ask(header, question)
            elif kind == "group.create":
                self.groups.create(header)
            else:
                self._orders[kind](header, buffers)
        except Exception as error:  # whatever it is, it is the answer
            self._refuse(header, error)

    def _refuse(self, header: Header, error: BaseException) -> None:
        made = header.get("ids") or ([header["key"]] if header["type"] == "actor.create" else [])
        for key in made:
            self.things.add(key, Failed(error.with_traceback(None)))  # whose frames hold the arguments
        stream = header.get("stream")
        if stream:
            self.streams.fail(stream, error.with_traceback(None))
        if "request" in header:
            self._reply_failed(header["request"], error)
        elif not made and not stream:
            print(f"shoal: {header['type']} failed: {error}", file=sys.stderr)
            traceback.print_exception(error)

    # Questions

    def _ask(self, header: Header, question: Callable[[Header], Any]) -> None:
        def answer() -> None:
            try:
                self.reply(header["request"], {"value": question(header)})
            except Exception as error:  # whatever it is, it is the answer
                self._reply_failed(header["request"], error)

        if header["type"] == "group.ready":
            threading.Thread(target=answer, daemon=True).start()  # may take for ever
        else:
            self._pool.submit(answer)

    def reply(self, request: int, fields: Header, buffers: Any = ()) -> None:
        self.link.send({"type": "reply", "request": request, "status": "ready", **fields}, buffers)

    def _reply_failed(self, request: int, error: BaseException, task_id: str = "") -> None:
        record, buffers = describe(error, task_id)
        self.link.send({"type": "reply", "request": request, "status": "failed", "record": record}, buffers)

    def _staging_open(self, header: Header, buffers: Buffers) -> None:
        opened = self.link.memory.open_staging(header["path"], header["sizeBytes"], header["marksBytes"])
        self.reply(header["request"], {"opened": opened})

    def _kv_put(self, header: Header, buffers: Buffers) -> None:
        kv.put(header["key"], bytes(buffers[0]))
        self.reply(header["request"], {})

    def _kv_get(self, header: Header, buffers: Buffers) -> None:
        found = kv.get(header["key"])
        self.reply(header["request"], {"found": found is not None}, [found or b""])

    # Tasks

    def _function_of(self, header: Header) -> str:
        if header.get("functionId"):
            return str(header["functionId"])
        found = kv.get(f"definition:{header['definition']}")
        if found is None:
            raise JsFailure("internal", f"the cluster does not know {header['name']}; the job that made it may have ended", {})
        return found.decode()

    def _task_define(self, header: Header, buffers: Buffers) -> None:
        self._templates[header["template"]] = self._made_of(workload.Template, header)

    def _made_of(self, kind: Callable[..., Any], header: Header) -> Any:
        """What is wrong with options is told by the calls that have them."""
        try:
            return kind(header, self._command, self._function_of, self.groups.find)
        except Exception as error:
            return Failed(error)

    def _task_submit(self, header: Header, buffers: Buffers) -> None:
        template = _working(self._templates[header["template"]])
        arguments, top = self._arguments(header, buffers)
        self._note_made(header, template.submit(header.get("positions", []), arguments, top))
        self._cancels.note_submitted(header)

    def _note_made(self, header: Header, made: Any) -> None:
        stream = header.get("stream")
        if stream:
            self.streams.add(stream, made)
            return
        ids = header.get("ids", ())
        self.things.add_all(ids, [made] if len(ids) == 1 else (made or []))

    def _arguments(self, header: Header, buffers: Buffers) -> tuple[Any, list[Any]]:
        """The packed arguments, and the refs that Ray is to put in the places of others."""
        keys = header.get("attach", ())
        attached = self.things.get_all(keys)
        top = self.things.get_all(header.get("top", ()))
        for thing in (*top, *attached):
            if isinstance(thing, Failed):
                raise thing.error
        return pack(buffers[0], keys, attached), top

    def _task_cancel(self, header: Header, buffers: Buffers) -> None:
        target = self.streams.source(header["id"])
        self._cancels.cancel(header, self.things.get(header["id"]) if target is None else target)

    # Actors

    def _actor_define(self, header: Header, buffers: Buffers) -> None:
        self._actor_templates[header["template"]] = self._made_of(workload.ActorTemplate, header)

    def _actor_create(self, header: Header, buffers: Buffers) -> None:
        template = _working(self._actor_templates[header["template"]])
        arguments, top = self._arguments(header, buffers)
        if template.may_restart:
            # A restart needs them again, and Ray forgets the large ones that it has put by itself.
            arguments = ray.put(arguments) if len(buffers[0]) > _TELL_UP_TO_BYTES else arguments
            self._kept[header["key"]] = [arguments, *top]
        try:
            handle = template.create(header.get("positions", []), arguments, top)
        except ValueError as error:  # how Ray refuses options when an actor is made
            text = str(error)
            code = "actor.unschedulable" if "placement group" in text else "actor.name-taken" if "already taken" in text else "bad-argument"
            raise JsFailure(code, text, {}) from error
        self.things.add(header["key"], handle)
        actor_id = handle._actor_id.hex()
        kv.put(f"actor:{actor_id}", json.dumps(header["meta"]).encode())
        self.link.send({"type": "actor.made", "key": header["key"], "actorId": actor_id})

    def _actor_call(self, header: Header, buffers: Buffers) -> None:
        handle = self.things.get(header["key"])
        if isinstance(handle, Failed):
            raise handle.error
        methods = self._methods[header["key"]]
        method = methods[header["method"]]
        if not isinstance(method, workload.Method):
            method = methods[header["method"]] = workload.Method(handle, method)
        arguments, top = self._arguments(header, buffers)
        self._note_made(header, method.call(header.get("positions", []), arguments, top))

    def _method_define(self, header: Header, buffers: Buffers) -> None:
        self._methods.setdefault(header["key"], {})[header["number"]] = header

    def _actor_find(self, header: Header) -> Any:
        try:
            handle = ray.get_actor(header["name"], namespace=header["namespace"])
        except ValueError as error:
            where = f"namespace {header['namespace']}" if header["namespace"] else "this namespace"
            raise JsFailure("actor.not-found", f"no actor is named {header['name']} in {where}", {"name": header["name"]}) from error
        actor_id = handle._actor_id.hex()
        meta = self._meta_of(actor_id)
        if meta is None:
            raise JsFailure("actor.not-found", f"the actor named {header['name']} was not made by a program of Shoal", {"actorId": actor_id})
        self.things.add(header["key"], handle)
        return {"actorId": actor_id, **meta}

    def _meta_of(self, actor_id: str) -> dict[str, Any] | None:
        for _ in range(_FIND_META_TRIES):  # its maker writes this just after the name is taken
            found = kv.get(f"actor:{actor_id}")
            if found is not None:
                meta: dict[str, Any] = json.loads(found)
                return meta
            time.sleep(0.02)
        return None

    def _actor_kill(self, header: Header) -> None:
        handle = self.things.get(header["key"])
        if not isinstance(handle, Failed):
            ray.kill(handle, no_restart=header["noRestart"])

    def _template_drop(self, header: Header, buffers: Buffers) -> None:
        self._templates.pop(header["template"], None)
        self._actor_templates.pop(header["template"], None)

    # Objects

    def _object_put(self, header: Header, buffers: Buffers) -> None:
        value = pack(buffers[0], header["attach"], self.things.get_all(header["attach"]))

        def put() -> None:
            try:
                self.things.add(header["key"], ray.put(value))
                self.reply(header["request"], {})
            except Exception as error:  # whatever it is, it is the answer
                self._reply_failed(header["request"], error)

        if len(buffers[0]) > _PUT_HERE_UP_TO_BYTES:
            self._pool.submit(put)
        else:
            put()

    def _object_peek(self, header: Header) -> list[str]:
        """Which of these are there now, or have failed."""
        things = {key: self.things.get(key) for key in header["keys"]}
        refs = [thing for thing in things.values() if not isinstance(thing, Failed)]
        ready = set(ray.wait(refs, num_returns=len(refs), timeout=0, fetch_local=False)[0]) if refs else set()
        return [key for key, thing in things.items() if isinstance(thing, Failed) or thing in ready]

    def _object_read(self, header: Header, buffers: Buffers) -> None:
        request, thing = header["request"], self.things.get(header["key"])
        if isinstance(thing, Failed):
            self._reply_failed(request, thing.error)
            return
        if not header["fetch"]:
            threading.Thread(target=self._tell_made, args=(request, thing), daemon=True).start()
            return
        self.reading[request] = thing
        want = header["want"]
        thing._on_completed(lambda outcome: self._tell_value(request, outcome, want))  # a future costs as much again

    def _tell_made(self, request: int, ref: Any) -> None:
        """Says that an object is somewhere, and leaves it there."""
        ray.wait([ref], num_returns=1, timeout=None, fetch_local=False)
        self.reply(request, {"isHeld": True})

    def _tell_value(self, request: int, outcome: Any, want: bool) -> None:
        """In a thread of Ray, which must not be made to wait for Ray. `outcome`: the value, or the exception in its place."""
        ref = self.reading.pop(request, None)
        if ref is None:
            return  # told already: it was cancelled
        error = outcome
        if not isinstance(outcome, BaseException):
            try:
                self._tell(request, unpack(outcome), want)
                return
            except Exception as failure:  # the object of another program
                error = failure
        self._pool.submit(self._reply_failed, request, error, ref.task_id().hex())

    def _tell(self, request: int, value: Value, want: bool) -> None:
        size = memoryview(value.data).nbytes
        if not want and size > _TELL_UP_TO_BYTES:
            self.reply(request, {"isHeld": True})
            return
        self.things.add_all(value.keys, value.things)
        self.reply(request, {"attach": list(value.keys)} if value.keys else {}, [value.data])

    def _release(self, header: Header, buffers: Buffers) -> None:
        for key in self.things.release(header["things"]):
            self.streams.drop(key)
            self._kept.pop(key, None)
            self._methods.pop(key, None)
            self._cancels.forget(key)

    # Streams

    def _stream_next(self, header: Header, buffers: Buffers) -> None:
        request = header["request"]
        self.streams.next(
            header["stream"],
            header["id"],
            lambda has_item: self.reply(request, {"hasItem": has_item}),
        )

    def _stream_completed(self, header: Header, buffers: Buffers) -> None:
        request = header["request"]

        def told(count: int, error: BaseException | None) -> None:
            if error is None:
                self.reply(request, {"count": count})
            else:
                self._pool.submit(self._reply_failed, request, error)

        self.streams.completed(header["stream"], told)


def _working(made: Any) -> Any:
    """:raises Exception: what made it fail."""
    if isinstance(made, Failed):
        raise made.error
    return made
