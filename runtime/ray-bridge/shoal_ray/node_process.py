"""The Node process of a worker: started once, ended with the process that started it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from .values import JsFailure

# Ends Node when the thread that started it is gone, whatever Node is doing; the setting lives through exec.
_LAUNCHER = "import ctypes,os,sys\nctypes.CDLL(None).prctl(1,9)\nos.execvp(sys.argv[1],sys.argv[1:])"


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
            pass_fds=[theirs.fileno()],
            env={**os.environ, "SHOAL_RAY_DESCRIPTOR": str(theirs.fileno())},
        )
    finally:
        theirs.close()
    return process, ours
