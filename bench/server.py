"""The idle server: time from start to the first answer, and memory (PSS) of the server and its spare workers together."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from tests.server_process import Server

RUNS = 5


def pss_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise KeyError("Pss")


def start_to_first_answer(server: Server) -> float:
    began = time.perf_counter()
    server.start()
    assert server.ask("GET", "/livez").status == 200
    return time.perf_counter() - began


def livez_ms(server: Server) -> float:
    times = []
    for _ in range(200):
        began = time.perf_counter()
        server.ask("GET", "/livez")
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data")
        first = start_to_first_answer(server)
        again = []
        for _ in range(RUNS):
            server.stop()
            again.append(start_to_first_answer(server))
        end = time.monotonic() + 10
        while len(server.workers()) < 2 and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(0.5)
        parts = {"server": pss_kib(server.pid)} | {f"spare {pid}": pss_kib(pid) for pid in server.workers()}
        livez = livez_ms(server)
        server.stop()
    print(f"start to first answer   empty folder {first * 1e3:.0f} ms, then median {statistics.median(again) * 1e3:.0f} ms of {RUNS}"
          f"   (/livez on a new connection: {livez:.2f} ms)   bar 1000 ms")
    print(f"PSS, idle               {sum(parts.values()) / 1024:.1f} MiB = "
          + " + ".join(f"{k.split()[0]} {v / 1024:.1f}" for k, v in parts.items()) + "   bar 96 MiB")


if __name__ == "__main__":
    main()
