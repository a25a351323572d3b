"""Slices put together from chunks: the same rows as from the source, as a multiset, whatever was held before."""

from __future__ import annotations

import io
import json
import math
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.e2e import oracle_tables
from tests.e2e.oracle_compare import canonical
from tests.e2e.oracle_slices import Slice, Slices
from tests.e2e.test_derived_slices import as_the_api_says, is_sayable
from tests.server_process import Server, cli, must

FULL = os.environ.get("LAKELIFT_DOSE") == "full"
ASKED = 700 if FULL else 45  # of each table
SEED = int(os.environ.get("LAKELIFT_SEED", "20181101"))
ASSEMBLED = "lakelift_slices_assembled_total"


def multiset(table: pa.Table) -> Counter:
    return Counter(zip(*[canonical(table[name]).to_pylist() for name in table.column_names], strict=True))


class Chunked:
    """An item that is cut into chunks, the same files as an item that is not, and the same table in DuckDB."""

    def __init__(self, server: Server, con: duckdb.DuckDBPyConnection, table: oracle_tables.Table, most_rows: int):
        self.server, self.con, self.table = server, con, table
        self.paths = roots(table)
        self.item = server.add_item(f"cut.{table.name}", *self.paths)
        self.token = server.account(f"{table.name}@example.com")
        must(cli("catalogue", "chunk", f"cut.{table.name}", "--max-rows", str(most_rows), data=server.data))

    def rows(self, asked: Slice, ratio: float = 1) -> pa.Table:
        filters = [as_the_api_says(one) for one in asked.filters]
        answer = self.server.request(self.token, self.item, asked.columns, filters, ratio)
        assert answer.status in {200, 201}, answer
        done = self.server.wait_done(self.token, answer.json["id"])
        assert done["state"] == "DONE", done
        data = self.server.ask("GET", done["download_uri"] + "?format=parquet")
        assert data.status == 200, data
        return pq.read_table(io.BytesIO(data.body))

    def is_contradiction(self, asked: Slice) -> bool:
        spec = {"columns": asked.columns, "filters": [as_the_api_says(one) for one in asked.filters]}
        body = {"spec": spec, "catalogue_item_id": self.item}
        return self.server.ask("POST", "/downloader/requests/estimate/", body, self.token).status == 400

    def check(self, asked: Slice) -> None:
        ours = self.rows(asked)
        expected = self.con.execute(asked.sql()).to_arrow_table()
        what = f"{asked.columns} where {asked.where}"
        assert ours.column_names == expected.column_names, what
        assert ours.num_rows == expected.num_rows, what
        assert multiset(ours) == multiset(expected), what

    def held(self) -> Any:
        return self.server.ask("GET", f"/catalogue/items/{self.item}/held", token=self.token).json


def roots(table: oracle_tables.Table) -> list[Path]:
    """The folder of files in "key=value" folders, else the files."""
    if any("=" in name for name, _ in table.inputs):
        name, path = table.inputs[0]
        return [Path(str(path)[: -len(name)])]
    return [path for _, path in table.inputs]


@pytest.fixture(scope="module", params=["flights", "every", "parts"])
def chunked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chunked]:
    folder = tmp_path_factory.mktemp("chunked")
    con = duckdb.connect(config={"threads": 2})
    table = getattr(oracle_tables, request.param)(con, folder)
    with Server(folder / "data") as server:
        yield Chunked(server, con, table, most_rows=max(50, table.rows // 9))
    con.close()


def draw(slices: Slices, broad: bool) -> Slice:
    while True:
        asked = slices.draw(broad=broad, most_columns=6)
        if all(is_sayable(one) for one in asked.filters):
            return asked


def test_assembled_is_direct(chunked: Chunked) -> None:
    dice = random.Random(f"{SEED} {chunked.table.name}")
    slices = Slices(chunked.con, chunked.table, dice)
    before = chunked.server.metric(ASSEMBLED)
    empty = 0
    for turn in range(ASKED):
        # What is held grows, and is taken away now and then: pairs of something held and something asked.
        if turn % 60 == 59:
            must(cli("catalogue", "chunk", f"cut.{chunked.table.name}", "--max-rows",
                     str(max(50, chunked.table.rows // dice.randint(2, 30))), data=chunked.server.data))
        asked = draw(slices, broad=dice.random() < 0.5)
        if chunked.is_contradiction(asked):
            continue
        empty += asked.kept == 0
        chunked.check(asked)
    assembled = chunked.server.metric(ASSEMBLED) - before
    print(f"\n{chunked.table.name}: {ASKED} asked, {assembled:.0f} put together from chunks, {empty} without rows")
    assert assembled >= ASKED / 3


def test_a_share_is_the_one_that_the_source_gives(chunked: Chunked, tmp_path: Path) -> None:
    """Rows of chunks keep what the sampler goes by: a share of them is the share of the table."""
    slices = Slices(chunked.con, chunked.table, random.Random(SEED))
    worker = chunked.table.worker()
    for ratio in (0.5, 0.1, 0.01):
        asked = draw(slices, broad=True)
        if chunked.is_contradiction(asked):
            continue
        direct = tmp_path / f"{ratio}.parquet"
        worker.run(asked.work(ratio, str(chunked.item)), direct)
        ours = chunked.rows(asked, ratio)
        assert multiset(ours) == multiset(pq.read_table(direct))
        assert not multiset(ours) - multiset(chunked.con.execute(asked.sql()).to_arrow_table())
        sigma = math.sqrt(asked.kept * ratio * (1 - ratio))
        assert abs(ours.num_rows - asked.kept * ratio) <= 4 * sigma + 1


def test_what_is_held_is_told_and_can_be_dropped(chunked: Chunked) -> None:
    held = chunked.held()
    assert held["chunks"] > 1 and 0 < held["chunks_held"] <= held["chunks"]
    assert held["rows"] == chunked.table.rows
    piece = held["pieces"][0]
    assert piece["paid_by"]["email"] == f"{chunked.table.name}@example.com"
    chunks = chunked.server.ask("GET", f"/catalogue/items/{chunked.item}/chunks", token=chunked.token).json["chunks"]
    assert sum(chunk["count"] for chunk in chunks) == chunked.table.rows
    address = f"/chunks/not_explored/?catalogue_item_id={chunked.item}"
    unexplored = chunked.server.ask("GET", address, token=chunked.token).json["chunks"]
    assert {chunk["id"] for chunk in unexplored} <= {chunk["id"] for chunk in chunks}
    must(cli("catalogue", "chunk", f"cut.{chunked.table.name}", "--remove", data=chunked.server.data))
    assert chunked.held()["chunks"] == 0
    name = next(iter(chunked.table.types))
    chunked.check(Slice(chunked.table, [name]))  # and all goes on without


def test_only_what_changed_is_fetched_again(tmp_path: Path) -> None:
    """Two days; one of them gets other rows: of the other day nothing is read again."""
    for day, rows in ((1, 400), (2, 300)):
        folder = tmp_path / "lake" / f"day={day}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"a": list(range(rows)), "b": [f"{day}-{i}" for i in range(rows)]}), folder / "f.parquet")
    with Server(tmp_path / "data") as server:
        item = server.add_item("changing.days", tmp_path / "lake")
        token = server.account("reader@example.com")
        must(cli("catalogue", "chunk", "changing.days", "--max-rows", "500", data=server.data))

        def ask(*columns: str) -> tuple[int, int]:
            """Rows, and bytes scanned."""
            done = server.wait_done(token, server.request(token, item, list(columns)).json["id"])
            assert done["state"] == "DONE", done
            entries = json.loads(must(cli("audit", "--kind", "run.brought_chunks", "--output", "json", data=server.data)))
            return done["rows"], sum(entry["scanned_bytes"] for entry in entries)

        rows, first = ask("a", "b", "day")
        assert rows == 700
        pq.write_table(pa.table({"a": list(range(10)), "b": ["new"] * 10}), tmp_path / "lake" / "day=2" / "f.parquet")
        rows, both = ask("a", "b", "day")
        assert rows == 410
        assert 0 < both - first < first / 2, "day 1 was not read again"
        held = server.ask("GET", f"/catalogue/items/{item}/held", token=token).json
        assert held["chunks_held"] == held["chunks"] == 2
