"""Downloads and bytes in windows of time, out of the Kafka topic that Lakelift writes its events to.

    submit.sh --brokers host:9092 --checkpoint DIR --sink console --sink postgresql --postgresql postgresql://me@db/lake

README.md tells the options; docs/events.md what an event and a download are. One streaming query reads the events, drops those that
came before (by event id), and counts what is left; whatever is no event is counted and set aside, and never stops it.
Runs on Spark 4.0; needs pyarrow where Spark's Python runs, and psycopg on the driver for --sink postgresql.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import download_events
from download_events import EPOCH, LATE, LATE_REASON, REASONS, Keeps, arrow_reader, micros_of

COUNT, SUM = "Number of downloads", "Total size (in bytes)"  # as LiftBit's job calls them
CONSOLE_WINDOWS = 100  # shown of one batch
MOST_LATE = 1_000_000  # set aside of one batch, the oldest
UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}


# ---- options -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    brokers: str
    topic: str
    begin: dict[str, str]  # options of Spark's Kafka source
    window_seconds: int
    watermark_seconds: int
    ahead_seconds: int
    sinks: tuple[str, ...]
    postgresql: str
    table: str
    windows_topic: str
    checkpoint: str
    aside: str
    trigger: dict[str, Any]  # of DataStreamWriter.trigger()
    shuffle_partitions: int
    kafka: dict[str, str] = field(default_factory=dict)  # further settings of Kafka's clients


def seconds_of(text: str, least: int = 1) -> int:
    match = re.fullmatch(r"(\d{1,9}) (second|minute|hour|day)s?", text, re.ASCII)
    seconds = int(match[1]) * UNITS[match[2]] if match else -1
    if seconds < least:
        raise argparse.ArgumentTypeError(f"'{text}' is no length of time: write '5 minutes', '1 second', '2 hours', '1 day'")
    return seconds


def length(text: str) -> int:
    return seconds_of(text)


def length_or_none(text: str) -> int:
    return seconds_of(text, least=0)


def begin_of(text: str) -> dict[str, str]:
    if text in ("earliest", "latest"):
        return {"startingOffsets": text}
    micros = micros_of(text.removesuffix("Z"))
    if micros is None:
        raise argparse.ArgumentTypeError(f"'{text}' is neither earliest nor latest nor a time (UTC) as 2026-11-27 05:30:00")
    return {"startingTimestamp": str(micros // 1_000), "startingOffsetsByTimestampStrategy": "latest"}


def brokers_of(text: str) -> str:
    if not all(re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}", one) for one in text.split(",")):
        raise argparse.ArgumentTypeError(f"'{text}' is no list of brokers: write host:port,host:port")
    return text


def topic_of(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is no name of a topic: letters, digits, '.', '_' and '-'")
    return text


def postgresql_of(text: str) -> str:
    try:
        address = urlsplit(text)
    except ValueError:
        address = urlsplit("")
    if address.scheme not in ("postgresql", "postgres"):
        raise argparse.ArgumentTypeError("write postgresql://user@host:port/database")
    if address.password is not None or "password=" in address.query:
        raise argparse.ArgumentTypeError("leave the password out, since anybody can see a program's arguments: it is read from the environment, PGPASSWORD")
    return text


def table_of(text: str) -> str:
    if not 1 <= len(parts := text.split(".")) <= 2 or not all(parts):
        raise argparse.ArgumentTypeError(f"'{text}' is no table: write name or schema.name")
    return text


def properties_of(path: str) -> dict[str, str]:
    """NAME=VALUE lines, as Kafka's own tools read them."""
    try:
        with open(path, encoding="utf-8") as source:
            lines = [line.strip() for line in source]
    except OSError as e:
        raise argparse.ArgumentTypeError(f"{path} can't be read: {e.strerror}") from e
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    if any(not separator for _, separator, _ in pairs):
        raise argparse.ArgumentTypeError(f"{path}: a line NAME=VALUE is expected, as security.protocol=SASL_SSL")
    return {f"kafka.{name.strip()}": value.strip() for name, _, value in pairs}


def read_arguments(arguments: list[str]) -> Settings:
    parser = argparse.ArgumentParser(prog="count_downloads", description="Counts downloads in windows of time.", allow_abbrev=False)
    add = parser.add_argument
    add("--brokers", type=brokers_of, required=True, metavar="HOST:PORT,…", help="Kafka")
    add("--topic", type=topic_of, default="file-events")
    add("--from", dest="begin", type=begin_of, default="earliest", metavar="earliest|latest|TIME", help="where a new checkpoint begins")
    add("--window", type=length, default="5 minutes", metavar="LENGTH")
    add("--watermark", type=length_or_none, default="10 minutes", metavar="LENGTH", help="how late an event may come, and how long a repeated one is known")
    add("--ahead", type=length_or_none, default="5 minutes", metavar="LENGTH", help="how far an event's time may be ahead of Kafka's")
    add("--sink", dest="sinks", action="append", choices=["console", "postgresql", "kafka"], help="may be given several times (console)")
    add("--postgresql", type=postgresql_of, metavar="ADDRESS", help="postgresql://user@host:port/database; the password: PGPASSWORD")
    add("--table", type=table_of, default="download_windows")
    add("--windows-topic", type=topic_of, default="download-windows")
    add("--kafka-properties", dest="kafka", type=properties_of, default={}, metavar="FILE", help="further settings of Kafka's clients: security.protocol=…")
    add("--checkpoint", metavar="DIR", help="where the state lies; started again with it, the job goes on")
    add("--aside", metavar="DIR", help="where events that are none go, as JSON lines; a folder, s3a://, abfss:// …")
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--once", action="store_true", help="count what is there, and end")
    when.add_argument("--trigger", type=length_or_none, default="1 second", metavar="LENGTH", help="between two looks")
    add("--shuffle-partitions", type=int, default=2, metavar="N", help="of a new checkpoint")
    said = parser.parse_args(arguments)
    sinks = tuple(dict.fromkeys(said.sinks or ["console"]))
    if "postgresql" in sinks and said.postgresql is None:
        parser.error("--sink postgresql needs --postgresql postgresql://user@host:port/database")
    if sinks != ("console",) and said.checkpoint is None:
        parser.error("--sink postgresql and --sink kafka need --checkpoint DIR: without it a restart would forget what is counted")
    if not 1 <= said.shuffle_partitions <= 10_000:
        parser.error("--shuffle-partitions is a number from 1 to 10000")
    trigger = {"availableNow": True} if said.once else {"processingTime": f"{said.trigger} seconds"}
    return Settings(said.brokers, said.topic, said.begin, said.window, said.watermark, said.ahead, sinks, said.postgresql or "", said.table,
                    said.windows_topic, (said.checkpoint or "").rstrip("/"), (said.aside or "").rstrip("/"), trigger, said.shuffle_partitions, said.kafka)


# ---- the query ---------------------------------------------------------------------------------------------------------


def events_of(reader: Any, settings: Settings, which: dict[str, str], keeps: Keeps) -> Any:
    """An event without an id is known by its place in the topic: so nothing of it is dropped, where nothing is sent twice."""
    options = {"kafka.bootstrap.servers": settings.brokers, "includeHeaders": "true"} | which | settings.kafka
    messages = reader.format("kafka").options(**options).load().selectExpr(
        "topic", "partition", "offset", "value", "unix_micros(timestamp) AS received",
        """coalesce(nullif(try_element_at(filter(headers, h -> h.key = 'event_id'), -1).value, X''),
                    encode(concat_ws('-', topic, partition, offset), 'UTF-8')) AS event_id""")
    schema = "topic STRING, partition INT, offset BIGINT, event_id BINARY, problem STRING, type STRING, micros BIGINT, size_bytes BIGINT, value STRING"
    return messages.mapInArrow(arrow_reader(settings.ahead_seconds * 1_000_000, keeps), schema)


def stream_of(spark: Any, settings: Settings, keeps: Keeps) -> Any:
    return events_of(spark.readStream, settings, {"subscribe": settings.topic} | settings.begin, keeps)


def windows_of(spark: Any, settings: Settings) -> Any:
    """(window, COUNT, SUM). A repeated event has the time of the first one: while the watermark lets it pass, its id is known, and dropping
    it holds nothing back; so the windows behind may be told in update mode at once."""
    from pyspark.sql import functions as f

    def of(problem: str) -> Any:
        return f.count(f.when(f.col("problem") == problem, 1)).alias(problem)

    events = stream_of(spark, settings, Keeps.NONE)
    downloads = f.count(f.when(f.col("type") == "download", 1)).alias("downloads")
    events = events.observe("events", f.count(f.lit(1)).alias("events"), downloads, *map(of, REASONS))
    taken = events.where("problem IS NULL AND type = 'download'").select(f.timestamp_micros("micros").alias("timestamp"), "event_id", "size_bytes")
    once = taken.withWatermark("timestamp", f"{settings.watermark_seconds} seconds").dropDuplicatesWithinWatermark(["event_id"])
    # As decimals, since a sum of longs may overflow, which ends the query.
    total = f.sum(f.col("size_bytes").cast("decimal(19,0)"))
    return once.groupBy(f.window("timestamp", f"{settings.window_seconds} seconds")).agg(f.count(f.lit(1)).alias(COUNT), total.alias(SUM))


# ---- where windows go --------------------------------------------------------------------------------------------------


class Window(NamedTuple):
    start: datetime
    end: datetime
    downloads: int
    size_bytes: int


def plain_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def table_text(windows: list[Window], number: int) -> str:
    """As Spark's own console shows it, by time; the latest, where they are many."""
    rows = [("window", COUNT, SUM)]
    rows += [(f"{{{plain_time(w.start)}, {plain_time(w.end)}}}", str(w.downloads), str(w.size_bytes)) for w in windows[-CONSOLE_WINDOWS:]]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    rule = "+" + "+".join("-" * width for width in widths) + "+"
    lines = ["|" + "|".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + "|" for row in rows]
    left_out = [f"({len(windows) - CONSOLE_WINDOWS} earlier ones changed too)"] if len(windows) > CONSOLE_WINDOWS else []
    return "\n".join(["-" * 43, f"Batch: {number}", "-" * 43, rule, lines[0], rule, *lines[1:], rule, *left_out, ""])


class PostgresqlSink:
    """A row a window, which later ones replace: what a restart writes again changes nothing."""

    def __init__(self, settings: Settings) -> None:
        try:
            from psycopg.sql import SQL, Identifier
        except ImportError as e:
            raise ValueError("--sink postgresql needs psycopg where the driver's Python runs: pip install 'psycopg[binary]'") from e

        self.address = settings.postgresql
        table = Identifier(*settings.table.split("."))
        self.upsert = SQL("INSERT INTO {} AS t (window_start, window_end, downloads, size_bytes) VALUES (%s, %s, %s, %s) ON CONFLICT (window_start) "
                          "DO UPDATE SET window_end = excluded.window_end, downloads = excluded.downloads, size_bytes = excluded.size_bytes").format(table)
        with self.connect() as connection:
            connection.execute(SQL("CREATE TABLE IF NOT EXISTS {} (window_start timestamptz PRIMARY KEY, window_end timestamptz NOT NULL, "
                                   "downloads bigint NOT NULL, size_bytes numeric NOT NULL)").format(table))
            others = connection.execute(SQL("SELECT 1 FROM {} WHERE window_end - window_start <> %s LIMIT 1").format(table),
                                        [timedelta(seconds=settings.window_seconds)]).fetchone()
        if others:
            raise ValueError(f"table {settings.table} holds windows of another length than --window: name another --table, or empty it")

    def connect(self) -> Any:
        import psycopg

        return psycopg.connect(self.address, connect_timeout=20, application_name="lakelift count_downloads")

    def write(self, windows: list[Window]) -> None:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.executemany(self.upsert, windows)


def write_kafka(spark: Any, settings: Settings, windows: list[Window]) -> None:
    rows = [(plain_time(w.start), json.dumps({"window_start": plain_time(w.start), "window_end": plain_time(w.end), "downloads": w.downloads,
                                              "size_bytes": w.size_bytes})) for w in windows]
    options = {"kafka.bootstrap.servers": settings.brokers, "topic": settings.windows_topic} | settings.kafka
    spark.createDataFrame(rows, "key STRING, value STRING").write.format("kafka").options(**options).save()


def window_writer(settings: Settings) -> Callable[[Any, int], None]:
    """Writes a batch's windows to all sinks. A batch that is run again after a crash has the same windows, and replaces them."""
    table = PostgresqlSink(settings) if "postgresql" in settings.sinks else None

    def write(batch: Any, number: int) -> None:
        rows = batch.selectExpr("unix_micros(window.start)", "unix_micros(window.end)", f"`{COUNT}`", f"`{SUM}`").collect()
        windows = sorted(Window(EPOCH + timedelta(microseconds=row[0]), EPOCH + timedelta(microseconds=row[1]), row[2], int(row[3])) for row in rows)
        if not windows:  # only the watermark moved
            return
        if table is not None:
            table.write(windows)
        if "kafka" in settings.sinks:
            write_kafka(batch.sparkSession, settings, windows)
        if "console" in settings.sinks:
            print(table_text(windows, number), flush=True)

    return write


def aside_writer(folder: str) -> Callable[[Any, int], None]:
    """A folder for each batch that had such events; one that is run again replaces its own."""

    def write(batch: Any, number: int) -> None:
        batch.persist()
        if not batch.isEmpty():
            query = batch.sparkSession.sparkContext.getLocalProperty("sql.streaming.queryId")
            batch.coalesce(1).write.mode("overwrite").json(f"{folder}/{query}/batch-{number:08}")
        batch.unpersist()

    return write


def aside_row(problem: Any, reason: Any) -> list[Any]:
    """What is written of an event that is set aside."""
    from pyspark.sql import functions as f

    return ["topic", "partition", "offset", f.col("event_id").cast("string").alias("event_id"), problem.alias("problem"), reason.alias("reason"), "value"]


def places_of(progress: dict[str, Any]) -> dict[str, str] | None:
    """Where the messages of a batch lie, for a read of them. Nothing of a query's first batch: it says no beginning. It has no late ones."""
    source = progress["sources"][0]
    begin, end = source["startOffset"], source["endOffset"]
    if not begin:
        return None
    earliest = -2  # of a partition that is new
    begin = {topic: {partition: begin.get(topic, {}).get(partition, earliest) for partition in partitions} for topic, partitions in end.items()}
    assigned = {topic: sorted(map(int, partitions)) for topic, partitions in end.items()}
    return {"assign": json.dumps(assigned), "startingOffsets": json.dumps(begin), "endingOffsets": json.dumps(end)}


def late_writer(spark: Any, settings: Settings) -> Callable[[dict[str, Any], int], None] | None:
    """Sets aside what Spark dropped of a batch as later than the watermark. Spark tells how many; being late hangs on the time alone, so they
    are that many oldest downloads of the batch, which is read once more. Two of the same time are both late, or neither."""
    from pyspark.sql import functions as f

    def write(progress: dict[str, Any], late: int) -> None:
        places = places_of(progress)
        if places is None:
            return
        downloads = events_of(spark.read, settings, places, Keeps.ALL).where("problem IS NULL AND type = 'download'")
        oldest = downloads.select("micros").orderBy("micros").limit(min(late, MOST_LATE))
        newest_late = oldest.agg(f.max("micros")).collect()[0][0]
        rows = downloads.where(f.col("micros") <= newest_late).select(*aside_row(f.lit(LATE), f.lit(LATE_REASON)))
        rows.coalesce(1).write.mode("overwrite").json(f"{settings.aside}/{progress['id']}/late-{progress['batchId']:08}")

    return write if settings.aside else None


# ---- running -----------------------------------------------------------------------------------------------------------


def start(spark: Any, settings: Settings, write: Callable[[Any, int], None]) -> list[Any]:
    """The queries: windows, and what is set aside. Window lengths have checkpoints of their own: state of one is of no use to another."""
    from pyspark.sql import functions as f

    def begin(frame: Any, name: str, mode: str, write: Callable[[Any, int], None]) -> Any:
        writer = frame.writeStream.queryName(name).outputMode(mode).trigger(**settings.trigger).foreachBatch(write)
        if settings.checkpoint:
            writer = writer.option("checkpointLocation", f"{settings.checkpoint}/{name}")
        return writer.start()

    queries = [begin(windows_of(spark, settings), f"windows-{settings.window_seconds}s", "update", write)]
    if settings.aside:
        reason = f.create_map(*[f.lit(word) for pair in REASONS.items() for word in pair])[f.col("problem")]
        wrong = stream_of(spark, settings, Keeps.WRONG).where("problem IS NOT NULL").select(*aside_row(f.col("problem"), reason))
        queries.append(begin(wrong, "aside", "append", aside_writer(settings.aside)))
    return queries


class Report:
    """A line of JSON for each batch that had events, with the figures since this run began. Late ones are set aside first."""

    def __init__(self, out: Any, set_aside: Callable[[dict[str, Any], int], None] | None = None) -> None:
        self.out = out
        self.set_aside = set_aside
        self.seen = ""
        self.total = dict.fromkeys(["events", "downloads", "repeated", "late", "aside"], 0) | {"reasons": {}}

    def take(self, progress: Iterable[dict[str, Any]]) -> None:
        """In the order of time."""
        for one in progress:
            if one["timestamp"] <= self.seen:
                continue
            self.seen = one["timestamp"]
            counts = dict(one.get("observedMetrics", {}).get("events", {}))
            if not counts.get("events"):  # one that only says that it waits repeats the operators' figures
                continue
            operators = one.get("stateOperators", [])
            added = {"events": counts.pop("events"), "downloads": counts.pop("downloads"), "aside": sum(counts.values()),
                     "repeated": sum(operator.get("customMetrics", {}).get("numDroppedDuplicateRows", 0) for operator in operators),
                     "late": sum(operator.get("numRowsDroppedByWatermark", 0) for operator in operators)}
            if added["late"] and self.set_aside is not None:
                self.set_aside(one, added["late"])
            for name, number in added.items():
                self.total[name] += number
            reasons = self.total["reasons"]
            reasons.update({name: reasons.get(name, 0) + number for name, number in counts.items() if number})
            watermark = one.get("eventTime", {}).get("watermark")
            print("count_downloads: " + json.dumps({"batch": one["batchId"], "watermark": watermark, **self.total}), file=self.out, flush=True)


ADVICE = {
    "UnknownTopicOrPartition": "the topic is not there; Lakelift makes it when it is started with --kafka-brokers",
    "Timed out waiting for a node": "Kafka can't be reached at --brokers",
    "DATA_LOSS": "Kafka has removed events that were not counted yet (its retention); a new --checkpoint counts what is left",
}


def reason_of(error: Any) -> str:
    """Spark's own words, without the plan and the traces that follow them."""
    text = re.split(r"\n=== Streaming Query|\n\s*at (?:org|java|scala)\.", str(error))[0].strip()
    return "; ".join([text[-3_000:], *[advice for sign, advice in ADVICE.items() if sign in text]])


def follow(queries: list[Any], report: Report) -> int:
    """Until they end; the exit code."""
    while True:
        ended = [query for query in queries if not query.isActive]
        report.take(json.loads(one.json) for one in queries[0].recentProgress)
        failed = [query for query in ended if query.exception() is not None]
        if failed:
            print(f"count_downloads: {failed[0].name} failed: {reason_of(failed[0].exception())}", file=sys.stderr)
            print("count_downloads: started again with the same --checkpoint, it goes on where it was", file=sys.stderr)
            for query in queries:
                query.stop()
            return 1
        if len(ended) == len(queries):
            return 0
        time.sleep(0.3)


def session(settings: Settings) -> Any:
    from pyspark.sql import SparkSession

    conf = {"spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": str(settings.shuffle_partitions), "spark.ui.showConsoleProgress": "false"}
    spark = SparkSession.builder.appName("lakelift count_downloads").config(map=conf).getOrCreate()
    spark.sparkContext.addPyFile(download_events.__file__)  # executors have no copy of this folder
    return spark


def main(arguments: list[str]) -> int:
    settings = read_arguments(arguments)
    try:
        write = window_writer(settings)
    except Exception as e:
        print(f"count_downloads: {reason_of(e)}", file=sys.stderr)
        return 2
    spark = session(settings)
    try:
        return follow(start(spark, settings, write), Report(sys.stderr, late_writer(spark, settings)))
    except KeyboardInterrupt:
        return 130
    except Exception as e:
        print(f"count_downloads: {type(e).__name__}: {reason_of(e)}", file=sys.stderr)
        return 1
    finally:
        spark.stop()


if __name__ == "__main__":
    if code := main(sys.argv[1:]):
        sys.exit(code)
