"""What is said before asking comes true: rows and bytes of random slices, many of them with filters that hang together."""

from __future__ import annotations

import random
import statistics
import time
from pathlib import Path

import duckdb

from tests.e2e import oracle_tables
from tests.e2e.oracle_slices import Slice, Slices
from tests.e2e.test_derived_slices import as_the_api_says, is_sayable
from tests.server_process import PROFILE_SECONDS, WEATHER, Server

SEED = 20181101
SLICES = 200
MOST_READ = 0.01  # of the table's bytes
CORRELATED = {  # pairs of columns that hang together
    "flights": [("origin", "carrier"), ("carrier", "flight"), ("distance", "air_time"), ("dep_delay", "arr_delay")],
    "weather": [("temp", "feels_like"), ("wx_icon", "icon_extd"), ("temp", "dewPt"), ("day_ind", "uv_index")],
}


def error_of(estimated: int, real: int) -> float:
    """How many times too large or too small; 1 is right. What is nearly nothing is right where it is said to be so."""
    return max(estimated + 1, real + 1) / min(estimated + 1, real + 1)


def size_of(paths: list[Path]) -> int:
    return sum(file.stat().st_size for path in paths for file in ([path] if path.is_file() else path.rglob("*.parquet")))


def pair(slices: Slices, names: tuple[str, str]) -> Slice:
    """Both columns filtered by values of one row of the table."""
    types = slices.table.types
    (row,) = slices.con.execute(
        f'SELECT "{names[0]}", "{names[1]}" FROM {slices.table.name} WHERE "{names[0]}" IS NOT NULL AND "{names[1]}" IS NOT NULL '
        f"ORDER BY hash(rid + {slices.rng.randrange(1000)}) LIMIT 1").fetchall()
    specs, sql = [], []
    for name, value in zip(names, row, strict=True):
        kind = types[name]
        op = "=" if kind == "STRING" else slices.rng.choice([">=", "<="])
        specs.append({"name": name, "operator": op, "type": kind, "value": value})
        sql.append(f'"{name}" {op} ' + ("'" + value.replace("'", "''") + "'" if kind == "STRING" else repr(value)))
    columns = sorted(slices.rng.sample(list(types), slices.rng.randint(1, 8)), key=str.encode)
    where = " AND ".join(sql)
    (kept,) = slices.con.execute(f"SELECT count(*) FROM {slices.table.name} WHERE {where}").fetchone()
    return Slice(slices.table, columns, specs, where, kept)


def wait_for_sample(server: Server, token: str, item: int, table: oracle_tables.Table) -> None:
    """The first question wants a sample of the table, which is made in the background."""
    name = next(name for name, kind in table.types.items() if kind == "INTEGER")
    spec = {"columns": [name], "filters": [{"name": name, "operator": ">", "value": 1}]}
    end = time.monotonic() + PROFILE_SECONDS
    while time.monotonic() < end:
        told = server.ask("POST", "/downloader/requests/estimate/", {"spec": spec, "catalogue_item_id": item}, token)
        if told.json["estimated_by"] == "sample":
            return
        time.sleep(0.1)
    raise AssertionError("no sample was made")


def estimated(name: str, folder: Path) -> list[tuple[float, float]]:
    """Of slices of one table: how far off rows and bytes were."""
    con = duckdb.connect(config={"threads": 2})
    table = oracle_tables.flights(con, folder) if name == "flights" else oracle_tables.weather(con)
    dice = random.Random(f"{SEED} {name}")
    slices = Slices(con, table, dice)
    errors = []
    with Server(folder / "data") as server:
        paths = [path for _, path in table.inputs] if name == "flights" else [WEATHER]
        item = server.add_item(f"estimated.{name}", *paths, timeout=PROFILE_SECONDS)
        token = server.account("reader@example.com")
        wait_for_sample(server, token, item, table)
        before = server.metric("lakelift_runs_total")
        asked = []
        while len(asked) < SLICES // 2:
            one = pair(slices, dice.choice(CORRELATED[name])) if len(asked) < SLICES // 8 else slices.draw(broad=False, most_columns=8)
            if not all(is_sayable(spec) for spec in one.filters):
                continue
            spec = {"columns": one.columns, "filters": [as_the_api_says(each) for each in one.filters]}
            answer = server.ask("POST", "/downloader/requests/estimate/", {"spec": spec, "catalogue_item_id": item}, token)
            if answer.status == 400:
                continue  # filters that contradict each other
            assert answer.status == 200, answer
            asked.append((one, answer.json))
        assert server.metric("lakelift_runs_total") == before, "nothing was run for it"
        read = server.metric("lakelift_estimates_read_bytes_total") / server.metric("lakelift_estimates_sampled_total")
        share = read / size_of(paths)
        print(f"\n{name}: an estimate reads {share:.2%} of the table's bytes")
        assert share <= MOST_READ, name
        for one, told in asked:
            filters = [as_the_api_says(each) for each in one.filters]
            done = server.wait_done(token, server.request(token, item, one.columns, filters).json["id"])
            assert done["state"] == "DONE" and done["rows"] == one.kept, done
            errors.append((error_of(told["estimated_rows"], done["rows"]), error_of(told["estimated_size"], done["real_size"])))
    con.close()
    return errors


def test_estimates_come_true(tmp_path: Path) -> None:
    errors = []
    for name in CORRELATED:
        (tmp_path / name).mkdir()
        errors += estimated(name, tmp_path / name)
    assert len(errors) == SLICES
    figures = {}
    for what, some in (("rows", [rows for rows, _ in errors]), ("bytes", [size for _, size in errors])):
        figures[what] = statistics.median(some), statistics.quantiles(some, n=10)[-1]
        print(f"\n{SLICES} slices, {what}: median {figures[what][0] - 1:.1%} off, 90 % within {figures[what][1]:.2f} times")
    for what, (median, most) in figures.items():
        assert median <= 1.2, what
        assert most <= 2, what
