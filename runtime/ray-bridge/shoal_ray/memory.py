"""Large values on their way between this process and Node, as places in shared memory: the socket carries only where they lie."""

from __future__ import annotations

import mmap
import os
import threading
import weakref
from typing import Any, Sequence

from .arena import Arena

# What Ray hands over inside its messages; what is larger lies in its shared memory.
LARGE_FROM_BYTES = 100 * 1024 + 1
# Node's views of one process: the kernel allows a process some 65,000 mappings.
_MAX_HELD = 20_000
# Copies for Node of what it cannot see where it lies.
_MAX_COPIED_BYTES = 512 * 1024 * 1024
_STEP_BYTES = 16 * 1024 * 1024

_ARENA, _FILE, _STAGED = 1, 2, 3
_KINDS = 4
_PAGE_BYTES = 4096


class Memory:
    def __init__(self, arena: Arena | None = None) -> None:
        self._arena = arena
        self._sees_arena = False
        self._sees_files = False
        self._lock = threading.Lock()
        # What Node has views of, by how many there were before: Node counts as we do.
        self._held: dict[int, memoryview | int] = {}
        self._count = 0
        self._copied: dict[int, int] = {}
        self._staging: mmap.mmap | None = None
        self._marks: mmap.mmap | None = None

    def facts(self) -> dict[str, Any]:
        return {"pid": os.getpid(), "arena": self._arena and self._arena.facts()}

    def opened(self, arena: bool, files: bool) -> None:
        """What Node can see of us."""
        self._sees_arena = arena
        self._sees_files = files

    # Values for Node

    def needs_copy(self, buffer: memoryview) -> bool:
        """Whether `place` may take its time."""
        return buffer.nbytes >= LARGE_FROM_BYTES and self._arena_offset(buffer) is None

    def place(self, buffer: memoryview) -> int:
        """Where Node finds the bytes, which stay there until it gives them back; 0 when they must go with the frame.

        Call it for each buffer in the order of frames.
        """
        if buffer.nbytes < LARGE_FROM_BYTES or len(self._held) >= _MAX_HELD:
            return 0
        offset = self._arena_offset(buffer)
        if offset is not None:
            self._hold(buffer)
            return offset * _KINDS + _ARENA
        descriptor = self._copy(buffer) if self._sees_files else None
        if descriptor is None:
            return 0
        self._copied[descriptor] = buffer.nbytes
        self._hold(descriptor)
        return descriptor * _KINDS + _FILE

    def _arena_offset(self, buffer: memoryview) -> int | None:
        return self._arena.offset_of(buffer) if self._arena is not None and self._sees_arena else None

    def _hold(self, what: memoryview | int) -> None:
        with self._lock:
            self._held[self._count] = what
            self._count += 1

    def _copy(self, buffer: memoryview) -> int | None:
        """In memory without a name, so that it ends with us."""
        if sum(self._copied.values()) + buffer.nbytes > _MAX_COPIED_BYTES:
            return None
        descriptor = -1
        try:
            descriptor = os.open("/dev/shm", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
            written = 0
            while written < buffer.nbytes:
                written += os.write(descriptor, buffer[written : written + _STEP_BYTES])
            return descriptor
        except (OSError, AttributeError):  # no room there, or no Linux
            if descriptor >= 0:
                os.close(descriptor)
            return None

    def release(self, views: Sequence[int]) -> None:
        with self._lock:
            gone = [self._held.pop(view, None) for view in views]
        for what in gone:
            if isinstance(what, int):
                self._copied.pop(what, None)
                os.close(what)

    # Values from Node

    def open_staging(self, path: str, size: int, marks: int) -> bool:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            self._marks = mmap.mmap(descriptor, marks)
            self._staging = mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)
        finally:
            os.close(descriptor)
        return True

    def borrow(self, place: int, size: int) -> memoryview:
        """A value that Node has staged. Its room goes back when nobody has these bytes any more: hand them on as they are, as views on them do not count."""
        offset = place // _KINDS
        if place % _KINDS != _STAGED or self._staging is None or self._marks is None:
            raise ValueError(f"Node placed a value at {place}, and there is no such place")
        view = memoryview(self._staging)[offset : offset + size]
        weakref.finalize(view, _mark, self._marks, offset // _PAGE_BYTES).atexit = False
        return view

    def close(self) -> None:
        self.release(list(self._held))


def _mark(marks: mmap.mmap, page: int) -> None:
    marks[page] = 1
