"""Placement groups. The SDK makes up their ids, as it may not wait for Ray's; the two are in the key-value store."""

from __future__ import annotations

from typing import Any

import ray
from ray._raylet import PlacementGroupID
from ray.util import placement_group, placement_group_table, remove_placement_group
from ray.util.placement_group import PlacementGroup

from . import kv
from .frames import Header
from .options import accepts, selector
from .values import JsFailure

_STATES = {"PENDING": "pending", "PREPARED": "pending", "CREATED": "created", "RESCHEDULING": "rescheduling", "REMOVED": "removed"}


class Groups:
    def __init__(self) -> None:
        self._groups: dict[str, PlacementGroup] = {}
        self._failed: dict[str, BaseException] = {}

    def create(self, header: Header) -> None:
        """What goes wrong is said by whoever waits for the group."""
        group_id = header["id"]
        try:
            given: dict[str, Any] = {"strategy": header["strategy"], "name": header["name"] or "", "lifetime": header["lifetime"]}
            if header["labels"]:
                if not accepts(placement_group, "bundle_label_selector"):
                    raise JsFailure("not-supported", f"bundleLabelSelector is not known to Ray {ray.__version__}", {})
                given["bundle_label_selector"] = [selector(each) for each in header["labels"]]
            group = placement_group(header["bundles"], **given)
        except Exception as error:
            self._failed[group_id] = error
            return
        self._groups[group_id] = group
        kv.put(f"group:{group_id}", group.id.hex().encode())
        kv.put(f"group-of:{group.id.hex()}", group_id.encode())

    def find(self, group_id: str) -> PlacementGroup:
        """:raises JsFailure: when the cluster does not know it."""
        if group_id in self._failed:
            raise self._failed[group_id]
        known = self._groups.get(group_id)
        if known is not None:
            return known
        found = kv.get(f"group:{group_id}")
        if found is None:
            raise JsFailure("not-found", f"the cluster knows no placement group {group_id}", {"groupId": group_id})
        group = PlacementGroup(PlacementGroupID(bytes.fromhex(found.decode())))
        self._groups[group_id] = group
        return group

    def ready(self, group_id: str) -> None:
        group = self.find(group_id)
        while not _is_ready(group):
            self._refuse_removed(group_id, group)

    def _refuse_removed(self, group_id: str, group: PlacementGroup) -> None:
        state = placement_group_table(group).get("state")
        if state == "REMOVED":
            raise JsFailure("group.removed", f"placement group {group_id} was removed", {"groupId": group_id})

    def remove(self, group_id: str) -> None:
        remove_placement_group(self.find(group_id))

    def table(self) -> list[dict[str, Any]]:
        return [_row(ray_id, facts) for ray_id, facts in placement_group_table().items()]


def _is_ready(group: PlacementGroup) -> bool:
    try:
        return bool(group.wait(timeout_seconds=1))
    except Exception as error:  # of a group that was removed meanwhile
        if "removed" in str(error):
            return False
        raise


def _row(ray_id: str, facts: dict[str, Any]) -> dict[str, Any]:
    ours = kv.get(f"group-of:{ray_id}")
    nodes = facts.get("bundles_to_node_id") or {}
    state = _STATES.get(facts["state"], "pending")
    return {
        "groupId": ours.decode() if ours else ray_id,
        "name": facts.get("name") or None,
        "strategy": facts["strategy"],
        "state": state,
        "why": str((facts.get("stats") or {}).get("scheduling_state", "")) if state == "pending" else "",
        "bundles": [
            {"index": int(index), "resources": resources, "nodeId": nodes.get(index) or None} for index, resources in facts["bundles"].items()
        ],
    }
