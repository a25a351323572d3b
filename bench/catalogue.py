"""The catalogue over HTTP: list, search and facets over 1,000, 10,000 and 100,000 items, side by side in one run.

Three servers run at once and are asked in turn, so that what else the machine does weighs on all alike. A call's cost may
grow by the ratio of the sizes' logarithms at the most: 1.67 from 1,000 to 100,000 items, 1.25 from 10,000. It is counted
from the smallest catalogue whose answer has as many items as the largest one's: half a page is cheaper to write.

    bench/catalogue.py [--calls 200] [--sizes 1000,10000,100000]  # on SQLite, then on a PostgreSQL of its own
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.peers.postgresql import Postgresql as Peer  # noqa: E402
from tests.server_process import Server, cli, must  # noqa: E402

SYSTEMS = ("crm", "erp", "web", "lake", "finance", "sensors", "hr", "maps")
NOUNS = ("sales", "orders", "weather", "flights", "clicks", "people", "stock", "prices", "tickets", "routes")
PERIODS = ("hourly", "daily", "monthly", "yearly", "raw")
COLUMNS = ("id", "created_at", "amount", "customer", "station", "temperature", "country", "isActive", "unit_price", "carrier")
KINDS = ("INTEGER", "DATETIME", "FLOAT", "STRING", "BOOLEAN")
TAGS = ("gold", "silver", "raw", "personal", "public", "legacy")
LIMIT = 50
CALLS = {
    "list, first page": f"limit={LIMIT}",
    "list, a later page": f"limit={LIMIT}&after=lake.",
    "query, one item": f"limit={LIMIT}&query=000777",
    "query, broad (1 in 5)": f"limit={LIMIT}&query={quote('weather |flights')}",
    "query, and, not": f"limit={LIMIT}&query={quote('lake web &sales ~raw')}",
    "q, one item": f"limit={LIMIT}&q=000777",
    "q, broad (1 in 2)": f"limit={LIMIT}&q=temperature",
    "q, a letter": f"limit={LIMIT}&q=s",
    "q, two words": f"limit={LIMIT}&q={quote('daily weath')}",
    "facets of all": f"limit={LIMIT}&facets=true",
    "facets of a search": f"limit={LIMIT}&facets=true&q=weather&tag=gold",
}


def items(count: int) -> Iterator[tuple[Any, ...]]:
    """Rows for INSERT: the same ones each time."""
    dice = random.Random(7)
    for number in range(count):
        system, noun, period = dice.choice(SYSTEMS), dice.choice(NOUNS), dice.choice(PERIODS)
        spec = [
            {"name": name, "type": KINDS[i % 5], "size": 1_000_000, "is_nullable": True, "is_enum": False,
             "distribution": [{"value_min": 0, "value_max": 9, "count": 12}] if KINDS[i % 5] == "INTEGER" else None,
             "description": f"{name} of the {noun}"}
            for i, name in enumerate(dice.sample(COLUMNS, 5))
        ]
        for place, column in enumerate(spec):
            column["type"] = KINDS[place]
            if column["type"] != "INTEGER":
                column["distribution"] = None
        tags = dice.sample(TAGS, dice.randrange(3)) + [f"team-{dice.randrange(2_000)}"]
        yield (f"{system}.{noun}_{period}_{number:06d}", f"{period.title()} {noun} of {system}.\n\nBatch {number % 997}, kept for a year.",
               "LOCAL" if dice.random() < 0.7 else "ATHENA", json.dumps(spec), dice.randrange(10**dice.randrange(3, 14)),
               "named" if dice.random() < 0.1 else "everyone", json.dumps(tags))


INSERT = (
    "INSERT INTO catalogue_items(name, description, executor_type, spec, byte_count, visibility, tags, source, sample, null_shares, "
    "refused, source_version, maintained_by, created_at, updated_at) VALUES(?, ?, ?, ?, ?, ?, ?, '{}', '[]', '[]', '[]', '', 1, 1, 1)"
)


class Sqlite:
    """The server's own database file."""

    name = "SQLite"

    def __init__(self, folder: Path, size: int) -> None:
        """Nothing is there yet."""
        self.file = folder / f"data{size}/lakelift.db"
        self.flags: list[str] = []

    def fill(self, rows: Iterator[tuple[Any, ...]]) -> None:
        """While no server runs."""
        with sqlite3.connect(self.file) as connection:
            connection.executemany(INSERT, rows)

    def select_one(self) -> Callable[[], object]:
        """What a trivial query costs."""
        cursor = sqlite3.connect(self.file).cursor()
        return lambda: cursor.execute("SELECT 1").fetchone()


class Postgresql:
    """A database of its own."""

    name = "PostgreSQL"

    def __init__(self, peer: Peer) -> None:
        """Makes it."""
        self.address = peer.database()
        self.flags = ["--database", self.address]

    def fill(self, rows: Iterator[tuple[Any, ...]]) -> None:
        """While no server runs."""
        with psycopg.connect(self.address) as connection, connection.cursor() as cursor:
            cursor.executemany(INSERT.replace("?", "%s"), rows)

    def select_one(self) -> Callable[[], object]:
        """What a trivial query costs."""
        connection = psycopg.connect(self.address, autocommit=True)
        return lambda: connection.execute("SELECT 1").fetchone()


class Subject:
    """A server with so many items, and a connection that stays open."""

    def __init__(self, folder: Path, size: int, database: Sqlite | Postgresql) -> None:
        """Fills it; the times of the first start (which writes the search documents) and of the second are kept."""
        self.size, self.database = size, database
        self.server = Server(folder / f"data{size}", flags=list(database.flags)).start()
        must(cli("account", "create", "admin@example.com", "--type", "ADMIN", data=self.server.data))
        self.token = self.server.account("reader@example.com")
        self.server.stop()
        database.fill(items(size))
        self.filling = self.started()
        self.server.stop()
        self.loading = self.started()
        self.memory = self.server.status("VmRSS") / 1024
        self.select = database.select_one()

    def started(self) -> float:
        """Seconds from start to the answer of the first search."""
        began = time.perf_counter()
        self.server.start()
        self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=600)
        self.get("/catalogue/items/?limit=1&has_samples=false")
        return time.perf_counter() - began

    def get(self, path: str) -> bytes:
        """The body of a 200."""
        self.connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return body


def milliseconds(call: Callable[[], object]) -> float:
    """How long it took."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1e3


def path_of(query: str) -> str:
    """Of a list without its items' long parts."""
    return f"/catalogue/items/?fields=summary&{query}"


def measure(subjects: list[Subject], calls: int) -> dict[str, list[float]]:
    """Medians in ms by call; one for each subject."""
    paths = {"/livez": "/livez"} | {name: path_of(query) for name, query in CALLS.items()}
    times: dict[str, list[list[float]]] = {name: [[] for _ in subjects] for name in ["SELECT 1", *paths]}
    for _ in range(calls):
        for name in times:
            for i, subject in enumerate(subjects):
                call = subject.select if name == "SELECT 1" else lambda s=subject, p=paths[name]: s.get(p)
                times[name][i].append(milliseconds(call))
    return {name: [statistics.median(one) for one in each] for name, each in times.items()}


def growth(subjects: list[Subject], name: str, times: list[float]) -> str:
    """How the cost grows, beside how it may."""
    if name not in CALLS:
        return ""
    found = [len(json.loads(s.get(path_of(CALLS[name])))["items"]) for s in subjects]
    first = found.index(found[-1])
    if first == len(subjects) - 1:
        return "   no smaller catalogue answers as many items"
    allowed = math.log(subjects[-1].size) / math.log(subjects[first].size)
    grown = times[-1] / times[first]
    verdict = "" if grown <= allowed else "  more than log n"
    return f"   {grown:.2f} from {subjects[first].size:,} (log n: {allowed:.2f}){verdict}"


def report(subjects: list[Subject], medians: dict[str, list[float]]) -> None:
    """Figures, and how they grow beside log n."""
    print(f"{subjects[0].database.name}: medians in ms" + "".join(f"{s.size:>12,}" for s in subjects) + "   growth")
    for name, times in medians.items():
        print(f"  {name:<34}" + "".join(f"{t:>12.3f}" for t in times) + growth(subjects, name, times))
    print(f"  {'start to first search, s':<34}" + "".join(f"{s.loading:>12.2f}" for s in subjects))
    print(f"  {'  … that writes all documents, s':<34}" + "".join(f"{s.filling:>12.2f}" for s in subjects))
    print(f"  {'resident memory, MiB':<34}" + "".join(f"{s.memory:>12.0f}" for s in subjects), flush=True)


def run(sizes: list[int], calls: int, database_of: Callable[[Path, int], Sqlite | Postgresql]) -> None:
    """One database."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subjects: list[Subject] = []
        try:
            for size in sizes:
                subjects.append(Subject(folder, size, database_of(folder, size)))
            report(subjects, measure(subjects, calls))
        finally:
            for subject in subjects:
                subject.server.stop()


def main() -> None:
    """SQLite, then PostgreSQL where there is one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--sizes", default="1000,10000,100000")
    options = parser.parse_args([] if sys.argv[0].endswith("run.py") else None)
    sizes = [int(size) for size in options.sizes.split(",")]
    run(sizes, options.calls, Sqlite)
    peer = Peer.of_this_run("bench")
    try:
        run(sizes, options.calls, lambda _folder, _size: Postgresql(peer))
    finally:
        peer.remove()


if __name__ == "__main__":
    main()
