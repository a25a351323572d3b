"""kill -9 at random moments of mixed work with files: what was acknowledged is there, byte for byte, and nothing is half (threats D1, T1)."""

from __future__ import annotations

import random
import sqlite3
import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.files_client import World, objects_on_disk
from tests.faults.files_model import Observer, Worker, finished_slice, judge_all
from tests.peers.postgresql import Postgresql
from tests.server_process import FULL_DOSE, Server

KILLS, KILLS_POSTGRESQL = (200, 40) if FULL_DOSE else (20, 6)
ACKNOWLEDGED = 2_000 if FULL_DOSE else 200
WORKERS = 4
KEY_COLUMNS = ("object_key", "table_key")
RESTART_SECONDS = 10  # 2 on a machine that does nothing else


def kill_again_and_again(world: World, kills: int) -> list[Worker]:
    dice = random.Random(20261126)
    kept = finished_slice(world)
    workers = [Worker(f"w{number}", kills, kept) for number in range(WORKERS)]
    starts = []
    in_doubt: Counter[str] = Counter()
    happened = 0
    for _ in range(kills):
        with ThreadPoolExecutor(WORKERS) as pool:
            working = [pool.submit(worker.work, world.client()) for worker in workers]
            time.sleep(dice.uniform(0.02, 0.4))
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


def assert_no_orphans(data: Path, keys: list[str], most: int = 0) -> None:
    """Each object on the disk is referred to, but for so many; each that is referred to lies there."""
    there, referred = set(objects_on_disk(data)), set(keys)
    assert len(there - referred) <= most and referred <= there, f"orphans {sorted(there - referred)[:5]}, missing {sorted(referred - there)[:5]}"
    assert not list((data / "staging").iterdir())


def keys_of_sqlite(database: sqlite3.Connection) -> list[str]:
    """Whatever table refers to objects does so in a column that is called a key."""
    names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'objects_%'")]
    found: list[str] = []
    for name in names:
        for column in [row[1] for row in database.execute(f"PRAGMA table_info({name})") if row[1] in KEY_COLUMNS]:
            found += [key for (key,) in database.execute(f"SELECT {column} FROM {name} WHERE {column} <> ''")]
    return found


def test_kill_9_on_sqlite(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        world = World.made(server)
        workers = kill_again_and_again(world, KILLS)
        assert sum(worker.acknowledged.total() for worker in workers) >= ACKNOWLEDGED
        orphans = sweep_and_stop(world)
        database = sqlite3.connect(server.data / "lakelift.db")
        assert_no_orphans(server.data, keys_of_sqlite(database))
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        print(f"the sweep took {orphans} orphans; each of {len(objects_on_disk(server.data))} objects is referred to")


def test_kill_9_on_postgresql(postgresql: Postgresql, tmp_path: Path) -> None:
    address = postgresql.database()
    with Server(tmp_path / "data", env={"LAKELIFT_DATABASE": address}) as server:
        world = World.made(server)
        workers = kill_again_and_again(world, KILLS_POSTGRESQL)
        # Once more by hand: what a second look finds is what the first one found.
        assert [Observer(world).folders().get(worker.folder) for worker in workers] == [worker.tree for worker in workers]
        sweep_and_stop(world)
        columns = postgresql.query("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
                                   f"AND column_name IN {KEY_COLUMNS} AND table_name NOT LIKE 'objects_%'", address)
        keys = [row[0] for table, column in columns for row in postgresql.query(f"SELECT {column} FROM {table} WHERE {column} <> ''", address)]
        # On a database that other servers may share an orphan goes when it is a day old: one may be left of each upload in doubt.
        assert_no_orphans(server.data, keys, most=KILLS_POSTGRESQL * WORKERS)
