"""The shared memory of Ray's objects, seen as a file: so that Node may map an object where it lies.

Ray maps the file in this process and closes it; the raylet keeps it open, and what processes of one user hold open they may open too.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any, Iterator


class _View(ctypes.Structure):
    """The start of Python's own record of a buffer."""

    _fields_ = [("address", ctypes.c_void_p), ("owner", ctypes.py_object), ("bytes", ctypes.c_ssize_t), ("rest", ctypes.c_byte * 128)]


def address_of(buffer: memoryview) -> int:
    view = _View()
    ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(buffer), ctypes.byref(view), 0)
    address = int(view.address or 0)
    ctypes.pythonapi.PyBuffer_Release(ctypes.byref(view))
    return address


class Arena:
    def __init__(self, path: str) -> None:
        """:raises OSError: when it may not be opened."""
        self.path = path
        os.close(os.open(path, os.O_RDONLY))
        self._facts = os.stat(path)
        # It lies at one place as long as this process lives.
        self._start = 0
        self._end = 0
        self._offset = 0

    def facts(self) -> dict[str, Any]:
        return {"path": self.path, "device": self._facts.st_dev, "inode": self._facts.st_ino}

    def offset_of(self, buffer: memoryview) -> int | None:
        """None for what lies elsewhere: objects for which Ray took room on the disk."""
        address = address_of(buffer)
        if not self._start:
            self._find_mapping()
        if self._start <= address and address + buffer.nbytes <= self._end:
            return address - self._start + self._offset
        return None

    def _find_mapping(self) -> None:
        device = f"{os.major(self._facts.st_dev):02x}:{os.minor(self._facts.st_dev):02x}"
        with open("/proc/self/maps") as lines:
            for line in lines:
                parts = line.split(maxsplit=5)
                if parts[3] == device and int(parts[4]) == self._facts.st_ino:
                    start, end = parts[0].split("-")
                    self._start, self._end, self._offset = int(start, 16), int(end, 16), int(parts[2], 16)
                    return


def find(raylet_socket: str) -> Arena | None:
    """None where there is no /proc, or the raylet is another user's."""
    try:
        for pid in _candidates():
            options = _options(pid)
            if options.get("raylet_socket_name") != raylet_socket:
                continue
            return _largest(pid, options.get("plasma_directory", "/dev/shm"))
    except OSError:
        pass
    return None


def _candidates() -> Iterator[int]:
    """The raylet of this node: it started us, when we are a worker."""
    yield os.getppid()
    for name in os.listdir("/proc"):
        if name.isdigit():
            yield int(name)


def _options(pid: int) -> dict[str, str]:
    """Of a command line, if it is a raylet's."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(256 * 1024).decode(errors="replace").split("\0")
    except OSError:  # it has ended
        return {}
    if os.path.basename(words[0]) != "raylet":
        return {}
    pairs = (word.lstrip("-").split("=", 1) for word in words[1:] if "=" in word)
    return {name: value for name, value in pairs}


def _largest(pid: int, directory: str) -> Arena | None:
    """Files that take objects for which the store has no room lie in another directory, or are smaller."""
    found: list[tuple[int, str]] = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{name}"
        try:
            if os.readlink(path).startswith(os.path.join(directory, "plasma")):
                found.append((os.stat(path).st_size, path))
        except OSError:  # closed meanwhile
            pass
    return Arena(max(found)[1]) if found else None
