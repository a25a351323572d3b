"""Stale: what is held is no longer what is there, and whoever holds it hears of it, once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.e2e.contract_api import Api
from tests.server_process import Server, cli, must

CHECK_SECONDS = 1
ROWS = 100


class Place:
    """A server that looks often, and a table of Parquet that the test changes."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.api = Api(server, server.ask("GET", "/openapi.json").json)
        self.token = server.account("holds@example.com")
        self.other = server.account("also@example.com")
        self.admin = server.account("boss@example.com", "ADMIN")

    def table(self, name: str, first: int = 0) -> Path:
        path = self.folder / f"{name}.parquet"
        fresh = self.folder / f"{name}.new"
        duckdb.sql(f"COPY (SELECT i AS id, i % 7 AS day FROM range({first}, {first + ROWS}) t(i)) TO '{fresh}' (FORMAT parquet)")
        fresh.rename(path)
        return path

    def item(self, name: str) -> int:
        return self.server.add_item(f"stale.{name}", self.table(name))

    def done(self, item: int, columns: list[str], token: str | None = None) -> dict[str, Any]:
        answer = self.server.request(token or self.token, item, columns)
        assert answer.status in (200, 201), answer.body
        return self.server.wait_done(token or self.token, answer.json["id"])

    def get(self, request: int) -> dict[str, Any]:
        return self.api.ask("GET", f"/downloader/requests/{request}", token=self.token, expect=200).json

    def wait_stale(self, request: int, seconds: float = 60) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while not (now := self.get(request))["is_stale"]:
            assert time.monotonic() < end, now
            time.sleep(0.1)
        return now

    def told(self, request: int, token: str | None = None) -> list[str]:
        notices = self.api.ask("GET", "/notices/", token=token or self.token, expect=200).json["notices"]
        return [n["kind"] for n in notices if n["subject_id"] == str(request) and n["kind"].startswith("request.")]

    def ids(self, request: dict[str, Any]) -> list[int]:
        answer = self.server.ask("GET", request["download_uri"] + "?format=csv")
        assert answer.status == 200
        return sorted(int(line.split(",")[-1]) for line in answer.body.decode().split()[1:])


@pytest.fixture(scope="module")
def place(server_on: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("stale")
    with server_on(folder / "data", "--source-check-seconds", str(CHECK_SECONDS)) as server:
        yield Place(server, folder)


def test_new_data_make_what_is_held_stale(place: Place) -> None:
    item = place.item("turns")
    old = place.done(item, ["id"])
    place.done(item, ["id"], place.other)
    assert (old["is_stale"], old["stale_since"]) == (False, None)
    place.table("turns", first=1_000)
    stale = place.wait_stale(old["id"])
    assert stale["stale_since"] is not None
    assert place.ids(stale) == list(range(ROWS)), "it can still be had"
    assert place.told(old["id"]) == ["request.stale", "request.done"]
    assert place.told(old["id"], place.other)[0] == "request.stale"

    fresh = place.api.ask("POST", f"/downloader/requests/{old['id']}/repeat", {}, place.token, expect=201).json
    assert fresh["id"] != old["id"]
    fresh = place.server.wait_done(place.token, fresh["id"])
    assert not fresh["is_stale"]
    assert place.ids(fresh) == list(range(1_000, 1_000 + ROWS))
    again = place.api.ask("POST", f"/downloader/requests/{fresh['id']}/repeat", {}, place.token, expect=200).json
    assert again["id"] == fresh["id"]

    place.table("turns", first=2_000)
    place.wait_stale(fresh["id"])
    assert place.told(old["id"]) == ["request.stale", "request.done"], "once"
    listed = place.api.ask("GET", "/downloader/requests/?stale=true", token=place.token, expect=200).json["requests"]
    assert {old["id"], fresh["id"]} <= {one["id"] for one in listed}
    env = {"LAKELIFT_TOKEN": place.token}
    shown = must(cli("slice", "list", "--stale", "--server", place.server.address, env=env))
    assert "stale" in shown
    newest = json.loads(must(cli("slice", "repeat", str(old["id"]), "--output", "json", "--server", place.server.address, env=env)))
    assert newest["id"] not in (old["id"], fresh["id"])


def test_a_version_that_breaks_the_table_is_told_too(place: Place) -> None:
    """The look fails since a column is gone: what is held is stale all the same."""
    item = place.item("breaks")
    old = place.done(item, ["day"])
    duckdb.sql(f"COPY (SELECT 1 AS id) TO '{place.folder / 'breaks.new'}' (FORMAT parquet)")
    (place.folder / "breaks.new").rename(place.folder / "breaks.parquet")
    place.wait_stale(old["id"])
    assert place.told(old["id"])[0] == "request.stale"


def test_asking_never_gets_old_data_as_new(place: Place) -> None:
    """Also in the moment before the server has looked."""
    item = place.item("asks")
    for turn in range(5):
        place.table("asks", first=turn * 10_000)
        assert place.ids(place.done(item, ["id"])) == list(range(turn * 10_000, turn * 10_000 + ROWS))


def test_an_age_ends_what_is_held(place: Place) -> None:
    """Nothing has changed at the source, and what was read counts for two seconds."""
    item = place.item("ages")
    must(cli("catalogue", "edit", "stale.ages", "--max-age", "2s", data=place.server.data))
    assert place.api.ask("GET", f"/catalogue/items/{item}", token=place.token, expect=200).json["max_age_seconds"] == 2
    old = place.done(item, ["id"])
    place.wait_stale(old["id"], 30)
    fresh = place.done(item, ["id"])
    assert fresh["id"] != old["id"]
    end = time.monotonic() + 60
    while place.told(old["id"]) != ["request.stale", "request.done"]:
        assert time.monotonic() < end, place.told(old["id"])
        time.sleep(0.2)
    must(cli("catalogue", "edit", "stale.ages", "--max-age", "none", data=place.server.data))
    assert place.api.ask("GET", f"/catalogue/items/{item}", token=place.token, expect=200).json["max_age_seconds"] is None


@pytest.mark.parametrize("age", [0, -1, 1.5, "1d", True, 10**18])
def test_what_is_no_age(place: Place, age: object) -> None:
    body = {"max_age_seconds": age}
    item = place.api.ask("GET", "/catalogue/items/", token=place.token, expect=200).json["items"][0]["id"]
    answer = place.api.ask("PUT", f"/catalogue/items/{item}", body, place.admin, expect=400).json
    assert "max_age_seconds" in answer["errors"]
