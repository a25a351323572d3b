"""Tables of Athena: added, asked, killed at, throttled, broken. The light dose has DuckDB behind Athena's wire, the full one Trino too."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.peers import engine_slices
from tests.peers.athena_engines import DuckEngine, TrinoEngine, put
from tests.peers.athena_wire import AthenaPeer, Query
from tests.peers.engine_slices import CASES, WEATHER_CASES, Case, expected, rows_of, where
from tests.peers.s3 import S3
from tests.peers.trino import Trino
from tests.server_process import FULL_DOSE, WEATHER, Server, cli, must

ENGINES = ["duckdb", "trino"] if FULL_DOSE else ["duckdb"]
KILLS = 48 if FULL_DOSE else 12
WAIT_SECONDS = 180


@dataclass
class World:
    s3: S3
    athena: AthenaPeer
    server: Server
    con: duckdb.DuckDBPyConnection
    sources: dict[str, str]  # each table in DuckDB's words
    admin: str = ""
    token: str = ""
    items: int = 0

    def item(self, table: str, profile: bool = False) -> dict[str, Any]:
        """A new catalogue item: nothing of it is held."""
        self.items += 1
        body = {"name": f"lake.{table}_{self.items}", "executor_type": "ATHENA", "table": f"lake.{table}", "profile": profile}
        answer = self.server.ask("POST", "/catalogue/tables/", body, self.admin, timeout=WAIT_SECONDS)
        assert answer.status == 201, answer
        return answer.json

    def ask(self, item: int, case: Case, ratio: float = 1) -> int | None:
        """The request's id; None: its filters contradict each other."""
        answer = self.server.request(self.token, item, case.columns, case.filters, ratio)
        if answer.status == 400 and b"No row" in answer.body:
            return None
        assert answer.status in {200, 201}, answer
        return int(answer.json["id"])

    def state(self, request: int) -> str:
        return self.server.ask("GET", f"/downloader/requests/{request}", token=self.token).json["state"]

    def done(self, request: int) -> dict[str, Any]:
        return self.server.wait_done(self.token, request, WAIT_SECONDS)

    def rows(self, done: dict[str, Any]) -> Any:
        assert done["state"] == "DONE", done["failure"] or done
        answer = self.server.ask("GET", done["download_uri"] + "?format=parquet")
        assert answer.status == 200, answer
        return pq.read_table(io.BytesIO(answer.body))

    def expected(self, case: Case) -> Any:
        return expected(self.con, self.sources[case.table], case)


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    store = S3.of_this_run("athena")
    yield store
    store.remove()


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, dict[str, str]]]:
    """The engine, and its tables in DuckDB's words."""
    folder = tmp_path_factory.mktemp("tables")
    typed = engine_slices.write_typed(folder / "typed" / "typed.parquet")
    weather = engine_slices.weather_files(WEATHER)
    listed = ", ".join(f"'{file}'" for file in weather)
    sources = {"typed": f"read_parquet('{typed}')", "weather": f"read_parquet([{listed}], hive_partitioning = true)"}
    if request.param == "duckdb":
        duck = DuckEngine(s3, folder / "duck")
        duck.add_table("lake", "typed", [typed])
        duck.add_table("lake", "weather", weather, ("month", "day"))
        yield duck, sources
        return
    assert Trino.is_there(), "run scripts/deps.sh full"
    put(s3, "tables/typed/typed.parquet", typed)
    for file in weather:
        put(s3, "tables/weather/" + str(file.relative_to(WEATHER)), file)
    node = Trino.of_this_run(s3)
    try:
        trino = TrinoEngine(node.address, s3)
        trino.add_table("lake", "typed", engine_slices.DEFINITION, "s3://lake/tables/typed/")
        kinds = {"VARCHAR": "varchar", "INTEGER": "integer", "DOUBLE": "double", "BIGINT": "bigint"}
        described = duckdb.sql(f"DESCRIBE SELECT * EXCLUDE (month, day) FROM {sources['weather']}").fetchall()
        columns = ", ".join(f'"{name}" {kinds[kind]}' for name, kind, *_ in described)
        trino.add_table("lake", "weather", f"{columns}, month integer, day integer", "s3://lake/tables/weather/", ("month", "day"))
        yield trino, sources
    finally:
        node.remove()


@pytest.fixture
def world(engine: tuple[Any, dict[str, str]], s3: S3, tmp_path: Path) -> Iterator[World]:
    with AthenaPeer(engine[0], s3) as athena:
        flags = ["--athena-output", "s3://lake/results", "--athena-endpoint", athena.address, "--athena-s3-endpoint", s3.address,
                 "--source-check-seconds", "0"]
        env = {"AWS_ACCESS_KEY_ID": s3.key, "AWS_SECRET_ACCESS_KEY": s3.secret}
        con = duckdb.connect(config={"threads": 2})
        with Server(tmp_path / "data", flags, env) as server:
            made = World(s3, athena, server, con, engine[1])
            made.admin = server.account("admin@example.com", "ADMIN")
            made.token = server.account("someone@example.com")
            yield made
        con.close()


def test_a_table_is_added_by_its_name(world: World) -> None:
    must(cli("catalogue", "add", "lake.typed", "--executor", "athena", data=world.server.data))
    item_id = int(must(cli("catalogue", "show", "lake.typed", "--output", "id", data=world.server.data)))
    item = world.server.ask("GET", f"/catalogue/items/{item_id}", token=world.token).json
    kinds = {c["name"]: c["type"] for c in item["spec"]}
    assert kinds == {"n": "INTEGER", "i": "INTEGER", "f": "FLOAT", "r": "FLOAT", "price": "FLOAT", "s": "STRING", "b": "BOOLEAN",
                     "d": "DATETIME", "t": "DATETIME"}
    rows = world.con.execute(f"SELECT count(*) FROM {world.sources['typed']}").fetchall()[0][0]
    assert item["rows"] == rows and item["bytes"] > 0 and len(item["sample"]) == 10
    figures = {f["name"]: f for f in item["statistics"]}
    for name in kinds:
        nulls, distinct = world.con.execute(f'SELECT count(*) - count("{name}"), count(DISTINCT "{name}") FROM {world.sources["typed"]}').fetchall()[0]
        assert (figures[name]["nulls"], figures[name]["distinct"]) == (nulls, distinct), name
        assert not figures[name]["is_partial"]
    assert sum(c["size"] for c in item["spec"]) == pytest.approx(item["bytes"], rel=0.05)
    assert figures["n"]["min"] == -(2**63) and figures["n"]["max"] == 2**63 - 1
    weather = world.item("weather", profile=True)
    assert {c["name"]: c["size"] for c in weather["spec"] if c["name"] in {"month", "day"}} == {"month": 0, "day": 0}
    missing = world.server.ask("POST", "/catalogue/tables/", {"name": "lake.none", "executor_type": "ATHENA"}, world.admin)
    assert missing.status == 404 and b"lake.none" in missing.body, missing
    print(f"\n{len(world.athena.queries)} queries added two tables")


def test_slices_are_those_of_the_source(world: World) -> None:
    """Each on an item of its own, so that each is a run."""
    asked = []
    for case in CASES + WEATHER_CASES:
        request = world.ask(world.item(case.table)["id"], case)
        asked.append((case, request))
        if request is None:
            assert not world.expected(case), case
    runs = 0
    for case, request in asked:
        if request is None:
            continue
        runs += 1
        assert rows_of(world.rows(world.done(request))) == world.expected(case), case
    assert len(world.athena.submissions) == runs
    print(f"\n{runs} slices are equal to DuckDB's on the source; {len(asked) - runs} contradict themselves")


@pytest.mark.parametrize(("table", "most_rows"), [("typed", 10), ("weather", 3_000)])
def test_slices_are_put_together_from_chunks(table: str, most_rows: int, world: World) -> None:
    """What is missing of them comes by one query each, and what is held is not paid for again."""
    item = world.item(table, profile=True)
    must(cli("catalogue", "chunk", item["name"], "--max-rows", str(most_rows), data=world.server.data))
    cases = WEATHER_CASES if table == "weather" else CASES if FULL_DOSE else CASES[::3]
    answered = 0
    for case in reversed(cases):  # the first of them have all rows: nothing would be left to put together
        request = world.ask(item["id"], case)
        if request is None:
            continue
        answered += 1
        assert rows_of(world.rows(world.done(request))) == world.expected(case), case
    held = world.server.ask("GET", f"/catalogue/items/{item['id']}/held", token=world.token).json
    assembled = world.server.metric("lakelift_slices_assembled_total")
    paid = len(world.athena.submissions)
    print(f"\n{table}: {answered} slices from {held['chunks_held']} of {held['chunks']} chunks, {assembled:.0f} put together, {paid} queries paid")
    assert held["chunks"] > 2 and assembled >= answered / 3 and paid <= answered
    if table == "typed":
        assert paid < answered / 2


def test_only_what_has_changed_is_paid_again(world: World, engine: tuple[Any, dict[str, str]], tmp_path: Path) -> None:
    """One day of three gets other data: of the others nothing is asked again."""
    if not isinstance(engine[0], DuckEngine):
        pytest.skip("needs a table whose files change: DuckDB's")
    days = [day.split("=")[-1] for day in engine_slices.WEATHER_DAYS]
    files = []
    for day in days:
        file = tmp_path / f"moves/day={day}/data.parquet"
        file.parent.mkdir(parents=True)
        world.con.execute(f"COPY (SELECT i AS n, i % 7 AS m FROM range({int(day) * 1000}, {int(day) * 1000 + 500}) t(i)) TO '{file}' (FORMAT parquet)")
        files.append(file)
    engine[0].add_table("lake", "moves", files, ("day",))
    item = world.item("moves", profile=True)
    must(cli("catalogue", "chunk", item["name"], "--max-rows", "500", data=world.server.data))
    case = Case(["m", "n"], [], "moves")
    world.sources["moves"] = f"read_parquet('{tmp_path}/moves/*/*.parquet', hive_partitioning = true)"

    def ask() -> list[str]:
        """The queries that it took."""
        before = len(world.athena.submissions)
        assert rows_of(world.rows(world.done(world.ask(item["id"], case) or 0))) == world.expected(case)
        return [query.sql for query in world.athena.submissions[before:]]

    assert len(ask()) == 1
    world.con.execute(f"COPY (SELECT i AS n, 3 AS m FROM range(90000, 90700) t(i)) TO '{files[1]}' (FORMAT parquet)")
    engine[0].add_table("lake", "moves", files, ("day",))
    world.server.kill()  # a version is believed for a while
    world.server.start()
    (again,) = ask()
    print(again)
    assert "\"day\" >= BIGINT '2' AND \"day\" < BIGINT '3'" in again


def test_the_items_own_query_tells_whether_the_data_have_changed(world: World, engine: tuple[Any, dict[str, str]], tmp_path: Path) -> None:
    if not isinstance(engine[0], DuckEngine):
        pytest.skip("needs a table whose files change: DuckDB's")
    files = {name: [tmp_path / f"{name}.parquet"] for name in ("watched", "loads")}

    def write(name: str, first: int) -> None:
        world.con.execute(f"COPY (SELECT i AS n FROM range({first}, {first + 9}) t(i)) TO '{files[name][0]}' (FORMAT parquet)")
        engine[0].add_table("lake", name, files[name])

    for name in files:
        write(name, 0)
    world.sources["watched"] = f"read_parquet('{files['watched'][0]}')"
    must(cli("catalogue", "add", "lake.watched", "--executor", "athena", "--version-query", "SELECT max(n) FROM lake.loads", data=world.server.data))
    item = int(must(cli("catalogue", "show", "lake.watched", "--output", "id", data=world.server.data)))
    case = Case(["n"], [], "watched")

    def ask() -> int:
        """The id of the request; its rows are those that were there when it ran."""
        world.server.kill()  # a version is believed for a while
        world.server.start()
        request = world.ask(item, case)
        assert request is not None
        world.rows(world.done(request))
        return request

    first = ask()
    write("watched", 100)
    assert ask() == first, "nobody has said that the data have changed"
    write("loads", 50)
    again = ask()
    assert again != first and rows_of(world.rows(world.done(again))) == world.expected(case)
    body = {"name": "lake.x", "executor_type": "ATHENA", "table": "lake.watched", "version_query": "DROP TABLE lake.loads"}
    refused = world.server.ask("POST", "/catalogue/tables/", body, world.admin)
    assert refused.status == 400 and list(refused.json["errors"]) == ["version_query"], refused


def test_what_a_person_writes_reaches_the_engine_in_quotes(world: World) -> None:
    """Threats T14: outside of quotes stand our own words alone."""
    item = world.item("typed")["id"]
    for text in engine_slices.NAUGHTY:
        case = Case(["s"], [where("s", "=", text)])
        request = world.ask(item, case)
        assert request is not None
        assert rows_of(world.rows(world.done(request))) == world.expected(case)
    outside = set()
    for query in world.athena.submissions:
        print(query.sql)
        outside.add(re.sub(r"U?&?'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", "?", query.sql))
    assert outside == {"UNLOAD (SELECT ? FROM ?.? WHERE ? = ?) TO ? WITH (format = ?, compression = ?)"}


def test_a_share_of_the_rows(world: World) -> None:
    case = Case(["temp", "zip_code"], [], "weather")
    whole = world.expected(case)
    share = rows_of(world.rows(world.done(world.ask(world.item("weather")["id"], case, 0.3) or 0)))
    n = whole.total()
    assert not share - whole, "each row is one of the source's, none twice"
    assert abs(share.total() - 0.3 * n) <= 4 * (n * 0.3 * 0.7) ** 0.5
    assert not rows_of(world.rows(world.done(world.ask(world.item("weather")["id"], case, 0) or 0)))


def test_throttled_slow_and_with_lost_answers(world: World) -> None:
    world.athena.throttle_every = 3
    world.athena.queue_seconds = 1
    world.athena.lose_answers.update({"StartQueryExecution": 2, "GetQueryExecution": 2})
    world.athena.garbage.update({"GetQueryExecution": 2})
    case = Case(["n", "s"], [where("n", ">", 0)])
    item = world.item("typed")["id"]
    world.athena.lose_answers.update({"StartQueryExecution": 2})
    request = world.ask(item, case)
    assert request is not None
    assert rows_of(world.rows(world.done(request))) == world.expected(case)
    assert len(world.athena.submissions) == 1
    assert world.athena.refused["ThrottlingException"] > 3


def test_failures_say_what_to_do(world: World) -> None:
    item = world.item("typed")["id"]

    def failed(case: Case) -> dict[str, Any]:
        done = world.done(world.ask(item, case) or 0)
        assert done["state"] == "FAILED", done
        print(done["failure"])
        return done["failure"]

    world.athena.fail_next_unload = "EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded per-node memory limit"
    assert "ask for fewer columns or rows" in failed(Case(["n"]))["message"]
    world.athena.fail_next_unload = "TABLE_NOT_FOUND: line 1:22: Table 'hive.lake.typed' does not exist"
    assert "is not there" in failed(Case(["s"]))["message"]

    def shorten(query: Query, keys: list[str]) -> None:
        content = world.s3.call("GET", f"/lake/{keys[0]}")
        world.s3.call("PUT", f"/lake/{keys[0]}", body=content[:-7])

    def remove(query: Query, keys: list[str]) -> None:
        world.s3.call("DELETE", f"/lake/{keys[0]}")

    for damage, case in ((shorten, Case(["f"])), (remove, Case(["b"]))):
        world.athena.after_unload = damage
        assert failed(case)["event"] == "RESULT_BROKEN"
    world.athena.after_unload = None
    assert rows_of(world.rows(world.done(world.ask(item, Case(["d"])) or 0))) == world.expected(Case(["d"]))


def test_a_request_that_is_left_is_ended_in_the_engine(world: World) -> None:
    world.athena.run_seconds = 120
    request = world.ask(world.item("typed")["id"], Case(["n"]))
    wait_until(lambda: any(q.state == "RUNNING" for q in world.athena.submissions))
    assert world.server.ask("DELETE", f"/downloader/requests/{request}", token=world.token).status in {200, 204}
    wait_until(lambda: world.athena.submissions[0].state == "CANCELLED")


def wait_until(is_true: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.02)


class Killer:
    """Kills the server at its n-th call of the peer, before the call is carried out or after it."""

    def __init__(self, world: World) -> None:
        self.world, self.left, self.after, self.fell = world, 0, False, threading.Event()
        answer = world.athena.answer

        def answered(headers: Any, path: str, body: bytes) -> Any:
            is_last = self._is_last()
            if is_last and not self.after:
                self._kill()
                return 200, None
            done = answer(headers, path, body)
            if is_last:
                self._kill()
            return done

        world.athena.answer = answered  # type: ignore[method-assign]

    def _is_last(self) -> bool:
        with self.world.athena.lock:
            self.left -= 1
            return self.left == 0

    def _kill(self) -> None:
        self.world.server.kill()
        self.fell.set()

    def arm(self, call: int, after: bool) -> None:
        self.fell.clear()
        self.after = after
        self.left = call


def test_kill_9_at_each_call_never_pays_twice(world: World) -> None:
    """Two queries before: columns and version are known, so the calls of a run are those counted: begin, and five looks."""
    killer = Killer(world)
    world.athena.queue_seconds = 1.2
    kills = 0
    for number in range(KILLS):
        item = world.item("typed")["id"]
        case = Case(["n", "s"], [where("n", ">", -number)])
        before = len(world.athena.submissions)
        killer.arm(1 + number // 2 % 6, bool(number % 2))
        request = None
        try:
            request = world.ask(item, case)
            assert request is not None
            wait_until(lambda r=request: killer.fell.is_set() or world.state(r) == "DONE")
        except (OSError, HTTPException):
            assert killer.fell.wait(10), "the line broke, and nobody was killed"
        killer.left = 0
        if killer.fell.is_set():
            kills += 1
            world.server.start()
        # Who was not answered asks again, and joins.
        request = request or world.ask(item, case)
        assert request is not None
        done = world.done(request)
        assert rows_of(world.rows(done)) == world.expected(case), number
        assert len(world.athena.submissions) - before == 1, f"kill {number}: paid {len(world.athena.submissions) - before} times"
    print(f"\n{kills} kills, {KILLS} requests, {len(world.athena.submissions)} queries paid")
    assert kills >= KILLS * 5 // 6
