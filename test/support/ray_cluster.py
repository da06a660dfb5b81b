"""Nodes of Ray on this machine: one JSON order a line on standard input, one JSON answer a line. Its end ends them."""

import json
import sys
import threading
import time

from ray.cluster_utils import Cluster


def id_of(cluster: Cluster, node) -> str:
    if hasattr(node, "node_id"):
        return node.node_id
    socket = node.plasma_store_socket_name  # Ray 2.9 does not tell it otherwise
    return next(each["NodeID"] for each in cluster.global_state.node_table() if each["ObjectStoreSocketName"] == socket)


def kill_process(node, kind: str) -> None:
    """That one alone."""
    for each in node.all_processes[kind]:
        each.process.kill()


def reap(nodes: list) -> None:
    """Workers of Ray ask whether their raylet is still a process, and what nobody has waited for is one."""
    while True:
        for node in list(nodes):
            for processes in list(node.all_processes.values()):
                for each in list(processes):
                    each.process.poll()
        time.sleep(0.2)


def main() -> None:
    cluster = Cluster()
    nodes: list = []
    threading.Thread(target=reap, args=(nodes,), daemon=True).start()
    try:
        for line in sys.stdin:
            order = json.loads(line)
            if order["do"] == "add":
                node = cluster.add_node(**order["node"])
                nodes.append(node)
                answer = {"nodeId": id_of(cluster, node), "address": cluster.address}
            elif order["do"] == "kill-process":
                kill_process(nodes[order["index"]], order["kind"])
                answer = {}
            else:
                cluster.remove_node(nodes[order["index"]], allow_graceful=order["do"] == "stop")
                answer = {}
            print(json.dumps(answer), flush=True)
    finally:
        cluster.shutdown()


main()
