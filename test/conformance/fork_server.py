"""Runs Ray's own command line and small client programs, each in a process of its own.

Importing Ray takes seconds; a fork of a process that has imported it takes milliseconds. One JSON object for each line of
standard input, `{"id": 1, "argv": ["job", "list"], "env": {...}, "program": null, "limitS": 60}`; one for each line of standard output,
`{"id": 1, "code": 0, "output": "...", "timedOut": false}`. With `program` that file is run with `argv`, else Ray's CLI is.
"""

import json
import os
import runpy
import signal
import sys
import tempfile
import time

import ray  # noqa: F401  (so that the forks need not)
import ray.job_submission  # noqa: F401
from ray.scripts import scripts


def run_child(request, out):
    os.setsid()
    devnull = os.open(os.devnull, os.O_RDONLY)
    os.dup2(devnull, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.update(request["env"])
    sys.argv = [request["program"] or "ray", *request["argv"]]
    if request["program"]:
        runpy.run_path(request["program"], run_name="__main__")
    else:
        scripts.main()


def answer(request):
    with tempfile.TemporaryFile() as out:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                run_child(request, out.fileno())
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
                if isinstance(end.code, str):
                    print(end.code, file=sys.stderr)
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        until = time.monotonic() + request["limitS"]
        timed_out = False
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                break
            if time.monotonic() > until:
                timed_out = True
                os.killpg(pid, signal.SIGKILL)
                _, status = os.waitpid(pid, 0)
                break
            time.sleep(0.02)
        out.seek(0)
        code = os.waitstatus_to_exitcode(status)
        return {"id": request["id"], "code": code, "output": out.read().decode("utf-8", "replace"), "timedOut": timed_out}


print(json.dumps({"ready": ray.__version__}), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
