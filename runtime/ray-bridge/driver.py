"""The bridge of a driver: started by the SDK in Node, which is at the other end of the socket on descriptor 3."""

from __future__ import annotations

import logging
import os
import re
import select
import socket
import sys
import threading
from typing import Any

import ray
from ray.job_config import JobConfig

from shoal_ray import cluster, kv
from shoal_ray.bridge import Bridge
from shoal_ray.failures import describe
from shoal_ray.frames import Link

_DESCRIPTOR = 3
_ANSWER_WITHIN_S = 10


def main() -> None:
    connection = socket.socket(fileno=_DESCRIPTOR)
    link = Link(connection)
    frames = link.frames()
    header, _ = next(frames)
    is_joined = threading.Event()
    threading.Thread(target=_end_with_node, args=(connection, is_joined), daemon=True).start()
    try:
        _join(header)
    except Exception as error:  # told to the program
        record, _ = describe(error)
        link.send({"type": "refused", "record": record})
        return
    finally:
        is_joined.set()
    link.memory = cluster.memory()
    link.send({"type": "welcome", **cluster.context(header["command"]), **link.memory.facts()})
    threading.Thread(target=_end_with_raylet, args=(link,), daemon=True).start()
    bridge = Bridge(link, header["command"])
    try:
        for header, buffers in frames:
            bridge.take(header, buffers)
            del buffers  # what is staged goes back with its last user
    finally:
        ray.shutdown()
        link.close()


def _end_with_node(connection: socket.socket, is_joined: threading.Event) -> None:
    """Ray may try for minutes to reach a head that does not answer, and until then nobody reads what comes from Node."""
    poller = select.poll()
    poller.register(connection, 0)  # of no events: it tells when the other side has gone
    while not is_joined.is_set():
        if poller.poll(500):
            os._exit(1)


def _end_with_raylet(link: Link) -> None:
    """Without the raylet of its node a driver can do nothing more, and Ray leaves some of its calls waiting."""
    node: Any = ray._private.worker._global_node
    path = node.raylet_socket_name
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(path)
            while line.recv(4096):
                pass
        except OSError:
            pass
    if ray.is_initialized():
        link.send({"type": "lost", "why": f"the raylet of this node has ended, which was at {path}"})
        os._exit(1)


def _join(header: dict[str, Any]) -> None:
    names = {
        "address": "address",
        "namespace": "namespace",
        "numCpus": "num_cpus",
        "numGpus": "num_gpus",
        "resources": "resources",
        "labels": "labels",
        "objectStoreMemory": "object_store_memory",
        "tempDir": "_temp_dir",
    }
    given = {rays: header[ours] for ours, rays in names.items() if header.get(ours) is not None}
    if header.get("memory") is not None:
        given["_memory"] = header["memory"]
    if "address" not in given:
        given["address"] = "local"  # else Ray joins any cluster that it finds on this machine
        given["include_dashboard"] = bool(header.get("dashboard", False))
    else:
        _see_head(given["address"])
    # Workers find our modules by this; Ray itself tells them of no folder where a job has one of its own.
    given["job_config"] = JobConfig(_py_driver_sys_path=[os.path.dirname(os.path.abspath(__file__))])
    ray.init(log_to_driver=False, logging_level=logging.WARNING, **given)
    kv.get("")  # makes the store known to this process


def _see_head(address: str) -> None:
    """Ray itself would try for a quarter of an hour. :raises ConnectionError: nothing answers there"""
    host_and_port = re.fullmatch(r"\[?(.+?)\]?:(\d+)", address)
    if host_and_port is None:
        return  # `auto`: Ray finds it
    try:
        socket.create_connection((host_and_port[1], int(host_and_port[2])), _ANSWER_WITHIN_S).close()
    except (OSError, OverflowError) as error:
        raise ConnectionError(
            f"no head of Ray answers at {address} ({error}); give host:port as `ray start --head` prints it, or see whether it runs"
        ) from error


if __name__ == "__main__":
    main()
    sys.stderr.flush()
    os._exit(0)  # threads that wait for Ray do not keep us
