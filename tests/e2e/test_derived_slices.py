"""A slice that lies in one that is held is taken from it: the same rows as from the source, which is not read again."""

from __future__ import annotations

import io
import json
import math
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.e2e import oracle_tables
from tests.e2e.oracle_compare import assert_same
from tests.e2e.oracle_slices import Slice, Slices
from tests.server_process import Server, cli, must

PAIRS = 400 if os.environ.get("LAKELIFT_DOSE") == "full" else 40
SEED = int(os.environ.get("LAKELIFT_SEED", "20181101"))
DERIVED = "lakelift_slices_derived_total"


class Asking:
    """One item of a server, and the same table in DuckDB."""

    def __init__(self, server: Server, con: duckdb.DuckDBPyConnection, table: oracle_tables.Table):
        self.server, self.con, self.table = server, con, table
        self.item = server.add_item(f"held.{table.name}", *[path for _, path in table.inputs])
        self.token = server.account(f"{table.name}@example.com")

    def rows(self, columns: list[str], filters: list[dict[str, Any]], ratio: float = 1) -> pa.Table:
        """What the server hands over."""
        asked = self.server.request(self.token, self.item, columns, [as_the_api_says(f) for f in filters], ratio)
        assert asked.status in {200, 201}, asked
        done = self.server.wait_done(self.token, asked.json["id"])
        assert done["state"] == "DONE", done
        answer = self.server.ask("GET", done["download_uri"] + "?format=parquet")
        assert answer.status == 200, answer
        return pq.read_table(io.BytesIO(answer.body))

    def check(self, asked: Slice) -> None:
        expected = self.con.execute(asked.sql()).to_arrow_table()
        assert_same(self.rows(asked.columns, asked.filters), expected, f"{asked.columns} where {asked.where}")

    def is_refused(self, asked: Slice) -> bool:
        """Because its filters contradict each other: then there are no rows."""
        answer = self.server.request(self.token, self.item, asked.columns, [as_the_api_says(f) for f in asked.filters])
        if answer.status != 400:
            self.server.wait_done(self.token, answer.json["id"])
            return False
        assert "No row" in answer.body.decode(), answer
        assert self.con.execute(asked.sql()).to_arrow_table().num_rows == 0, asked.where
        return True

    def derived(self) -> float:
        return self.server.metric(DERIVED)


def as_the_api_says(spec: dict[str, Any]) -> dict[str, Any]:
    value = float(spec["value"]) if spec["type"] == "FLOAT" else spec["value"]
    return {"name": spec["name"], "operator": spec["operator"], "value": value}


def is_sayable(spec: dict[str, Any]) -> bool:
    """In JSON, and without a time, whose text has its own tests."""
    return spec["type"] != "DATETIME" and not (spec["type"] == "FLOAT" and not math.isfinite(float(spec["value"])))


@pytest.fixture(scope="module", params=["flights", "every"])
def asking(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    folder = tmp_path_factory.mktemp("derived")
    con = duckdb.connect(config={"threads": 2})
    table = oracle_tables.flights(con, folder) if request.param == "flights" else oracle_tables.every(con, folder)
    with Server(folder / "data") as server:
        yield Asking(server, con, table)
    con.close()


def draw(slices: Slices, dice: random.Random) -> tuple[Slice, Slice]:
    """A slice, and one that lies in it: more filters, fewer columns."""
    while True:
        wide, more = slices.draw(broad=True, most_columns=8), slices.draw(broad=False, most_columns=1)
        if not all(is_sayable(spec) for spec in wide.filters + more.filters):
            continue
        looked_at = {spec["name"] for spec in more.filters}
        columns = sorted({*wide.columns, *looked_at}, key=str.encode)
        fewer = sorted(dice.sample(columns, dice.randint(1, len(columns))), key=str.encode)
        where = f"{wide.where} AND {more.where}"
        return Slice(slices.table, columns, wide.filters, wide.where), Slice(slices.table, fewer, wide.filters + more.filters, where)


def test_derived_is_direct(asking: Asking) -> None:
    dice = random.Random(f"{SEED} {asking.table.name}")
    slices = Slices(asking.con, asking.table, dice)
    hits = refused = 0
    for _ in range(PAIRS):
        wide, narrow = draw(slices, dice)
        asking.check(wide)
        before = asking.derived()
        if asking.is_refused(narrow):
            refused += 1
            continue
        asking.check(narrow)
        hits += asking.derived() > before
    # The others were held already, as the same request.
    print(f"\n{asking.table.name}: {hits} of {PAIRS} were taken from a slice that is held, {refused} can have no rows")
    assert hits + refused >= PAIRS * 0.8 and hits >= PAIRS / 2


def test_what_is_not_all_held_is_read_at_the_source(asking: Asking) -> None:
    column = next(name for name, kind in asking.table.types.items() if kind == "INTEGER")
    other = next(name for name, kind in asking.table.types.items() if kind == "STRING")
    held = [{"name": column, "operator": ">", "type": "INTEGER", "value": 7}]
    asking.rows([column], held)
    before = asking.derived()
    asking.rows([column], [{"name": column, "operator": ">", "type": "INTEGER", "value": 6}])  # more rows
    asking.rows(sorted([column, other], key=str.encode), held)  # another column
    assert asking.derived() == before


def test_a_share_of_the_rows_is_never_derived_nor_derived_from(asking: Asking) -> None:
    """Which rows a share keeps is decided by where they lie at the source."""
    column = next(name for name, kind in asking.table.types.items() if kind == "INTEGER")
    value = [{"name": column, "operator": "!=", "type": "INTEGER", "value": 99}]
    narrow = [*value, {"name": column, "operator": ">", "type": "INTEGER", "value": 1}]
    before = asking.derived()
    share = asking.rows([column], value, 0.5)
    whole = asking.rows([column], value)
    assert 0.3 * whole.num_rows < share.num_rows < 0.7 * whole.num_rows
    assert asking.derived() == before
    assert asking.rows([column], narrow, 0.5).num_rows < whole.num_rows
    assert asking.derived() == before
    asking.rows([column], narrow)
    assert asking.derived() == before + 1


def test_the_ledger_says_what_it_was_taken_from(asking: Asking, tmp_path: Path) -> None:
    column = next(name for name, kind in asking.table.types.items() if kind == "INTEGER")
    held = [{"name": column, "operator": ">=", "type": "INTEGER", "value": 3}]
    asking.rows([column], held)
    asking.rows([column], [*held, {"name": column, "operator": "!=", "type": "INTEGER", "value": 5}])
    entries = json.loads(must(cli("audit", "--kind", "run.finished", "--output", "json", data=asking.server.data)))
    newest = entries[0]
    assert newest["detail"]["answered_from"]["request"] > 0
    assert newest["scanned_bytes"] == 0 and newest["money_micros"] == 0
