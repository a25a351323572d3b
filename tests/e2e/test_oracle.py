"""Random slices against DuckDB: equal rows, order and nulls, in each of the four formats; and what sampling promises."""

from __future__ import annotations

import math
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.e2e import oracle_tables
from tests.e2e.oracle_compare import assert_same, read_back
from tests.e2e.oracle_slices import Slice, Slices
from tests.e2e.oracle_tables import REFUSED, Table
from tests.e2e.oracle_worker import Worker, WorkerError

FULL = os.environ.get("LAKELIFT_DOSE") == "full"
SEED = int(os.environ.get("LAKELIFT_SEED", "20181101"))
#            table      slices  columns at most
DOSE = [("flights", 110, 19), ("every", 120, 12), ("parts", 40, 9), ("weather", 40, 6)]
FACTOR = 5 if FULL else 1
CONVERTED_CELLS = 20_000_000 if FULL else 250_000  # larger slices are compared as Parquet alone
RATIOS = [0.01, 0.05, 0.1, 0.3, 0.5, 0.9]

TableOf = Callable[[str], Table]


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(config={"threads": 2})
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def table_of(con: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> TableOf:
    tmp = tmp_path_factory.mktemp("oracle")
    known: dict[str, Table] = {}
    make = {
        "flights": lambda: oracle_tables.flights(con, tmp),
        "weather": lambda: oracle_tables.weather(con),
        "every": lambda: oracle_tables.every(con, tmp),
        "parts": lambda: oracle_tables.parts(con, tmp),
    }

    def get(name: str) -> Table:
        if name not in known:
            known[name] = make[name]()
        return known[name]

    return get


def check(con: duckdb.DuckDBPyConnection, asked: Slice, tmp: Path) -> None:
    """One slice: as Parquet, and as the other formats made from it."""
    what = f"{asked.table.name}: {asked.columns} where {asked.where}"
    parquet = tmp / "slice.parquet"
    report = asked.table.worker().run(asked.work(), parquet)
    expected = con.execute(asked.sql()).to_arrow_table()
    assert report["rows"] == expected.num_rows == asked.kept, what
    ours = pq.read_table(parquet)
    assert_same(ours, expected, what)
    if ours.num_rows * ours.num_columns > CONVERTED_CELLS:
        return
    for form in ("csv", "arrow", "jsonl"):
        target = tmp / f"slice.{form}"
        work = {"kind": "convert", "from": "parquet", "to": form, "null_tokens": [""], "delimiter": ",", "compression": "none"}
        Worker([("slice.parquet", parquet)]).run(work, target)
        assert_same(read_back(target, form, ours.schema), expected, f"{form}: {what}", as_json=form == "jsonl")


SHARES: list[float] = []


@pytest.mark.parametrize(("name", "count", "most_columns"), DOSE)
def test_slices(name: str, count: int, most_columns: int, con: duckdb.DuckDBPyConnection, table_of: TableOf, tmp_path: Path) -> None:
    """Two thirds of the slices keep from 1 to 90 % of the rows."""
    slices = Slices(con, table_of(name), random.Random(f"{SEED} {name}"))
    for i in range(count * FACTOR):
        asked = slices.draw(broad=i % 3 != 0, most_columns=most_columns)
        check(con, asked, tmp_path)
        SHARES.append(asked.share)


def test_enough_slices(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 300, of which at least 150 keep from 1 to 90 %; prints how much they keep."""
    if not SHARES:
        pytest.skip("the slices were not run")
    bins = Counter("none" if s == 0 else "< 1 %" if s < 0.01 else "> 90 %" if s > 0.9 else f"{int(s * 10) * 10:2}-{int(s * 10) * 10 + 10} %" for s in SHARES)
    with capsys.disabled():
        print(f"\nkept shares of {len(SHARES)} slices: " + ", ".join(f"{name}: {bins[name]}" for name in sorted(bins)))
    assert len(SHARES) >= 300
    assert sum(0.01 <= share <= 0.9 for share in SHARES) >= 150


def kept(table: Table, ratio: float, tmp: Path, seed: str = "s", filters: tuple = ()) -> list[tuple]:
    """The rows that a ratio keeps, as values of a few columns."""
    columns = sorted(list(table.types)[:4] + ["unique"] if "unique" in table.types else list(table.types)[:6])
    asked = Slice(table, columns, list(filters))
    target = tmp / "sample.parquet"
    table.worker().run(asked.work(ratio, seed), target)
    return [tuple(row.values()) for row in pq.read_table(target).to_pylist()]


def test_ratio_keeps_its_share(table_of: TableOf, tmp_path: Path) -> None:
    """Within 4 sigma, for six ratios and three tables."""
    for name in ("flights", "every", "weather"):
        table = table_of(name)
        for ratio in RATIOS:
            asked = Slice(table, [next(iter(table.types))])
            report = table.worker().run(asked.work(ratio, f"seed {ratio}"), tmp_path / "sample.parquet")
            sigma = math.sqrt(table.rows * ratio * (1 - ratio))
            assert abs(report["rows"] - table.rows * ratio) <= 4 * sigma, (name, ratio, report["rows"])


def test_sample_is_stable_and_nested(table_of: TableOf, tmp_path: Path) -> None:
    """The same request, the same rows; a smaller ratio's rows lie inside a larger one's, in the same order."""
    table = table_of("every")
    larger: list[str] = []
    for ratio in [0.0, 1e-12, *RATIOS, 1.0]:
        rows = [row[-1] for row in kept(table, ratio, tmp_path)]
        assert rows == [row[-1] for row in kept(table, ratio, tmp_path)]
        before = set(larger)
        assert before <= set(rows)
        assert [row for row in rows if row in before] == larger
        larger = rows
    assert len(larger) == table.rows


def test_sample_does_not_depend_on_filters(table_of: TableOf, tmp_path: Path) -> None:
    """Filter and ratio hold together: a row is kept when the sample has it and it passes."""
    table = table_of("every")
    filters = ({"name": "u8", "operator": "<", "type": "INTEGER", "value": 40},)
    both = {row[-1] for row in kept(table, 0.3, tmp_path, filters=filters)}
    sampled = {row[-1] for row in kept(table, 0.3, tmp_path)}
    passing = {row[-1] for row in kept(table, 1.0, tmp_path, filters=filters)}
    assert both == sampled & passing
    assert sampled != {row[-1] for row in kept(table, 0.3, tmp_path, seed="another")}


def test_refused_columns(table_of: TableOf, tmp_path: Path) -> None:
    """Refused by name, column by column; the rest of the table stays usable."""
    table = table_of("every")
    report = table.worker().run({"kind": "inspect"})
    assert {name for name, _ in report["refused"]} == REFUSED
    with pytest.raises(WorkerError, match="'list'.*lists are not supported"):
        table.worker().run(Slice(table, ["i32", "list"]).work(), tmp_path / "out.parquet")


def test_output_keeps_stored_types(table_of: TableOf, tmp_path: Path) -> None:
    """The Arrow types and the nullability of what was stored; no index of pandas."""
    table = table_of("every")
    table.worker().run(Slice(table, sorted(table.types)).work(), tmp_path / "out.parquet")
    source = pq.read_schema(table.inputs[0][1])
    ours = pq.read_schema(tmp_path / "out.parquet")
    assert {f.name: f.type for f in ours} == {name: source.field(name).type for name in table.types}
    assert all(ours.field(name).nullable == source.field(name).nullable for name in table.types)
    assert b"pandas" not in (ours.metadata or {})
