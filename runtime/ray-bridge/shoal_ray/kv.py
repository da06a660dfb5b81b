"""The key-value store at Ray's head: functions by their hash, and what the SDK knows of actors and groups."""

from __future__ import annotations

from ray.experimental.internal_kv import _internal_kv_get, _internal_kv_put

_NAMESPACE = b"shoal"


def put(key: str, value: bytes, overwrite: bool = False) -> None:
    _internal_kv_put(key.encode(), value, overwrite=overwrite, namespace=_NAMESPACE)


def get(key: str) -> bytes | None:
    found = _internal_kv_get(key.encode(), namespace=_NAMESPACE)
    return found if isinstance(found, bytes) else None
