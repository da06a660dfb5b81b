"""Messages between Node and Python: a JSON header and any number of byte buffers, over one connected socket."""

from __future__ import annotations

import json
import queue
import socket
import struct
import threading
from typing import Any, Iterator, Sequence, Union

Buffer = Union[bytes, bytearray, memoryview]
Header = dict[str, Any]

_PREFIX = struct.Struct("<II")
# Larger frames are sent by a thread of their own: who sends may be a thread that Ray needs.
_SEND_HERE_UP_TO_BYTES = 256 * 1024
# What no sane peer sends: a broken stream is noticed before it takes the memory.
_MAX_HEADER_BYTES = 256 * 1024 * 1024


class LinkClosed(Exception):
    """The other side is gone."""


class Link:
    """Frames leave whole, in any thread; one thread reads them."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._large: queue.SimpleQueue[list[Buffer]] = queue.SimpleQueue()
        self._waiting = 0
        self._sender: threading.Thread | None = None

    def send(self, header: Header, buffers: Sequence[Buffer] = ()) -> None:
        """Does not fail when the other side is gone: the reader sees that."""
        text = json.dumps(header, separators=(",", ":")).encode()
        views = [memoryview(buffer).cast("B") for buffer in buffers]
        sizes = [view.nbytes for view in views]
        prefix = _PREFIX.pack(len(text), len(views)) + struct.pack(f"<{len(sizes)}Q", *sizes)
        parts: list[Buffer] = [prefix + text, *(view for view in views if view.nbytes > 0)]
        with self._lock:
            if self._waiting > 0 or sum(sizes) > _SEND_HERE_UP_TO_BYTES:
                self._send_later(parts)  # behind a large one too: frames keep their order
            else:
                self._write(parts)

    def _send_later(self, parts: list[Buffer]) -> None:
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

    def _write(self, parts: list[Buffer]) -> None:
        """With the lock held, or while frames wait: nobody else writes then."""
        try:
            for part in parts:
                self._connection.sendall(part)
        except OSError:
            pass  # the reader ends with LinkClosed

    def frames(self) -> Iterator[tuple[Header, list[bytearray]]]:
        """Ends when the other side closes.

        :raises LinkClosed: when it is cut in the middle of a frame.
        """
        stream = self._connection.makefile("rb", buffering=64 * 1024)
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
            sizes = struct.unpack(f"<{count}Q", _read(stream, 8 * count))
            header: Header = json.loads(_read(stream, header_bytes))
            yield header, [_read(stream, size) for size in sizes]

    def close(self) -> None:
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._connection.close()


def _read(stream: Any, size: int) -> bytearray:
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
