"""A month's replay: what is held is not scanned again, and nobody gets other rows for it."""

from __future__ import annotations

import io
import json
import os
import sqlite3
from collections import Counter
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from tests.e2e.oracle_compare import canonical
from tests.e2e.replay import PEOPLE, Lake, Request, Rule
from tests.server_process import PROFILE_SECONDS, WEATHER, Server, cli, must

FULL = os.environ.get("LAKELIFT_DOSE") == "full"
SEED = int(os.environ.get("LAKELIFT_REPLAY_SEED", "16"))
CHECKED = 1 if FULL else 4  # every so many requests are compared with DuckDB


class Asking:
    """One server with the month as an item, cut into days or not."""

    def __init__(self, server: Server, is_cut: bool):
        self.server = server
        self.item = server.add_item("weather.month", WEATHER, timeout=PROFILE_SECONDS)
        self.tokens = [server.account(f"person{number}@example.com") for number in range(PEOPLE)]
        if is_cut:
            must(cli("catalogue", "chunk", "weather.month", "--max-rows", "150000", data=server.data))
        self.scanned = 0
        self.runs: Counter = Counter()

    def ask(self, lake: Lake, one: Request) -> dict:
        token = self.tokens[one.person]
        answer = self.server.request(token, self.item, list(one.columns), lake.filters(one.box), one.ratio)
        assert answer.status in {200, 201}, answer
        done = self.server.wait_done(token, answer.json["id"])
        assert done["state"] == "DONE", done
        return done

    def scanned_so_far(self) -> int:
        with sqlite3.connect(self.server.data / "lakelift.db") as database:
            (total,) = database.execute("SELECT COALESCE(SUM(scanned_bytes), 0) FROM ledger WHERE kind LIKE 'run.%'").fetchone()
        return int(total)

    def next_day(self) -> None:
        """The server's clock stands on one day: what was saved so far is made yesterday's."""
        with sqlite3.connect(self.server.data / "lakelift.db", timeout=30) as database:
            database.execute("UPDATE slices_savings SET day = day - 1 - (SELECT MAX(day) - MIN(day) FROM slices_savings)")


def rows_of(server: Server, done: dict) -> Counter:
    data = server.ask("GET", done["download_uri"] + "?format=parquet")
    assert data.status == 200, data
    table = pq.read_table(io.BytesIO(data.body))
    return Counter(zip(*[canonical(table[name]).to_pylist() for name in table.column_names], strict=True))


def expected(con: duckdb.DuckDBPyConnection, lake: Lake, one: Request) -> Counter:
    columns = ", ".join(f'"{name}"' for name in one.columns)
    days = f"day BETWEEN {one.box.first} AND {one.box.last}"
    codes = f"zip_code BETWEEN '{lake.code(one.box.low)}' AND '{lake.code(one.box.high)}'"
    table = con.execute(f"SELECT {columns} FROM weather WHERE {days} AND {codes}").to_arrow_table()
    return Counter(zip(*[canonical(table[name]).to_pylist() for name in table.column_names], strict=True))


def test_a_month_is_scanned_little_more_than_once(tmp_path: Path) -> None:
    lake = Lake(WEATHER)
    requests = Rule(SEED, lake.columns).draw()
    con = duckdb.connect(config={"threads": 2})
    con.execute(f"CREATE VIEW weather AS SELECT * FROM read_parquet('{WEATHER}/**/*.parquet', hive_partitioning = true)")
    ours_by_day: Counter = Counter()
    alone_by_day: Counter = Counter()
    wrong = 0
    with Server(tmp_path / "ours") as held, Server(tmp_path / "alone") as plain:
        ours, alone = Asking(held, True), Asking(plain, False)
        before = ours.scanned_so_far()
        day = requests[0].day
        for number, one in enumerate(requests):
            if one.day != day:
                day = one.day
                ours.next_day()
            done = ours.ask(lake, one)
            now = ours.scanned_so_far()
            ours_by_day[day] += now - before
            before = now
            alone_by_day[day] += run_alone(alone, lake, one)
            if number % CHECKED == 0:
                got, want = rows_of(held, done), expected(con, lake, one)
                wrong += (got != want) if one.ratio == 1 else bool(got - want)
        runs = json.loads(must(cli("audit", "--kind", "run.finished", "--limit", "1000", "--output", "json", data=held.data)))
        double = [subject for subject, count in Counter(run["subject_id"] for run in runs).items() if count > 1]
    floor = lake.floor(requests)
    total, total_alone = sum(ours_by_day.values()), sum(alone_by_day.values())
    print(f"\nseed {SEED}: with us {total:,} bytes, run by run {total_alone:,}, floor {floor:,}: "
          f"{total / floor:.2f} and {total_alone / floor:.2f} of the floor")
    assert wrong == 0
    assert double == []
    assert [day for day in alone_by_day if ours_by_day[day] > alone_by_day[day]] == []
    assert total <= 1.3 * floor


def run_alone(alone: Asking, lake: Lake, one: Request) -> int:
    """What the same request scans where nothing is held: an equal one of before is made to be forgotten."""
    before = alone.scanned_so_far()
    done = alone.ask(lake, one)
    after = alone.scanned_so_far()
    with sqlite3.connect(alone.server.data / "lakelift.db", timeout=30) as database:
        database.execute("UPDATE slices_requests SET normal_key = NULL WHERE id = ?", (done["id"],))
        database.execute("UPDATE slices_results SET normal_key = 'forgotten ' || id, source_version = 'forgotten'")
    return after - before
