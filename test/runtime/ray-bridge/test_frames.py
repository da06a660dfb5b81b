"""Frames over a real socket, and the small parts beside them."""

from __future__ import annotations

import os
import socket
import threading
import unittest

from shoal_ray.frames import Link, LinkClosed
from shoal_ray.memory import LARGE_FROM_BYTES, Memory
from shoal_ray.things import Things
from shoal_ray.travel import pack_call, spec_of, unpack_call
from shoal_ray.values import JsFailure, Value, pack, unpack


class FramesTest(unittest.TestCase):
    def setUp(self) -> None:
        ours, theirs = socket.socketpair()
        self.ours, self.theirs = Link(ours), Link(theirs)

    def tearDown(self) -> None:
        self.ours.close()
        self.theirs.close()

    def test_they_come_as_they_went_in_their_order_however_large(self) -> None:
        sizes = [0, 10, 3_000_000, 5, LARGE_FROM_BYTES, 1]
        sent = [os.urandom(size) for size in sizes]
        for number, data in enumerate(sent):
            self.ours.send({"number": number}, [data, b"", data])
        frames = self.theirs.frames()
        for number, data in enumerate(sent):
            header, buffers = next(frames)
            self.assertEqual(header, {"number": number})
            self.assertEqual([bytes(buffer) for buffer in buffers], [data, b"", data])

    def test_threads_do_not_mix_their_frames(self) -> None:
        def send(number: int) -> None:
            for _ in range(50):
                self.ours.send({"number": number}, [bytes([number]) * 10_000])

        threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        frames = self.theirs.frames()
        for _ in range(200):
            header, buffers = next(frames)
            self.assertEqual(set(bytes(buffers[0])), {header["number"]})
        for thread in threads:
            thread.join()

    def test_the_end_is_an_end_and_a_cut_is_told(self) -> None:
        self.ours.close()
        self.assertEqual(list(self.theirs.frames()), [])
        one, other = socket.socketpair()
        one.sendall(b"\x05\0\0\0\0\0\0\0{")
        one.close()
        with self.assertRaises(LinkClosed):
            list(Link(other).frames())

    @unittest.skipUnless(os.path.isdir("/proc/self/fd"), "needs Linux")
    def test_large_values_that_node_can_open_do_not_go_through_the_socket(self) -> None:
        ours, theirs = socket.socketpair()
        memory = Memory()
        memory.opened(False, True)
        Link(ours, memory).send({}, [b"small", bytes(50_000_000)])
        theirs.settimeout(20)
        came = b""
        while b"small" not in came:
            came += theirs.recv(65_536)
        self.assertLess(len(came), 100)
        ours.close()
        theirs.close()
        memory.close()


class PartsTest(unittest.TestCase):
    def test_small_values_are_plain_bytes_and_others_keep_what_is_in_them(self) -> None:
        self.assertEqual(pack(b"abc"), b"abc")
        self.assertIsInstance(pack(bytes(LARGE_FROM_BYTES)), Value)
        thing = object()
        value = pack(b"abc", ["key"], [thing])
        self.assertIs(unpack(value).things[0], thing)
        self.assertEqual(unpack(b"abc").data, b"abc")
        with self.assertRaises(TypeError):
            unpack({"not": "ours"})

    def test_a_call_is_one_argument_unless_what_it_carries_is_more_than_bytes(self) -> None:
        text = b'{"method":"f"}'
        value = pack(b"abc", ["key"], [object()])
        for positions, arguments, top in (([], b"abc", ()), ([1, 300_000], b"abc", ("x", "y")), ([0], value, ("x",)), ([], value, ())):
            sent = pack_call(text, positions, arguments)
            self.assertEqual(len(sent), 1 if isinstance(arguments, bytes) else 2)
            spec, came = unpack_call(sent[0], (*sent[1:], *top))
            self.assertEqual(spec.fields, {"method": "f"})
            self.assertEqual(came, (positions, arguments, top))
            self.assertIs(spec, spec_of(text))

    def test_a_thing_goes_when_it_was_given_back_as_often_as_it_was_told(self) -> None:
        things = Things()
        things.add("a", 1)
        things.add("a", 1)
        self.assertEqual(things.release([("a", 1)]), [])
        self.assertEqual(things.get("a"), 1)
        self.assertEqual(things.release([("a", 1), ("never", 1)]), ["a"])
        with self.assertRaises(JsFailure):
            things.get("a")


if __name__ == "__main__":
    unittest.main()
