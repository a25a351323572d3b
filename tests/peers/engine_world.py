"""A server whose items lie in an outside engine, and the same tables in DuckDB: what tests of engines share."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tests.e2e.oracle_compare import canonical
from tests.e2e.oracle_tables import every_type
from tests.peers.engine_slices import Case, expected, rows_of
from tests.server_process import Server, cli, must

ROWS = 4_000
ASSEMBLED = "lakelift_slices_assembled_total"
# What Spark and Trino read of Parquet; the others have no type there.
NOT_IN_ENGINES = ["f16", "d50", "time", "t_ns", "tz_ns", "u64", "list", "struct", "bytes"]


@dataclass(frozen=True)
class EngineSlice:
    """`where` is DuckDB's word for `filters`."""

    columns: tuple[str, ...]
    filters: tuple[tuple[str, str, Any], ...] = ()
    where: str = "true"


def lake(folder: Path) -> Path:
    """A table of every type with nulls, NaN, infinities, odd texts; its parts lie in folders `part=N`."""
    table = every_type(ROWS, 11).drop_columns(NOT_IN_ENGINES)
    for part in range(3):
        (folder / f"part={part}").mkdir(parents=True)
        path = folder / f"part={part}" / "data.parquet"
        pq.write_table(table.slice(part * 1_000, 2_000), path, store_schema=False, coerce_timestamps="us", allow_truncated_timestamps=True)
    return folder


SLICES = [
    EngineSlice(("i32", "text", "f64")),
    EngineSlice(("i64", "part"), (("i64", ">", 0), ("part", "=", 2)), "i64 > 0 AND part = 2"),
    EngineSlice(("i8", "u8", "u16", "u32", "i16"), (("i8", "!=", 3),), "i8 <> 3"),
    EngineSlice(("f64", "f32"), (("f64", ">=", 1.0),), "f64 >= 1.0"),  # NaN is above every number
    EngineSlice(("f64",), (("f64", "<", 0.5),), "f64 < 0.5"),
    EngineSlice(("d9", "d18", "d38"), (("d9", "<=", 12.5),), "d9::DOUBLE <= 12.5"),
    EngineSlice(("flag", "text"), (("flag", "!=", True),), "flag <> true"),
    EngineSlice(("text", "unique"), (("text", "=", 'say "hi"'),), "text = 'say \"hi\"'"),
    EngineSlice(("text",), (("text", "=", "' OR 1=1 -- \\"),), "false"),
    EngineSlice(("text", "category"), (("text", ">", "a,b"), ("text", "<=", "key7")), "text > 'a,b' AND text <= 'key7'"),
    EngineSlice(("text",), (("text", "=", "${spark.app.name}"),), "false"),
    EngineSlice(("text", "i32"), (("text", "=", "🚀"),), "text = '🚀'"),
    EngineSlice(("text",), (("text", "=", ""),), "text = ''"),
    EngineSlice(("day32", "t_us"), (("day32", ">", "2001-01-01T00:00:00"),), "day32 > DATE '2001-01-01'"),
    EngineSlice(("tz_us", "t_ms"), (("tz_us", "<=", "2010-05-05T05:05:05.123456"),), "epoch_us(tz_us) <= epoch_us(TIMESTAMP '2010-05-05 05:05:05.123456')"),
    EngineSlice(("all_null", "i32"), (("all_null", "=", 1.0),), "all_null = 1.0"),
    EngineSlice(("i32",), (("i32", "=", 2_147_483_647), ("part", "=", 9)), "i32 = 2147483647 AND part = 9"),
]


def multiset(table: pa.Table) -> Counter[tuple[Any, ...]]:
    """Rows without order, in one form for one meaning."""
    columns = [canonical(table.column(name)).to_pylist() for name in sorted(table.column_names)]
    return Counter(zip(*columns, strict=True))


@dataclass
class EngineWorld:
    """`name`: of the engine's table. `server` is started and stopped by whoever has it."""

    server: Server
    engine: str  # SPARK, DATABRICKS
    name: str
    lake: Path
    con: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)
    item: int = 0
    token: str = ""
    admin: str = ""

    def fill(self) -> EngineWorld:
        """Opens the table in DuckDB and adds it to the catalogue by its name."""
        self.con.execute("SET TimeZone = 'UTC'")
        self.con.execute(f"CREATE VIEW t AS SELECT * FROM read_parquet('{self.lake}/*/*.parquet', hive_partitioning = true)")
        self.admin = self.server.account("boss@example.com", "ADMIN")
        self.token = self.server.account("reader@example.com")
        self.item = self.add(self.name, self.spec())
        return self

    def add(self, name: str, spec: list[dict[str, Any]]) -> int:
        """The id of a new item of the engine's table `name`."""
        me = self.server.ask("GET", "/accounts/me", token=self.admin).json["id"]
        body = {"name": name, "spec": spec, "sample": [], "maintained_by_id": me, "executor_type": self.engine}
        made = self.server.ask("POST", "/catalogue/items/", body, self.admin)
        assert made.status == 201, made
        return made.json["id"]

    def add_table(self, name: str, table: str, version_query: str | None = None) -> int:
        """The same, of what the engine itself says of its table."""
        body = {"name": name, "executor_type": self.engine, "table": table, "profile": False, "version_query": version_query}
        made = self.server.ask("POST", "/catalogue/tables/", body, self.admin, timeout=600)
        assert made.status == 201, made
        return made.json["id"]

    def check_cases(self, name: str, file: Path, cases: list[Case]) -> int:
        """The suite of all outside engines, asked of the engine's table `name`, which is `file`; how many rows there were."""
        self.con.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{file}')")
        item = self.add(name, self.spec(name))
        asked = [self.request(item, case.columns, case.filters) for case in cases]
        total = 0
        for case, answer in zip(cases, asked, strict=True):
            if answer.status == 400:  # a filter that no row can pass is refused before any engine is asked
                assert "No row can pass" in answer.json["message"] and not expected(self.con, name, case), (case, answer)
                continue
            assert answer.status in {200, 201}, (case, answer)
            got, wanted = rows_of(self.rows(answer.json["id"])), expected(self.con, name, case)
            assert got == wanted, f"{case}: {len(got - wanted)} rows too many, {len(wanted - got)} missing"
            total += got.total()
        return total

    def check_chunks(self, jobs: Callable[[], int], slices: list[EngineSlice]) -> tuple[int, int]:
        """The slices, asked of an item of the same table that is cut into chunks; how many rows there were, and how many jobs it took."""
        item, before = self.add_table(f"{self.name}_cut", self.name), jobs()
        must(cli("catalogue", "chunk", f"{self.name}_cut", "--max-rows", "900", data=self.server.data))
        whole, self.item = self.item, item
        try:
            assembled = self.server.metric(ASSEMBLED)
            total = sum(self.check(self.ask(one), one) for one in slices)
            assert self.server.metric(ASSEMBLED) - assembled >= len(slices) / 3
        finally:
            self.item = whole
        held = self.server.ask("GET", f"/catalogue/items/{item}/held", token=self.token).json
        assert held["chunks"] > 2 and held["chunks_held"], held
        taken = jobs() - before
        assert taken < len(slices), "each slice was a job of its own"
        return total, taken

    def spec(self, table: str = "t") -> list[dict[str, Any]]:
        kinds = {"BOOLEAN": "BOOLEAN", "VARCHAR": "STRING", "DOUBLE": "FLOAT", "FLOAT": "FLOAT", "DATE": "DATETIME"}
        out = []
        for name, kind, *_ in self.con.execute(f"DESCRIBE {table}").fetchall():
            said = kinds.get(kind) or ("DATETIME" if kind.startswith("TIMESTAMP") else "FLOAT" if kind.startswith("DECIMAL") else "INTEGER")
            out.append({"name": name, "type": said, "size": None, "is_nullable": True, "is_enum": False, "distribution": None})
        return out

    def request(self, item: int, columns: list[str], filters: list[dict[str, Any]], ratio: float = 1, seconds: float = 240) -> Any:
        """The answer; as any client does, it comes again where a job has to tell first whether the table has changed."""
        end = time.monotonic() + seconds
        while True:
            answer = self.server.request(self.token, item, columns, filters, ratio)
            if answer.status != 503 or time.monotonic() > end:
                return answer
            time.sleep(0.5)

    def ask(self, asked: EngineSlice, ratio: float = 1) -> int:
        """The request's id."""
        filters = [{"name": name, "operator": operator, "value": value} for name, operator, value in asked.filters]
        answer = self.request(self.item, list(asked.columns), filters, ratio)
        assert answer.status in {200, 201}, answer
        return answer.json["id"]

    def done(self, request: int, seconds: float = 600) -> dict[str, Any]:
        """Asks seldom: the engine has the machine."""
        end = time.monotonic() + seconds
        while True:
            answer = self.server.ask("GET", f"/downloader/requests/{request}", token=self.token)
            assert answer.status == 200, answer
            if answer.json["state"] in {"DONE", "FAILED", "CANCELLED"}:
                return answer.json
            assert time.monotonic() < end, f"request {request} is still {answer.json['state']}"
            time.sleep(0.4)

    def rows(self, request: int) -> pa.Table:
        done = self.done(request)
        assert done["state"] == "DONE", done
        answer = self.server.ask("GET", done["download_uri"] + "?format=parquet")
        assert answer.status == 200, answer
        return pq.read_table(io.BytesIO(answer.body))

    def expected(self, asked: EngineSlice) -> pa.Table:
        columns = ", ".join(f'"{name}"' for name in sorted(asked.columns))
        return self.con.execute(f"SELECT {columns} FROM t WHERE {asked.where}").to_arrow_table()

    def check(self, request: int, asked: EngineSlice) -> int:
        """The rows are DuckDB's, as a multiset; how many there are."""
        ours = self.rows(request)
        assert ours.column_names == sorted(asked.columns)
        got, wanted = multiset(ours), multiset(self.expected(asked))
        assert got == wanted, f"{asked}: {len(got - wanted)} rows too many, {len(wanted - got)} missing"
        return ours.num_rows
