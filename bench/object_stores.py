"""Files whose content lies in S3 (versitygw on this machine): through us, and straight to the same server, with the same client in one run.

Quote the ratios. Straight to it is the most that can be had: through us each byte is looked at (token, right, SHA-256), an upload
lies on the disk before it goes on to the store, and all of us, the store and the client share this machine's cores.

    bench/object_stores.py [--seconds 3] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.files import CONNECTIONS, Bench, Subject, curl, wrk  # noqa: E402
from tests.peers.s3 import S3, storage_flags  # noqa: E402
from tests.server_process import Server  # noqa: E402

SMALL = {"1 KB": 1_000, "1 MB": 1_000_000}
LARGE = {"64 MB": 64_000_000, "1 GB": 1_000_000_000}
OURS, STRAIGHT = "lake", "straight"  # buckets
NAMES_A_SECOND = 6_000  # more than anybody stores
# PUT of the next address of a list each time.
PUT_SCRIPT = """
local targets, count, body = {}, 0, nil
function init(args)
  local file = io.open(args[1], "rb"); body = file:read("*a"); file:close()
  for line in io.lines(args[2]) do targets[#targets + 1] = line end
end
function request() count = count % #targets + 1; return wrk.format("PUT", targets[count], nil, body) end
"""


@dataclass
class Straight(Subject):
    """The store itself, by addresses that are signed beforehand."""

    s3: S3 | None = None
    method: str = "GET"

    def url(self, name: str) -> str:
        assert self.s3 is not None
        return self.s3.presigned(self.method, f"/{STRAIGHT}/{name}")


def storing(subject: Subject) -> Subject:
    return replace(subject, method="PUT") if isinstance(subject, Straight) else subject


def put_many(subject: Subject, seconds: float, folder: Path, source: Path, prefix: str) -> float:
    """Fresh names each time."""
    script, targets = folder / "put.lua", folder / "targets"
    script.write_text(PUT_SCRIPT)
    names = int(NAMES_A_SECOND * (seconds + 1)) if source.stat().st_size < 100_000 else int(1_000 * (seconds + 1))
    targets.write_text("".join(subject.url(f"{prefix}{n}").removeprefix(subject.address) + "\n" for n in range(names)))
    return wrk(subject, seconds, "", "-s", script, "--", source, targets)


def measure_all(bench: Bench, folder: Path, seconds: float) -> None:
    print(f"  {'':<16} {'through us':>10} {'straight':>10}")
    for name, size in SMALL.items():
        source = folder / f"source{size}"
        source.write_bytes(os.urandom(size))
        for subject in bench.subjects:
            curl(storing(subject), source.name, "-T", source)
        bench.measure(f"download {name}", "requests/s", 1, lambda s, _: wrk(s, seconds, source.name))
        bench.measure(f"upload {name}", "requests/s", 1, lambda s, n: put_many(storing(s), seconds, folder, source, f"up{size}-{n}-"))
    for name, size in LARGE.items():
        source = folder / "large"
        with open(source, "wb") as file:
            for _ in range(size // 1_000_000):
                file.write(os.urandom(1_000_000))
        bench.measure(f"upload {name}", "MB/s", 1e-6, lambda s, _: curl(storing(s), source.name, "-T", source))
        bench.measure(f"download {name}", "MB/s", 1e-6, lambda s, _: curl(s, source.name))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args([] if sys.argv[0].endswith("run.py") else None)
    s3 = S3.of_this_run("bench", buckets=(OURS, STRAIGHT))
    try:
        flags = [*storage_flags(f"s3://{OURS}", s3.address), "--trash-days", "0"]
        with tempfile.TemporaryDirectory() as name, Server(Path(name) / "data", flags, s3.credentials) as server:
            token = server.account("bench@example.com")
            ours = Subject("ours", server.address, "/files/bench/", [f"Authorization: Bearer {token}"])
            print(f"Medians of {options.rounds} rounds, {CONNECTIONS} connections for 1 KB and 1 MB, one for 64 MB and 1 GB")
            measure_all(Bench(server, ours, Straight("straight", s3.address, "/", s3=s3), options.rounds), Path(name), options.seconds)
    finally:
        s3.remove()


if __name__ == "__main__":
    main()
