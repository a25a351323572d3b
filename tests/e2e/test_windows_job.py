"""What jobs/spark/count_downloads.py does without a Spark: events, options, reports; and what the cases of windows say. tests/peers runs it on a real one."""

from __future__ import annotations

import importlib
import io
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.windows_cases import Case, cases, read_case

JOBS = Path(__file__).resolve().parents[2] / "jobs/spark"
sys.path.insert(0, str(JOBS))
events = importlib.import_module("download_events")
job = importlib.import_module("count_downloads")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AT = "2026-11-27 05:33:38.000012"
MICROS = (datetime(2026, 11, 27, 5, 33, 38, 12, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
INFO = {"owner_username": "alice", "path": "a.csv", "size_bytes": 100, "downloader_username": "bob", "bytes_sent": 100}
BROKERS = ["--brokers", "127.0.0.1:9092"]
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a machine that stands still is no finding


def value(info: Any = INFO, **more: Any) -> bytes:
    return json.dumps({"type": "download", "info": json.dumps(info), "timestamp": AT} | more).encode()


def without(name: str) -> dict[str, Any]:
    return {key: word for key, word in INFO.items() if key != name}


def read(message: bytes | None, received: int = MICROS, ahead: int = 0) -> Any:
    return events.read_event(message, received, ahead)


def test_an_event_is_read() -> None:
    assert read(value()) == (None, "download", MICROS, 100)
    assert read(value(without("downloader_username"), type="upload")) == (None, "upload", MICROS, 100)
    assert read(value(without("bytes_sent"))).problem is None  # the seed's own
    assert read(value(INFO | {"size_bytes": 2**63 - 1})).size_bytes == 2**63 - 1
    assert read(value(INFO | {"size_bytes": 2**53 + 1})).size_bytes == 2**53 + 1
    assert read(value(INFO | {"size_bytes": 0})).size_bytes == 0
    assert read(value(timestamp="2026-11-27 05:33:38")).micros == MICROS - 12  # as Python writes a full second
    assert read(value(timestamp="2026-11-27 05:33:38.5"), ahead=500_000).micros == MICROS - 12 + 500_000


@pytest.mark.parametrize(("message", "problem"), [
    (None, "value"), (b"", "value"), (b"not json at all", "json"), (b"[]", "json"), (b"7", "json"), (b"null", "json"), (b"\xff\xfe{}", "json"),
    (value() + b"}", "json"), (value() + value(), "json"), (b'{"type": NaN}', "json"), (b"[" * 100_000, "json"), (b"{}", "type"),
    (value(type="delete"), "type"), (value(type=None), "type"), (value(type=["download"]), "type"), (value(type={}), "type"),
    *[(value(timestamp=bad), "timestamp") for bad in (
        "yesterday", "", None, 1795757618, "2026-11-27", "2026-02-30 00:00:00.000000", "2026-11-27 05:33:38.0000123", "2026-11-27 05:33:60.000000",
        "2026-11-27 24:00:00.000000", "1969-12-31 23:59:59.999999", " 2026-11-27 05:33:38", "0000-00-00 00:00:00", "２０２６-11-27 05:33:38",
        "2026-11-27 05:33:38+01:00", "2026-11-27 05:33:38\n")],
    (value(info=[]), "info"), (value(info="text"), "info"), (json.dumps({"type": "download", "info": INFO, "timestamp": AT}).encode(), "info"),
    (json.dumps({"type": "download", "timestamp": AT}).encode(), "info"), (value(info={}), "owner_username"),
    *[(value(without(name)), name) for name in ("owner_username", "path", "downloader_username", "size_bytes")],
    *[(value(INFO | {name: bad}), name) for name in ("owner_username", "path", "downloader_username") for bad in ("", 7, None, ["x"])],
    *[(value(INFO | {"size_bytes": bad}), "size_bytes") for bad in (-1, -5, 2**63, 10**4_200, 1.0, 1.5, "100", None, True, [100])],
    (value(INFO).replace(b"100", b"1" * 5_000), "info"),
])
def test_what_is_no_event_says_why(message: bytes | None, problem: str) -> None:
    assert read(message) == (problem, None, None, None)
    assert problem in events.REASONS


def test_a_time_far_ahead_would_make_all_others_late() -> None:
    assert read(value(), received=MICROS - 10, ahead=10).problem is None
    assert read(value(), received=MICROS - 11, ahead=10).problem == "ahead"
    assert read(value(timestamp="9999-12-31 23:59:59.999999"), ahead=300_000_000).problem == "ahead"


json_values = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                           lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
wrong_info = st.fixed_dictionaries({"type": st.just("download"), "timestamp": st.just(AT), "info": json_values.map(json.dumps)})
wrong_time = st.fixed_dictionaries({"type": st.just("download"), "timestamp": json_values, "info": st.just("{}")})


@UNHURRIED
@given(st.binary() | (json_values | wrong_info | wrong_time).map(lambda one: json.dumps(one).encode()))
def test_nothing_stops_the_reader(message: bytes) -> None:
    """None of these is an event; each has a reason."""
    assert read(message).problem in events.REASONS


@UNHURRIED
@given(st.datetimes(min_value=datetime(1970, 1, 1)), st.integers(0, 2**63 - 1))
def test_times_and_sizes_are_exact(at: datetime, size: int) -> None:
    message = value(INFO | {"size_bytes": size}, timestamp=at.strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0"))
    micros = (at.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    assert read(message, received=micros) == (None, "download", micros, size)


def test_a_batch_of_messages() -> None:
    batch = pa.RecordBatch.from_pydict({
        "topic": ["t"] * 3, "partition": pa.array([0, 0, 1], pa.int32()), "offset": [7, 8, 9], "value": [value(), b"\xffjunk" * 10_000, None],
        "received": [MICROS] * 3, "event_id": [b"a", b"\xff", b"c"]})
    junk = ("\ufffdjunk" * 10_000)[:10_000]
    for keeps, shown in ((events.Keeps.NONE, [None] * 3), (events.Keeps.WRONG, [None, junk, ""]), (events.Keeps.ALL, [value().decode(), junk, ""])):
        (out,) = events.arrow_reader(0, keeps)(iter([batch]))
        assert out.to_pydict() == {
            "topic": ["t"] * 3, "partition": [0, 0, 1], "offset": [7, 8, 9], "event_id": [b"a", b"\xff", b"c"], "problem": [None, "json", "value"],
            "type": ["download", None, None], "micros": [MICROS, None, None], "size_bytes": [100, None, None], "value": shown}


# ---- options -----------------------------------------------------------------------------------------------------------


def test_options(tmp_path: Path) -> None:
    plain = job.read_arguments(BROKERS)
    assert (plain.topic, plain.window_seconds, plain.watermark_seconds, plain.sinks) == ("file-events", 300, 600, ("console",))
    assert plain.begin == {"startingOffsets": "earliest"} and plain.trigger == {"processingTime": "1 seconds"} and plain.shuffle_partitions == 2
    (tmp_path / "kafka.properties").write_text("# to a cluster\nsecurity.protocol = SASL_SSL\nsasl.jaas.config=x required username=\"a\";\n\n")
    full = job.read_arguments([
        *BROKERS, "--topic", "events", "--from", "2026-11-27T05:30:00Z", "--window", "1 hour", "--watermark", "0 seconds", "--sink", "postgresql", "--sink",
        "kafka", "--sink", "kafka", "--postgresql", "postgresql://me@db:5432/lake", "--table", "s.w", "--checkpoint", "/c/", "--aside", "/a/", "--once",
        "--kafka-properties", str(tmp_path / "kafka.properties"), "--shuffle-partitions", "7"])
    assert full.begin == {"startingTimestamp": str(MICROS // 1_000 - 218_000), "startingOffsetsByTimestampStrategy": "latest"}
    assert (full.window_seconds, full.watermark_seconds, full.sinks, full.checkpoint, full.aside) == (3_600, 0, ("postgresql", "kafka"), "/c", "/a")
    assert full.trigger == {"availableNow": True} and full.shuffle_partitions == 7
    assert full.kafka == {"kafka.security.protocol": "SASL_SSL", "kafka.sasl.jaas.config": 'x required username="a";'}


@pytest.mark.parametrize(("arguments", "says"), [
    ([], "--brokers"), (["--brokers", "nowhere"], "host:port"), ([*BROKERS, "--window", "5"], "'5 minutes'"),
    ([*BROKERS, "--window", "0 seconds"], "no length"),
    ([*BROKERS, "--watermark", "soon"], "no length"), ([*BROKERS, "--from", "now"], "earliest"), ([*BROKERS, "--topic", "a b"], "topic"),
    ([*BROKERS, "--sink", "excel"], "console"), ([*BROKERS, "--sink", "kafka"], "--checkpoint"), ([*BROKERS, "--sink", "postgresql"], "--postgresql"),
    ([*BROKERS, "--postgresql", "mysql://x"], "postgresql://"), ([*BROKERS, "--postgresql", "postgresql://a:secret@h/d"], "PGPASSWORD"),
    ([*BROKERS, "--postgresql", "postgresql://a@h/d?password=secret"], "PGPASSWORD"), ([*BROKERS, "--table", "a.b.c"], "schema.name"),
    ([*BROKERS, "--once", "--trigger", "1 second"], "not allowed with"), ([*BROKERS, "--shuffle-partitions", "0"], "1 to 10000"),
    ([*BROKERS, "--kafka-properties", "/nowhere"], "can't be read"), ([*BROKERS, "--wind", "5 minutes"], "--wind"), ([*BROKERS, "x"], "x"),
])
def test_options_that_are_wrong_are_told(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        job.read_arguments(arguments)
    said = capsys.readouterr().err
    assert ended.value.code == 2 and says in said.splitlines()[-1] and "secret" not in said


# ---- what is told ------------------------------------------------------------------------------------------------------


def test_the_console() -> None:
    at = datetime(2026, 11, 27, 5, 30, tzinfo=UTC)
    windows = [job.Window(at + timedelta(minutes=5 * i), at + timedelta(minutes=5 * i + 5), i, 2**70 + i) for i in range(102)]
    text = job.table_text(windows, 7)
    assert text.splitlines()[1] == "Batch: 7"
    assert text.splitlines()[4] == "|window                                    |Number of downloads|Total size (in bytes) |"
    assert "{2026-11-27 05:40:00, 2026-11-27 05:45:00}|2                  |1180591620717411303426|" in text
    assert "05:35:00, " not in text and "(2 earlier ones changed too)" in text


def progress(at: str, late: int = 0, repeated: int = 0, **counts: int) -> dict[str, Any]:
    return {"timestamp": at, "batchId": 3, "eventTime": {"watermark": "w"}, "observedMetrics": {"events": counts} if counts else {},
            "stateOperators": [{"numRowsDroppedByWatermark": 0}, {"numRowsDroppedByWatermark": late, "customMetrics": {"numDroppedDuplicateRows": repeated}}]}


def test_the_report_adds_up_what_it_has_not_seen() -> None:
    out = io.StringIO()
    report = job.Report(out)
    first = progress("2026-11-27T05:30:00.000Z", events=10, downloads=7, json=2, size_bytes=1, value=0)
    report.take([first])
    report.take([first, progress("2026-11-27T05:30:01.000Z", late=1, repeated=2, events=3, downloads=3, json=1, value=0), progress("2026-11-27T05:30:02.000Z"),
                 progress("2026-11-27T05:30:12.000Z", late=1, repeated=2)])  # waiting: Spark says again what the batch before it dropped
    lines = [json.loads(line.removeprefix("count_downloads: ")) for line in out.getvalue().splitlines()]
    assert len(lines) == 2
    assert lines[-1] == {"batch": 3, "watermark": "w", "events": 13, "downloads": 10, "repeated": 2, "late": 1, "aside": 4,
                         "reasons": {"json": 3, "size_bytes": 1}}


def test_late_ones_are_set_aside_before_they_are_told() -> None:
    out = io.StringIO()
    aside: list[tuple[str, int, str]] = []
    report = job.Report(out, lambda one, late: aside.append((one["timestamp"], late, out.getvalue())))
    on_time, late = progress("2026-11-27T05:30:00.000Z", events=2, downloads=2), progress("2026-11-27T05:30:01.000Z", late=3, events=4, downloads=4)
    report.take([on_time])
    said = out.getvalue()
    report.take([on_time, late])
    report.take([on_time, late, progress("2026-11-27T05:30:12.000Z", late=3)])
    assert aside == [("2026-11-27T05:30:01.000Z", 3, said)] and report.total["late"] == 3


def test_where_the_messages_of_a_batch_lie() -> None:
    def places(begin: Any, end: Any) -> Any:
        return job.places_of({"sources": [{"startOffset": begin, "endOffset": end}]})

    found = places({"t": {"0": 5, "1": 7}}, {"t": {"1": 9, "0": 5, "2": 4}})
    assert {name: json.loads(text) for name, text in found.items()} == {
        "assign": {"t": [0, 1, 2]}, "startingOffsets": {"t": {"0": 5, "1": 7, "2": -2}}, "endingOffsets": {"t": {"0": 5, "1": 9, "2": 4}}}
    assert places(None, {"t": {"0": 5}}) is None


def test_what_went_wrong_is_told_without_traces() -> None:
    spark = "[STREAM_FAILED] Query terminated with exception: org.x.UnknownTopicOrPartitionException: no such topic\n=== Streaming Query ===\nIdentifier: x"
    assert job.reason_of(spark) == (
        "[STREAM_FAILED] Query terminated with exception: org.x.UnknownTopicOrPartitionException: no such topic; "
        "the topic is not there; Lakelift makes it when it is started with --kafka-brokers")
    assert job.reason_of("java.lang.Oops: no\n\tat org.apache.spark.X(Y.scala:1)") == "java.lang.Oops: no"


# ---- submitting --------------------------------------------------------------------------------------------------------


def submit(tmp_path: Path, *arguments: str) -> tuple[int, list[str], str]:
    """The exit code, what spark-submit would be given, and what is said."""
    program = tmp_path / "bin/spark-submit"
    program.parent.mkdir(exist_ok=True)
    program.write_text('#!/bin/sh\nfor one; do echo "$one"; done\n')
    program.chmod(0o700)
    environment = {"PATH": "/usr/bin:/bin", "SPARK_HOME": str(tmp_path)}
    done = subprocess.run([JOBS / "submit.sh", *arguments], capture_output=True, text=True, timeout=20, env=environment)
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_submitting(tmp_path: Path) -> None:
    (tmp_path / "jars").mkdir()
    code, _, said = submit(tmp_path, "--jars", str(tmp_path / "jars"), *BROKERS)
    assert code == 2 and "no jars" in said
    for name in ("a.jar", "b.jar"):
        (tmp_path / "jars" / name).touch()
    _, given, _ = submit(tmp_path, "--jars", str(tmp_path / "jars"), "--driver-memory", "1g", *BROKERS, "--window", "5 minutes")
    assert given[:2] == ["--master", "local[*]"] and given[given.index("--jars") + 1] == f"{tmp_path}/jars/a.jar,{tmp_path}/jars/b.jar"
    assert given[-5:] == [str(JOBS / "count_downloads.py"), *BROKERS, "--window", "5 minutes"] and "spark.ui.enabled=false" in given
    assert given[given.index("--py-files") + 1] == str(JOBS / "download_events.py") and given[given.index("--driver-memory") + 1] == "1g"
    _, given, _ = submit(tmp_path, "--master", "yarn", "--deploy-mode", "cluster", "--jars", "x.jar,y.jar", *BROKERS)
    assert given[:2] == ["--master", "yarn"] and "cluster" in given and "x.jar,y.jar" in given and "spark.ui.enabled=false" not in given
    assert submit(tmp_path, "--master")[0] == 2


def test_the_connector_is_fetched_where_it_is_not(tmp_path: Path) -> None:
    (tmp_path / "jobs/spark").mkdir(parents=True)
    for name in ("submit.sh", "connector.txt"):
        (tmp_path / "jobs/spark" / name).write_bytes((JOBS / name).read_bytes())
    (tmp_path / "jobs/spark/submit.sh").chmod(0o700)
    program = tmp_path / "bin/spark-submit"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nfor one; do echo "$one"; done\n')
    program.chmod(0o700)
    done = subprocess.run([tmp_path / "jobs/spark/submit.sh", *BROKERS], capture_output=True, text=True, timeout=20,
                          env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin"})
    given = done.stdout.splitlines()
    packages = given[given.index("--packages") + 1].split(",")
    assert len(packages) == 4 and "org.apache.spark:spark-sql-kafka-0-10_2.13:4.0.0" in packages


# ---- the cases ---------------------------------------------------------------------------------------------------------


def count(case: Case) -> tuple[dict[datetime, tuple[int, int]], list[str], int, int]:
    """The rule in few lines: windows, late ones, repeated ones, malformed ones."""
    known: dict[str, int] = {}
    windows: Counter[int] = Counter()
    sizes: Counter[int] = Counter()
    late, repeated, malformed = [], 0, 0
    watermark = greatest = -(2**63)
    for batch in case.batches:
        for message in batch:
            event = events.read_event(message.value.encode(), 2**63, 0)
            malformed += event.problem is not None
            if event.type != "download":
                continue
            greatest = max(greatest, event.micros)
            if event.micros <= watermark:
                late.append(message.id)
            elif message.id in known:
                repeated += 1
            else:
                known[message.id] = event.micros
                start = event.micros // (case.window_seconds * 1_000_000) * case.window_seconds
                windows[start] += 1
                sizes[start] += event.size_bytes
        watermark = greatest - case.watermark_seconds * 1_000_000
    return {EPOCH + timedelta(seconds=start): (windows[start], sizes[start]) for start in windows}, late, repeated, malformed


CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_cases_of_windows_follow_from_the_rule(case: Case) -> None:
    windows, late, _, malformed = count(case)
    assert windows == case.expected
    assert sorted(late) == sorted(case.late)
    assert malformed == case.malformed


def test_there_are_cases() -> None:
    assert len(CASES) >= 10


@pytest.mark.parametrize("bad", [
    "event a download x y 1 z 2026-11-27T05:31:00.000000Z", "window 300\nwatermark 600\nevents", "window 300\nwatermark 1\nagain a",
    "window 300\nwatermark 1\nlate a", "window 300\nwatermark 1\nevent a download x y 1 z now"])
def test_a_case_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises((AssertionError, KeyError, ValueError)):
        read_case("bad", bad)
