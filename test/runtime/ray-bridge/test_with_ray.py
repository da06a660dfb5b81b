"""What needs Ray's own classes; no cluster."""

from __future__ import annotations

import importlib.util
import unittest
from typing import Any

HAS_RAY = importlib.util.find_spec("ray") is not None
needs_ray = unittest.skipUnless(HAS_RAY, "needs Ray (SHOAL_TEST_RAY: the folder of a Python environment with ray)")
if HAS_RAY:
    import ray.exceptions as exceptions

    from shoal_ray import options
    from shoal_ray.failures import describe
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


if __name__ == "__main__":
    unittest.main()
