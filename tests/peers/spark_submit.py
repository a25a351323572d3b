"""A program in place of spark-submit that hands its order to the Spark that stays (spark.py), and counts.

It lives as long as its job: who ends it ends the job, as with the real one.
"""

from __future__ import annotations

import json
import select
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.peers.spark import SparkHost

PROGRAM = """#!/usr/bin/env python3
import socket, sys
order = open(sys.argv[-1].removeprefix("@")).read().encode()
with socket.create_connection(("127.0.0.1", {port})) as peer:
    peer.sendall(order + b"\\0")  # the line stays open: its end tells that this program has ended
    code = peer.recv(16)
sys.exit(int(code or b"1"))
"""


@dataclass
class SparkSubmitPeer:
    host: SparkHost
    folder: Path
    orders: list[str] = field(default_factory=list)
    ended: int = 0  # by whoever ended the program
    _listener: socket.socket | None = None

    @property
    def program(self) -> Path:
        return self.folder / "spark-submit"

    @property
    def slices(self) -> list[dict[str, Any]]:
        """Each would be paid for. The server also looks at its tables."""
        return [order for order in map(json.loads, self.orders) if order["kind"] == "slice"]

    def start(self) -> SparkSubmitPeer:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.program.write_text(PROGRAM.format(port=self._listener.getsockname()[1]))
        self.program.chmod(0o700)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def stop(self) -> None:
        if self._listener is not None:
            self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            order = b""
            while not order.endswith(b"\0") and (piece := connection.recv(65_536)):
                order += piece
            order = order.removesuffix(b"\0")
            self.orders.append(order.decode())
            answer: list[int] = []
            worker = threading.Thread(target=lambda: answer.append(self.host.run(order.decode())), daemon=True)
            worker.start()
            gone = select.poll()
            gone.register(connection, select.POLLERR | select.POLLHUP | select.POLLRDHUP)
            while worker.is_alive():
                worker.join(0.05)
                if gone.poll(0):
                    self.ended += 1
                    self.host.cancel()
                    return
            try:
                connection.sendall(str(answer[0]).encode())
            except OSError:
                self.ended += 1
