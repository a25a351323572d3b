"""What jobs/spark/run_slice.py does without a Spark: orders, claims, values, borders. tests/peers runs it on a real one."""

from __future__ import annotations

import importlib.util
import json
import math
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "jobs/spark/run_slice.py"
spec = importlib.util.spec_from_file_location("run_slice", SCRIPT)
assert spec is not None and spec.loader is not None
run_slice = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run_slice)


def order(**more: Any) -> dict[str, Any]:
    return {"form": 1, "kind": "version", "output": "/x/", "run": "r", "token": "t", "launch": 1, "table": ["a"], "views": {}} | more


def test_an_order_is_read() -> None:
    assert run_slice.read_order(json.dumps(order())) == order()
    assert run_slice.read_order(json.dumps(order(kind="slice", sql="SELECT 1", columns=["a"])))["sql"] == "SELECT 1"
    assert run_slice.read_order(json.dumps(order(version_query="SELECT 2")))["version_query"] == "SELECT 2"


@pytest.mark.parametrize("bad", [
    "", "[]", "7", json.dumps(order(form=2)), json.dumps(order(kind="shell")), json.dumps(order(kind="slice")), json.dumps(order(launch=True)),
    json.dumps(order(launch="1")), json.dumps(order(sql="DROP TABLE x")), json.dumps(order(token=None)),
    json.dumps(order(version_query=7)),
    json.dumps(order(kind="profile", sample_rows=3, seed=1.5, most_rows=2))])
def test_an_order_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(run_slice.OrderError):
        run_slice.read_order(bad)
    assert run_slice.main([bad]) == 2


def test_usage(tmp_path: Path) -> None:
    assert run_slice.main([]) == 2
    assert run_slice.main([f"@{tmp_path}/nothing"]) == 2


def test_a_launch_is_claimed_once(tmp_path: Path) -> None:
    folders = [run_slice.Folder(f"{tmp_path}/run/") for _ in range(16)]
    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda folder: folder.claim(1), folders))
    assert sum(won) == 1
    assert run_slice.Folder(f"{tmp_path}/run/").claim(2)


class Shared:
    """An object store without exclusive creates, in memory."""

    def __init__(self) -> None:
        self.files: dict[str, Any] = {}
        self.lock = threading.Lock()


class ObjectFolder(run_slice.Folder):
    def __init__(self, shared: Shared, gate: threading.Barrier | None = None) -> None:
        self.shared, self.is_local, self.gate = shared, False, gate

    def write(self, name: str, content: dict[str, Any]) -> None:
        with self.shared.lock:
            self.shared.files[name] = content
        if self.gate:
            self.gate.wait()

    def read(self, name: str) -> dict[str, Any] | None:
        return self.shared.files.get(name)

    def names(self) -> list[str]:
        with self.shared.lock:
            return sorted(self.shared.files)

    def remove(self, name: str) -> None:
        with self.shared.lock:
            self.shared.files.pop(name, None)


def test_in_an_object_store_never_two_win() -> None:
    assert ObjectFolder(Shared()).claim(1)
    shared = Shared()
    assert [ObjectFolder(shared).claim(1) for _ in range(3)] == [True, False, False]
    assert ObjectFolder(shared).claim(2)
    for _ in range(50):
        shared, gate = Shared(), threading.Barrier(4)
        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(lambda _, s=shared, g=gate: ObjectFolder(s, g).claim(1), range(4))) <= 1


@pytest.mark.parametrize(("left", "code"), [("manifest.json", 0), ("failure.json", 1)])
def test_who_came_second_waits_for_the_first(tmp_path: Path, left: str, code: int) -> None:
    first = run_slice.Folder(f"{tmp_path}/run/")
    assert first.claim(1)
    timer = threading.Timer(0.2, lambda: first.write(left, {}))
    timer.start()
    assert run_slice.await_other(run_slice.Folder(f"{tmp_path}/run/"), 30, 0.02) == code
    timer.join()


def test_who_came_second_does_not_wait_for_ever(tmp_path: Path) -> None:
    assert run_slice.await_other(run_slice.Folder(f"{tmp_path}/run/"), 0.1, 0.02) == 1


def test_what_is_written_is_whole(tmp_path: Path) -> None:
    folder = run_slice.Folder(f"file://{tmp_path}/run/")
    folder.write("manifest.json", {"a": "ä"})
    assert folder.read("manifest.json") == {"a": "ä"}
    assert folder.read("failure.json") is None
    assert folder.names() == ["manifest.json"]
    with pytest.raises(ValueError, match="Out of range"):
        folder.write("x.json", {"a": math.nan})


def test_the_heartbeat_changes(tmp_path: Path) -> None:
    folder = run_slice.Folder(f"{tmp_path}/run/")
    seen = set()
    with run_slice.heartbeat(folder, 0.01):
        for _ in range(2_000):
            seen.add(json.dumps(folder.read("alive.json")))
            if len(seen) > 3:
                break
            threading.Event().wait(0.005)
    assert len(seen) > 3


def test_addresses_that_are_none() -> None:
    with pytest.raises(run_slice.OrderError, match="http"):
        run_slice.file_system("http://example.com/x")


@pytest.mark.parametrize(("value", "kind", "wire", "shown"), [
    (None, "STRING", None, None), (True, "BOOLEAN", True, True), (7, "INTEGER", 7, 7), (0.1, "FLOAT", "0.1", 0.1),
    (math.inf, "FLOAT", "inf", None), (-math.inf, "FLOAT", "-inf", None), (math.nan, "FLOAT", "nan", None),
    ("ä", "STRING", "ä", "ä"), (0, "DATETIME", [0, 0], "1970-01-01T00:00:00"), (-1, "DATETIME", [-1, 999_999_000], "1969-12-31T23:59:59.999999"),
    (1_500, "DATETIME", [0, 1_500_000], "1970-01-01T00:00:00.001500"), (1_000, "DATETIME", [0, 1_000_000], "1970-01-01T00:00:00.001"),
    (10**18, "DATETIME", [10**12, 0], None), (-62_135_596_800_000_000, "DATETIME", [-62_135_596_800, 0], "0001-01-01T00:00:00")])
def test_values_are_said_exactly(value: Any, kind: str, wire: Any, shown: Any) -> None:
    assert run_slice.wire(value, kind) == wire
    assert run_slice.shown(value, kind) == shown


def test_long_texts_are_cut_at_a_character() -> None:
    cut = run_slice.cut_text("a" * 1_023 + "ä" * 5)
    assert cut == "a" * 1_023 + "…"
    assert run_slice.cut_text("a" * 1_024) == "a" * 1_024


@pytest.mark.parametrize(("low", "high", "kind"), [
    (0, 100, "INTEGER"), (5, 5, "INTEGER"), (0, 3, "INTEGER"), (-(2**63), 2**63 - 1, "INTEGER"), (0.0, 1.0, "FLOAT"),
    (-1.7e308, 1.7e308, "FLOAT"), (1.0, math.nextafter(1.0, 2.0), "FLOAT"), (5e-324, 1e-323, "FLOAT")])
def test_bins_ascend_and_reach_from_end_to_end(low: Any, high: Any, kind: str) -> None:
    edges = run_slice.edges_of(low, high, kind)
    assert edges[0] == low and edges[-1] == high
    assert 2 <= len(edges) <= 21
    assert low == high or all(a < b for a, b in zip(edges, edges[1:], strict=False))


def test_values_and_bins_are_counted() -> None:
    batches = [
        pa.RecordBatch.from_pydict({"c0": pa.array([1, 1, None, 9], pa.int64()), "c1": pa.array([0.0, -0.0, math.nan, math.inf]), "c2": ["a", None, "a", "b"]}),
        pa.RecordBatch.from_pydict({"c0": pa.array([9, 9, 9, 5], pa.int64()), "c1": pa.array([1.0, 0.5, None, -math.inf]), "c2": ["x" * 2_000] * 4}),
    ]
    plans = [{"index": 0, "kind": "INTEGER", "values": True, "edges": [1, 5, 9]}, {"index": 1, "kind": "FLOAT", "values": True, "edges": [0.0, 0.5, 1.0]},
             {"index": 2, "kind": "STRING", "values": True, "edges": []}]
    rows = [tuple(row.values()) for batch in run_slice.column_counter(plans)(iter(batches)) for row in batch.to_pylist()]
    bins = {(column, int(value)): n for column, what, value, n in rows if what == "bin"}
    values = {(column, json.loads(value)): n for column, what, value, n in rows if what == "value"}
    assert bins == {(0, 0): 2, (0, 1): 5, (1, 0): 2, (1, 1): 2}
    assert values == {(0, 1): 2, (0, 9): 4, (0, 5): 1, (1, 0.0): 2, (1, 0.5): 1, (1, 1.0): 1, (2, "a"): 2, (2, "b"): 1, (2, "x" * 1_024): 4}


def test_reasons_are_one_line_without_secrets() -> None:
    said = run_slice.reason_of(RuntimeError("cannot read https://x/y?sv=1&sig=abc%2F&se=2 token=hush\n  at org.apache…"))
    assert said == {"code": "FAILED", "message": "cannot read https://x/y?sv=1&sig=***&se=2 token=***"}
    assert run_slice.reason_of(run_slice.OrderError("NOT_FOUND", "no table"))["code"] == "NOT_FOUND"
    assert run_slice.reason_of(ValueError(""))["message"] == "ValueError"


def spark_types(monkeypatch: pytest.MonkeyPatch) -> Any:
    """pyspark.sql.types as far as the script looks at it: what a Spark 4 has, without one."""
    names = ["ByteType", "ShortType", "IntegerType", "LongType", "FloatType", "DoubleType", "DecimalType", "BooleanType", "DateType",
             "TimestampType", "TimestampNTZType"]
    types = SimpleNamespace(**{name: type(name, (), {"simpleString": lambda self: "number"}) for name in names})

    class StringType:
        def __init__(self, collation: str = "UTF8_BINARY") -> None:
            self.collation = collation

        def simpleString(self) -> str:
            return "string" if self.collation == "UTF8_BINARY" else f"string collate {self.collation}"

    types.StringType = StringType
    monkeypatch.setitem(sys.modules, "pyspark", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "pyspark.sql", SimpleNamespace(types=types))
    monkeypatch.setitem(sys.modules, "pyspark.sql.types", types)
    return types


def test_texts_that_are_not_compared_byte_by_byte_are_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    types = spark_types(monkeypatch)
    fields = [SimpleNamespace(name=name, dataType=data_type) for name, data_type in
              [("n", types.LongType()), ("s", types.StringType()), ("c", types.StringType("UNICODE_CI"))]]
    frame = SimpleNamespace(schema=SimpleNamespace(fields=fields))
    offered, refused = run_slice.sorted_columns(frame)
    assert [field.name for field in offered] == ["n", "s"]
    assert refused == [["c", "string collate UNICODE_CI can't be offered"]]
    run_slice.check_columns(frame, "SELECT `n` FROM `t` WHERE `s` = 'c'")
    with pytest.raises(run_slice.OrderError, match="the column c is string collate UNICODE_CI"):
        run_slice.check_columns(frame, "SELECT `n` FROM `t` WHERE `c` = 'x'")


def test_names_are_quoted() -> None:
    assert run_slice.quoted(["a`b", "c d"]) == "`a``b`.`c d`"


class Table:
    """What partition_states takes of a data frame: its schema."""

    def __init__(self, definition: str) -> None:
        self.definition = definition

    @property
    def schema(self) -> Table:
        return self

    def json(self) -> str:
        return self.definition


def test_partitions_tell_which_has_changed() -> None:
    files = [(f"s3a://lake/t/year=2018/day={day}/{part}.parquet", 100, 7) for day in (1, 2) for part in ("a", "b")]
    before = run_slice.partition_states(Table("n: long"), files, ["year", "day"])
    assert [folders for folders, _ in before] == ["year=2018/day=1/", "year=2018/day=2/"]
    files[3] = (files[3][0], 100, 8)
    after = run_slice.partition_states(Table("n: long"), files, ["year", "day"])
    assert (after[0], after[1] == before[1]) == (before[0], False)
    assert run_slice.partition_states(Table("n: double"), files, ["year", "day"])[0] != before[0], "a column has another type"
    assert [folders for folders, _ in run_slice.partition_states(Table(""), files, ["day"])] == ["day=1/", "day=2/"]
    assert run_slice.partition_states(Table(""), files, []) == run_slice.partition_states(Table(""), None, ["day"]) == []
    many = [(f"/t/day={day}/a.parquet", 1, 1) for day in range(run_slice.STATES + 1)]
    assert len(run_slice.partition_states(Table(""), many[1:], ["day"])) == run_slice.STATES
    assert run_slice.partition_states(Table(""), many, ["day"]) == []


class Session:
    """What version_by takes of a Spark: the rows of a query."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self.rows = rows

    def sql(self, text: str) -> Session:
        return self

    def limit(self, most: int) -> Session:
        return Session(self.rows[:most])

    def collect(self) -> list[tuple[Any, ...]]:
        return self.rows


def test_the_items_own_query_tells_the_version() -> None:
    told = run_slice.version_by(Session([(1, None)]), "SELECT")
    assert told == run_slice.version_by(Session([(1, None)]), "SELECT")
    assert len({told, *(run_slice.version_by(Session([row]), "SELECT") for row in ((2, None), (1, "None"), (1,), (None, 1)))}) == 5
    for wrong in ([], [(1,), (2,)]):
        with pytest.raises(run_slice.OrderError, match="and not one"):
            run_slice.version_by(Session(wrong), "SELECT")
