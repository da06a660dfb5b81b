"""What the SDK tells programs of a cluster."""

from __future__ import annotations

from typing import Any

import ray
import ray._private.state as state
from ray.util import list_named_actors

from . import arena, kv
from .memory import Memory


def nodes() -> list[dict[str, Any]]:
    available = _available()
    return [_node(facts, available.get(facts["NodeID"], {})) for facts in _facts()]


def _facts() -> list[dict[str, Any]]:
    ask: Any = ray.nodes
    found: list[dict[str, Any]] = ask()
    return found


def _node(facts: dict[str, Any], available: dict[str, float]) -> dict[str, Any]:
    alive = bool(facts["Alive"])
    resources = _own(facts.get("Resources", {}))
    free = _own(available)
    return {
        "nodeId": facts["NodeID"],
        "alive": alive,
        "state": "alive" if alive else "dead",
        "hostname": facts.get("NodeManagerHostname", ""),
        "address": f"{facts.get('NodeManagerAddress', '')}:{facts.get('NodeManagerPort', 0)}",
        "isHead": "node:__internal_head__" in facts.get("Resources", {}),
        "name": facts.get("NodeName", ""),
        "resources": resources,
        "available": {name: free.get(name, 0) for name in {**resources, **free}} if alive else {},
        "labels": facts.get("Labels") or {},
        "deathReason": facts.get("DeathReasonMessage") or "",
    }


def _own(resources: dict[str, float]) -> dict[str, float]:
    """Without those that Ray makes up for itself; those of placement groups under the ids of the SDK."""
    hidden = ("node:", "object_store_memory")
    return {_shown(name): amount for name, amount in resources.items() if not name.startswith(hidden)}


def _shown(name: str) -> str:
    if "_group_" not in name:
        return name
    front, _, ray_id = name.rpartition("_")
    ours = kv.get(f"group-of:{ray_id}")
    return f"{front}_{ours.decode()}" if ours else name


def _available() -> dict[str, dict[str, float]]:
    for holder, name in ((state, "available_resources_per_node"), (state.state, "_available_resources_per_node")):
        ask = getattr(holder, name, None)
        if ask is not None:
            found: dict[str, dict[str, float]] = ask()
            return found
    return {}


def named_actors(all_namespaces: bool) -> list[dict[str, str]]:
    if all_namespaces:
        return [{"name": each["name"], "namespace": each["namespace"]} for each in list_named_actors(all_namespaces=True)]
    namespace = ray.get_runtime_context().namespace
    return [{"name": name, "namespace": namespace} for name in list_named_actors()]


def state_of_actor(actor_id: str) -> str:
    """As Ray's head has it; empty for one that it does not know."""
    ask: Any = state.actors
    found: dict[str, Any] = ask(actor_id)
    return str(found.get("State", ""))


def timeline() -> list[dict[str, Any]]:
    """Spans of tasks, without the steps that Ray shows inside them."""
    whole = "task::"
    return [
        {**event, "name": event["cat"].removeprefix(whole), "pid": str(event["pid"]), "tid": str(event["tid"])}
        for event in ray.timeline()
        if event["ph"] == "X" and event["cat"].startswith(whole)
    ]


def memory() -> Memory:
    """Of this process, for the line to its Node."""
    node: Any = ray._private.worker._global_node
    return Memory(arena.find(node.raylet_socket_name))


def context(command: list[str]) -> dict[str, Any]:
    """Where a Node process is, told to it first of all."""
    here = ray.get_runtime_context()
    return {
        "jobId": here.get_job_id(),
        "nodeId": here.get_node_id(),
        "workerId": here.get_worker_id(),
        "namespace": here.namespace,
        "rayVersion": ray.__version__,
        "command": command,
    }
