"""The one job that Lakelift runs on Spark: a slice, or what the catalogue wants to know of a table.

    spark-submit run_slice.py '{"form": 1, "kind": "slice", "sql": "SELECT …", "output": "s3://bucket/runs/…/", …}'

The order is JSON; README.md has its keys. Everything that is made goes below `output`, by pyarrow.fs: part files first, and last
`manifest.json`, or `failure.json` with the reason. Credentials come from the cluster's environment, never from the order.
Runs on Spark 3.5 and later; needs pyarrow and pandas where Spark's Python runs.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

FORM = 1  # of orders and manifests
MOST_PARTS = 2_000
HEARTBEAT_SECONDS = 10.0
WAIT_SECONDS = 3_600.0  # for a submission of the same token that came first
STALE_SECONDS = 120.0  # without a heartbeat: it is no more
CELL_BYTES = 1_024
TOP_VALUES = 20
BINS = 20
ENUM_VALUES = 50
COLUMNS_AT_ONCE = 10  # of one aggregation
FOOTERS = 32  # files whose footers are read for the sizes of columns
COUNTED_VALUES = 30_000  # different values of a column up to which all columns are counted in one pass
GROUPS = 10_000  # of partition values that are told
STATES = 2_000  # of partitions that are told
# What a session must be, so that a query means what the server's other engines say it means.
WRITE_ATTEMPTS = 4  # of a small file in an object store
SESSION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.variable.substitute": "false",
}


class OrderError(Exception):
    """A reason that the server passes on to a person. `code`: INVALID, NOT_FOUND, UNSUPPORTED, FAILED."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


# ---- where things go ---------------------------------------------------------------------------------------------------


def file_system(address: str) -> tuple[Any, str]:
    """(pyarrow's file system, the path in it) of "s3://…", "abfss://container@account.dfs…/…" or a folder. Called where the
    bytes are written: on each executor, with that machine's environment."""
    from pyarrow import fs

    parts = urlsplit(address)
    if parts.scheme in ("", "file"):
        return fs.LocalFileSystem(), parts.path.rstrip("/")
    if parts.scheme == "s3":
        said: dict[str, Any] = {}
        if endpoint := os.environ.get("LAKELIFT_S3_ENDPOINT"):
            at = urlsplit(endpoint)
            said = {"endpoint_override": at.netloc, "scheme": at.scheme}
        if region := os.environ.get("LAKELIFT_S3_REGION") or os.environ.get("AWS_REGION"):
            said["region"] = region
        try:
            store = fs.S3FileSystem(**said, allow_delayed_open=True)  # what is small is one call, not the three of an upload in parts
        except TypeError:  # pyarrow below 18
            store = fs.S3FileSystem(**said)
        return store, f"{parts.netloc}{parts.path}".rstrip("/")
    if parts.scheme in ("abfss", "abfs"):
        container, _, host = parts.netloc.partition("@")
        said = {"account_name": host.split(".")[0]}
        for variable, name in (("AZURE_STORAGE_KEY", "account_key"), ("AZURE_STORAGE_SAS_TOKEN", "sas_token")):
            if value := os.environ.get(variable):
                said[name] = value
        if endpoint := os.environ.get("LAKELIFT_AZURE_ENDPOINT"):
            at = urlsplit(endpoint)
            said |= {"blob_storage_authority": at.netloc, "dfs_storage_authority": at.netloc}
            said |= {"blob_storage_scheme": at.scheme, "dfs_storage_scheme": at.scheme}
        return fs.AzureFileSystem(**said), f"{container}{parts.path}".rstrip("/")
    raise OrderError("INVALID", f"results can't be written to '{parts.scheme}://': s3, abfss or a folder is expected")


class Folder:
    """The folder of one order."""

    def __init__(self, address: str) -> None:
        self.fs, self.path = file_system(address)
        self.is_local = type(self.fs).__name__ == "LocalFileSystem"
        if self.is_local:
            os.makedirs(self.path, exist_ok=True)

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Whole or not at all: a folder gets it by a rename, object stores show only what is complete."""
        data = json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
        target = f"{self.path}/{name}"
        if not self.is_local:
            for attempt in range(WRITE_ATTEMPTS):
                try:
                    with self.fs.open_output_stream(target) as out:
                        out.write(data)
                    return
                except OSError:  # the wire, or a server that is busy; what was written meanwhile is the same
                    if attempt + 1 == WRITE_ATTEMPTS:
                        raise
                    time.sleep(0.2 * 2**attempt)
        staged = f"{self.path}/.{name}.{uuid.uuid4().hex}"
        with open(staged, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.rename(staged, target)

    def read(self, name: str) -> dict[str, Any] | None:
        try:
            with self.fs.open_input_stream(f"{self.path}/{name}") as source:
                return json.loads(source.read())
        except FileNotFoundError:
            return None

    def names(self) -> list[str]:
        from pyarrow import fs

        found = self.fs.get_file_info(fs.FileSelector(self.path, allow_not_found=True))
        return sorted(info.base_name for info in found)

    def remove(self, name: str) -> None:
        try:
            self.fs.delete_file(f"{self.path}/{name}")
        except FileNotFoundError:
            pass

    def claim(self, launch: int) -> bool:
        """Whether this submission is the one that runs. A folder decides by an exclusive create. Object stores have none here:
        who claims writes first and looks then, and whoever sees another one stands back, so that never two run."""
        if self.is_local:
            try:
                os.close(os.open(f"{self.path}/claim-{launch}", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            except FileExistsError:
                return False
            return True
        mine = f"claim-{launch}-{uuid.uuid4().hex}"
        self.write(mine, {"at": time.time()})
        others = [name for name in self.names() if name.startswith(f"claim-{launch}-") and name != mine]
        if others:
            self.remove(mine)
        return not others


@contextmanager
def heartbeat(folder: Folder, seconds: float = HEARTBEAT_SECONDS) -> Iterator[None]:
    """While it lasts, alive.json changes: a server on another machine sees by it that somebody works."""
    ended = threading.Event()

    def beat() -> None:
        count = 0
        while True:
            try:
                folder.write("alive.json", {"beat": count})
            except Exception as e:  # one that is lost does no harm; the results tell what is wrong
                print(f"run_slice: a heartbeat could not be written: {type(e).__name__}", file=sys.stderr)
            count += 1
            if ended.wait(seconds):
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


# ---- the table ---------------------------------------------------------------------------------------------------------


def quoted(parts: list[str]) -> str:
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)


def register_views(spark: Any, views: dict[str, str]) -> None:
    """Folders of Parquet files as tables of one word."""
    for name, path in views.items():
        spark.read.option("mergeSchema", "true").parquet(path).createOrReplaceTempView(quoted([name]))


def open_table(spark: Any, parts: list[str]) -> Any:
    from pyspark.errors import AnalysisException

    if not 1 <= len(parts) <= 3 or not all(isinstance(part, str) and part for part in parts):
        raise OrderError("INVALID", "a table is named by one to three words")
    try:
        return spark.table(quoted(parts))
    except AnalysisException as e:
        if condition(e) in ("TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND", "TABLE_OR_VIEW_NOT_FOUND.WITHOUT_SUGGESTION"):
            raise OrderError("NOT_FOUND", f"Spark has no table {'.'.join(parts)}") from e
        raise


def condition(error: Any) -> str:
    """Spark's own word for what went wrong."""
    ask = getattr(error, "getCondition", None) or getattr(error, "getErrorClass", None)
    return (ask() if ask else None) or ""


def contract_type(data_type: Any) -> str | None:
    """INTEGER … or nothing for what can't be offered."""
    from pyspark.sql import types as t

    if isinstance(data_type, t.ByteType | t.ShortType | t.IntegerType | t.LongType):
        return "INTEGER"
    if isinstance(data_type, t.FloatType | t.DoubleType | t.DecimalType):
        return "FLOAT"
    if isinstance(data_type, t.BooleanType):
        return "BOOLEAN"
    # Other collations call texts equal, and order them, that are not so byte by byte: filters would keep other rows.
    if isinstance(data_type, t.StringType) and data_type.simpleString() == "string":
        return "STRING"
    if isinstance(data_type, t.DateType | t.TimestampType | t.TimestampNTZType):
        return "DATETIME"
    return None


def sorted_columns(frame: Any) -> tuple[list[Any], list[list[str]]]:
    """(the fields that can be offered, [name, reason] of the others)"""
    offered, refused, seen = [], [], set()
    for field in frame.schema.fields:
        if field.name in seen:
            refused.append([field.name, "its name occurs twice"])
        elif contract_type(field.dataType) is None:
            refused.append([field.name, f"{field.dataType.simpleString()[:200]} can't be offered"])
        else:
            offered.append(field)
        seen.add(field.name)
    return offered, refused


def plain(name: str, data_type: Any) -> Any:
    """The column in one of five forms that Python has exactly: long, double, boolean, string, microseconds since 1970."""
    from pyspark.sql import functions as f

    column = f.col(quoted([name]))
    kind = contract_type(data_type)
    if kind == "INTEGER":
        return column.cast("bigint")
    if kind == "FLOAT":
        return column.cast("double")
    if kind == "DATETIME":
        return f.unix_micros(column.cast("timestamp"))
    return column


def partition_columns(spark: Any, parts: list[str], files: list[str], names: list[str]) -> list[str]:
    try:
        listed = [column.name for column in spark.catalog.listColumns(quoted(parts)) if column.isPartition]
        if listed:
            return [name for name in names if name in listed]
    except Exception as e:  # a table format that the catalogue can't tell about: its files' names do
        print(f"run_slice: the catalogue does not tell partitions: {type(e).__name__}", file=sys.stderr)
    keys = {unquote(part.split("=", 1)[0]) for file in files[:1_000] for part in file.split("/")[:-1] if "=" in part}
    return [name for name in names if name in keys]


def listing(spark: Any, files: list[str]) -> list[tuple[str, int, int]]:
    """(path, bytes, time of change) of each file; contents are not read."""
    if not files:
        return []
    plain_paths = [unquote(file) for file in files]
    rows = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(plain_paths)
    rows = rows.select("path", "length", "modificationTime").collect()
    return sorted((row[0], row[1], int(row[2].timestamp() * 1_000)) for row in rows)


def version_by(spark: Any, query: str) -> str:
    """What the item's own query tells: its one row."""
    rows = spark.sql(query).limit(2).collect()
    if len(rows) != 1:
        raise OrderError("INVALID", f"the item's version_query gives {'more than one row' if rows else 'no row'}, and not one: tell its maintainer")
    cells = [None if cell is None else str(cell) for cell in rows[0]]
    return f"query:{hashlib.sha256(json.dumps(cells).encode()).hexdigest()}"


def version_of(spark: Any, order: dict[str, Any], frame: Any) -> tuple[str, list[tuple[str, int, int]] | None]:
    """(another text when the data may be others, the files where they were listed)"""
    if query := order.get("version_query"):
        return version_by(spark, query), None
    parts = order["table"]
    name = quoted(parts)
    kind = ""
    try:
        described = spark.sql(f"DESCRIBE TABLE EXTENDED {name}").collect()
        kind = next((row[1].lower() for row in described if row[0] == "Provider"), "")
    except Exception as e:
        print(f"run_slice: the table can't be described: {type(e).__name__}", file=sys.stderr)
    if kind == "delta":
        return f"delta:{spark.sql(f'DESCRIBE HISTORY {name} LIMIT 1').collect()[0]['version']}", None
    if kind == "iceberg":
        rows = spark.sql(f"SELECT snapshot_id FROM {name}.snapshots ORDER BY committed_at DESC LIMIT 1").collect()
        return f"iceberg:{rows[0][0] if rows else 0}", None
    files = listing(spark, frame.inputFiles())
    if not files:
        raise OrderError("UNSUPPORTED", f"what changes in {'.'.join(parts)} can't be told: it has no files and no snapshots")
    digest = hashlib.sha256("\n".join(f"{path}\t{size}\t{at}" for path, size, at in files).encode()).hexdigest()
    return f"files:{digest}", files


def partition_states(frame: Any, files: list[tuple[str, int, int]] | None, names: list[str]) -> list[list[str]]:
    """[its folders "key=value/…", a digest of the columns and its files] of each partition. Empty: the table changes as a whole,
    or there are too many of them."""
    if not files or not names:
        return []
    known = set(names)
    digests: dict[str, Any] = {}
    for path, size, at in files:
        folders = "".join(f"{part}/" for part in path.split("/")[:-1] if unquote(part.split("=", 1)[0]) in known and "=" in part)
        if folders not in digests:
            if len(digests) == STATES:
                return []
            digests[folders] = hashlib.sha256(frame.schema.json().encode())
        digests[folders].update(f"{path}\t{size}\t{at}\n".encode())
    return [[folders, digest.hexdigest()] for folders, digest in digests.items()]


def column_sizes(files: list[tuple[str, int, int]]) -> dict[str, int]:
    """Compressed bytes of each column, from the footers of some files, scaled up to all. Empty where they are no Parquet."""
    import pyarrow.parquet as pq

    chosen = files[:: max(1, len(files) // FOOTERS)][:FOOTERS]
    sizes: dict[str, int] = {}
    seen = 0
    try:
        for path, size, _ in chosen:
            fs, inside = file_system(path.replace("s3a://", "s3://"))
            with fs.open_input_file(unquote(inside)) as source:
                footer = pq.ParquetFile(source).metadata
            for group in range(footer.num_row_groups):
                for index in range(footer.num_columns):
                    column = footer.row_group(group).column(index)
                    top = column.path_in_schema.split(".")[0]
                    sizes[top] = sizes.get(top, 0) + column.total_compressed_size
            seen += size
    except Exception as e:  # a guess less; the table's size is known
        print(f"run_slice: the sizes of columns are not known: {type(e).__name__}", file=sys.stderr)
        return {}
    scale = sum(size for _, size, _ in files) / seen if seen else 0
    return {name: round(size * scale) for name, size in sizes.items()}


# ---- values as the server reads them -----------------------------------------------------------------------------------


def cut_text(text: str) -> str:
    data = text.encode("utf-8", "replace")
    return text if len(data) <= CELL_BYTES else data[:CELL_BYTES].decode("utf-8", "ignore") + "…"


def wire(value: Any, kind: str) -> Any:
    """Nothing is lost on the way: doubles as their shortest text, times as [seconds, nanoseconds]."""
    if value is None:
        return None
    if kind == "FLOAT":
        return {"inf": "inf", "-inf": "-inf", "nan": "nan"}.get(repr(value), repr(value))
    if kind == "DATETIME":
        return [value // 1_000_000, value % 1_000_000 * 1_000]
    return cut_text(value) if kind == "STRING" else value


def shown(value: Any, kind: str) -> Any:
    """As the contract shows it: times as texts, what is not finite as null. DATETIMEs outside the years 0 to 9999: null."""
    import datetime

    if value is None or (kind == "FLOAT" and not math.isfinite(value)):
        return None
    if kind == "DATETIME":
        try:
            at = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=value)
        except OverflowError:
            return None
        text = at.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
        if at.microsecond:
            text += f".{at.microsecond:06d}" if at.microsecond % 1_000 else f".{at.microsecond // 1_000:03d}"
        return text
    return cut_text(value) if kind == "STRING" else value


# ---- slices ------------------------------------------------------------------------------------------------------------


def part_writer(output: str, nonce: str) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """For mapInArrow: writes a partition's rows to one file of this attempt's own name and yields (name, rows, bytes). Spark
    hands on what the successful attempt of a task yielded; files of others stay behind and are not in the manifest."""

    def write(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa
        import pyarrow.parquet as pq
        from pyspark import TaskContext

        context = TaskContext.get()
        name = f"part-{context.partitionId():05d}-{context.taskAttemptId()}-{nonce}.parquet"
        fs, path = file_system(output)
        sink = writer = None
        rows = 0
        for batch in batches:
            if batch.num_rows == 0:
                continue
            if writer is None:
                sink = fs.open_output_stream(f"{path}/{name}")
                writer = pq.ParquetWriter(sink, batch.schema, compression="zstd", compression_level=1, version="2.6")
            writer.write_batch(batch, row_group_size=1 << 18)
            rows += batch.num_rows
        if writer is None:
            return
        writer.close()
        size = sink.tell()
        sink.close()
        yield pa.RecordBatch.from_arrays(
            [pa.array([name]), pa.array([rows], pa.int64()), pa.array([size], pa.int64())], names=["name", "rows", "bytes"]
        )

    return write


def scanned_bytes(spark: Any, group: str) -> int | None:
    """What the group's jobs read, by Spark's own count; nothing where a cluster does not let us ask."""
    try:
        context = spark.sparkContext
        jvm_context = context._jsc.sc()
        jvm_context.listenerBus().waitUntilEmpty()
        store = jvm_context.statusStore()
        tracker = context.statusTracker()
        stages = {stage for job in tracker.getJobIdsForGroup(group) for stage in tracker.getJobInfo(job).stageIds}
        return sum(store.lastStageAttempt(stage).inputBytes() for stage in stages)
    except Exception as e:
        print(f"run_slice: Spark does not tell what it read: {type(e).__name__}", file=sys.stderr)
        return None


def set_group(spark: Any, group: str) -> None:
    try:
        spark.sparkContext.setJobGroup(group, group, True)
    except Exception as e:  # clusters that share a session between people have no context to speak of
        print(f"run_slice: jobs can't be grouped: {type(e).__name__}", file=sys.stderr)


def check_columns(frame: Any, sql: str) -> None:
    """A column may have been offered when its type was another one, or by a script that did not look as closely."""
    for field in frame.schema.fields:
        if contract_type(field.dataType) is None and quoted([field.name]) in sql:
            raise OrderError("UNSUPPORTED", f"the column {field.name} is {field.dataType.simpleString()[:200]}, which can't be offered")


def run_slice(spark: Any, order: dict[str, Any]) -> dict[str, Any]:
    table = open_table(spark, order["table"])
    check_columns(table, order["sql"])
    version, _ = version_of(spark, order, table)
    group = f"lakelift-{uuid.uuid4().hex}"
    set_group(spark, group)
    frame = spark.sql(order["sql"])
    if frame.columns != order["columns"]:
        raise OrderError("FAILED", f"the query gives the columns {frame.columns}, not {order['columns']}")
    writer = part_writer(order["output"], uuid.uuid4().hex[:12])
    parts = frame.coalesce(MOST_PARTS).mapInArrow(writer, "name string, rows bigint, bytes bigint").collect()
    return {
        "parts": sorted(({"name": p["name"], "rows": p["rows"], "bytes": p["bytes"]} for p in parts), key=lambda p: p["name"]),
        "rows": sum(p["rows"] for p in parts),
        "bytes": sum(p["bytes"] for p in parts),
        "scanned_bytes": scanned_bytes(spark, group),
        "source_version": version,
    }


# ---- what the catalogue wants to know ----------------------------------------------------------------------------------


def describe(spark: Any, order: dict[str, Any]) -> dict[str, Any]:
    parts = order["table"]
    frame = open_table(spark, parts)
    version, listed = version_of(spark, order, frame)
    files = listing(spark, frame.inputFiles()) if listed is None else listed
    fields, refused = sorted_columns(frame)
    names = [field.name for field in fields]
    partitions = partition_columns(spark, parts, [path for path, _, _ in files], names)
    sizes = column_sizes(files)
    columns = []
    for field in fields:
        column = {"name": field.name, "type": contract_type(field.dataType), "nullable": bool(field.nullable), "enum": False}
        if field.name in partitions or field.name in sizes:
            column["size"] = 0 if field.name in partitions else sizes[field.name]
        columns.append(column)
    return {
        "columns": columns,
        "refused": refused,
        "rows": frame.count(),
        "bytes": sum(size for _, size, _ in files),
        "version": version,
        "partitions": partitions,
        "partition_states": partition_states(frame, listed, partitions),
    }


def figures(frame: Any, fields: list[Any]) -> dict[str, dict[str, Any]]:
    """One pass over `frame`, whose columns are `plain`: what each column is made of."""
    from pyspark.sql import functions as f

    out: dict[str, dict[str, Any]] = {}
    for start in range(0, len(fields), COLUMNS_AT_ONCE):
        wanted = []
        for index, field in enumerate(fields[start : start + COLUMNS_AT_ONCE]):
            kind = contract_type(field.dataType)
            column = f.col(f"c{start + index}")
            finite = column
            if kind == "FLOAT":
                finite = f.when(~f.isnan(column) & (f.abs(column) != float("inf")), column)
            asked = {"nulls": f.sum(column.isNull().cast("bigint")), "distinct": f.approx_count_distinct(column, 0.02)}
            if kind != "BOOLEAN":
                asked |= {"min": f.min(finite), "max": f.max(finite)}
            if kind in ("INTEGER", "FLOAT"):
                number = finite.cast("double")
                asked |= {"mean": f.avg(number), "std": f.stddev_samp(number), "finite": f.count(finite)}
            if kind == "STRING":
                asked |= {"min_length": f.min(f.length(column)), "max_length": f.max(f.length(column))}
            if kind == "BOOLEAN":
                asked |= {"true_share": f.avg(column.cast("int"))}
            wanted += [expression.alias(f"{start + index}_{name}") for name, expression in asked.items()]
        row = frame.agg(*wanted).collect()[0].asDict() if wanted else {}
        for key, value in row.items():
            index, _, name = key.partition("_")
            out.setdefault(fields[int(index)].name, {})[name] = value
    return out


def column_counter(plans: list[dict[str, Any]]) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """For mapInArrow over `plain` columns: how often each value occurs, and how many lie in each bin, of a partition, as
    (column, "value" or "bin", the value as JSON or the bin's number, count). `plans`: {index, kind, values, edges}."""

    def count(batches: Iterator[Any]) -> Iterator[Any]:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        values: dict[int, dict[Any, int]] = {plan["index"]: {} for plan in plans}
        bins: dict[int, Any] = {plan["index"]: np.zeros(max(0, len(plan["edges"]) - 1), dtype=np.int64) for plan in plans}
        for batch in batches:
            for plan in plans:
                index, column = plan["index"], batch.column(f"c{plan['index']}").drop_null()
                if plan["kind"] == "FLOAT":
                    column = pc.add(column.filter(pc.is_finite(column)), 0.0)  # -0 is 0
                if plan["values"]:
                    seen = values[index]
                    for entry in pc.value_counts(column):
                        value = entry["values"].as_py()
                        value = value[:CELL_BYTES] if plan["kind"] == "STRING" else value
                        seen[value] = seen.get(value, 0) + entry["counts"].as_py()
                if plan["edges"]:
                    inner = np.array(plan["edges"][1:-1], dtype=np.int64 if plan["kind"] == "INTEGER" else np.float64)
                    found = np.searchsorted(inner, column.to_numpy(zero_copy_only=False), side="right")
                    bins[index] += np.bincount(found, minlength=len(bins[index]))
        rows = [(index, "value", json.dumps(value), n) for index, seen in values.items() for value, n in seen.items()]
        rows += [(index, "bin", str(number), int(n)) for index, counts in bins.items() for number, n in enumerate(counts) if n]
        for start in range(0, len(rows), 10_000):
            columns = list(zip(*rows[start : start + 10_000], strict=True))
            yield pa.RecordBatch.from_arrays(
                [pa.array(columns[0], pa.int32()), pa.array(columns[1]), pa.array(columns[2]), pa.array(columns[3], pa.int64())],
                names=["c", "what", "v", "n"],
            )

    return count


def counts_of(frame: Any, plans: list[dict[str, Any]]) -> dict[int, dict[str, list[tuple[Any, int]]]]:
    """By column: its most frequent values (one more than ENUM_VALUES, where it has so many), and its bins. One pass, but for
    columns of very many values, each of which takes one of its own."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    def run(chosen: list[dict[str, Any]]) -> list[Any]:
        mapped = frame.mapInArrow(column_counter(chosen), "c int, what string, v string, n bigint")
        summed = mapped.groupBy("c", "what", "v").agg(f.sum("n").alias("n"))
        place = f.row_number().over(Window.partitionBy("c", "what").orderBy(f.desc("n"), f.asc("v")))
        return summed.withColumn("place", place).where(f.col("place") <= ENUM_VALUES + 1).collect()

    out: dict[int, dict[str, list[tuple[Any, int]]]] = {plan["index"]: {"value": [], "bin": []} for plan in plans}
    for row in run([plan | {"values": plan["distinct"] <= COUNTED_VALUES} for plan in plans]):
        out[row["c"]][row["what"]].append((json.loads(row["v"]), row["n"]))
    for plan in plans:
        if plan["distinct"] > COUNTED_VALUES:
            out[plan["index"]]["value"] = many_values(frame, plan)
    for found in out.values():
        found["value"].sort(key=lambda entry: (-entry[1], entry[0]))
    return out


def many_values(frame: Any, plan: dict[str, Any]) -> list[tuple[Any, int]]:
    from pyspark.sql import functions as f

    value = f.col(f"c{plan['index']}")
    kept = frame.where(value.isNotNull())
    if plan["kind"] == "STRING":
        value = f.substring(value, 1, CELL_BYTES)
    if plan["kind"] == "FLOAT":
        kept = kept.where(~f.isnan(value) & (f.abs(value) != float("inf")))
    counted = kept.groupBy(value.alias("v")).count().orderBy(f.desc("count"), f.asc("v")).limit(ENUM_VALUES + 1).collect()
    return [(row["v"], row["count"]) for row in counted]


def edges_of(minimum: Any, maximum: Any, kind: str) -> list[Any]:
    """The borders of at most BINS bins of equal width (INTEGER: of a whole width, the last may be narrower)."""
    if minimum == maximum:
        return [minimum, maximum]
    if kind == "INTEGER":
        width = -(-(maximum - minimum + 1) // BINS)
        return [minimum + width * i for i in range(BINS) if minimum + width * i < maximum] + [maximum]
    edges = [minimum + (maximum / BINS - minimum / BINS) * i for i in range(BINS)] + [maximum]
    return edges if all(a < b for a, b in zip(edges, edges[1:], strict=False)) else [minimum, maximum]


def finite_or_none(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def statistics_of(field: Any, found: dict[str, Any], counts: dict[str, list[tuple[Any, int]]], edges: list[Any], rows: int, partial: bool) -> dict[str, Any]:
    kind = contract_type(field.dataType)
    nulls = found["nulls"] or 0
    not_finite = rows - nulls - found["finite"] if kind == "FLOAT" else None
    top = counts["value"]
    is_exact = len(top) <= ENUM_VALUES and not not_finite
    minimum, maximum = found.get("min"), found.get("max")
    in_bins = dict(counts["bin"])
    bins = [(low, high, in_bins.get(number, 0)) for number, (low, high) in enumerate(zip(edges, edges[1:], strict=False))]
    low, high = shown(minimum, kind), shown(maximum, kind)
    if low is None or high is None:
        low = high = None
    return {
        "name": field.name,
        "type": kind,
        "nulls": nulls,
        "null_share": nulls / rows if rows else 0.0,
        "distinct": len(top) if is_exact else min(found["distinct"], rows - nulls),
        "distinct_is_exact": is_exact,
        "min": low,
        "max": high,
        "mean": finite_or_none(found.get("mean")),
        "std": finite_or_none(found.get("std")),
        "median": None,
        "min_length": found.get("min_length"),
        "max_length": found.get("max_length"),
        "true_share": found.get("true_share"),
        "not_finite": not_finite,
        "histogram": [{"value_min": a, "value_max": b, "count": count} for a, b, count in bins],
        "top_values": [
            {"value": shown(value, kind), "count": count} for value, count in top[:TOP_VALUES] if shown(value, kind) is not None
        ],
        "is_partial": partial,
    }


def sample_of(frame: Any, fields: list[Any], rows: int, seed: int, total: int) -> list[list[Any]]:
    """Random rows, the same for the same seed and files: `frame` has `plain` columns."""
    from pyspark.sql import functions as f

    if total > rows * 1_000:
        frame = frame.sample(min(1.0, rows * 50 / total), seed % (1 << 31))
    chosen = frame.orderBy(f.rand(seed % (1 << 31))).limit(rows).collect()
    kinds = [contract_type(field.dataType) for field in fields]
    return [[wire(row[f"c{index}"], kind) for index, kind in enumerate(kinds)] for row in chosen]


def as_plain(frame: Any, fields: list[Any]) -> Any:
    return frame.select([plain(field.name, field.dataType).alias(f"c{index}") for index, field in enumerate(fields)])


def profile(spark: Any, order: dict[str, Any]) -> dict[str, Any]:
    answer = describe(spark, order)
    table = open_table(spark, order["table"])
    fields, _ = sorted_columns(table)
    total, most = answer["rows"], order["most_rows"]
    looked_at = as_plain(table, fields)
    partial = total > most
    if partial:
        looked_at = looked_at.sample(most / total, order["seed"] % (1 << 31))
    rows = looked_at.count() if partial else total
    found = figures(looked_at, fields)
    statistics = []
    plans = []
    for index, field in enumerate(fields):
        kind, figure = contract_type(field.dataType), found[field.name]
        is_number = kind in ("INTEGER", "FLOAT") and figure["min"] is not None
        edges = edges_of(figure["min"], figure["max"], kind) if is_number else []
        plans.append({"index": index, "kind": kind, "distinct": figure["distinct"], "edges": edges})
    counts = counts_of(looked_at, plans)
    for index, field in enumerate(fields):
        one = statistics_of(field, found[field.name], counts[index], plans[index]["edges"], rows, partial)
        statistics.append(one)
        column = answer["columns"][index]
        column["enum"] = one["type"] == "STRING" and one["distinct_is_exact"] and 1 <= one["distinct"] <= ENUM_VALUES
        column["values"] = distribution_of(one)
    return answer | {
        "sample": sample_of(looked_at, fields, order["sample_rows"], order["seed"], rows),
        "null_shares": [repr(one["null_share"]) for one in statistics],
        "statistics": statistics,
        "rows_profiled": rows,
    }


def distribution_of(one: dict[str, Any]) -> list[list[Any]]:
    """[value, count]: the lower edge of each bin of numbers, the top values of all else."""
    import datetime

    kind = one["type"]
    if kind in ("INTEGER", "FLOAT"):
        return [[wire(entry["value_min"], kind), entry["count"]] for entry in one["histogram"]]
    if kind != "DATETIME":
        return [[entry["value"], entry["count"]] for entry in one["top_values"]]
    out = []
    for entry in one["top_values"]:
        since = datetime.datetime.fromisoformat(entry["value"]) - datetime.datetime(1970, 1, 1)
        out.append([wire(since // datetime.timedelta(microseconds=1), kind), entry["count"]])
    return out


def cut_statistics(spark: Any, order: dict[str, Any]) -> dict[str, Any]:
    """What a table can be cut by: its rows, how many have which partition values, and random rows of the asked columns."""
    table = open_table(spark, order["table"])
    by_name = {field.name: field for field in sorted_columns(table)[0]}
    if missing := [name for name in order["columns"] if name not in by_name]:
        raise OrderError("INVALID", f"the table has no column {missing[0]}")
    fields = [by_name[name] for name in order["columns"]]
    partitions = partition_columns(spark, order["table"], table.inputFiles(), order["columns"])
    frame = as_plain(table, fields)
    total = table.count()
    groups = []
    if partitions:
        keys = [order["columns"].index(name) for name in partitions]
        counted = frame.groupBy([f"c{key}" for key in keys]).count().limit(GROUPS + 1).collect()
        if len(counted) <= GROUPS:
            kinds = [contract_type(fields[key].dataType) for key in keys]
            for row in counted:
                values = [wire(row[f"c{key}"], kind) for key, kind in zip(keys, kinds, strict=True)]
                groups.append({"values": values, "rows": row["count"]})
        groups.sort(key=lambda group: json.dumps(group["values"]))
    return {
        "rows": total,
        "partitions": partitions if groups else [],
        "groups": groups,
        "sample": sample_of(frame, fields, order["sample_rows"], order["seed"], total),
    }


def version(spark: Any, order: dict[str, Any]) -> dict[str, Any]:
    parts = order["table"]
    frame = open_table(spark, parts)
    told, files = version_of(spark, order, frame)
    if files is None:
        return {"version": told, "partition_states": []}
    names = [field.name for field in sorted_columns(frame)[0]]
    keys = partition_columns(spark, parts, [path for path, _, _ in files], names)
    return {"version": told, "partition_states": partition_states(frame, files, keys)}


# ---- an order ----------------------------------------------------------------------------------------------------------

KINDS: dict[str, Callable[[Any, dict[str, Any]], dict[str, Any]]] = {
    "slice": run_slice,
    "describe": describe,
    "profile": profile,
    "version": version,
    "cut": cut_statistics,
}
KEYS: dict[str, dict[str, type]] = {
    "slice": {"sql": str, "columns": list},
    "describe": {},
    "profile": {"sample_rows": int, "seed": int, "most_rows": int},
    "version": {},
    "cut": {"columns": list, "sample_rows": int, "seed": int},
}
EACH = {"form": int, "kind": str, "output": str, "run": str, "token": str, "launch": int, "table": list, "views": dict}


def read_order(text: str) -> dict[str, Any]:
    try:
        order = json.loads(text)
    except ValueError as e:
        raise OrderError("INVALID", f"the order is not JSON: {e}") from e
    if not isinstance(order, dict) or order.get("form") != FORM:
        raise OrderError("INVALID", f"the order's form is not {FORM}: script and server are of different versions")
    if order.get("kind") not in KEYS:
        raise OrderError("INVALID", f"there is no kind of order '{order.get('kind')}'")
    expected = EACH | KEYS[order["kind"]]
    for key, kind in expected.items():
        if not isinstance(order.get(key), kind) or (kind is int and isinstance(order[key], bool)):
            raise OrderError("INVALID", f"the order's '{key}' is missing or not of its type")
    if not isinstance(order.get("version_query", "SELECT"), str):
        raise OrderError("INVALID", "the order's 'version_query' is not of its type")
    if unknown := sorted(set(order) - set(expected) - {"version_query"}):
        raise OrderError("INVALID", f"the order has a key '{unknown[0]}' that this script does not know")
    return order


def reason_of(error: BaseException) -> dict[str, str]:
    """Few words for a person: Spark's first line, without the plan and the stack that it adds, and without what looks like a
    secret in an address."""
    if isinstance(error, OrderError):
        return {"code": error.code, "message": str(error)}
    lines = [line for line in str(error).strip().split("\n") if line.strip()]
    raised = [line for line in lines if re.match(r"[A-Za-z_.]+(Error|Exception): ", line)]  # in a worker's Python
    text = (raised[-1] if type(error).__name__ == "PythonException" and raised else lines[0] if lines else type(error).__name__).strip()
    text = re.sub(r"(?i)(sig|signature|key|token|secret|password)=[^&\s]+", r"\1=***", text)
    word = condition(error)
    return {"code": "FAILED", "message": f"{word}: {text}"[:1_000] if word and word not in text else text[:1_000]}


def await_other(folder: Folder, seconds: float = WAIT_SECONDS, pause: float = 2.0) -> int:
    """For a second submission of a token: what the first one comes to."""
    wait = threading.Event()
    deadline = time.monotonic() + seconds
    last, seen_at = folder.read("alive.json"), time.monotonic()
    while time.monotonic() < deadline:
        names = folder.names()
        if "manifest.json" in names:
            return 0
        if "failure.json" in names:
            return 1
        now = folder.read("alive.json")
        if now != last:
            last, seen_at = now, time.monotonic()
        if time.monotonic() - seen_at > STALE_SECONDS:
            break
        wait.wait(pause)
    print("run_slice: the submission of this token that came first has ended without a result", file=sys.stderr)
    return 1


def run(spark: Any, order: dict[str, Any]) -> int:
    """Carries out one order. 0: manifest.json is there; 1: failure.json is, or another submission's."""
    folder = Folder(order["output"])
    if not folder.claim(order["launch"]):
        return await_other(folder)
    began = time.monotonic()
    with heartbeat(folder):
        try:
            for key, value in SESSION.items():
                spark.conf.set(key, value)
            register_views(spark, order["views"])
            answer = KINDS[order["kind"]](spark, order)
            manifest = {
                "form": FORM,
                "kind": order["kind"],
                "run": order["run"],
                "token": order["token"],
                "spark_version": spark.version,
                "engine_ms": round((time.monotonic() - began) * 1_000),
                "answer": answer,
            }
            folder.write("manifest.json", manifest)
        except Exception as e:
            reason = reason_of(e)
            print(f"run_slice: {reason['code']}: {reason['message']}", file=sys.stderr)
            folder.write("failure.json", {"form": FORM, "token": order["token"], **reason})
            return 1
    return 0


def argument_text(argument: str) -> str:
    if not argument.startswith("@"):
        return argument
    with open(argument[1:], encoding="utf-8") as source:
        return source.read()


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: spark-submit run_slice.py ORDER (JSON, or @FILE that holds it)", file=sys.stderr)
        return 2
    try:
        order = read_order(argument_text(arguments[0]))
    except (OrderError, OSError) as e:
        print(f"run_slice: {e}", file=sys.stderr)
        return 2
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName(f"lakelift {order['kind']} {order['run']}")
    return run(builder.getOrCreate(), order)


if __name__ == "__main__":
    if code := main(sys.argv[1:]):  # Databricks takes any SystemExit for a failure, even of 0
        sys.exit(code)
