"""The Node process of a worker: started once, ended with the process that started it."""

from __future__ import annotations

import codecs
import collections
import os
import socket
import subprocess
import sys
import threading
from typing import IO, TextIO

from .values import JsFailure

_KEPT_LINES = 20
_LINE_CHARACTERS = 2_000
# A longer line is handed on in parts.
_PART_BYTES = 64 * 1024
# Ends Node when the thread that started it is gone, whatever Node is doing; the setting lives through exec.
_LAUNCHER = "import ctypes,os,sys\nctypes.CDLL(None).prctl(1,9)\nos.execvp(sys.argv[1],sys.argv[1:])"


class Output:
    """Hands on what Node writes to the log of the worker, and keeps the last lines for the errors of what it ran."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._lines: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)
        ends = ((process.stdout, sys.stdout), (process.stderr, sys.stderr))
        self._threads = [threading.Thread(target=self._copy, args=end, daemon=True) for end in ends]
        for thread in self._threads:
            thread.start()

    def _copy(self, source: IO[bytes], target: TextIO) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")  # a part may end inside a character
        while part := source.readline(_PART_BYTES):
            text = decoder.decode(part)
            self._lines.append(text.rstrip("\n")[:_LINE_CHARACTERS])
            try:
                target.write(text)
                target.flush()
            except OSError:  # a full disk: the line is lost, and its task goes on
                pass

    def last_lines(self) -> list[str]:
        """Call when Node has ended: waits until all it wrote has been read."""
        for thread in self._threads:
            thread.join(timeout=1)
        return list(self._lines)


def start(command: list[str]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Call in a thread that lives as long as this process.

    :raises JsFailure: when there is no such Node here.
    """
    ours, theirs = socket.socketpair()
    launcher = [sys.executable, "-S", "-c", _LAUNCHER] if sys.platform == "linux" else []
    missing = [path for path in (command[0], command[-1]) if not os.path.exists(path)]
    if missing:
        raise JsFailure(
            "not-found",
            f"this node of the Ray cluster has no {' and no '.join(missing)}: programs of Shoal need the runtime at the same path on every node",
            {},
        )
    try:
        process = subprocess.Popen(
            [*launcher, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            env={**os.environ, "SHOAL_RAY_DESCRIPTOR": str(theirs.fileno())},
        )
    finally:
        theirs.close()
    return process, ours
