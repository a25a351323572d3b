"""Many large uploads and downloads at once, some of them slow, go through little memory (threats D13, T22)."""

from __future__ import annotations

import hashlib
import random
import shutil
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.files_client import World
from tests.server_process import FULL_DOSE, Server

MIB = 1 << 20
STREAMS, FILE_BYTES = (64, 200_000_000) if FULL_DOSE else (16, 50_000_000)
SOURCES = 4  # files that are downloaded
SERVER_MIB = 256
SLOW_BYTES, SLOW_PAUSE = 64 * 1024, 0.005  # of a quarter of the streams: about 10 MB/s at the most
PIECE = MIB
POOL = random.Random(22).randbytes(2 * MIB)  # contents are windows of it, so that making them costs nothing


def pieces(number: int):
    """The content of file `number`: the same each time, another one for each number."""
    dice = random.Random(number)
    left = FILE_BYTES
    while left > 0:
        start = dice.randrange(MIB)
        yield memoryview(POOL)[start : start + min(PIECE, left)]
        left -= PIECE


def digest_of(number: int) -> str:
    found = hashlib.sha256()
    for piece in pieces(number):
        found.update(piece)
    return found.hexdigest()


class Stream:
    """One connection for one call, whose body is never whole in memory."""

    def __init__(self, world: World, method: str, path: str, is_slow: bool) -> None:
        """Sends the head."""
        self.is_slow = is_slow
        self.socket = socket.create_connection(("127.0.0.1", world.server.port), timeout=600)
        if is_slow:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BYTES)
        length = f"Content-Length: {FILE_BYTES}\r\n" if method == "PUT" else ""
        self.socket.sendall(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{length}"
                            f"Authorization: Bearer {world.tokens['alice']}\r\n\r\n".encode())

    def send(self, number: int) -> None:
        for piece in pieces(number):
            if not self.is_slow:
                self.socket.sendall(piece)
                continue
            for start in range(0, len(piece), SLOW_BYTES):
                self.socket.sendall(piece[start : start + SLOW_BYTES])
                time.sleep(SLOW_PAUSE)

    def head(self) -> tuple[int, bytes]:
        """The status, and what of the body has come with it."""
        got = b""
        while b"\r\n\r\n" not in got:
            more = self.socket.recv(64 * 1024)
            assert more, f"no answer: {got!r}"
            got += more
        head, _, rest = got.partition(b"\r\n\r\n")
        return int(head.split()[1]), rest

    def digest(self, rest: bytes) -> tuple[str, int]:
        """Of the body."""
        found, length = hashlib.sha256(rest), len(rest)
        buffer = bytearray(SLOW_BYTES if self.is_slow else PIECE)
        while n := self.socket.recv_into(buffer):
            found.update(memoryview(buffer)[:n])
            length += n
            if self.is_slow:
                time.sleep(SLOW_PAUSE)
        return found.hexdigest(), length


def upload(world: World, name: str, number: int, is_slow: bool = False) -> None:
    stream = Stream(world, "PUT", f"/files/alice/{name}", is_slow)
    with stream.socket:
        stream.send(number)
        status, rest = stream.head()
        while more := stream.socket.recv(64 * 1024):
            rest += more
    assert status == 201, rest
    assert f'"sha256":"{digest_of(number)}"'.encode() in rest.replace(b'": "', b'":"'), rest


def download(world: World, name: str, number: int, is_slow: bool = False) -> None:
    stream = Stream(world, "GET", f"/files/alice/{name}", is_slow)
    with stream.socket:
        status, rest = stream.head()
        assert status == 200, rest
        assert stream.digest(rest) == (digest_of(number), FILE_BYTES)


def test_large_files_go_through_little_memory(tmp_path: Path) -> None:
    needed = (STREAMS + SOURCES) * FILE_BYTES * 1.1
    free = shutil.disk_usage(tmp_path).free
    print(f"\n{free / 1e9:.0f} GB are free, {needed / 1e9:.1f} GB are needed")
    assert free > needed
    try:
        with Server(tmp_path / "data") as server:
            world = World.made(server)
            for number in range(SOURCES):
                upload(world, f"source{number}", number)
            idle = server.status("VmHWM") / 1024
            began = time.monotonic()
            stop = threading.Event()
            livez: list[float] = []

            def probe() -> None:
                while not stop.wait(0.05):
                    asked = time.perf_counter()
                    assert server.ask("GET", "/livez").status == 200
                    livez.append(time.perf_counter() - asked)

            with ThreadPoolExecutor(2 * STREAMS + 1) as pool:
                probing = pool.submit(probe)
                streams = [pool.submit(upload, world, f"new{i}", SOURCES + i, i % 4 == 0) for i in range(STREAMS)]
                streams += [pool.submit(download, world, f"source{i % SOURCES}", i % SOURCES, i % 4 == 0) for i in range(STREAMS)]
                faults = [fault for stream in streams if (fault := stream.exception())]
                stop.set()
                probing.result()
            if faults:
                raise faults[0]
            seconds = time.monotonic() - began
            most = server.status("VmHWM") / 1024
            # What was stored is what was sent: read again, by a server that was started anew.
            server.stop()
            server.start()
            for i in (0, STREAMS // 2, STREAMS - 1):
                download(world, f"new{i}", SOURCES + i)
            livez.sort()
            print(f"{STREAMS} uploads and {STREAMS} downloads of {FILE_BYTES / 1e6:.0f} MB at once: {seconds:.1f} s, "
                  f"{2 * STREAMS * FILE_BYTES / seconds / 1e6:.0f} MB/s in all; VmHWM {most:.0f} MiB (before {idle:.0f}); "
                  f"/livez on a new connection: median {livez[len(livez) // 2] * 1e3:.1f} ms, worst {livez[-1] * 1e3:.0f} ms")
            assert most <= SERVER_MIB
    finally:
        shutil.rmtree(tmp_path, ignore_errors=True)
