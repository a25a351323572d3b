"""The server is killed while it assembles slices from chunks: each is answered, rightly, and no chunk is brought twice."""

from __future__ import annotations

import io
import random
import sqlite3
import threading
import time
from collections import Counter
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from tests.e2e.oracle_compare import canonical
from tests.server_process import FULL_DOSE, PROFILE_SECONDS, WEATHER, Server, cli, must, until

KILLS = 60 if FULL_DOSE else 12
COLUMNS = ["temp", "rh", "wspd", "day", "zip_code"]


def multiset(table) -> Counter:
    return Counter(zip(*[canonical(table[name]).to_pylist() for name in sorted(table.column_names)], strict=True))


def test_kill_9_while_chunks_are_brought(tmp_path: Path) -> None:
    dice = random.Random(20181101)
    server = Server(tmp_path / "data").start()
    item = server.add_item("weather.month", WEATHER, timeout=PROFILE_SECONDS)
    must(cli("catalogue", "chunk", "weather.month", "--max-rows", "60000", data=server.data))
    token = server.account("reader@lakelift.test")
    asked: dict[int, tuple[tuple[str, ...], int, int]] = {}

    def work(stop: threading.Event, number: int) -> None:
        mine = random.Random(f"{len(asked)} {number}")
        while not stop.is_set():
            try:
                day, low = mine.randint(1, 30), mine.randint(-5, 15)
                columns = tuple(sorted(mine.sample(COLUMNS, 3)))
                answer = server.request(token, item, list(columns), [
                    {"name": "day", "operator": "=", "value": day}, {"name": "temp", "operator": ">=", "value": low}])
                if answer.status in (200, 201):
                    asked[answer.json["id"]] = (columns, day, low)
                time.sleep(mine.uniform(0, 0.1))
            except Exception:  # the line broke: the server was killed
                return

    for kill in range(1, KILLS + 1):
        stop = threading.Event()
        threads = [threading.Thread(target=work, args=(stop, number)) for number in range(2)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(dice.uniform(0.05, 0.8))
            # A machine that does little in that time gets more of it.
            until(lambda so_far=kill: len(asked) > so_far, "too little is acknowledged")
        finally:
            server.kill()
            stop.set()
        for thread in threads:
            thread.join(30)
        server.start()

    con = duckdb.connect(config={"threads": 2})
    con.execute(f"CREATE VIEW weather AS SELECT * FROM read_parquet('{WEATHER}/**/*.parquet', hive_partitioning = true)")
    for number, (request_id, (columns, day, low)) in enumerate(sorted(asked.items())):
        done = server.wait_done(token, request_id, 600)
        assert done["state"] == "DONE", done
        if number % 5 == 0:
            data = server.ask("GET", done["download_uri"] + "?format=parquet")
            names = ", ".join(columns)
            want = con.execute(f"SELECT {names} FROM weather WHERE day = {day} AND temp >= {low}").to_arrow_table()
            assert multiset(pq.read_table(io.BytesIO(data.body))) == multiset(want)
    assert server.ask("GET", f"/catalogue/items/{item}/held", token=token).json["chunks_held"] > 0
    server.stop()
    with sqlite3.connect(server.data / "lakelift.db") as database:
        # Of each chunk a piece of the same columns once.
        twice = database.execute("SELECT pc.chunk_id, p.columns, COUNT(*) FROM slices_piece_chunks pc JOIN slices_pieces p"
                                 " ON p.id = pc.piece_id GROUP BY 1, 2 HAVING COUNT(*) > 1").fetchall()
        assert twice == []
        paid = database.execute("SELECT run, COUNT(*) FROM ledger WHERE kind = 'run.brought_chunks' GROUP BY run"
                                " HAVING COUNT(*) > 1").fetchall()
    print(f"\n{KILLS} kills, {len(asked)} acknowledged, all DONE; runs that brought twice: {len(paid)}")
    assert len(asked) > KILLS
    assert paid == []
