"""How a call travels as arguments of Ray: each argument costs Ray time at both ends, so that all goes in one where it can."""

from __future__ import annotations

import functools
import json
import struct
from typing import Any

_FRONT = struct.Struct("<II")

# Positions of the refs that Ray put values in place of, the packed arguments, and those values.
Arguments = tuple[list[int], Any, tuple[Any, ...]]


class Spec:
    """What the calls of a function or method have in common. One for each text, as long as it is used."""

    __slots__ = ("text", "fields")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.fields: dict[str, Any] = json.loads(text)


spec_of = functools.lru_cache(maxsize=1_000)(Spec)


def pack_call(spec: bytes, positions: list[int], arguments: Any) -> tuple[Any, ...]:
    """What stands before the refs among the arguments of the task. `arguments`: as `pack` made them, or Ray's ref of them."""
    front = _FRONT.pack(len(spec), len(positions)) + struct.pack(f"<{len(positions)}I", *positions) + spec
    return (front + arguments,) if isinstance(arguments, bytes) else (front, arguments)


def unpack_call(head: bytes, rest: tuple[Any, ...]) -> tuple[Spec, Arguments]:
    spec_bytes, count = _FRONT.unpack_from(head)
    start = _FRONT.size + 4 * count
    end = start + spec_bytes
    positions = list(struct.unpack_from(f"<{count}I", head, _FRONT.size))
    spec = spec_of(head[start:end])
    if len(head) > end:  # packed arguments are never empty
        return spec, (positions, head[end:], rest)
    return spec, (positions, rest[0], rest[1:])
