"""The figures of a catalogue item, column by column, against DuckDB's own counting of the same data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, getcontext
from fractions import Fraction
from typing import Any

import duckdb
import numpy as np

BINS = 20
INT64_MAX = (1 << 63) - 1
COUNTED_TEXTS = 30_000  # up to so many different ones top values are exact in every test's table
# Where doubles, which DuckDB counts in, do not reach: fractions take over.
EXACT_FROM = 1e150  # squares of larger numbers are beyond them
EXACT_WITHIN = 1e-6  # differences that are so small beside the numbers are mostly rounding
Json = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """A column as DuckDB has it. `sql`: of numbers BIGINT, HUGEINT or DOUBLE; of times whole numbers of `nanos`."""

    sql: str
    nanos: int = 1


def close(got: float | None, wanted: float, scale: float = 0) -> bool:
    return got is not None and abs(got - wanted) <= max(1e-9 * abs(wanted), 1e-12 * scale)


def moment(text: str) -> int:
    """Nanoseconds since 1970 of a time as the API writes it."""
    whole, _, fraction = text.partition(".")
    seconds = (datetime.fromisoformat(whole).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC))
    return (seconds.days * 86_400 + seconds.seconds) * 10**9 + int(fraction.ljust(9, "0") or 0)


class Oracle:
    """Holds the figures of one table's item against DuckDB."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: str, sources: dict[str, Source]):
        self.con, self.table, self.sources = con, table, sources
        (self.rows,) = self.ask("SELECT count(*) FROM {t}")

    def ask(self, sql: str, parameters: list[Any] | None = None) -> tuple:
        return self.all(sql, parameters)[0]

    def all(self, sql: str, parameters: list[Any] | None = None) -> list[tuple]:
        return self.con.execute(re.sub(r"\{t\}", self.table, sql), parameters or []).fetchall()

    def check(self, item: Json) -> None:
        assert item["rows"] == item["statistics_rows"] == self.rows
        assert not item["statistics_partial"] and not item["statistics_stale"] and item["profile_error"] is None
        assert [f["name"] for f in item["statistics"]] == [c["name"] for c in item["spec"]]
        assert {f["name"] for f in item["statistics"]} == set(self.sources)
        for column, figures, share in zip(item["spec"], item["statistics"], item["null_shares"], strict=True):
            source = self.sources[column["name"]]
            try:
                self.check_column(column, figures, source)
            except AssertionError as error:
                raise AssertionError(f"{self.table}.{column['name']} ({column['type']}): {error}\n{figures}") from error
            assert share == figures["null_share"]

    def check_column(self, column: Json, figures: Json, source: Source) -> None:
        x = source.sql
        (values, distinct) = self.ask(f"SELECT count({x}), count(DISTINCT {x}) FROM {{t}}")
        assert figures["type"] == column["type"]
        assert figures["nulls"] == self.rows - values
        assert figures["null_share"] == (self.rows - values) / self.rows
        if figures["distinct_is_exact"]:
            assert figures["distinct"] == distinct
        else:
            assert abs(figures["distinct"] / distinct - 1) <= 0.02
        {"INTEGER": self.whole, "FLOAT": self.fraction, "STRING": self.text, "BOOLEAN": self.flag, "DATETIME": self.time}[column["type"]](figures, source)
        bins = [{"value": b["value_min"], "count": b["count"]} for b in figures["histogram"]]
        assert (column["distribution"] or []) == (bins or figures["top_values"] if column["type"] not in {"INTEGER", "FLOAT"} else bins)

    # --- numbers ------------------------------------------------------------------------------------------------------

    def whole(self, figures: Json, source: Source) -> None:
        x = source.sql
        (low, high) = self.ask(f"SELECT min({x}), max({x}) FROM {{t}}")
        if low is None:
            self.nothing(figures)
            return
        assert (figures["min"], figures["max"]) == (min(low, INT64_MAX), min(high, INT64_MAX))
        self.moments(figures, f"({x})::HUGEINT")
        self.top(figures, f"(CASE WHEN {x} <= {INT64_MAX} THEN {x} END)", beyond=high > INT64_MAX, as_ours=int)
        width = -(-(high - low + 1) // BINS)
        edges = [e for e in range(low, high + 1, width) if e < INT64_MAX or e == low]
        assert [b["value_min"] for b in figures["histogram"]] == edges
        self.histogram(figures, f"({x})::HUGEINT", closed=high <= INT64_MAX)

    def fraction(self, figures: Json, source: Source) -> None:
        x = f"(CASE WHEN isfinite({source.sql}) THEN {source.sql} END)"
        (low, high, not_finite) = self.ask(f"SELECT min({x}), max({x}), count({source.sql}) - count({x}) FROM {{t}}")
        assert figures["not_finite"] == not_finite
        if low is None:
            self.nothing(figures)
            return
        assert (figures["min"], figures["max"]) == (low, high)
        self.moments(figures, x)
        self.top(figures, x, beyond=False, as_ours=float)
        wide, base = np.longdouble(high) - np.longdouble(low), np.longdouble(low)
        edges = [low, *(float(base + wide * i / BINS) for i in range(1, BINS)), high]
        edges = [e for i, e in enumerate(edges) if i == 0 or e != edges[i - 1]]
        assert [b["value_min"] for b in figures["histogram"]] == (edges[:-1] or edges)
        self.histogram(figures, x, closed=True)

    def moments(self, figures: Json, x: str) -> None:
        (count, largest) = self.ask(f"SELECT count({x}), max(abs({x}::DOUBLE)) FROM {{t}}")
        (wide,) = self.ask(f"SELECT max({x}) - min({x}) FROM {{t}}") if largest < EXACT_FROM else (0,)
        if wide < EXACT_WITHIN * largest:
            mean, deviation, median = exact_moments([v for (v,) in self.all(f"SELECT {x} AS v FROM {{t}} WHERE v IS NOT NULL")])
        else:
            total = "sum" if "HUGEINT" in x else "fsum"
            mean, deviation, median = self.ask(
                f"SELECT {total}(v) / count(v)::DOUBLE, stddev_samp(v::DOUBLE), median(v::DOUBLE) FROM (SELECT {x} AS v FROM {{t}})")
        assert close(figures["mean"], float(mean), deviation or 0), (figures["mean"], mean)
        if count > 1:
            assert close(figures["std"], deviation), (figures["std"], deviation)
        else:
            assert figures["std"] is None
        assert close(figures["median"], median) if figures["distinct_is_exact"] else figures["median"] is None

    def histogram(self, figures: Json, x: str, closed: bool) -> None:
        """Every bin's count; where `closed` is false the last one has no upper end."""
        terms, edges = [], []
        for i, b in enumerate(figures["histogram"]):
            last = i + 1 == len(figures["histogram"])
            upper = "" if last and not closed else f" AND v {'<=' if last else '<'} ?"
            terms.append(f"count(*) FILTER (v >= ?{upper})")
            edges += [b["value_min"]] + ([b["value_max"]] if upper else [])
        counts = self.ask(f"SELECT {', '.join(terms)} FROM (SELECT {x} AS v FROM {{t}})", edges)
        assert [b["count"] for b in figures["histogram"]] == list(counts)

    def nothing(self, figures: Json) -> None:
        for key in ("min", "max", "mean", "std", "median"):
            assert figures[key] is None, key
        assert figures["histogram"] == figures["top_values"] == []

    def top(self, figures: Json, x: str, beyond: bool, as_ours: Any) -> None:
        if not figures["distinct_is_exact"]:
            assert figures["top_values"] == []
            return
        wanted = self.all(f"SELECT v, count(*) AS n FROM (SELECT {x} AS v FROM {{t}}) WHERE v IS NOT NULL GROUP BY v ORDER BY n DESC, v LIMIT {BINS}")
        ours = [(v["value"], v["count"]) for v in figures["top_values"]]
        theirs = [(as_ours(v), n) for v, n in wanted]
        # Values beyond int64 take places in the list that nobody sees.
        assert ours == (theirs[: len(ours)] if beyond else theirs)

    # --- all else -----------------------------------------------------------------------------------------------------

    def text(self, figures: Json, source: Source) -> None:
        x = source.sql
        wanted = self.ask(f"SELECT min({x}), max({x}), min(length({x})), max(length({x})) FROM {{t}}")
        assert tuple(figures[key] for key in ("min", "max", "min_length", "max_length")) == wanted
        if figures["distinct"] <= COUNTED_TEXTS:
            self.top(figures, x, beyond=False, as_ours=str)
            return
        for entry in figures["top_values"]:
            (count,) = self.ask(f"SELECT count(*) FROM {{t}} WHERE {x} = ?", [entry["value"]])
            assert entry["count"] == count

    def flag(self, figures: Json, source: Source) -> None:
        (share,) = self.ask(f"SELECT avg({source.sql}::INT) FROM {{t}}")
        assert figures["true_share"] == share or close(figures["true_share"], share)
        self.top(figures, source.sql, beyond=False, as_ours=bool)
        assert figures["min"] is figures["max"] is None

    def time(self, figures: Json, source: Source) -> None:
        low, high = self.ask(f"SELECT min({source.sql}), max({source.sql}) FROM {{t}}")
        if low is None:
            assert figures["min"] is figures["max"] is None
            return
        assert (moment(figures["min"]), moment(figures["max"])) == (low * source.nanos, high * source.nanos)
        shown = {**figures, "top_values": [{**v, "value": moment(v["value"])} for v in figures["top_values"]]}
        if figures["distinct"] <= COUNTED_TEXTS:
            self.top(shown, source.sql, beyond=False, as_ours=lambda v: v * source.nanos)


def exact_moments(values: list[float]) -> tuple[float, float | None, float]:
    """Mean, standard deviation of the sample and median without any rounding before the end."""
    getcontext().prec = 60
    unit = 1 << 1074  # every double is a whole multiple of its reciprocal
    whole = [numerator * (unit // denominator) for numerator, denominator in (v.as_integer_ratio() for v in values)]
    count, total = len(whole), sum(whole)
    deviation = None
    if count > 1:
        variance = Fraction(count * sum(w * w for w in whole) - total * total, count * (count - 1) * unit * unit)
        deviation = float((Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt())
    ordered = sorted(values)
    middle = (Fraction(ordered[(count - 1) // 2]) + Fraction(ordered[count // 2])) / 2
    return float(Fraction(total, count * unit)), deviation, float(middle)
