"""What needs Ray's own classes; no cluster."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import unittest
from typing import Any
from unittest import mock

HAS_RAY = importlib.util.find_spec("ray") is not None
needs_ray = unittest.skipUnless(HAS_RAY, "needs Ray (SHOAL_TEST_RAY: the folder of a Python environment with ray)")
if HAS_RAY:
    import ray.exceptions as exceptions

    from shoal_ray import host, options
    from shoal_ray.failures import describe
    from shoal_ray.frames import Link
    from shoal_ray.values import JsError, JsFailure


@needs_ray
class FailuresTest(unittest.TestCase):
    def test_what_a_function_threw_is_found_behind_the_wrappers_of_dependents(self) -> None:
        thrown = JsError("Error: x", b"bytes", ("Error",), "task f")
        error: BaseException = thrown
        wrap: Any = exceptions.RayTaskError
        for name in ("f", "g"):
            error = wrap(name, "traceback", error)
        record, buffers = describe(error)
        self.assertEqual(record, {"kind": "threw", "classNames": ["Error"], "origin": "task f"})
        self.assertEqual(buffers, [b"bytes"])

    def test_failures_keep_their_codes(self) -> None:
        record, _ = describe(JsFailure("not-found", "no such file", {"path": "x"}))
        self.assertEqual(record["failure"]["code"], "not-found")
        self.assertEqual(describe(exceptions.GetTimeoutError("late"))[0]["failure"]["code"], "timeout")
        self.assertEqual(describe(KeyError("x"))[0]["failure"]["code"], "internal")


@needs_ray
class OptionsTest(unittest.TestCase):
    def test_labels_lose_the_spaces_that_ray_takes_for_values(self) -> None:
        self.assertEqual(options.selector({"zone": "in(a, b)"}), {"zone": "in(a,b)"})

    def test_an_actor_that_names_other_resources_needs_no_cpu(self) -> None:
        given = {"maxConcurrency": 1, "resources": {"disk": 1}}
        made = options.actor_options(given, lambda group_id: self.fail(group_id))
        self.assertEqual(made, {"resources": {"disk": 1}, "num_cpus": 0, "max_concurrency": 1})


@needs_ray
class DriverTest(unittest.TestCase):
    def test_it_ends_with_its_node_while_a_head_does_not_answer(self) -> None:
        program = os.path.join(os.path.dirname(os.path.dirname(host.__file__)), "driver.py")
        with socket.create_server(("", 0)) as head:  # Ray looks for it at the address of this machine
            head.settimeout(30)
            ours, its = socket.socketpair()
            os.set_inheritable(its.fileno(), True)
            given = f"exec 3<&{its.fileno()}; exec {sys.executable} {program}"  # where the SDK puts its end
            with its:
                driver = subprocess.Popen(["bash", "-c", given], pass_fds=[its.fileno()], stdin=subprocess.DEVNULL)
            try:
                with ours:
                    Link(ours).send({"address": f"127.0.0.1:{head.getsockname()[1]}", "command": []})
                    connection, _ = head.accept()  # Ray now waits for what never comes
                with connection:
                    self.assertEqual(driver.wait(timeout=30), 1)
            finally:
                driver.kill()
                driver.wait()


@needs_ray
class HostTest(unittest.TestCase):
    """A worker whose Node has ended; Ray's head, which is told how, stands in for itself."""

    def end(self, note_end: Any) -> list[int]:
        """:returns: the exit codes of the worker."""
        ended: Any = host.Host.__new__(host.Host)
        ended._link = mock.Mock()
        ended._output = mock.Mock(last_lines=lambda: [])
        ended._actor_id = "actor"
        ended._calls = {"first": mock.Mock(attempt=0)}
        ended.is_gone = False
        self.host = ended
        process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
        codes: list[int] = []
        with mock.patch.object(host, "note_end", note_end), mock.patch("os._exit", codes.append), mock.patch("sys.stderr"):
            try:
                ended._ended(process)
            except OSError:
                pass
        return codes

    def test_it_ends_also_when_calls_come_meanwhile(self) -> None:
        told: list[str] = []

        def note_end(name: str, ended: Any) -> None:
            told.append(name)
            self.host._calls[f"after {name}"] = mock.Mock(attempt=0)

        self.assertEqual(self.end(note_end), [1])
        self.assertEqual(told[:2], ["actor", "first"])

    def test_it_ends_also_when_the_head_of_ray_is_gone(self) -> None:
        self.assertEqual(self.end(mock.Mock(side_effect=OSError("no head"))), [1])


if __name__ == "__main__":
    unittest.main()
