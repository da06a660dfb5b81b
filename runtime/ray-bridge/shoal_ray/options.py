"""Options of the SDK in the words of Ray. The SDK has checked them."""

from __future__ import annotations

import inspect
import re
from typing import Any, Callable

import ray
from ray.util.placement_group import PlacementGroup
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy, PlacementGroupSchedulingStrategy

from .values import JsFailure, RetriableJsError

Given = dict[str, Any]
FindGroup = Callable[[str], PlacementGroup]


def task_options(given: Given, find_group: FindGroup) -> Given:
    options = _resources(given, find_group)
    options["name"] = given["name"]
    options["num_returns"] = "streaming" if given["returnCount"] == -1 else given["returnCount"]
    options["max_retries"] = given["maxRetries"]
    if given["retries"] is not False:
        # Which errors are meant is decided where they are thrown.
        options["retry_exceptions"] = [RetriableJsError]
    return options


def actor_options(given: Given, find_group: FindGroup) -> Given:
    options = _resources(given, find_group)
    if options.keys() & {"num_gpus", "memory", "resources"}:
        options.setdefault("num_cpus", 0)  # Ray holds a CPU for actors that name other resources; the SDK promises none
    for ours, rays in (
        ("actorName", "name"),
        ("namespace", "namespace"),
        ("lifetime", "lifetime"),
        ("maxRestarts", "max_restarts"),
        ("maxTaskRetries", "max_task_retries"),
    ):
        if given.get(ours) is not None:
            options[rays] = given[ours]
    if given.get("getIfExists"):
        options["get_if_exists"] = True
    options["max_concurrency"] = given["maxConcurrency"]
    return options


def _resources(given: Given, find_group: FindGroup) -> Given:
    options: Given = {}
    for ours, rays in (("numCpus", "num_cpus"), ("numGpus", "num_gpus"), ("memory", "memory"), ("resources", "resources")):
        if given.get(ours) is not None:
            options[rays] = given[ours]
    for ours, rays in (("labelSelector", "label_selector"), ("fallbackStrategy", "fallback_strategy")):
        if given.get(ours):
            options[rays] = _labels(ours, given[ours])
    strategy = given.get("strategy")
    if strategy is not None:
        options["scheduling_strategy"] = _strategy(strategy, find_group)
    return options


def _labels(name: str, value: Any) -> Any:
    if tuple(int(part) for part in ray.__version__.split(".")[:2]) < (2, 49):
        raise JsFailure("not-supported", f"{name} needs Ray 2.49 or later, and this cluster runs {ray.__version__}", {})
    if name == "fallbackStrategy":
        return [{"label_selector": selector(one["labelSelector"])} for one in value]
    return selector(value)


def selector(labels: dict[str, str]) -> dict[str, str]:
    """Ray takes the spaces in `in(a, b)` for parts of the values."""
    return {key: re.sub(r"\s*([(,)])\s*", r"\1", text) for key, text in labels.items()}


def _strategy(strategy: Given, find_group: FindGroup) -> Any:
    kind = strategy["kind"]
    if kind == "node":
        return NodeAffinitySchedulingStrategy(node_id=strategy["nodeId"], soft=strategy["soft"])
    if kind == "group":
        return PlacementGroupSchedulingStrategy(
            placement_group=find_group(strategy["groupId"]),
            placement_group_bundle_index=strategy["bundleIndex"],
            placement_group_capture_child_tasks=False,  # the SDK hands a group on to children by itself
        )
    return kind.upper()


def accepts(function: Callable[..., Any], parameter: str) -> bool:
    """Whether this version of Ray knows a parameter."""
    return parameter in inspect.signature(function).parameters
