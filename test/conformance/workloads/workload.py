"""Tasks that end well, one that fails, one that runs on, and a named actor; until the file in argv[1] is there."""

import os
import sys
import time

import ray

ray.init()


@ray.remote(num_cpus=0.1, max_retries=0)
def square(x):
    print(f"square of {x}", flush=True)
    return x * x


@ray.remote(num_cpus=0.1, max_retries=0)
def fail():
    raise ValueError("on purpose")


@ray.remote(num_cpus=0.1)
def linger(path):
    while not os.path.exists(path):
        time.sleep(0.1)


@ray.remote(num_cpus=0.1)
class Counter:
    def __init__(self):
        self.n = 0

    def add(self, k):
        print(f"adding {k}", flush=True)
        self.n += k
        return self.n


kept = ray.put([1] * 100_000)
assert ray.get([square.remote(i) for i in range(3)]) == [0, 1, 4]
try:
    ray.get(fail.remote())
except ValueError:
    pass
counter = Counter.options(name="counter").remote()
assert ray.get(counter.add.remote(2)) == 2
group = ray.util.placement_group([{"CPU": 0.1}], strategy="PACK", name="pair")
ray.get(group.ready())
running = linger.remote(sys.argv[1])
print("workload stands", flush=True)
ray.get(running)
