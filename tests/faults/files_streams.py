"""Large files that go up and down at once, some of them slowly, and whose bytes are told from each other."""

from __future__ import annotations

import hashlib
import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.files_client import World
from tests.server_process import Server

MIB = 1 << 20
SOURCES = 4  # files that are downloaded
SLOW_BYTES, SLOW_PAUSE = 64 * 1024, 0.005  # of a quarter of the streams: about 10 MB/s at the most
PIECE = MIB
POOL = random.Random(22).randbytes(2 * MIB)  # contents are windows of it, so that making them costs nothing


def pieces(number: int, length: int) -> Iterator[memoryview]:
    """The content of file `number`: the same each time, another one for each number."""
    dice = random.Random(number)
    while length > 0:
        start = dice.randrange(MIB)
        yield memoryview(POOL)[start : start + min(PIECE, length)]
        length -= PIECE


def digest_of(number: int, length: int) -> str:
    found = hashlib.sha256()
    for piece in pieces(number, length):
        found.update(piece)
    return found.hexdigest()


class Stream:
    """One connection for one call, whose body is never whole in memory."""

    def __init__(self, world: World, method: str, path: str, is_slow: bool, length: int = 0) -> None:
        """Sends the head; `length`: of what a PUT sends."""
        self.is_slow, self.length = is_slow, length
        self.socket = socket.create_connection(("127.0.0.1", world.server.port), timeout=600)
        if is_slow:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BYTES)
        announced = f"Content-Length: {length}\r\n" if method == "PUT" else ""
        self.socket.sendall(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{announced}"
                            f"Authorization: Bearer {world.tokens['alice']}\r\n\r\n".encode())

    def send(self, number: int) -> None:
        for piece in pieces(number, self.length):
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


@dataclass
class Streams:
    """So many uploads and as many downloads at once, of files of that size, with a server that runs."""

    world: World
    count: int
    file_bytes: int

    @property
    def needed_bytes(self) -> float:
        """Of what keeps the content."""
        return (self.count + SOURCES) * self.file_bytes * 1.1

    def upload(self, name: str, number: int, is_slow: bool = False) -> None:
        stream = Stream(self.world, "PUT", f"/files/alice/{name}", is_slow, self.file_bytes)
        with stream.socket:
            stream.send(number)
            status, rest = stream.head()
            while more := stream.socket.recv(64 * 1024):
                rest += more
        assert status == 201, rest
        assert f'"sha256":"{digest_of(number, self.file_bytes)}"'.encode() in rest.replace(b'": "', b'":"'), rest

    def download(self, name: str, number: int, is_slow: bool = False) -> None:
        stream = Stream(self.world, "GET", f"/files/alice/{name}", is_slow)
        with stream.socket:
            status, rest = stream.head()
            assert status == 200, rest
            assert stream.digest(rest) == (digest_of(number, self.file_bytes), self.file_bytes)

    def run(self) -> float:
        """Says what it took; the most memory of the server, in MiB."""
        server = self.world.server
        for number in range(SOURCES):
            self.upload(f"source{number}", number)
        idle = server.status("VmHWM") / 1024
        began = time.monotonic()
        with probed_livez(server) as probed, ThreadPoolExecutor(2 * self.count) as pool:
            streams = [pool.submit(self.upload, f"new{i}", SOURCES + i, i % 4 == 0) for i in range(self.count)]
            streams += [pool.submit(self.download, f"source{i % SOURCES}", i % SOURCES, i % 4 == 0) for i in range(self.count)]
            faults = [fault for stream in streams if (fault := stream.exception())]
        if faults:
            raise faults[0]
        seconds = time.monotonic() - began
        livez = sorted(took for took, in probed)
        most = server.status("VmHWM") / 1024
        # What was stored is what was sent: read again, by a server that was started anew.
        server.stop()
        server.start()
        for i in (0, self.count // 2, self.count - 1):
            self.download(f"new{i}", SOURCES + i)
        print(f"{self.count} uploads and {self.count} downloads of {self.file_bytes / 1e6:.0f} MB at once: {seconds:.1f} s, "
              f"{2 * self.count * self.file_bytes / seconds / 1e6:.0f} MB/s in all; VmHWM {most:.0f} MiB (before {idle:.0f}); "
              f"/livez on a new connection: median {livez[len(livez) // 2] * 1e3:.1f} ms, worst {livez[-1] * 1e3:.0f} ms")
        return most


@contextmanager
def probed_livez(*servers: Server, pause: float = 0.05) -> Iterator[list[list[float]]]:
    """Seconds that /livez took each of them in the same moment, each time on a new connection, while something else goes on; filled at the end."""
    command = [sys.executable, Path(__file__).with_name("livez_probe.py"), str(pause), *(str(server.port) for server in servers)]
    times: list[list[float]] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as probe:
        try:
            yield times
        finally:
            told, _ = probe.communicate(timeout=120)
    assert probe.returncode == 0
    times += json.loads(told)
