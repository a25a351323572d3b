"""Spark as an engine: the same slices as DuckDB's, by a real Spark; crashes, stops and whatever else goes wrong."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.engine_slices import CASES, write_typed
from tests.peers.engine_world import SLICES, EngineSlice, EngineWorld, lake, multiset
from tests.peers.spark import SparkHost, spark_environment, spark_home
from tests.peers.spark_submit import SparkSubmitPeer
from tests.server_process import FULL_DOSE, Server, cli, must

ONE = EngineSlice(("i32", "part"), (("part", "=", 1),), "part = 1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spark")


@pytest.fixture(scope="module")
def table(folder: Path) -> Path:
    return lake(folder / "lake")


@pytest.fixture(scope="module")
def host(folder: Path) -> Iterator[SparkHost]:
    started = SparkHost(folder / "host").start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def peer(host: SparkHost, folder: Path) -> Iterator[SparkSubmitPeer]:
    started = SparkSubmitPeer(host, folder / "submit").start()
    yield started
    started.stop()


def flags(program: Path, folder: Path, table: Path) -> list[str]:
    views = f"every={table},typed={table.parent}/typed,moves={table.parent}/moves,watched={table.parent}/watched"
    return ["--spark-submit", str(program), "--spark-master", "local[2]", "--spark-results", str(folder / "results"), "--spark-view", views]


@pytest.fixture(scope="module")
def world(peer: SparkSubmitPeer, folder: Path, table: Path) -> Iterator[EngineWorld]:
    with Server(folder / "data", flags(peer.program, folder, table)) as server:
        yield EngineWorld(server, "SPARK", "every", table).fill()


def test_slices_are_duckdbs(world: EngineWorld, peer: SparkSubmitPeer) -> None:
    before = len(peer.slices)
    asked = [(world.ask(one), one) for one in SLICES]
    rows = [world.check(request, one) for request, one in asked]
    submitted = len(peer.slices) - before
    print(f"spark: {len(SLICES)} slices, {sum(rows)} rows equal to DuckDB's as multisets, {submitted} jobs")
    assert submitted <= len(SLICES)
    # No value that a person wrote is outside of a literal.
    for order in peer.slices[before:]:
        assert "OR 1=1" not in order["sql"] and "${" not in order["sql"], order["sql"]


def test_the_suite_of_all_outside_engines(world: EngineWorld, table: Path) -> None:
    cases = CASES if FULL_DOSE else CASES[::12]
    rows = world.check_cases("typed", write_typed(table.parent / "typed/typed.parquet"), cases)
    print(f"spark: {len(cases)} of {len(CASES)} cases of the common suite, {rows} rows equal to DuckDB's as multisets")


def test_slices_are_put_together_from_chunks(world: EngineWorld, peer: SparkSubmitPeer) -> None:
    """What is missing of them comes by one job each, and what is held is not paid for again."""
    rows, jobs = world.check_chunks(lambda: len(peer.slices), SLICES)
    print(f"spark: {len(SLICES)} slices from chunks, {rows} rows equal to DuckDB's as multisets, {jobs} jobs")


def test_only_what_has_changed_is_paid_again(world: EngineWorld, peer: SparkSubmitPeer, table: Path) -> None:
    """One day of three gets other data: of the others nothing is asked again."""
    files = {day: table.parent / f"moves/day={day}/data.parquet" for day in (1, 2, 3)}

    def write(day: int, first: int, rows: int) -> None:
        files[day].parent.mkdir(parents=True, exist_ok=True)
        world.con.execute(f"COPY (SELECT i AS n FROM range({first}, {first + rows}) t(i)) TO '{files[day]}' (FORMAT parquet)")

    for day in files:
        write(day, day * 1_000, 500)
    item = world.add_table("moves", "moves")
    must(cli("catalogue", "chunk", "moves", "--max-rows", "500", data=world.server.data))

    def ask() -> list[str]:
        """The queries that it took."""
        before = len(peer.slices)
        answer = world.request(item, ["day", "n"], [])
        assert answer.status in {200, 201}, answer
        wanted = world.con.execute(f"SELECT day, n FROM read_parquet('{table.parent}/moves/*/*.parquet', hive_partitioning = true)").to_arrow_table()
        assert multiset(world.rows(answer.json["id"])) == multiset(wanted)
        return [order["sql"] for order in peer.slices[before:]]

    assert len(ask()) == 1
    write(2, 90_000, 700)
    world.server.kill()  # a version is believed for a while
    world.server.start()
    (again,) = ask()
    print(again)
    assert "`day` >= 2L AND `day` < 3L" in again


def test_the_items_own_query_tells_whether_the_data_have_changed(world: EngineWorld, peer: SparkSubmitPeer, table: Path) -> None:
    file = table.parent / "watched/data.parquet"
    file.parent.mkdir()

    def write(first: int, mark: int) -> None:
        world.con.execute(f"COPY (SELECT i AS n, {mark} AS mark FROM range({first}, {first + 9}) t(i)) TO '{file}' (FORMAT parquet)")

    write(0, 1)
    item = world.add_table("watched", "watched", "SELECT max(mark) FROM watched")

    def ask() -> tuple[int, list[int]]:
        """The id of the request, and its rows."""
        world.server.kill()  # a version is believed for a while
        world.server.start()
        answer = world.request(item, ["n"], [])
        assert answer.status in {200, 201}, answer
        return answer.json["id"], sorted(world.rows(answer.json["id"])["n"].to_pylist())

    first = ask()
    assert first[1] == list(range(9))
    write(100, 1)
    assert ask() == first, "nobody has said that the data have changed"
    write(200, 2)
    again = ask()
    assert again[0] != first[0] and again[1] == list(range(200, 209))


def test_a_ratio_gives_the_right_share(world: EngineWorld) -> None:
    whole = EngineSlice(("unique", "i32"))
    everything = world.expected(whole).num_rows
    kept = world.rows(world.ask(whole, 0.3))
    sigma = math.sqrt(everything * 0.3 * 0.7)
    print(f"spark: ratio 0.3 of {everything}: {kept.num_rows}, {abs(kept.num_rows - everything * 0.3) / sigma:.2f} sigma")
    assert abs(kept.num_rows - everything * 0.3) <= 4 * sigma


def test_a_table_is_profiled_through_the_engine(world: EngineWorld) -> None:
    answer = world.server.ask("PUT", f"/catalogue/items/{world.item}/samples_and_distributions/", token=world.admin, timeout=900)
    assert answer.status == 200, answer
    item = world.server.ask("GET", f"/catalogue/items/{world.item}", token=world.token).json
    assert len(item["sample"]) == 10
    columns = {column["name"]: column for column in item["spec"]}
    (trues, falses) = world.con.execute("SELECT count(*) FILTER (flag), count(*) FILTER (NOT flag) FROM t").fetchone()
    assert {entry["value"]: entry["count"] for entry in columns["flag"]["distribution"]} == {True: trues, False: falses}
    (numbers,) = world.con.execute("SELECT count(*) FROM t WHERE isfinite(f64)").fetchone()
    assert sum(entry["count"] for entry in columns["f64"]["distribution"]) == numbers


def kill_when(world: EngineWorld, happened: object, seconds: float = 240) -> None:
    """kill -9 as soon as `happened()`, then a new server on the same folder."""
    end = time.monotonic() + seconds
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.002)
    world.server.kill()
    world.server.start()


STATES = {
    "state folder": lambda state, _: any(state.glob("*-*")),
    "order written": lambda state, _: any(state.glob("*/order.json")),
    "launch counted": lambda state, _: any(state.glob("*/launches")),
    "driver started": lambda state, _: any(path.stat().st_size for path in state.glob("*/pid")),
    "claimed": lambda _, results: any(results.glob("runs/*/*/claim-1")),
    "part written": lambda _, results: any(results.glob("runs/*/*/part-*")),
    "manifest": lambda _, results: any(results.glob("runs/*/*/manifest.json")),
}


@pytest.mark.parametrize("state", list(STATES) if FULL_DOSE else ["launch counted", "manifest"])
def test_a_crash_never_pays_again(state: str, host: SparkHost, folder: Path, table: Path, tmp_path: Path) -> None:
    peer = SparkSubmitPeer(host, tmp_path / "submit").start()
    with Server(tmp_path / "data", flags(peer.program, tmp_path, table)) as server:
        world = EngineWorld(server, "SPARK", "every", table).fill()
        request = world.ask(ONE)
        kill_when(world, lambda: STATES[state](tmp_path / "data/spark", tmp_path / "results"))
        world.check(request, ONE)
        assert len(peer.slices) == 1, f"{state}: {len(peer.slices)} paid jobs"
    peer.stop()


@pytest.mark.skipif(not FULL_DOSE, reason="of the full dose: a driver of its own each")
def test_a_stop_ends_the_job(world: EngineWorld, peer: SparkSubmitPeer) -> None:
    ended = peer.ended
    request = world.ask(EngineSlice(("i64", "unique"), (("i64", "!=", 77),)))
    end = time.monotonic() + 240
    while not any("77L" in order["sql"] for order in peer.slices):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert world.server.ask("DELETE", f"/downloader/requests/{request}", token=world.token).status == 200
    while peer.ended == ended:
        assert time.monotonic() < end, "the driver goes on"
        time.sleep(0.05)


@pytest.mark.skipif(not FULL_DOSE, reason="of the full dose: a driver of its own each")
def test_a_table_that_is_not_there_is_told_to_the_person(world: EngineWorld) -> None:
    """A table that is not there: its version can't be told, so nothing is run."""
    body = {"name": "no.such", "spec": world.spec()[:1], "sample": [], "executor_type": "SPARK",
            "maintained_by_id": world.server.ask("GET", "/accounts/me", token=world.admin).json["id"]}
    item = world.server.ask("POST", "/catalogue/items/", body, world.admin).json["id"]
    answer = world.request(item, [body["spec"][0]["name"]], [])
    assert answer.status == 409 and answer.json["@event"] == "CATALOGUEITEM_SOURCE_MISSING", answer
    assert "the data of no.such are not where the catalogue says" in answer.json["message"], answer


@pytest.mark.skipif(not FULL_DOSE, reason="of the full dose: a driver of its own each")
def test_the_real_spark_submit(folder: Path, table: Path, tmp_path: Path) -> None:
    """One job through SPARK_HOME/bin/spark-submit, from the server's start to the rows; the database's password is not its business."""
    program = spark_home() / "bin/spark-submit"
    with Server(tmp_path / "data", flags(program, tmp_path, table), env=spark_environment()) as server:
        world = EngineWorld(server, "SPARK", "every", table).fill()
        began = time.monotonic()
        request = world.ask(ONE)
        if FULL_DOSE or os.environ.get("LAKELIFT_CRASH_REAL_SPARK"):
            kill_when(world, lambda: any((tmp_path / "results").glob("runs/*/*/claim-1")))
        rows = world.check(request, ONE)
        print(f"spark-submit: {rows} rows in {time.monotonic() - began:.1f} s")
        assert len(list((tmp_path / "results").glob("runs/*/*/claim-*"))) == 1
