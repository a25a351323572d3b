"""The engines behind the tests' Athena: Trino, which is Athena's own kin; and DuckDB, which starts in no time and is told Trino's words.

Tables are Parquet files in the bucket `lake` of an S3 server, which keeps them as plain files.
"""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from tests.peers.athena_wire import EngineFailure, Rows, Stopped
from tests.peers.s3 import S3

HIVE_TYPES = {"integer": "int", "real": "float", "varchar": "string", "timestamp(3)": "timestamp"}
DUCK_TYPES = {"INTEGER": "int", "BIGINT": "bigint", "SMALLINT": "smallint", "TINYINT": "tinyint", "FLOAT": "float", "DOUBLE": "double",
              "VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "date"}


def text_of(value: Any) -> str | None:
    """As Athena writes a value."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(str(value), repr(value))
    return str(value)


def put(s3: S3, key: str, file: Path, bucket: str = "lake") -> None:
    s3.call("PUT", f"/{bucket}/{key}", body=file.read_bytes())


class DuckEngine:
    """Trino's SQL as we write it, run by DuckDB."""

    MACROS = (
        "CREATE MACRO rand() AS random()",
        "CREATE MACRO is_nan(x) AS isnan(CAST(x AS DOUBLE))",
    )

    def __init__(self, s3: S3, folder: Path) -> None:
        self.s3, self.folder = s3, folder
        folder.mkdir(parents=True, exist_ok=True)
        self.con = duckdb.connect(config={"threads": 2})
        for macro in self.MACROS:
            self.con.execute(macro)
        self.tables: dict[tuple[str, str], tuple[list[Path], list[str]]] = {}
        self.lock = threading.Lock()

    def add_table(self, database: str, table: str, files: list[Path], partitions: tuple[str, ...] = ()) -> None:
        """The files as they are now; `partitions` stand in their paths."""
        with self.lock:
            self.tables[(database, table)] = (files, list(partitions))
            self.con.execute(f'CREATE SCHEMA IF NOT EXISTS "{database}"')
            listed = ", ".join("'" + str(f).replace("'", "''") + "'" for f in files)
            facts = ", ".join(f"('{f}', {f.stat().st_size}, TIMESTAMP '1970-01-01' + INTERVAL {int(f.stat().st_mtime * 1000)} MILLISECONDS)" for f in files)
            self.con.execute(f'''CREATE OR REPLACE VIEW "{database}"."{table}" AS
                SELECT t.* EXCLUDE (filename), t.filename AS "$path", f.size AS "$file_size", f.changed AS "$file_modified_time"
                FROM read_parquet([{listed}], filename = true, hive_partitioning = {bool(partitions)}) t
                JOIN (VALUES {facts}) f(name, size, changed) ON f.name = t.filename''')

    def _translated(self, sql: str) -> str:
        sql = re.sub(r"TABLESAMPLE (BERNOULLI|SYSTEM) \(([0-9.]+)\)", r"TABLESAMPLE \1 (\2%)", sql)

        def plain(match: re.Match[str]) -> str:
            inner = re.sub(r"\\\\|\\([0-9a-f]{4})", lambda m: chr(int(m[1], 16)) if m[1] else "\\", match[1])
            return f"'{inner}'"

        return re.sub(r"U&'((?:[^']|'')*)'", plain, sql)

    def _execute(self, sql: str, database: str, parameters: list[Any] | None = None) -> duckdb.DuckDBPyConnection:
        cursor = self.con.cursor()
        if database:
            cursor.execute(f'SET schema = "{database}"')
        try:
            return cursor.execute(self._translated(sql), parameters)
        except duckdb.CatalogException as error:
            raise EngineFailure(f"TABLE_NOT_FOUND: line 1:1: Table does not exist: {error}") from error
        except duckdb.BinderException as error:
            raise EngineFailure(f"COLUMN_NOT_FOUND: line 1:1: {error}") from error
        except duckdb.Error as error:
            raise EngineFailure(f"SYNTAX_ERROR: {error}") from error

    def _scanned(self, database: str) -> int:
        return sum(f.stat().st_size for (of, _), (files, _) in self.tables.items() if of == database for f in files)

    def select(self, sql: str, database: str, stopped: Callable[[], bool]) -> Rows:
        done = self._execute(sql, database)
        names = [column[0] for column in done.description or []]
        return Rows(names, [[text_of(v) for v in row] for row in done.fetchall()], 0)

    def unload(self, sql: str, database: str, bucket: str, prefix: str, stopped: Callable[[], bool]) -> tuple[list[str], int]:
        taken = self.s3._pages(bucket, {"list-type": "2", "prefix": prefix}, "Contents")
        if taken:
            raise EngineFailure(f"HIVE_PATH_ALREADY_EXISTS: Target directory for table already exists: s3://{bucket}/{prefix}")
        file = self.folder / f"{uuid.uuid4().hex}.parquet"
        rows = self._execute(f"SELECT count(*) FROM ({sql}) q", database).fetchall()[0][0] if "rand()" not in sql else 1
        if not rows:
            return [], self._scanned(database)  # Athena leaves no file then
        self._execute(f"COPY ({sql}) TO '{file}' (FORMAT parquet, COMPRESSION snappy)", database)
        key = f"{prefix.rstrip('/')}/{uuid.uuid4().hex}"
        put(self.s3, key, file, bucket)
        file.unlink()
        return [key], self._scanned(database)

    def metadata(self, database: str, table: str) -> dict[str, Any] | None:
        if (database, table) not in self.tables:
            return None
        partitions = self.tables[(database, table)][1]
        described = self.con.cursor().execute(f'DESCRIBE "{database}"."{table}"').fetchall()
        columns = [{"Name": name, "Type": self._hive_type(kind)} for name, kind, *_ in described if not name.startswith("$")]
        return {"Name": table, "TableType": "EXTERNAL_TABLE", "Parameters": {"EXTERNAL": "TRUE"},
                "Columns": [c for c in columns if c["Name"] not in partitions],
                "PartitionKeys": [c for c in columns if c["Name"] in partitions]}

    @staticmethod
    def _hive_type(kind: str) -> str:
        if kind.startswith("DECIMAL"):
            return kind.lower()
        if kind.endswith("[]"):
            return "array<string>"
        return "timestamp" if kind.startswith("TIMESTAMP") else DUCK_TYPES.get(kind, kind.lower())


class TrinoEngine:
    """A node that `tests/peers/trino` started, with a catalog `hive` on the S3 server."""

    def __init__(self, address: str, s3: S3) -> None:
        self.address, self.s3 = address, s3

    def run(self, sql: str, database: str = "default", stopped: Callable[[], bool] = lambda: False) -> tuple[list[dict[str, Any]], list[list[Any]], int]:
        """Columns, rows, bytes scanned."""
        headers = {"X-Trino-User": "athena", "X-Trino-Catalog": "hive", "X-Trino-Schema": database or "default", "X-Trino-Time-Zone": "UTC"}
        request = urllib.request.Request(f"{self.address}/v1/statement", sql.encode(), headers)
        columns: list[dict[str, Any]] = []
        rows: list[list[Any]] = []
        scanned = 0
        end = time.monotonic() + 600
        while time.monotonic() < end:
            with urllib.request.urlopen(request, timeout=120) as answer:
                page = json.load(answer)
            scanned = max(scanned, page.get("stats", {}).get("physicalInputBytes", 0))
            if page.get("error"):
                raise EngineFailure(f"{page['error']['errorName']}: {page['error']['message']}")
            columns = page.get("columns") or columns
            rows += page.get("data") or []
            if not page.get("nextUri"):
                return columns, rows, scanned
            if stopped():
                urllib.request.urlopen(urllib.request.Request(page["nextUri"], method="DELETE"), timeout=30).close()
                raise Stopped
            request = urllib.request.Request(page["nextUri"], headers=headers)
        raise EngineFailure("Query timeout")

    def select(self, sql: str, database: str, stopped: Callable[[], bool]) -> Rows:
        columns, rows, scanned = self.run(sql, database, stopped)
        return Rows([c["name"] for c in columns], [[text_of(v) for v in row] for row in rows], scanned)

    def unload(self, sql: str, database: str, bucket: str, prefix: str, stopped: Callable[[], bool]) -> tuple[list[str], int]:
        if self.s3._pages(bucket, {"list-type": "2", "prefix": prefix}, "Contents"):
            raise EngineFailure(f"HIVE_PATH_ALREADY_EXISTS: Target directory for table already exists: s3://{bucket}/{prefix}")
        name = f"hive.athena_unload.unload_{uuid.uuid4().hex}"
        self.run("CREATE SCHEMA IF NOT EXISTS hive.athena_unload")
        place = f"external_location = 's3://{bucket}/{prefix.rstrip('/')}/'"
        _, _, scanned = self.run(f"CREATE TABLE {name} WITH ({place}, format = 'PARQUET') AS {sql}", database, stopped)
        self.run(f"DROP TABLE {name}")
        listed = self.s3._pages(bucket, {"list-type": "2", "prefix": prefix}, "Contents")
        keys = [c.findtext("Key") or "" for c in listed if int(c.findtext("Size") or 0) > 0]
        return [key for key in keys if not key.rsplit("/", 1)[-1].startswith(".")], scanned

    def metadata(self, database: str, table: str) -> dict[str, Any] | None:
        try:
            _, rows, _ = self.run(f'SHOW COLUMNS FROM hive."{database}"."{table}"')
        except EngineFailure:
            return None
        columns: list[dict[str, Any]] = []
        keys: list[dict[str, Any]] = []
        for name, kind, extra, comment in rows:
            (keys if "partition" in (extra or "") else columns).append({"Name": name, "Type": HIVE_TYPES.get(kind, kind), "Comment": comment or ""})
        return {"Name": table, "TableType": "EXTERNAL_TABLE", "Parameters": {"EXTERNAL": "TRUE"}, "Columns": columns, "PartitionKeys": keys}

    def add_table(self, database: str, table: str, columns: str, location: str, partitions: tuple[str, ...] = ()) -> None:
        """`columns` in Trino's words, partition columns last; `location`: of Parquet files, "s3://lake/…/"."""
        self.run(f"CREATE SCHEMA IF NOT EXISTS hive.{database}")
        keys = ", partitioned_by = ARRAY[" + ", ".join(f"'{p}'" for p in partitions) + "]" if partitions else ""
        self.run(f"CREATE TABLE hive.{database}.{table} ({columns}) WITH (external_location = '{location}', format = 'PARQUET'{keys})")
        if partitions:
            self.run(f"CALL hive.system.sync_partition_metadata('{database}', '{table}', 'FULL')")
