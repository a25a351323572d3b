"""Files beside nginx (static files; PUT by its DAV module): 1 KB, 1 MB and 1 GB, down and up, in turn in one run.

Quote the ratios. They are not between equals: ours looks at a token and a right, hashes what comes and has it on the disk (file,
folder, database: fsync) before it answers; nginx writes to the page cache. What the disk alone takes for that is told too.

    bench/files.py [--seconds 3] [--rounds 3]
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.server_process import Server  # noqa: E402

NGINX = ROOT / "tests/peers/nginx"
SIZES = {"1 KB": 1_000, "1 MB": 1_000_000}
LARGE = ("1 GB", 1_000_000_000)
CONNECTIONS = 8
# PUT of a fresh name each time.
PUT_SCRIPT = """
local threads, count, body = 0, 0, nil
function setup(thread) thread:set("id", threads); threads = threads + 1 end
function init(args)
  local file = io.open(args[1], "rb"); body = file:read("*a"); file:close()
  prefix = args[2] .. id .. "-"
end
function request() count = count + 1; return wrk.format("PUT", prefix .. count, nil, body) end
"""


@dataclass
class Subject:
    """Who is measured."""

    name: str
    address: str
    folder: str  # of its files, as a path of its addresses
    headers: list[str] = field(default_factory=list)

    def url(self, name: str) -> str:
        return f"{self.address}{self.folder}{name}"


def run(*command: str | Path) -> str:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def header_flags(subject: Subject) -> list[str]:
    return [part for header in subject.headers for part in ("-H", header)]


def wrk(subject: Subject, seconds: float, name: str, *more: str | Path) -> float:
    """Requests a second; all were answered with 2xx."""
    text = run("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--timeout", "30s", *header_flags(subject), *more[:2], subject.url(name), *more[2:])
    assert "Non-2xx" not in text and "Socket errors" not in text, f"{subject.name}: {text}"
    found = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert found, text
    return float(found[1])


def curl(subject: Subject, name: str, *more: str | Path) -> float:
    """Bytes a second of one transfer."""
    text = run("curl", "-sS", "--fail", "-o", "/dev/null", "-w", "%{speed_download} %{speed_upload}", *header_flags(subject), "-H", "Expect:",
               *more, subject.url(name))
    return max(float(speed) for speed in text.split())


@contextmanager
def livez_of(server: Server) -> Iterator[list[float]]:
    """Milliseconds of /livez on a kept connection, 100 times a second, while something else goes on."""
    times: list[float] = []
    stop = threading.Event()

    def probe() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        while not stop.wait(0.01):
            began = time.perf_counter()
            connection.request("GET", "/livez")
            connection.getresponse().read()
            times.append((time.perf_counter() - began) * 1e3)
        connection.close()

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        yield times
    finally:
        stop.set()
        thread.join()


def fsyncs_a_second(folder: Path) -> float:
    """Of 1 KB written to a new file each: what the disk takes at the least for one upload after another."""
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < 1:
        fd = os.open(folder / f"floor{count % 100}", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        os.write(fd, bytes(1_000))
        os.fsync(fd)
        os.close(fd)
        count += 1
    return count


class Bench:
    """Ours and nginx, in turn."""

    def __init__(self, server: Server, ours: Subject, nginx: Subject, rounds: int) -> None:
        """Both run."""
        self.server, self.subjects, self.rounds = server, (ours, nginx), rounds

    def measure(self, title: str, unit: str, scale: float, once: Callable[[Subject, int], float]) -> None:
        """One line: the medians of rounds that alternate, after one that does not count."""
        for subject in self.subjects:
            once(subject, 0)
        figures: dict[str, list[float]] = {subject.name: [] for subject in self.subjects}
        times: list[float] = []
        for number in range(1, self.rounds + 1):
            for subject in self.subjects if number % 2 else reversed(self.subjects):
                if subject is self.subjects[0]:
                    with livez_of(self.server) as probed:
                        figures[subject.name].append(once(subject, number))
                    times += probed
                else:
                    figures[subject.name].append(once(subject, number))
        ours, nginx = (statistics.median(figures[subject.name]) * scale for subject in self.subjects)
        times.sort()
        livez = f"/livez beside ours: median {statistics.median(times):.2f} ms, p99 {times[int(len(times) * 0.99)]:.1f} ms"
        print(f"  {title:<16} {ours:>10,.0f} {nginx:>10,.0f} {unit:<12} ratio {ours / nginx:5.2f}   {livez}", flush=True)


def measure_all(bench: Bench, folder: Path, seconds: float) -> None:
    script = folder / "put.lua"
    script.write_text(PUT_SCRIPT)
    print(f"  {'':<16} {'ours':>10} {'nginx':>10}")
    for name, size in SIZES.items():
        source = folder / f"source{size}"
        source.write_bytes(os.urandom(size))
        for subject in bench.subjects:
            curl(subject, source.name, "-T", source)
        bench.measure(f"download {name}", "requests/s", 1, lambda s, _: wrk(s, seconds, source.name))
        bench.measure(f"upload {name}", "requests/s", 1,
                      lambda s, n: wrk(s, seconds, "", "-s", script, "--", source, f"{s.folder}up{size}-{n}-"))
    name, size = LARGE
    source = folder / "large"
    with open(source, "wb") as file:
        for _ in range(size // 1_000_000):
            file.write(os.urandom(1_000_000))
    bench.measure(f"upload {name}", "MB/s", 1e-6, lambda s, _: curl(s, source.name, "-T", source))
    bench.measure(f"download {name}", "MB/s", 1e-6, lambda s, _: curl(s, source.name))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args([] if sys.argv[0].endswith("run.py") else None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        address = run(NGINX, "start", folder / "nginx").strip()
        try:
            with Server(folder / "data", ["--trash-days", "0"]) as server:
                token = server.account("bench@example.com")
                ours = Subject("ours", server.address, "/files/bench/", [f"Authorization: Bearer {token}"])
                print(f"Medians of {options.rounds} rounds, {CONNECTIONS} connections for 1 KB and 1 MB, one for 1 GB; "
                      f"the disk alone: {fsyncs_a_second(folder):,.0f} files of 1 KB a second, each with an fsync")
                measure_all(Bench(server, ours, Subject("nginx", address, "/"), options.rounds), folder, options.seconds)
        finally:
            run(NGINX, "stop", folder / "nginx")


if __name__ == "__main__":
    main()
