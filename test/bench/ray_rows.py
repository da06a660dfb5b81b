"""Ray's side of the benchmark: a child of run.ts that serves one row after another.

A line of JSON in asks for a row, a line of JSON out answers it:
  {"row": name, "settings": {"pauseS", "warmUpS", "rounds", "roundS", "samples", "scale"}} -> {"mean", "sd"} or {"error"}
Everything that Ray prints goes to standard error. The end of standard input is the order to leave.
With --init-probe it only starts a cluster, says how long that took, and waits for the end of its input.
"""

import json
import multiprocessing
import os
import statistics
import sys
import time

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
ANSWERS = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

import numpy as np  # noqa: E402  after standard output was moved away
import ray  # noqa: E402

from ray_row_table import ROWS, row, scaled, timed_once  # noqa: E402

# Half of the logical CPUs, as in `ray microbenchmark`, which takes machines with hyper-threads for granted.
N_CPU = max(1, multiprocessing.cpu_count() // 2)
OK = b"ok"


@ray.remote
def small_value():
    return OK


@ray.remote(num_cpus=0)
class Actor:
    def small_value(self):
        return OK

    def small_value_arg(self, _x):
        return OK

    def small_value_batch(self, n):
        ray.get([small_value.remote() for _ in range(n)])


@ray.remote
class AsyncActor:
    async def small_value(self):
        return OK

    async def small_value_with_arg(self, _x):
        return OK


@ray.remote(num_cpus=0)
class Client:
    def __init__(self, servers):
        self.servers = servers

    def small_value_batch(self, n):
        ray.get([s.small_value.remote() for s in self.servers for _ in range(n)])

    def small_value_batch_arg(self, n):
        x = ray.put(0)
        ray.get([s.small_value_arg.remote(x) for s in self.servers for _ in range(n)])


@ray.remote
def put_small_100():
    for _ in range(100):
        ray.put(0)


@ray.remote
def put_80_mb(times):
    for _ in range(times):
        ray.put(np.zeros(10 * 1024 * 1024, dtype=np.int64))


@ray.remote
def list_of_refs(n):
    return [ray.put(1) for _ in range(n)]


@ray.remote
def call_in_turn(actors, n):
    ray.get([actors[i % len(actors)].small_value.remote() for i in range(n)])


@ray.remote
def make_bytes(n):
    return np.ones(n, dtype=np.uint8)


@ray.remote
def nothing():
    return None


@ray.remote
def sum_args(*args):
    return sum(sum(arg) for arg in args)


@row("single client get calls (Plasma Store)")
def _(_scale):
    ref = ray.put(0)
    return lambda: ray.get(ref), 1, []


@row("single client put calls (Plasma Store)")
def _(_scale):
    return lambda: ray.put(0), 1, []


@row("multi client put calls (Plasma Store)")
def _(_scale):
    return lambda: ray.get([put_small_100.remote() for _ in range(10)]), 1000, []


@row("single client put gigabytes")
def _(scale):
    count = scaled(100 * 1024 * 1024, scale)
    array = np.zeros(count, dtype=np.int64)
    # Ray counts these 838.9 MB as 0.8 GB.
    return lambda: ray.put(array), 0.8 * count / (100 * 1024 * 1024), []


@row("multi client put gigabytes")
def _(scale):
    times = scaled(10, scale)
    return lambda: ray.get([put_80_mb.remote(times) for _ in range(10)]), 0.8 * times, []


@row("single client tasks and get batch")
def _(_scale):
    return lambda: ray.get([small_value.remote() for _ in range(1000)]), 1, []


@row("single client get object containing 10k refs")
def _(_scale):
    ref = list_of_refs.remote(10_000)
    return lambda: ray.get(ref), 1, []


@row("single client wait 1k refs")
def _(_scale):
    def call():
        not_ready = [small_value.remote() for _ in range(1000)]
        for i in range(1000):
            _ready, not_ready = ray.wait(not_ready, fetch_local=i == 0)

    return call, 1, []


@row("single client tasks sync")
def _(_scale):
    return lambda: ray.get(small_value.remote()), 1, []


@row("single client tasks async")
def _(_scale):
    return lambda: ray.get([small_value.remote() for _ in range(1000)]), 1000, []


@row("multi client tasks async")
def _(scale):
    n = scaled(10_000, scale)
    actors = [Actor.remote() for _ in range(4)]
    return lambda: ray.get([a.small_value_batch.remote(n) for a in actors]), 4 * n, actors


@row("1:1 actor calls sync")
def _(_scale):
    a = Actor.remote()
    return lambda: ray.get(a.small_value.remote()), 1, [a]


@row("1:1 actor calls async")
def _(_scale):
    a = Actor.remote()
    return lambda: ray.get([a.small_value.remote() for _ in range(1000)]), 1000, [a]


@row("1:1 actor calls concurrent")
def _(_scale):
    a = Actor.options(max_concurrency=16).remote()
    return lambda: ray.get([a.small_value.remote() for _ in range(1000)]), 1000, [a]


def one_to_n(kind, scale):
    n = scaled(5000, scale)
    servers = [kind.remote() for _ in range(N_CPU)]
    client = Client.remote(servers)
    return lambda: ray.get(client.small_value_batch.remote(n)), n * N_CPU, [*servers, client]


def n_to_n(kind, scale):
    n = scaled(5000, scale)
    servers = [kind.remote() for _ in range(N_CPU)]
    return lambda: ray.get([call_in_turn.remote(servers, n) for _ in range(4)]), 4 * n, servers


ROWS["1:n actor calls async"] = lambda scale: one_to_n(Actor, scale)
ROWS["n:n actor calls async"] = lambda scale: n_to_n(Actor, scale)
ROWS["1:n async-actor calls async"] = lambda scale: one_to_n(AsyncActor, scale)
ROWS["n:n async-actor calls async"] = lambda scale: n_to_n(AsyncActor, scale)


@row("n:n actor calls with arg async")
def _(_scale):
    servers = [Actor.remote() for _ in range(N_CPU)]
    clients = [Client.remote([server]) for server in servers]
    return lambda: ray.get([c.small_value_batch_arg.remote(1000) for c in clients]), 1000 * N_CPU, [*servers, *clients]


@row("1:1 async-actor calls sync")
def _(_scale):
    a = AsyncActor.remote()
    return lambda: ray.get(a.small_value.remote()), 1, [a]


@row("1:1 async-actor calls async")
def _(_scale):
    a = AsyncActor.remote()
    return lambda: ray.get([a.small_value.remote() for _ in range(1000)]), 1000, [a]


@row("1:1 async-actor calls with args async")
def _(_scale):
    a = AsyncActor.remote()
    return lambda: ray.get([a.small_value_with_arg.remote(i) for i in range(1000)]), 1000, [a]


@row("placement group create/removal")
def _(_scale):
    def call():
        groups = [ray.util.placement_group(bundles=[{"custom": 0.001}]) for _ in range(100)]
        for group in groups:
            group.wait(timeout_seconds=30)
        for group in groups:
            ray.util.remove_placement_group(group)

    return call, 100, []


@row("put of 100 MB arrays")
def _(_scale):
    array = np.ones(100_000_000, dtype=np.uint8)
    return lambda: ray.put(array), 0.1, []


@timed_once("get of 100 MB, same node")
def _(_scale):
    ref = make_bytes.remote(100_000_000)
    ray.wait([ref])
    start = time.perf_counter()
    value = ray.get(ref)
    took = time.perf_counter() - start
    assert value[-1] == 1
    return took * 1e6


@timed_once("get of 100 MB again, same node")
def _(_scale):
    ref = make_bytes.remote(100_000_000)
    first = ray.get(ref)
    start = time.perf_counter()
    value = ray.get(ref)
    took = time.perf_counter() - start
    assert value[-1] == first[-1]
    return took * 1e6


@timed_once("memory of a worker that ran a task")
def _(_scale):
    ray.get([small_value.remote() for _ in range(1_000)])
    with open(f"/proc/{ray.get(ray.remote(lambda: os.getpid()).remote())}/smaps_rollup") as lines:
        held = {line.split()[0]: line.split()[1] for line in lines}
    return (int(held["Pss:"]) - int(held["Pss_Shmem:"])) * 1024 / 1e6


@timed_once("array of 100 MB to a task and back")
def _(_scale):
    value, same = np.ones(100_000_000, dtype=np.uint8), ray.remote(lambda value: value)
    for _ in range(3):
        start = time.perf_counter()
        came = ray.get(same.remote(value))
        took = time.perf_counter() - start
        assert came[-1] == 1 and len(came) == len(value)
    return took * 1e3


@timed_once("100,000 tasks queued on one node, drained")
def _(scale):
    start = time.perf_counter()
    ray.get([nothing.remote() for _ in range(scaled(100_000, scale))])
    return time.perf_counter() - start


@timed_once("10,000 args to one task")
def _(scale):
    count = scaled(10_000, scale)
    args = [[1] * 10_000 for _ in range(count)]
    start = time.perf_counter()
    result = ray.get(sum_args.remote(*args))
    took = time.perf_counter() - start
    assert result == count * 10_000
    return took


@timed_once("10,000 refs in one get")
def _(scale):
    refs = [ray.put(np.arange(10_000)) for _ in range(scaled(10_000, scale))]
    start = time.perf_counter()
    values = ray.get(refs)
    took = time.perf_counter() - start
    assert len(values) == len(refs) and values[-1][-1] == 9_999
    return took


def measure_rate(call, multiplier, settings):
    """Mean and deviation of calls per second over the rounds, in steps of a tenth of what the warm-up managed."""
    time.sleep(settings["pauseS"])
    start = time.perf_counter()
    count = 0
    while time.perf_counter() - start < settings["warmUpS"]:
        call()
        count += 1
    step = count // 10 + 1
    rates = []
    for _ in range(settings["rounds"]):
        count = 0
        start = time.perf_counter()
        while time.perf_counter() - start < settings["roundS"]:
            for _ in range(step):
                call()
            count += step
        rates.append(multiplier * count / (time.perf_counter() - start))
    return rates


def measure(name, settings):
    prepare = ROWS[name]
    if getattr(prepare, "is_once", False):
        samples = [prepare(settings["scale"]) for _ in range(settings["samples"])]
        return statistics.mean(samples), statistics.pstdev(samples)
    call, multiplier, actors = prepare(settings["scale"])
    try:
        rates = measure_rate(call, multiplier, settings)
    finally:
        for actor in actors:
            ray.kill(actor)
    return statistics.mean(rates), statistics.pstdev(rates)


def say(answer):
    print(json.dumps(answer), file=ANSWERS, flush=True)


def start_cluster():
    start = time.perf_counter()
    ray.init(address="local", num_cpus=2, resources={"custom": 100}, log_to_driver=False, _temp_dir=os.environ.get("BENCH_RAY_DIR"))
    return time.perf_counter() - start


def main():
    say({"ready": True, "version": ray.__version__, "startS": start_cluster()})
    if "--init-probe" in sys.argv:
        sys.stdin.read()
        return
    for line in sys.stdin:
        request = json.loads(line)
        try:
            mean, sd = measure(request["row"], request["settings"])
            say({"mean": mean, "sd": sd})
        except Exception as error:  # the row's failure is the answer; the next row may well work
            say({"error": f"{type(error).__name__}: {error}"[:2000]})


try:
    main()
finally:
    ray.shutdown()
