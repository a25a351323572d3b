"""Slices and files meet: a slice is kept, shared, downloaded by another, published, and sliced by a third."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from tests.e2e.contract_api import Api
from tests.e2e.files_api import Person, error_of

New = Callable[[], Person]


def sliced(api: Api, person: Person, item: int, columns: list[str], filters: list[dict[str, Any]]) -> tuple[int, bytes]:
    """A finished slice: the request's id, and the bytes as Parquet."""
    request = api.ask_slice(person.token, item, columns, filters)
    done = api.done(person.token, request["id"])
    data = api.server.ask("GET", done["download_uri"] + "?format=parquet")
    assert data.status == 200, data.body[:300]
    return request["id"], data.body


def test_from_a_slice_to_another(api: Api, new_person: New, people: int) -> None:
    """The whole way round."""
    alice, bob, carol = new_person(), new_person(), new_person()
    request, data = sliced(api, alice, people, ["id", "name"], [{"name": "id", "operator": "<", "value": 50}])
    to = {"to": f"/files/{alice.name}/kept/people.parquet"}
    keep = f"/downloader/requests/{request}/keep"
    assert api.ask("POST", keep, to, bob.token, expect=404).json["@event"] == "COULD_NOT_FIND_DOWNLOADREQUEST"
    kept = api.ask("POST", keep, to, alice.token, expect=201).json
    assert kept["@event"] == "FILE_CREATED" and kept["path"] == "kept/people.parquet"
    assert alice.content("kept/people.parquet") == data, "the very bytes"
    assert api.ask("POST", keep, to, alice.token, expect=409).json["@event"] == "FILE_EXISTS_ALREADY"
    assert api.ask("POST", keep, to | {"overwrite": True}, alice.token, expect=200).json["sha256"] == kept["sha256"]
    for body, field in (({}, "to"), (to | {"format": "xlsx"}, "format"), ({"to": 7}, "to")):
        assert list(api.ask("POST", keep, body, alice.token, expect=400).json["errors"]) == [field]
    api.ask("DELETE", f"/downloader/requests/{request}", token=alice.token, expect=200)
    assert alice.content("kept/people.parquet") == data, "the file stays when the request has gone"

    alice.act("grant", "kept", {"account": bob.name, "right": "read"}, expect=200)
    assert pq.read_table(io.BytesIO(bob.content("kept/people.parquet", alice.name))).num_rows == 50

    name = f"{alice.name}.people"
    assert error_of(bob.act("publish", "kept/people.parquet", {}, owner=alice.name, expect=403)) == "ACCESS_DENIED"
    item = alice.act("publish", "kept/people.parquet", {"description": "the first fifty"}, expect=201).json
    assert item["@event"] == "CATALOGUEITEM_CREATED" and item["name"] == name
    again = alice.act("publish", "kept/people.parquet", {"name": name + " 2"}, expect=409)
    assert error_of(again) == "FILE_IS_PUBLISHED_ALREADY"
    assert alice.get("kept/people.parquet", "?view=info", expect=200).json["catalogue_item_id"] == item["id"]
    api.ask("GET", f"/catalogue/items/{item['id']}", token=carol.token, expect=404)
    alice.act("grant", "kept", {"account": carol.name, "right": "read"}, expect=200)
    _, second = sliced(api, carol, item["id"], ["id"], [{"name": "id", "operator": ">=", "value": 40}])
    assert pq.read_table(io.BytesIO(second)).column("id").to_pylist() == list(range(40, 50))

    alice.act("revoke", "kept", {"account": carol.name}, expect=200)
    api.ask("GET", f"/catalogue/items/{item['id']}", token=carol.token, expect=404)
    assert alice.act("unpublish", "kept/people.parquet", expect=200).json["@event"] == "FILE_UNPUBLISHED"
    api.ask("GET", f"/catalogue/items/{item['id']}", token=alice.token, expect=404)
    assert error_of(alice.act("unpublish", "kept/people.parquet", expect=409)) == "FILE_IS_NOT_PUBLISHED"


def test_a_csv_file_becomes_a_table(api: Api, new_person: New) -> None:
    """Uploaded, published, sliced; replaced, the next slice has the new rows; deleted, the item is gone."""
    alice, bob = new_person(), new_person()
    alice.put("shop/sales.csv", b"day,sold\n1,10\n2,-\n3,30\n", expect=201)
    alice.act("grant", "shop", {"account": bob.name, "right": "read"}, expect=200)
    item = alice.act("publish", "shop/sales.csv", {"null_tokens": ["-"]}, expect=201).json
    filters = [{"name": "sold", "operator": ">", "value": 5}]
    _, first = sliced(api, bob, item["id"], ["day", "sold"], filters)
    assert pq.read_table(io.BytesIO(first)).to_pylist() == [{"day": 1, "sold": 10}, {"day": 3, "sold": 30}]
    alice.put("shop/sales.csv", b"day,sold\n4,40\n", expect=200)
    _, second = sliced(api, bob, item["id"], ["day", "sold"], filters)
    assert pq.read_table(io.BytesIO(second)).to_pylist() == [{"day": 4, "sold": 40}]
    alice.delete("shop/sales.csv", expect=200)
    api.ask("GET", f"/catalogue/items/{item['id']}", token=bob.token, expect=404)


@pytest.mark.parametrize(("name", "content"), [("a.png", b"\x89PNG"), ("a.parquet", b"PAR1 not"), ("a.csv", b"\0\0\0"), ("a.jsonl", b"{")])
def test_what_is_no_table(new_person: New, name: str, content: bytes) -> None:
    """Is refused, and stays a file."""
    alice = new_person()
    alice.put(name, content, expect=201)
    answer = alice.act("publish", name, {}, expect=400)
    assert error_of(answer) == "BODY_DID_NOT_VALIDATE" and answer.json["errors"]
    assert alice.content(name) == content


@pytest.mark.parametrize("form", ["csv", "jsonl", "arrow"])
def test_a_slice_is_kept_in_any_format(api: Api, new_person: New, people: int, form: str) -> None:
    """The same bytes that a download of it has."""
    alice = new_person()
    request = api.ask_slice(alice.token, people, ["id", "name"], [{"name": "id", "operator": "<", "value": 7}], expect=None)["id"]
    done = api.done(alice.token, request)
    body = {"to": f"/files/{alice.name}/slice.{form}", "format": form}
    api.ask("POST", f"/downloader/requests/{request}/keep", body, alice.token, expect=201)
    assert alice.content(f"slice.{form}") == api.server.ask("GET", f"{done['download_uri']}?format={form}").body
    if form == "csv":
        assert pa_csv.read_csv(io.BytesIO(alice.content("slice.csv"))).num_rows == 7
