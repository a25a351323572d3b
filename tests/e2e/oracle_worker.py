"""Drives the worker program lakelift-columnar over its socket, as the server does (src/columnar/frame.h)."""

from __future__ import annotations

import array
import json
import os
import socket
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WORKER_SOCKET = 3
GIB = 1 << 30


class WorkerError(Exception):
    """What the worker answered in place of a report."""

    def __init__(self, error: dict[str, Any]):
        super().__init__(f"{error.get('code')}: {error.get('message')}")
        self.code = error.get("code")
        self.message = error.get("message", "")


def program() -> str:
    """The worker program: $LAKELIFT_COLUMNAR, else build/release's, else the newest one under build/."""
    if path := os.environ.get("LAKELIFT_COLUMNAR"):
        return path
    root = Path(__file__).resolve().parents[2]
    if (release := root / "build/release/bin/lakelift-columnar").exists():
        return str(release)
    built = list(root.glob("build/*/bin/lakelift-columnar"))
    if not built:
        raise FileNotFoundError("lakelift-columnar is not built; run `make build` or set LAKELIFT_COLUMNAR")
    return str(max(built, key=lambda path: path.stat().st_mtime))


@dataclass
class Worker:
    """One job in one process. Use `run`."""

    inputs: list[tuple[str, Path]]  # (path in the table, file)
    limits: dict[str, Any] = field(
        default_factory=lambda: {"memory_bytes": str(2 * GIB), "output_bytes": str(64 * GIB), "cpu_seconds": 600}
    )

    def run(self, work: dict[str, Any], output: Path | None = None) -> dict[str, Any]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        environment = dict(os.environ, ARROW_DEFAULT_MEMORY_POOL="system")
        pid = os.posix_spawn(
            program(),
            [program()],
            environment,
            file_actions=[(os.POSIX_SPAWN_DUP2, theirs.fileno(), WORKER_SOCKET)],
        )
        theirs.close()
        try:
            return self._talk(ours, work, output)
        finally:
            ours.close()
            _, self.status = os.waitpid(pid, 0)

    def _talk(self, ours: socket.socket, work: dict[str, Any], output: Path | None) -> dict[str, Any]:
        job = {**work, "limits": self.limits, "inputs": [[p, f.stat().st_size] for p, f in self.inputs]}
        assert "hello" in receive(ours)
        out = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) if output else None
        send(ours, {"job": job}, out)
        if out is not None:
            os.close(out)
        while True:
            message = receive(ours)
            if "open" in message:
                fd = os.open(self.inputs[message["open"]][1], os.O_RDONLY)
                send(ours, {"open": message["open"]}, fd)
                os.close(fd)
            elif "report" in message:
                return message["report"]
            elif "error" in message:
                raise WorkerError(message["error"])


def send(sock: socket.socket, message: dict[str, Any], fd: int | None = None) -> None:
    body = json.dumps(message).encode()
    frame = struct.pack("<I", len(body)) + body
    if fd is None:
        sock.sendall(frame)
        return
    sent = sock.sendmsg([frame], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
    if sent < len(frame):  # a worker that has answered already may be gone
        sock.sendall(frame[sent:])


def receive(sock: socket.socket) -> dict[str, Any]:
    (length,) = struct.unpack("<I", _exactly(sock, 4))
    return json.loads(_exactly(sock, length))


def _exactly(sock: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise ConnectionError("the worker closed its socket without an answer")
        data += part
    return bytes(data)
