"""Values in shared memory, with this process at both ends."""

from __future__ import annotations

import gc
import mmap
import os
import pickle
import unittest
from typing import Any

from shoal_ray import arena
from shoal_ray.arena import Arena
from shoal_ray.memory import LARGE_FROM_BYTES, Memory
from shoal_ray.values import Value

PAGE = 4096
ARENA, FILE, STAGED = 1, 2, 3
ON_LINUX = os.path.isdir("/proc/self/fd")


def unnamed(size: int) -> int:
    descriptor = os.open("/dev/shm", os.O_TMPFILE | os.O_RDWR, 0o600)
    os.truncate(descriptor, size)
    return descriptor


@unittest.skipUnless(ON_LINUX, "needs Linux")
class StagingTest(unittest.TestCase):
    """What Node has staged."""

    def setUp(self) -> None:
        self.descriptor = unnamed(16 * PAGE)
        os.pwrite(self.descriptor, b"x" * PAGE + b"y" * PAGE, 2 * PAGE)
        self.memory = Memory()
        self.assertTrue(self.memory.open_staging(f"/proc/{os.getpid()}/fd/{self.descriptor}", 16 * PAGE, PAGE))

    def tearDown(self) -> None:
        os.close(self.descriptor)

    def mark(self, page: int) -> bytes:
        return os.pread(self.descriptor, 1, page)

    def borrow(self, page: int, size: int) -> memoryview:
        return self.memory.borrow(page * PAGE * 4 + STAGED, size)

    def test_the_bytes_are_there_and_cannot_be_written(self) -> None:
        view = self.borrow(2, PAGE + 3)
        self.assertEqual(bytes(view), b"x" * PAGE + b"yyy")
        self.assertTrue(view.readonly)

    def test_room_goes_back_when_the_last_user_lets_go(self) -> None:
        value = Value(self.borrow(2, PAGE), (), ())
        buffers: list[Any] = []
        pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
        del value
        gc.collect()
        self.assertEqual(self.mark(2), b"\0")  # what is being stored still needs it
        self.assertEqual(bytes(buffers[0]), b"x" * PAGE)
        buffers.clear()
        self.assertEqual(self.mark(2), b"\1")
        self.assertEqual(self.mark(3), b"\0")

    def test_a_place_that_is_none_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            self.memory.borrow(2 * PAGE * 4 + FILE, PAGE)

    def test_what_cannot_be_opened_is_said(self) -> None:
        self.assertFalse(Memory().open_staging("/proc/self/fd/9999", PAGE, PAGE))


@unittest.skipUnless(ON_LINUX, "needs Linux")
class CopiesTest(unittest.TestCase):
    """Values that Node cannot see where they lie."""

    def test_small_ones_go_with_the_frame_and_large_ones_lie_in_files_until_they_are_given_back(self) -> None:
        memory = Memory()
        memory.opened(False, True)
        large = memoryview(os.urandom(LARGE_FROM_BYTES))
        self.assertEqual(memory.place(large[1:]), 0)
        places = [memory.place(large), memory.place(large)]
        self.assertEqual([place % 4 for place in places], [FILE, FILE])
        for place in places:
            self.assertEqual(os.pread(place // 4, LARGE_FROM_BYTES + 1, 0), large)
        memory.release([1])
        os.fstat(places[0] // 4)
        with self.assertRaises(OSError):
            os.fstat(places[1] // 4)
        memory.close()
        with self.assertRaises(OSError):
            os.fstat(places[0] // 4)

    def test_a_peer_that_cannot_open_them_gets_bytes(self) -> None:
        memory = Memory()
        self.assertEqual(memory.place(memoryview(bytes(LARGE_FROM_BYTES))), 0)


@unittest.skipUnless(ON_LINUX, "needs Linux")
class ArenaTest(unittest.TestCase):
    def setUp(self) -> None:
        self.descriptor = unnamed(64 * PAGE)
        self.map = mmap.mmap(self.descriptor, 60 * PAGE, offset=4 * PAGE)
        self.arena = Arena(f"/proc/{os.getpid()}/fd/{self.descriptor}")

    def tearDown(self) -> None:
        os.close(self.descriptor)

    def test_an_object_in_it_has_an_offset_in_its_file(self) -> None:
        view = memoryview(self.map)[PAGE + 64 : 50 * PAGE]
        self.assertEqual(self.arena.offset_of(view), 5 * PAGE + 64)
        self.assertEqual(self.arena.offset_of(view.toreadonly()), 5 * PAGE + 64)

    def test_other_memory_has_none(self) -> None:
        self.assertIsNone(self.arena.offset_of(memoryview(bytes(PAGE))))

    def test_its_objects_are_held_until_they_are_given_back(self) -> None:
        memory = Memory(self.arena)
        view = memoryview(self.map)[PAGE : 50 * PAGE]
        self.assertEqual(memory.place(view), 0)  # Node has not said yet that it sees it
        memory.opened(True, True)
        self.assertEqual(memory.place(view), 5 * PAGE * 4 + ARENA)
        del view
        with self.assertRaises(BufferError):
            self.map.close()
        memory.release([0])
        self.map.close()

    def test_there_is_none_without_a_raylet(self) -> None:
        self.assertIsNone(arena.find("/nowhere/raylet"))


if __name__ == "__main__":
    unittest.main()
