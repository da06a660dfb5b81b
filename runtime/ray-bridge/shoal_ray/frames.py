"""Messages between Node and Python: a JSON header and any number of byte buffers, over one connected socket or beside it in shared memory."""

from __future__ import annotations

import json
import queue
import socket
import struct
import threading
from typing import Any, Iterator, Sequence, Union

from .memory import Memory

Buffer = Union[bytes, bytearray, memoryview]
Header = dict[str, Any]
# Text of the header, the buffers, and flat views on them: only the buffers themselves keep what is staged.
_Parts = tuple[bytes, Sequence[Buffer], list[memoryview]]

_PREFIX = struct.Struct("<II")
# Of each buffer its size, then where it lies, 0 for in the frame.
_PLACE_BYTES = 16
# Larger frames are sent by a thread of their own: who sends may be a thread that Ray needs.
_SEND_HERE_UP_TO_BYTES = 256 * 1024
_READ_BYTES = 128 * 1024
_JOIN_UP_TO_BYTES = 64 * 1024
# What no sane peer sends: a broken stream is noticed before it takes the memory.
_MAX_HEADER_BYTES = 256 * 1024 * 1024


class LinkClosed(Exception):
    """The other side is gone."""


class Link:
    """Frames leave whole, in any thread; one thread reads them."""

    def __init__(self, connection: socket.socket, memory: Memory | None = None) -> None:
        self.memory = memory or Memory()
        self._connection = connection
        self._lock = threading.Lock()
        self._large: queue.SimpleQueue[_Parts] = queue.SimpleQueue()
        self._waiting = 0
        self._sender: threading.Thread | None = None

    def send(self, header: Header, buffers: Sequence[Buffer] = ()) -> None:
        """Does not fail when the other side is gone: the reader sees that."""
        text = json.dumps(header, separators=(",", ":")).encode()
        views = [memoryview(buffer).cast("B") for buffer in buffers]
        parts = (text, buffers, views)
        with self._lock:
            if self._waiting > 0 or self._is_slow(views):
                self._send_later(parts)  # behind a large one too: frames keep their order
            else:
                self._write(parts)

    def _is_slow(self, views: list[memoryview]) -> bool:
        return sum(view.nbytes for view in views if self.memory.needs_copy(view)) > _SEND_HERE_UP_TO_BYTES

    def _send_later(self, parts: _Parts) -> None:
        self._waiting += 1
        self._large.put(parts)
        if self._sender is None:
            self._sender = threading.Thread(target=self._send_waiting, name="shoal-sender", daemon=True)
            self._sender.start()

    def _send_waiting(self) -> None:
        while True:
            self._write(self._large.get())
            with self._lock:
                self._waiting -= 1

    def _write(self, parts: _Parts) -> None:
        """With the lock held, or while frames wait: nobody else writes then."""
        text, _, views = parts
        places = [self.memory.place(view) for view in views]
        words = [word for view, place in zip(views, places) for word in (view.nbytes, place)]
        prefix = _PREFIX.pack(len(text), len(views)) + struct.pack(f"<{len(words)}Q", *words)
        inline = [view for view, place in zip(views, places) if place == 0]
        small = sum(view.nbytes for view in inline) <= _JOIN_UP_TO_BYTES
        try:
            if small:  # one write: the other side wakes up once
                self._connection.sendall(b"".join((prefix, text, *inline)))
                return
            self._connection.sendall(prefix + text)
            for view in inline:
                self._connection.sendall(view)
        except OSError:
            pass  # the reader ends with LinkClosed

    def frames(self) -> Iterator[tuple[Header, list[Buffer]]]:
        """Ends when the other side closes.

        :raises LinkClosed: when it is cut in the middle of a frame.
        """
        stream = self._connection.makefile("rb", buffering=_READ_BYTES)
        while True:
            try:
                prefix = stream.read(_PREFIX.size)
            except OSError:
                return
            if len(prefix) < _PREFIX.size:
                return
            header_bytes, count = _PREFIX.unpack(prefix)
            if header_bytes > _MAX_HEADER_BYTES:
                raise LinkClosed(f"a header of {header_bytes} bytes")
            words = struct.unpack(f"<{2 * count}Q", _read(stream, _PLACE_BYTES * count))
            header: Header = json.loads(_read(stream, header_bytes).decode())
            yield header, [self._buffer(stream, *words[at : at + 2]) for at in range(0, 2 * count, 2)]

    def _buffer(self, stream: Any, size: int, place: int) -> Buffer:
        return self.memory.borrow(place, size) if place else _read(stream, size)

    def close(self) -> None:
        self.memory.close()
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._connection.close()


def _read(stream: Any, size: int) -> bytes | bytearray:
    if size > _READ_BYTES:
        return _read_large(stream, size)
    try:
        data: bytes = stream.read(size)
    except OSError as error:
        raise LinkClosed(str(error)) from error
    if len(data) < size:
        raise LinkClosed("cut in the middle of a frame")
    return data


def _read_large(stream: Any, size: int) -> bytearray:
    buffer = bytearray(size)
    view = memoryview(buffer)
    filled = 0
    while filled < size:
        try:
            count = stream.readinto(view[filled:])
        except OSError as error:
            raise LinkClosed(str(error)) from error
        if not count:
            raise LinkClosed("cut in the middle of a frame")
        filled += count
    return buffer
