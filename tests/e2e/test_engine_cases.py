"""The suite of slices that every outside engine answers (tests/peers), of our own engine."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.peers.engine_slices import CASES, WEATHER_CASES, WEATHER_DAYS, Case, expected, rows_of, write_typed
from tests.server_process import WEATHER, Server, cli, must


@pytest.mark.parametrize("chunked", [False, True], ids=["direct", "from chunks"])
def test_slices_are_those_of_the_source(chunked: bool, tmp_path: Path) -> None:
    typed = write_typed(tmp_path / "typed.parquet")
    weather = tmp_path / "weather"
    for day in WEATHER_DAYS:
        shutil.copytree(WEATHER / day, weather / day)
    sources = {"typed": f"read_parquet('{typed}')", "weather": f"read_parquet('{weather}/*/*/*.parquet', hive_partitioning = true)"}
    asked = 0
    with duckdb.connect(config={"threads": 2}) as con, Server(tmp_path / "data") as server:
        token = server.account("someone@example.com")
        items = {"typed": server.add_item("local.typed", typed), "weather": server.add_item("local.weather", weather)}
        if chunked:
            must(cli("catalogue", "chunk", "local.typed", "--max-rows", "10", data=server.data))
            must(cli("catalogue", "chunk", "local.weather", "--max-rows", "3000", data=server.data))

        def check(case: Case) -> bool:
            answer = server.request(token, items[case.table], case.columns, case.filters)
            wanted = expected(con, sources[case.table], case)
            if answer.status == 400 and b"No row" in answer.body:
                assert not wanted, case
                return False
            assert answer.status in {200, 201}, (case, answer)
            done = server.wait_done(token, answer.json["id"])
            assert done["state"] == "DONE", (case, done)
            data = server.ask("GET", done["download_uri"] + "?format=parquet")
            assert rows_of(pq.read_table(io.BytesIO(data.body))) == wanted, case
            return True

        for case in reversed(CASES + WEATHER_CASES):  # the first of them have all rows: nothing would be left to put together
            asked += check(case)
        assembled = server.metric("lakelift_slices_assembled_total")
    print(f"\n{asked} slices are equal to DuckDB's on the source, {assembled:.0f} of them put together from chunks")
    assert assembled >= asked / 3 if chunked else assembled == 0
