"""What recording a download costs: a small file (recorded, and committed before the connection's next request) beside the same bytes as
an asset of the server's own pages (not recorded), over one kept connection and over sixteen.

Quote the ratios. They hold more than the recording: a file's answer looks at a token and a right too, an asset's at nothing. The same
file where the client has it already (304), which does all that and sends nothing, stands beside them to tell the two apart. What the
disk alone takes is told too: over one connection each download waits for a commit of its own (an fsync), over sixteen those that end
together share one.

    bench/transfers.py [--seconds 3] [--rounds 3]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.e2e.files_api import raw  # noqa: E402
from tests.server_process import Server  # noqa: E402

ASSET = "/accounts/assets/sign_in.css"
FILE = "/files/bench/small"
CONNECTIONS = (1, 16)


def fsyncs_a_second(folder: Path) -> float:
    """Of a page appended to one file each, as a commit is to the database's log."""
    began, count = time.perf_counter(), 0
    fd = os.open(folder / "floor", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    while time.perf_counter() - began < 1:
        os.write(fd, bytes(4096))
        os.fdatasync(fd)
        count += 1
    os.close(fd)
    return count


def wrk(url: str, connections: int, seconds: float, *more: str) -> float:
    """Answers a second; all were 2xx or 3xx."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "30s", *more, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0 and "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout + done.stderr
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args([] if sys.argv[0].endswith("run.py") else None)
    with tempfile.TemporaryDirectory() as name, Server(Path(name) / "data") as server:
        token = server.account("bench@example.com")
        content = server.ask("GET", ASSET).body
        assert raw(server, "PUT", FILE, content, token).status == 201
        header = ["-H", f"Authorization: Bearer {token}"]
        known = ["-H", f'If-None-Match: "{hashlib.sha256(content).hexdigest()}"']
        subjects = {"file": (FILE, header), "asset": (ASSET, []), "304": (FILE, [*header, *known])}
        print(f"{len(content):,} bytes, medians of {options.rounds} rounds; the disk alone: {fsyncs_a_second(Path(name)):,.0f} fdatasyncs a second")
        for connections in CONNECTIONS:
            figures: dict[str, list[float]] = {key: [] for key in subjects}
            before = server.metric("lakelift_sent_bytes_total"), server.metric("lakelift_transfer_commit_seconds_count")
            for _ in range(options.rounds):
                for key, (path, more) in subjects.items():
                    figures[key].append(wrk(server.address + path, connections, options.seconds, *more))
            recorded = (server.metric("lakelift_sent_bytes_total") - before[0]) / len(content)
            commits = server.metric("lakelift_transfer_commit_seconds_count") - before[1]
            file, asset, unchanged = (statistics.median(figures[key]) for key in subjects)
            print(
                f"  {connections:>2} connections   file {file:>8,.0f}/s   asset {asset:>8,.0f}/s   304 {unchanged:>8,.0f}/s   "
                f"ratio to asset {file / asset:5.2f}, to 304 {file / unchanged:5.2f}   {recorded / commits:5.1f} downloads a commit",
                flush=True,
            )


if __name__ == "__main__":
    main()
