"""kill -9 again and again in the middle of mixed work with files, and how it is told that nothing was left over."""

from __future__ import annotations

import random
import sqlite3
import statistics
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from tests.faults.files_client import World
from tests.faults.files_model import Worker, finished_slice, judge_all
from tests.peers.postgresql import Postgresql
from tests.server_process import until

WORKERS = 4
KEY_COLUMNS = ("object_key", "table_key")
RESTART_SECONDS = 60  # 2 on a machine that does nothing else


def acknowledged_by(workers: Iterable[Worker]) -> int:
    return sum(sum(list(worker.acknowledged.values())) for worker in workers)


def kill_again_and_again(world: World, kills: int, least: int) -> list[Worker]:
    """At random moments, and so late that `least` operations are acknowledged in all."""
    dice = random.Random(20261126)
    kept = finished_slice(world)
    workers = [Worker(f"w{number}", kills, kept) for number in range(WORKERS)]
    starts = []
    in_doubt: Counter[str] = Counter()
    happened = 0
    for kill in range(1, kills + 1):
        with ThreadPoolExecutor(WORKERS) as pool:
            working = [pool.submit(worker.work, world.client()) for worker in workers]
            try:
                time.sleep(dice.uniform(0.02, 0.4))
                # A machine that does little in that time gets more of it; a worker that ends so early has found something wrong.
                until(lambda so_far=kill, working=working: acknowledged_by(workers) * kills >= least * so_far or any(each.done() for each in working),
                      "too little is acknowledged")
            finally:
                world.server.kill()
        for each in working:
            each.result()
        began = time.monotonic()
        world.server.start()
        assert world.server.ask("GET", "/readyz").status == 200
        starts.append(time.monotonic() - began)
        before = [(worker.pending, worker.tree) for worker in workers]
        judge_all(world, workers)
        for worker, (pending, tree) in zip(workers, before, strict=True):
            if pending:
                in_doubt[pending.what] += 1
                happened += worker.tree != tree
    acknowledged = sum((worker.acknowledged for worker in workers), Counter())
    starts.sort()
    p99 = starts[min(len(starts) - 1, int(len(starts) * 0.99))]
    print(f"\n{kills} kills, {acknowledged.total():,} acknowledged operations {dict(sorted(acknowledged.items()))}, "
          f"{in_doubt.total()} in doubt, of which {happened} had happened; restart to /readyz: "
          f"median {statistics.median(starts) * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms")
    assert p99 < RESTART_SECONDS
    return workers


def sweep_and_stop(world: World) -> int:
    """How many objects that took."""
    swept = world.client("boss").call("POST", "/storage/sweep")
    assert swept.status == 200, swept
    assert world.server.stop() == 0
    return swept.json["orphans"]


def assert_no_orphans(there: Iterable[str], keys: Iterable[str], most: int = 0) -> None:
    """Each object in the store is referred to, but for so many; each that is referred to lies there."""
    stored, referred = set(there), set(keys)
    orphans, missing = stored - referred, referred - stored
    assert len(orphans) <= most and not missing, f"orphans {sorted(orphans)[:5]}, missing {sorted(missing)[:5]}"


def keys_of_sqlite(database: sqlite3.Connection) -> list[str]:
    """Whatever table refers to objects does so in a column that is called a key."""
    names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'objects_%'")]
    found: list[str] = []
    for name in names:
        for column in [row[1] for row in database.execute(f"PRAGMA table_info({name})") if row[1] in KEY_COLUMNS]:
            found += [key for (key,) in database.execute(f"SELECT {column} FROM {name} WHERE {column} <> ''")]
    return found


def keys_of_postgresql(postgresql: Postgresql, address: str) -> list[str]:
    """The same there."""
    columns = postgresql.query("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
                               f"AND column_name IN {KEY_COLUMNS} AND table_name NOT LIKE 'objects_%'", address)
    return [row[0] for table, column in columns for row in postgresql.query(f"SELECT {column} FROM {table} WHERE {column} <> ''", address)]
