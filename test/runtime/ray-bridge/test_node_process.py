"""What a worker hands on of its Node process, with a process of Python in Node's place."""

from __future__ import annotations

import io
import subprocess
import sys
import time
import unittest
from contextlib import redirect_stderr, redirect_stdout

from shoal_ray.node_process import Output


def run(source: str) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", source], stdin=pipe, stdout=pipe, stderr=pipe)


class OutputTest(unittest.TestCase):
    def setUp(self) -> None:
        self.log = io.StringIO()

    def test_the_last_lines_are_kept(self) -> None:
        with redirect_stdout(self.log), redirect_stderr(io.StringIO()), run("for at in range(50): print('line', at)") as process:
            output = Output(process)
            process.wait()
            self.assertEqual(output.last_lines(), [f"line {at}" for at in range(30, 50)])
        self.assertEqual(self.log.getvalue(), "".join(f"line {at}\n" for at in range(50)))

    def test_a_line_without_an_end_is_handed_on_while_it_is_written(self) -> None:
        """So that it is never held as a whole."""
        source = "import sys; sys.stdout.reconfigure(encoding='utf8'); print('ä' * 500_000, end='', flush=True); sys.stdin.read()"
        with redirect_stdout(self.log), redirect_stderr(io.StringIO()), run(source) as process:
            try:
                output = Output(process)
                deadline = time.monotonic() + 30
                while len(self.log.getvalue()) < 400_000 and time.monotonic() < deadline:
                    time.sleep(0.01)
                self.assertEqual(set(self.log.getvalue()), {"ä"})
                assert process.stdin is not None
                process.stdin.close()
                process.wait()
                self.assertEqual(len(output.last_lines()[-1]), 2_000)
            finally:
                process.kill()


if __name__ == "__main__":
    unittest.main()
