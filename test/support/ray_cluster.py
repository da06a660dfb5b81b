"""Nodes of Ray on this machine: one JSON order a line on standard input, one JSON answer a line. Its end ends them."""

import json
import sys

from ray.cluster_utils import Cluster


def main() -> None:
    cluster = Cluster()
    nodes = []
    try:
        for line in sys.stdin:
            order = json.loads(line)
            if order["do"] == "add":
                node = cluster.add_node(**order["node"])
                nodes.append(node)
                answer = {"nodeId": node.node_id, "address": cluster.address}
            else:
                cluster.remove_node(nodes[order["index"]], allow_graceful=order["do"] == "stop")
                answer = {}
            print(json.dumps(answer), flush=True)
    finally:
        cluster.shutdown()


main()
