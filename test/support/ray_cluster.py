"""Nodes of Ray on this machine: one JSON order a line on standard input, one JSON answer a line. Its end ends them."""

import json
import sys

from ray.cluster_utils import Cluster


def id_of(cluster: Cluster, node) -> str:
    if hasattr(node, "node_id"):
        return node.node_id
    socket = node.plasma_store_socket_name  # Ray 2.9 does not tell it otherwise
    return next(each["NodeID"] for each in cluster.global_state.node_table() if each["ObjectStoreSocketName"] == socket)


def kill_process(node, kind: str) -> None:
    """That one alone; reaped, as workers of Ray ask whether their raylet is still a process."""
    for each in node.all_processes[kind]:
        each.process.kill()
        each.process.wait()


def main() -> None:
    cluster = Cluster()
    nodes = []
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
