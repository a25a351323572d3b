"""kill -9 at random moments of mixed work with files: what was acknowledged is there, byte for byte, and nothing is half (threats D1, T1)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.faults.files_client import World, objects_on_disk
from tests.faults.files_crash import WORKERS, acknowledged_by, assert_no_orphans, keys_of_postgresql, keys_of_sqlite, kill_again_and_again, sweep_and_stop
from tests.faults.files_model import Observer
from tests.peers.postgresql import Postgresql
from tests.server_process import FULL_DOSE, Server

KILLS, KILLS_POSTGRESQL = (200, 40) if FULL_DOSE else (20, 6)
ACKNOWLEDGED, ACKNOWLEDGED_POSTGRESQL = (2_000, 400) if FULL_DOSE else (200, 60)


def test_kill_9_on_sqlite(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        world = World.made(server)
        workers = kill_again_and_again(world, KILLS, ACKNOWLEDGED)
        assert acknowledged_by(workers) >= ACKNOWLEDGED
        orphans = sweep_and_stop(world)
        database = sqlite3.connect(server.data / "lakelift.db")
        assert_no_orphans(objects_on_disk(server.data), keys_of_sqlite(database))
        assert not list((server.data / "staging").iterdir())
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        print(f"the sweep took {orphans} orphans; each of {len(objects_on_disk(server.data))} objects is referred to")


def test_kill_9_on_postgresql(postgresql: Postgresql, tmp_path: Path) -> None:
    address = postgresql.database()
    with Server(tmp_path / "data", env={"LAKELIFT_DATABASE": address}) as server:
        world = World.made(server)
        workers = kill_again_and_again(world, KILLS_POSTGRESQL, ACKNOWLEDGED_POSTGRESQL)
        assert acknowledged_by(workers) >= ACKNOWLEDGED_POSTGRESQL
        # Once more by hand: what a second look finds is what the first one found.
        assert [Observer(world).folders().get(worker.folder) for worker in workers] == [worker.tree for worker in workers]
        sweep_and_stop(world)
        # On a database that other servers may share an orphan goes when it is a day old: one may be left of each upload in doubt.
        assert_no_orphans(objects_on_disk(server.data), keys_of_postgresql(postgresql, address), most=KILLS_POSTGRESQL * WORKERS)
        assert not list((server.data / "staging").iterdir())
