"""Windows of downloads and bytes: made out of the whole ledger in the process, read, and watched by many beside a transfer.

The ledger is filled by SQL in the server's own SQLite: for each download its answers (one to four ranges) and the download itself,
uploads, and entries of other kinds between them. What is told: entries a second, the server's memory before and at its most, and what
SQLite alone takes to read those rows once; then reading a day and the top, and what 200 who watch cost a download.

    bench/windows.py [--rows 300000] [--listeners 200]    # --rows 10000000: the full dose (LAKELIFT_DOSE=full)
"""

from __future__ import annotations

import argparse
import http.client
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.server_process import FULL_DOSE, Server  # noqa: E402

FILES, PEOPLE = 20_000, 2_000
SPAN_SECONDS = 30 * 86_400
# A download is four entries here: two answers, the download, and something else that happened; each tenth is an upload.
FILL = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :rows),
things AS (
  SELECT i, i / 4 AS event, i % 4 AS step, ((i / 4) * 7919) % :files AS file, ((i / 4) * 104729) % :people AS person,
         1000 + ((i / 4) * 31) % 100000 AS size, :begin + (i * 1.0 / :rows) * :span * 1000000 AS at
  FROM n)
INSERT INTO ledger(id, at, kind, actor, on_behalf, subject_kind, subject_id, object, bytes, detail)
SELECT printf('bench-%d', i), CAST(at AS INTEGER),
  CASE WHEN step = 3 THEN CASE WHEN event % 3 = 0 THEN 'file.uploaded' ELSE 'file.read' END WHEN step = 2 THEN 'download' ELSE 'transfer' END,
  100000 + person, 100000 + file % 500, 'file', CAST(file AS TEXT), printf('%032x', file),
  CASE WHEN step < 2 THEN size / 2 ELSE size END,
  json_object('owner', 'owner' || (file % 500), 'path', 'folder/file' || file || '.csv', 'size_bytes', size,
              'person', 'person' || person, 'session', printf('%032x', event))
FROM things
"""


def rate(rows: int, seconds: float) -> str:
    """As people read it."""
    return f"{seconds:8.2f} s   {rows / seconds:10,.0f} entries/s"


def timed(call: Any) -> tuple[float, Any]:
    """Seconds, and what came of it."""
    began = time.perf_counter()
    result = call()
    return time.perf_counter() - began, result


def fill(file: Path, rows: int) -> float:
    """Seconds that SQLite alone needs to read what it was filled with."""
    with sqlite3.connect(file) as connection:
        connection.execute(FILL, {"rows": rows, "files": FILES, "people": PEOPLE, "span": SPAN_SECONDS,
                                  "begin": int((time.time() - SPAN_SECONDS) * 1e6)})
    with sqlite3.connect(file) as connection:
        seconds, total = timed(lambda: connection.execute("SELECT SUM(LENGTH(detail)) FROM ledger").fetchone()[0])
        assert total
    return seconds


def made(server: Server, admin: str, rows: int) -> None:
    """Time and memory of the first reading, which makes the windows, and of making all views anew."""
    before = server.status("VmRSS")
    seconds, answer = timed(lambda: server.ask("GET", "/analytics/windows?limit=1", token=admin, timeout=3_600))
    assert answer.status == 200, answer
    assert answer.json["total"]["downloads"] == rows // 4, answer.json["total"]
    print(f"windows made                       {rate(rows, seconds)}   memory {before / 1024:.0f} -> {server.status('VmHWM') / 1024:.0f} MiB at most")
    seconds, answer = timed(lambda: server.ask("POST", "/analytics/rebuild", token=admin, timeout=3_600))
    assert answer.status == 200, answer
    assert answer.json["entries"] >= rows
    print(f"windows and spending made anew     {rate(rows, seconds)}   memory {server.status('VmHWM') / 1024:.0f} MiB at most")


def read(server: Server, admin: str) -> None:
    """Milliseconds of what people ask."""
    day = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 2 * 86_400))
    for what, path in {
        "a day by total": f"/analytics/windows?from={day}&limit=300",
        "a day by file, first page": f"/analytics/windows?by=file&from={day}&limit=100",
        "top files of a day": f"/analytics/top?by=file&from={day}&limit=20",
        "top people of all the time": "/analytics/top?by=person&limit=20",
    }.items():
        times = [timed(lambda p=path: server.ask("GET", p, token=admin))[0] for _ in range(5)]
        print(f"{what:34} {statistics.median(times) * 1e3:8.1f} ms")


def listen(server: Server, token: str, count: int, stop: threading.Event) -> list[http.client.HTTPConnection]:
    """So many who watch; their bytes are read as they come."""
    connections = []
    for _ in range(count):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", "/analytics/live", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.status
        assert connection.sock is None or connection.sock.fileno() >= 0
        connections.append((connection, answer))

    def drain() -> None:
        while not stop.is_set():
            for _, answer in connections:
                answer.fp.raw._sock.setblocking(False)
                try:
                    while answer.fp.raw._sock.recv(65_536):
                        pass
                except BlockingIOError:
                    pass
            time.sleep(0.2)

    threading.Thread(target=drain, daemon=True).start()
    return [connection for connection, _ in connections]


def downloads(server: Server, token: str, owner: str, seconds: float) -> float:
    """A second, over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    done, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        connection.request("GET", f"/files/{owner}/a.bin", headers={"Authorization": f"Bearer {token}"})
        assert len(connection.getresponse().read()) == 100_000
        done += 1
    connection.close()
    return done / seconds


def watched(server: Server, admin: str, count: int) -> None:
    """Downloads a second with nobody and with `count` who watch, in turn; the server's CPU meanwhile."""
    me = server.ask("GET", "/accounts/me", token=admin).json["username"]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("PUT", f"/files/{me}/a.bin", b"x" * 100_000, {"Authorization": f"Bearer {admin}"})
    assert connection.getresponse().status in {200, 201}
    connection.close()
    alone, beside = [], []
    for _ in range(3):
        alone.append(downloads(server, admin, me, 3))
        stop = threading.Event()
        held = listen(server, admin, count, stop)
        beside.append(downloads(server, admin, me, 3))
        stop.set()
        for one in held:
            one.close()
    print(f"downloads of 100 KB a second       {statistics.median(alone):8.0f} alone, {statistics.median(beside):.0f} beside {count} who watch: "
          f"ratio {statistics.median(beside) / statistics.median(alone):.2f}")


def main() -> None:
    """All of it on one server."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000 if FULL_DOSE else 300_000)
    parser.add_argument("--listeners", type=int, default=200)
    options = parser.parse_args(sys.argv[1:] if __name__ == "__main__" and Path(sys.argv[0]).name == "windows.py" else [])
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data")
        with server:
            admin = server.account("bench@example.com", "ADMIN")
        plain = fill(server.data / "lakelift.db", options.rows)
        with server:
            print(f"{options.rows:,} entries of the ledger, {FILES:,} files, {PEOPLE:,} people, windows of 300 s in 30 days")
            print(f"SQLite reads them once             {rate(options.rows, plain)}")
            made(server, admin, options.rows)
            read(server, admin)
            watched(server, admin, options.listeners)


if __name__ == "__main__":
    main()
