"""Databricks as an engine: a Jobs API at the wire, whose runs a real Spark carries out; crashes, faults, stops."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.peers.databricks_peer import DatabricksPeer, Faults
from tests.peers.engine_slices import CASES, write_typed
from tests.peers.engine_world import SLICES, EngineSlice, EngineWorld, lake
from tests.peers.spark import SparkHost
from tests.server_process import FULL_DOSE, Server

ONE = EngineSlice(("i32", "part"), (("part", "=", 1),), "part = 1")


pytestmark = pytest.mark.skipif(not FULL_DOSE, reason="of the full dose: Spark is started for each order")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("databricks")


@pytest.fixture(scope="module")
def table(folder: Path) -> Path:
    return lake(folder / "lake")


@pytest.fixture(scope="module")
def host(folder: Path) -> Iterator[SparkHost]:
    started = SparkHost(folder / "host").start()
    yield started
    started.stop()


def carry_out(host: SparkHost, table: Path) -> Callable[[str], int]:
    """A workspace's catalogue has the table; a Spark of the tests gets it as a view."""

    def run(order: str) -> int:
        told = json.loads(order)
        tables = {"every": str(table), "typed": f"{table.parent}/typed"}
        told["views"] = {name: place for name, place in tables.items() if told["table"] == [name]}
        return host.run(json.dumps(told))

    return run


@pytest.fixture
def peer(host: SparkHost, table: Path) -> Iterator[DatabricksPeer]:
    started = DatabricksPeer(carry_out(host, table), host.cancel).start()
    yield started
    started.stop()
    assert not started.wrong


@pytest.fixture
def world(peer: DatabricksPeer, table: Path, tmp_path: Path) -> Iterator[EngineWorld]:
    flags = ["--databricks-host", peer.address, "--databricks-cluster", "0101-tests", "--databricks-script", "dbfs:/lakelift/run_slice.py",
             "--databricks-results", str(tmp_path / "results")]
    with Server(tmp_path / "data", flags, env={"LAKELIFT_DATABRICKS_TOKEN": peer.bearer}) as server:
        yield EngineWorld(server, "DATABRICKS", "every", table).fill()
        assert peer.bearer not in server.log.read_text()


def test_slices_are_duckdbs(world: EngineWorld, peer: DatabricksPeer) -> None:
    asked = [(world.ask(one), one) for one in SLICES]
    rows = [world.check(request, one) for request, one in asked]
    print(f"databricks: {len(SLICES)} slices, {sum(rows)} rows equal to DuckDB's as multisets, {len(peer.slices)} runs")
    assert len(peer.slices) <= len(SLICES)


def test_the_suite_of_all_outside_engines(world: EngineWorld, table: Path) -> None:
    rows = world.check_cases("typed", write_typed(table.parent / "typed/typed.parquet"), CASES)
    print(f"databricks: {len(CASES)} cases of the common suite, {rows} rows equal to DuckDB's as multisets")


def test_slices_are_put_together_from_chunks(world: EngineWorld, peer: DatabricksPeer) -> None:
    rows, runs = world.check_chunks(lambda: len(peer.slices), SLICES)
    print(f"databricks: {len(SLICES)} slices from chunks, {rows} rows equal to DuckDB's as multisets, {runs} runs")


def test_a_ratio_gives_the_right_share(world: EngineWorld) -> None:
    whole = EngineSlice(("unique", "i32"))
    everything = world.expected(whole).num_rows
    kept = world.rows(world.ask(whole, 0.3)).num_rows
    assert abs(kept - everything * 0.3) <= 4 * math.sqrt(everything * 0.3 * 0.7)


@pytest.mark.parametrize("fault", ["throttle", "refuse", "garbage", "lose_submits"])
def test_faults_that_pass_are_sat_out(world: EngineWorld, peer: DatabricksPeer, fault: str) -> None:
    setattr(peer.faults, fault, 2)
    world.check(world.ask(ONE), ONE)
    assert len(peer.slices) == 1, "one paid run, whatever was lost on the way"
    if fault == "lose_submits":
        assert peer.submits > len(peer.runs)


STATES: dict[str, Callable[[DatabricksPeer, Path], bool]] = {
    "submitted": lambda peer, _: bool(peer.slices),
    "pending": lambda peer, _: any(run.life_cycle == "PENDING" for run in peer.slices),
    "running": lambda peer, _: any(run.life_cycle == "RUNNING" for run in peer.slices),
    "claimed": lambda _, results: any(results.glob("runs/*/*/claim-1")),
    "part written": lambda _, results: any(results.glob("runs/*/*/part-*")),
    "manifest": lambda _, results: any(results.glob("runs/*/*/manifest.json")),
    "terminated": lambda peer, _: any(run.life_cycle == "TERMINATED" for run in peer.slices),
}


@pytest.mark.parametrize("state", list(STATES))
def test_a_crash_never_pays_again(world: EngineWorld, peer: DatabricksPeer, tmp_path: Path, state: str) -> None:
    if state in {"submitted", "pending"}:
        peer.faults.queue_seconds = 1
    request = world.ask(ONE)
    end = time.monotonic() + 240
    while not STATES[state](peer, tmp_path / "results"):
        assert time.monotonic() < end
        time.sleep(0.002)
    world.server.kill()
    world.server.start()
    world.check(request, ONE)
    assert len(peer.slices) == 1, f"{state}: {len(peer.slices)} paid runs"


def test_a_lost_answer_and_a_crash_pay_once(world: EngineWorld, peer: DatabricksPeer) -> None:
    """The workspace took the order, the server never learned of it, and died."""
    peer.faults = Faults(lose_submits=100, queue_seconds=1)
    request = world.ask(ONE)
    while not peer.slices:
        time.sleep(0.002)
    world.server.kill()
    peer.faults.lose_submits = 0
    world.server.start()
    world.check(request, ONE)
    assert len(peer.slices) == 1


def test_a_stop_cancels_the_run(world: EngineWorld, peer: DatabricksPeer) -> None:
    peer.faults.queue_seconds = 600
    request = world.ask(ONE)
    while not peer.slices:
        time.sleep(0.01)
    assert world.server.ask("DELETE", f"/downloader/requests/{request}", token=world.token).status == 200
    end = time.monotonic() + 60
    while peer.slices[0].result != "CANCELED":
        assert time.monotonic() < end, "the run goes on"
        time.sleep(0.05)


def damage(tmp_path: Path, what: str) -> Callable[[str], None]:
    def after(order: str) -> None:
        output = Path(json.loads(order)["output"])
        part = next(output.glob("part-*"))
        if what == "missing part":
            part.unlink()
        elif what == "short part":
            part.write_bytes(part.read_bytes()[:-10])
        elif what == "garbage part":
            part.write_bytes(b"x" * part.stat().st_size)
        elif what == "no manifest":
            (output / "manifest.json").unlink()
        elif what == "garbage manifest":
            (output / "manifest.json").write_text("{")
        elif what == "too few rows":
            manifest = json.loads((output / "manifest.json").read_text())
            manifest["answer"]["rows"] += 1
            manifest["answer"]["parts"][0]["rows"] += 1
            (output / "manifest.json").write_text(json.dumps(manifest))

    return after


DAMAGES = ["short part", "no manifest", "too few rows", "missing part", "garbage part", "garbage manifest", "nothing done"]


@pytest.mark.parametrize("what", DAMAGES)
def test_a_result_that_is_not_whole_is_never_published(world: EngineWorld, peer: DatabricksPeer, tmp_path: Path, what: str) -> None:
    peer.faults.after = damage(tmp_path, what) if what != "nothing done" else None
    peer.faults.skip_script = what == "nothing done"
    done = world.done(world.ask(ONE))
    assert done["state"] == "FAILED", done
    assert done["download_uri"] is None
    assert "RESULT_BROKEN" in json.dumps(done) or "result" in json.dumps(done), done
    assert len(peer.slices) == 1


def test_what_databricks_says_reaches_the_person(world: EngineWorld, peer: DatabricksPeer) -> None:
    peer.faults.internal_error = 100
    done = world.done(world.ask(ONE))
    assert done["state"] == "FAILED"
    assert "waiting for the cluster" in json.dumps(done), done
    assert 1 < len(peer.slices) <= 3, "what the workspace lost is run anew, and not for ever"
