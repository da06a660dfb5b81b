"""What lies in Ray's objects: bytes in the form of the SDK, with the refs and handles that those bytes name."""

from __future__ import annotations

import pickle
from typing import Any, Sequence

from .frames import Buffer

# Small values without refs are plain bytes to Ray, which takes the shortest way for those.
_PLAIN_UP_TO_BYTES = 100 * 1024


class Value:
    """Its bytes travel out of band, so that whoever reads it sees Ray's shared memory. Ray keeps count of what is in `things`."""

    __slots__ = ("data", "keys", "things")

    def __init__(self, data: Any, keys: tuple[str, ...], things: tuple[Any, ...]) -> None:
        self.data = data
        self.keys = keys
        self.things = things

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return (Value, (pickle.PickleBuffer(self.data), self.keys, self.things))


def pack(data: Buffer, keys: Sequence[str] = (), things: Sequence[Any] = ()) -> bytes | Value:
    """:param things: The ObjectRefs and actor handles that `keys` name, in the same order."""
    if not keys and len(data) <= _PLAIN_UP_TO_BYTES:
        return bytes(data)
    return Value(data, tuple(keys), tuple(things))


def unpack(value: Any) -> Value:
    """:raises TypeError: for the object of another program."""
    if isinstance(value, Value):
        return value
    if isinstance(value, bytes):
        return Value(value, (), ())
    raise TypeError(f"this object holds a Python {type(value).__name__}; a program of Shoal can read what such programs made")


class JsError(Exception):
    """A function or method threw. The text is its stack, for Ray's own lists and logs."""

    def __init__(self, text: str, data: bytes, class_names: tuple[str, ...], origin: str) -> None:
        super().__init__(text, data, class_names, origin)
        self.text = text
        self.data = data
        self.class_names = class_names
        self.origin = origin

    def __str__(self) -> str:
        return self.text


class RetriableJsError(JsError):
    """One that the options of its task say to try again."""


class JsFailure(Exception):
    """A call could not be run, for a reason that has a code in the SDK."""

    def __init__(self, code: str, message: str, details: dict[str, Any]) -> None:
        super().__init__(code, message, details)
        self.code = code
        self.message = message
        self.details = details

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
