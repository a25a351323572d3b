"""One suite of slices for every outside engine: a small table with all that types, nulls and NaN can do to a filter, and a part of the weather.

    for case in CASES: rows = ask(case.columns, case.filters); assert rows_of(rows) == expected(con, "typed", case)

What is expected is DuckDB's answer on the source, as a multiset.
"""

from __future__ import annotations

import datetime
import decimal
import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

NAN, INF = math.nan, math.inf
UTC = datetime.UTC
# Texts that break what pastes: quotes, comments, escapes, other scripts, controls.
NAUGHTY = ["O'Hare", "''", "x' OR '1'='1", '"; DROP TABLE typed; --', "back\\slash", "\\'",
           "`tick`", "${env:HOME}", "a\nb", "tab\t", "%_", "/* c */", "größe", "東京", "🚀", " ", ""]
DEFINITION = "n bigint, i integer, f double, r real, s varchar, b boolean, d date, t timestamp(3), price decimal(10,2)"  # Trino's words


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def typed_table() -> pa.Table:
    """41 rows; each column has nulls."""
    texts: list[str | None] = [*NAUGHTY, "UA", "AA", "ua", None]
    rows = len(texts) + 20
    numbers = [None, 0, 1, -1, 5, 2**63 - 1, -(2**63), 7, 7, 42]
    floats = [None, NAN, INF, -INF, 0.0, -0.0, 0.1, 1.5, -2.5, 1e300, 5e-324]
    reals = [None, NAN, 0.5, 0.1, -1.0, 3.0]
    days = [None, datetime.date(2013, 1, 1), datetime.date(2013, 1, 5), datetime.date(1969, 12, 31), datetime.date(2020, 2, 29)]
    times = [None, at("2013-01-05T06:00:00"), at("2013-01-05T06:00:00.123"), at("1969-12-31T23:59:59.999"), at("2013-01-05"), at("2200-01-01T00:00:00")]
    prices = [None, decimal.Decimal("0.10"), decimal.Decimal("12.30"), decimal.Decimal("-5.00"), decimal.Decimal("99999999.99")]

    def turn(values: list[Any], step: int = 1) -> list[Any]:
        return [values[(row * step) % len(values)] for row in range(rows)]

    columns = {
        "n": pa.array(turn(numbers), pa.int64()), "i": pa.array(turn([None, 1, 2, 3, -4], 2), pa.int32()), "f": pa.array(turn(floats), pa.float64()),
        "r": pa.array(turn(reals), pa.float32()), "s": pa.array((texts * 2)[:rows], pa.string()), "b": pa.array(turn([True, False, None]), pa.bool_()),
        "d": pa.array(turn(days, 2), pa.date32()), "t": pa.array(turn(times), pa.timestamp("ms")), "price": pa.array(turn(prices, 3), pa.decimal128(10, 2)),
    }
    return pa.table(columns)


@dataclass
class Case:
    columns: list[str]
    filters: list[dict[str, Any]] = field(default_factory=list)
    table: str = "typed"

    def sql(self, source: str) -> str:
        """DuckDB's meaning is ours (docs/formats.md)."""
        where = " AND ".join(f'"{f["name"]}" {f["operator"]} {literal(f["value"], f["name"])}' for f in self.filters)
        return f"SELECT {', '.join(chr(34) + c + chr(34) for c in self.columns)} FROM {source}" + (f" WHERE {where}" if where else "")


def literal(value: Any, name: str) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, str):
        text = "'" + value.replace("'", "''") + "'"
        return f"CAST({text} AS TIMESTAMP)" if name in {"d", "t", "day", "hour"} else text
    return f"CAST({value!r} AS DOUBLE)" if isinstance(value, float) else str(value)


def where(name: str, operator: str, value: Any) -> dict[str, Any]:
    return {"name": name, "operator": operator, "value": value}


ALL = ["b", "d", "f", "i", "n", "price", "r", "s", "t"]
CASES = [
    Case(ALL),
    Case(["n"]),
    *[Case(["f", "n"], [where("f", op, value)]) for op in (">", ">=", "<", "<=", "=", "!=") for value in (0.1, 0.0, 1e300)],
    *[Case(["n", "s"], [where("n", op, value)]) for op in (">", ">=", "<", "<=", "=", "!=") for value in (2**63 - 1, -(2**63), 5)],
    *[Case(["i", "r"], [where("r", op, value)]) for op in (">", "<=", "=", "!=") for value in (0.5, 0.1)],
    *[Case(["s"], [where("s", op, text)]) for text in NAUGHTY for op in ("=", "!=")],
    *[Case(["n", "s"], [where("s", op, "UA")]) for op in (">", ">=", "<", "<=")],
    *[Case(["b", "n"], [where("b", op, value)]) for op in ("=", "!=") for value in (True, False)],
    *[Case(["d", "n"], [where("d", op, "2013-01-05")]) for op in (">", ">=", "<", "<=", "=", "!=")],
    *[Case(["t"], [where("t", op, value)]) for op in (">", ">=", "<", "<=", "=", "!=") for value in ("2013-01-05T06:00:00.123", "2013-01-05T06:00:00")],
    *[Case(["price"], [where("price", op, value)]) for op in ("=", ">", "!=") for value in (0.1, 12.3)],
    Case(ALL, [where("n", ">", 0), where("f", ">", 0.0), where("s", "!=", "UA"), where("b", "=", True)]),
    Case(ALL, [where("n", ">", 5), where("n", "<", 6)][:1] + [where("s", "=", "nothing has this")]),  # no row
]
WEATHER_CASES = [
    Case(["month", "temp", "zip_code"], [where("day", "=", 2), where("temp", ">", 60)], "weather"),
    Case(["day", "precip_hrly", "wdir_cardinal"], [where("wdir_cardinal", "=", "NW"), where("precip_hrly", ">", 0.0)], "weather"),
    Case(["clds", "day", "feels_like", "wspd"], [where("day", ">=", 2), where("clds", "!=", "CLR"), where("wspd", "<=", 3)], "weather"),
]


def value_of(value: Any) -> Any:
    """One form of equal values, whichever type they were stored as."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value + 0.0
    if isinstance(value, datetime.datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day, tzinfo=UTC).isoformat()
    return value


def rows_of(table: pa.Table) -> Counter[tuple[Any, ...]]:
    """Columns by name, rows as a multiset."""
    names = sorted(table.column_names, key=str.encode)
    columns = [[value_of(v) for v in table.column(name).to_pylist()] for name in names]
    return Counter(zip(*columns, strict=True)) if columns else Counter()


def expected(con: duckdb.DuckDBPyConnection, source: str, case: Case) -> Counter[tuple[Any, ...]]:
    return rows_of(con.execute(case.sql(source)).to_arrow_table())


def write_typed(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(typed_table(), file, row_group_size=16)
    return file


# Of the weather: the days of a month as folders, month=11/day=2/….parquet.
WEATHER_DAYS = ("month=11/day=1", "month=11/day=2", "month=11/day=3")
WEATHER_PARTITIONS = "day integer, month integer"


def weather_files(folder: Path) -> list[Path]:
    return sorted(file for day in WEATHER_DAYS for file in (folder / day).glob("*.parquet"))
