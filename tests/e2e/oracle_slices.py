"""Random slices: columns, filters whose literals are drawn from the data, and the same as SQL for DuckDB."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import duckdb

from tests.e2e.oracle_tables import Table

OPERATORS = {
    "INTEGER": [">", ">=", "<", "<=", "=", "!="],
    "FLOAT": [">", ">=", "<", "<=", "=", "!="],
    "STRING": [">", ">=", "<", "<=", "=", "!="],
    "BOOLEAN": ["=", "!="],
    "DATETIME": [">", ">=", "<", "<=", "=", "!="],
}
INT64_MAX = (1 << 63) - 1


@dataclass
class Slice:
    """What is asked, for both sides."""

    table: Table
    columns: list[str]
    filters: list[dict[str, Any]] = field(default_factory=list)
    where: str = "true"
    kept: int = 0

    @property
    def share(self) -> float:
        return self.kept / self.table.rows

    def work(self, ratio: float = 1, seed: str = "oracle") -> dict[str, Any]:
        return {
            "kind": "slice",
            "spec": {"columns": self.columns, "filters": self.filters, "ratio": repr(ratio)},
            "sampling_seed": seed,
        }

    def sql(self) -> str:
        columns = ", ".join(f'"{name}"' for name in self.columns)
        return f"SELECT {columns} FROM {self.table.name} WHERE {self.where} ORDER BY rid"


def quoted(text: str) -> str:
    # DuckDB's literals hold any character but a zero byte.
    return " || chr(0) || ".join("'" + part.replace("'", "''") + "'" for part in text.split("\x00"))


def literal(column: str, kind: str, value: Any) -> tuple[Any, str] | None:
    """The value as the worker's wire form and as SQL; None where the contract has no such literal."""
    if kind == "INTEGER":
        return (int(value), f"({int(value)})") if int(value) <= INT64_MAX else None
    if kind == "FLOAT":
        number = float(value)
        return None if number != number else (repr(number), f"'{number!r}'::DOUBLE")
    if kind == "STRING":
        return value, f"({quoted(value)})"
    if kind == "BOOLEAN":
        return bool(value), str(bool(value)).lower()
    seconds, nanos = value
    return [seconds, nanos], str(seconds * 10**9 + nanos if column.endswith("_ns") else seconds * 10**6 + nanos // 1000)


def comparable(column: str, kind: str) -> str:
    """The column as SQL compares it with such a literal: times as counts, which no time zone of a session touches."""
    if kind == "DATETIME":
        return f'epoch_ns("{column}")' if column.endswith("_ns") else f'epoch_us("{column}")'
    return f'"{column}"::DOUBLE' if kind == "FLOAT" else f'"{column}"'


class Slices:
    """Draws slices of one table."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: Table, rng: random.Random):
        self.con, self.table, self.rng = con, table, rng
        self.samples = {name: self._sample(name, kind) for name, kind in table.types.items()}

    def _sample(self, name: str, kind: str) -> list[Any]:
        expression = comparable(name, kind) if kind == "DATETIME" else f'"{name}"'
        rows = self.con.execute(
            f'SELECT {expression} FROM {self.table.name} WHERE "{name}" IS NOT NULL '
            f"ORDER BY hash(rid + {self.rng.randrange(1000)}) LIMIT 200").fetchall()
        values = [row[0] for row in rows]
        if kind != "DATETIME":
            return values
        return [divmod(int(value) * (1 if name.endswith("_ns") else 1000), 10**9) for value in values]

    def _filter(self) -> tuple[dict[str, Any], str] | None:
        name = self.rng.choice(list(self.table.types))
        kind = self.table.types[name]
        if not self.samples[name]:
            return None
        value = self.rng.choice(self.samples[name])
        if kind == "INTEGER" and self.rng.random() < 0.2:
            value += self.rng.choice([-1, 1])
        if kind == "FLOAT" and not isinstance(value, Decimal) and self.rng.random() < 0.1:
            value = value + 0.005
        both = literal(name, kind, value)
        if both is None:
            return None
        op = self.rng.choice(OPERATORS[kind])
        return {"name": name, "operator": op, "type": kind, "value": both[0]}, f"{comparable(name, kind)} {op} {both[1]}"

    def _columns(self, most: int) -> list[str]:
        names = list(self.table.types)
        return sorted(self.rng.sample(names, self.rng.randint(1, min(most, len(names)))), key=str.encode)

    def draw(self, broad: bool, most_columns: int) -> Slice:
        """A slice of 1 to 3 filters; with `broad` one that keeps 1 to 90 % of the rows."""
        for _ in range(400):
            found = [self._filter() for _ in range(self.rng.choice([1, 1, 2, 3]))]
            pairs = [pair for pair in found if pair is not None]
            if not pairs:
                continue
            where = " AND ".join(sql for _, sql in pairs)
            (kept,) = self.con.execute(f"SELECT count(*) FROM {self.table.name} WHERE {where}").fetchone()
            candidate = Slice(self.table, self._columns(most_columns), [spec for spec, _ in pairs], where, kept)
            if not broad or 0.01 <= candidate.share <= 0.9:
                return candidate
        raise AssertionError(f"no such slice of {self.table.name} was found")


