"""The catalogue: its six calls, and files of the server's machine over the Unix socket."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.e2e.contract_api import PEOPLE_COLUMNS, PEOPLE_ROWS, Api, people_csv
from tests.server_process import Answer


def column(name: str, kind: str = "INTEGER", **more: Any) -> dict[str, Any]:
    """A column of the contract's form."""
    return {"name": name, "type": kind, "size": None, "is_nullable": False, "is_enum": False, "distribution": None} | more


def item_body(name: str, **more: Any) -> dict[str, Any]:
    """What POST /catalogue/items/ takes."""
    spec = [column("product", "STRING"), column("price"), column("available", "BOOLEAN")]
    sample = [{"product": "jack", "price": 12, "available": True}, {"product": "jill", "price": 0, "available": False}]
    return {"name": name, "spec": spec, "sample": sample, "maintained_by_id": None, "executor_type": "LOCAL"} | more


class OverSocket(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        """Not connected yet."""
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self) -> None:
        """To the socket's path."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(60)
        self.sock.connect(str(self.path))


def ask_socket(api: Api, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
    """As the machine's owner."""
    connection = OverSocket(api.server.data / "server.sock")
    try:
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, path, data, {"Content-Type": "application/json"} | (headers or {}))
        got = connection.getresponse()
        answer = Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
    finally:
        connection.close()
    api.check(method, path, answer)
    return answer


def test_an_items_life(api: Api, admin_token: str, researcher_token: str) -> None:
    """Create, read, list, update, delete: events, types and fields as the contract has them."""
    me = api.ask("GET", "/accounts/me", token=admin_token).json
    made = api.ask("POST", "/catalogue/items/", item_body("life.temperatures", maintained_by_id=me["id"]), admin_token, expect=201).json
    assert (made["@event"], made["@type"]) == ("CATALOGUEITEM_CREATED", "catalogue_item")
    assert made["created_by"]["email"] == me["email"] and made["maintained_by"]["id"] == me["id"]
    assert made["sample"] == item_body("x")["sample"]
    assert [c["name"] for c in made["spec"]] == ["product", "price", "available"]

    read = api.ask("GET", f"/catalogue/items/{made['id']}", token=researcher_token, expect=200).json
    assert read.pop("@event") == "CATALOGUEITEM_READ"
    listed = api.ask("GET", "/catalogue/items/?name=life.temperatures", token=researcher_token, expect=200).json
    assert (listed["@event"], listed["@type"]) == ("CATALOGUEITEMS_BULK_READ", "catalogue_items_list")
    assert listed["items"] == [read]

    changed = api.ask("PUT", f"/catalogue/items/{made['id']}", {"description": "**hot**"}, admin_token, expect=200).json
    assert changed["@event"] == "CATALOGUEITEM_UPDATED"
    assert (changed["description"], changed["name"]) == ("**hot**", "life.temperatures")
    assert changed["updated_by"]["email"] == me["email"]

    gone = api.ask("DELETE", f"/catalogue/items/{made['id']}", token=admin_token, expect=200).json
    assert gone == {"@event": "CATALOGUEITEM_DELETED", "@type": "empty"}
    missing = api.ask("GET", f"/catalogue/items/{made['id']}", token=admin_token, expect=404).json
    assert missing["@event"] == "COULD_NOT_FIND_CATALOGUEITEM"


def test_a_name_is_there_once(api: Api, admin_token: str) -> None:
    """409."""
    api.ask("POST", "/catalogue/items/", item_body("twice.x"), admin_token, expect=201)
    again = api.ask("POST", "/catalogue/items/", item_body("twice.x"), admin_token, expect=409)
    assert again.json["@event"] == "CATALOGUEITEM_EXISTS_ALREADY"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 257}, "name"),
        ({"name": 7}, "name"),
        ({"executor_type": "ORACLE"}, "executor_type"),
        ({"maintained_by_id": "x"}, "maintained_by_id"),
        ({"spec": "x"}, "spec"),
        ({"spec": [{"name": "a"}]}, "spec"),
        ({"spec": [column("a"), column("a")], "sample": []}, "spec"),
        ({"spec": [column("a", "NUMBER")], "sample": []}, "spec"),
        ({"spec": [column("a", distribution=[{"value": "x", "count": 1}])], "sample": []}, "spec"),
        ({"spec": [column("a", distribution=[{"value": 1, "count": 1}, {"value": 1, "count": 2}])], "sample": []}, "spec"),
        ({"spec": [column("a", distribution=[{"value": 1, "count": 1.5}])], "sample": []}, "spec"),
        ({"sample": [{"product": "x"}]}, "sample"),
        ({"sample": [{"product": "x", "price": None, "available": True}]}, "sample"),
        ({"sample": [{"product": "x", "price": 1, "available": True, "more": 1}]}, "sample"),
        ({"sample": [{"product": "x", "price": "1", "available": True}]}, "sample"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_wrong_item(api: Api, admin_token: str, change: dict[str, Any], field: str) -> None:
    """400 BODY_DID_NOT_VALIDATE that names the field; nothing is stored."""
    body = item_body("wrong.item") | change
    answer = api.ask("POST", "/catalogue/items/", body, admin_token, expect=400)
    assert answer.json["@event"] == "BODY_DID_NOT_VALIDATE"
    assert list(answer.json["errors"]) == [field]
    assert api.ask("GET", "/catalogue/items/?name=wrong.item", token=admin_token, expect=200).json["items"] == []


@pytest.mark.parametrize("field", ["name", "spec", "sample", "maintained_by_id", "executor_type"])
def test_a_missing_field(api: Api, admin_token: str, field: str) -> None:
    """All but the description are required."""
    body = item_body("missing.field")
    del body[field]
    answer = api.ask("POST", "/catalogue/items/", body, admin_token, expect=400)
    assert answer.json["errors"] == {field: ["This field is required."]}


def test_a_maintainer_who_does_not_exist(api: Api, admin_token: str) -> None:
    """The contract's odd event for a reference to a row that is not there."""
    answer = api.ask("POST", "/catalogue/items/", item_body("maintained.x", maintained_by_id=932039), admin_token, expect=400)
    assert answer.json["@event"] == "BODY_JSON_DID_NOT_PARSE"
    assert answer.json["errors"] == {"maintained_by": ["account instance with id 932039 does not exist."]}


def test_what_a_caller_may_not_set(api: Api, admin_token: str) -> None:
    """Threats F4: ids, people and dates are ours."""
    more = {"id": 1, "created_by": {"id": 99}, "updated_by": None, "rows": 5, "created_at": "1970-01-01"}
    made = api.ask("POST", "/catalogue/items/", item_body("mass.assignment") | more, admin_token, expect=201).json
    me = api.ask("GET", "/accounts/me", token=admin_token).json
    assert made["created_by"]["id"] == me["id"]
    assert made["id"] != 1 and "source" not in made and not made["created_at"].startswith("1970")
    changed = api.ask("PUT", f"/catalogue/items/{made['id']}", more | {"description": "x"}, admin_token, expect=200).json
    assert (changed["id"], changed["created_by"], changed["created_at"]) == (made["id"], made["created_by"], made["created_at"])
    for method, path in (("POST", "/catalogue/items/"), ("PUT", f"/catalogue/items/{made['id']}")):
        source = item_body("mass.source") | {"source": {"paths": ["/etc/passwd"]}}
        assert list(api.ask(method, path, source, admin_token, expect=400).json["errors"]) == ["source"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"search.red_apple", "search.green_apple", "search.red_pear"}),
        ("RED", {"search.red_apple", "search.red_pear"}),
        ("red green", {"search.red_apple", "search.green_apple", "search.red_pear"}),
        ("green |pear", {"search.green_apple", "search.red_pear"}),
        ("red &apple", {"search.red_apple"}),
        ("apple ~red", {"search.green_apple"}),
        ("red ~ apple", {"search.red_pear"}),
        ("red & pear", {"search.red_pear"}),
        ("no_such_thing", set()),
    ],
)
def test_search(api: Api, admin_token: str, query: str, found: set[str]) -> None:
    """The contract's language over names."""
    names = {"search.red_apple", "search.green_apple", "search.red_pear"}
    if not api.ask("GET", "/catalogue/items/?name=search.red_pear", token=admin_token).json["items"]:
        for name in sorted(names):
            api.ask("POST", "/catalogue/items/", item_body(name), admin_token, expect=201)
    items = api.ask("GET", f"/catalogue/items/?query={quote(query)}", token=admin_token, expect=200).json["items"]
    assert {item["name"] for item in items} & names == found


def test_has_samples(api: Api, admin_token: str, people: int) -> None:
    """true and false part the items; anything else is refused."""
    api.ask("POST", "/catalogue/items/", item_body("bare.item", sample=[]), admin_token, expect=201)

    def names(value: str) -> set[str]:
        items = api.ask("GET", f"/catalogue/items/?has_samples={value}", token=admin_token, expect=200).json["items"]
        return {item["name"] for item in items}

    assert "lake.people" in names("true") and "bare.item" not in names("true")
    assert "bare.item" in names("False") and "lake.people" not in names("False")
    assert names("") == names("true") | names("false")
    answer = api.ask("GET", "/catalogue/items/?has_samples=maybe", token=admin_token, expect=400)
    assert answer.json["@event"] == "QUERY_DID_NOT_VALIDATE"
    assert list(answer.json["errors"]) == ["has_samples"]


def test_an_item_with_waiting_requests_stays(api: Api, admin_token: str, new_researcher: Any, tmp_path: Path) -> None:
    """400 with both numbers beside the event; after the last waiter has left it goes."""
    table = tmp_path / "kept.csv"
    table.write_text(people_csv())
    item = api.server.add_item("kept.people", table)
    token = new_researcher()
    request = api.ask_slice(token, item, ["id"])
    answer = api.ask("DELETE", f"/catalogue/items/{item}", token=admin_token, expect=400).json
    assert answer["@event"] == "NOT_CANCELLED_DOWNLOAD_REQEUSTS_DETECTED"
    assert (answer["item_id"], answer["not_cancelled_count"]) == (item, 1)
    assert "errors" not in answer
    api.ask("DELETE", f"/downloader/requests/{request['id']}", token=token, expect=200)
    api.ask("DELETE", f"/catalogue/items/{item}", token=admin_token, expect=200)


def test_a_profile(api: Api, admin_token: str, people: int) -> None:
    """Sample, sizes and distributions as the contract says."""
    answer = api.ask("PUT", f"/catalogue/items/{people}/samples_and_distributions/", token=admin_token, expect=200).json
    assert answer == {"@event": "CATALOGUEITEM_WITH_SAMPLE_AND_DISTRIBUTION_UPDATED", "@type": "empty"}
    item = api.ask("GET", f"/catalogue/items/{people}", token=admin_token, expect=200).json
    assert item["rows"] == PEOPLE_ROWS
    columns = {c["name"]: c for c in item["spec"]}
    assert sorted(columns) == PEOPLE_COLUMNS
    kinds = {"id": "INTEGER", "name": "STRING", "score": "FLOAT", "active": "BOOLEAN", "born": "DATETIME"}
    assert {name: c["type"] for name, c in columns.items()} == kinds
    assert all(c["size"] > 0 for c in columns.values())
    assert sum(bin_["count"] for bin_ in columns["id"]["distribution"]) == PEOPLE_ROWS
    assert columns["id"]["distribution"][0] == {"value": 0, "count": 10}
    figures = {f["name"]: f for f in item["statistics"]}
    assert figures["id"]["histogram"][0] == {"value_min": 0, "value_max": 10, "count": 10}
    assert (figures["score"]["null_share"], figures["score"]["distinct"]) == (0.1, 180)
    assert item["statistics_rows"] == PEOPLE_ROWS and item["profiled_at"] and not item["statistics_partial"]
    assert {v["value"]: v["count"] for v in columns["active"]["distribution"]} == {True: 100, False: 100}
    names = columns["name"]["distribution"]
    assert len({v["value"] for v in names}) == len(names) == 7
    assert [v["count"] for v in names] == sorted((v["count"] for v in names), reverse=True)
    assert 1 <= len(item["sample"]) <= 10
    assert all(sorted(row) == PEOPLE_COLUMNS for row in item["sample"])


# --- over the Unix socket ----------------------------------------------------------------------------------------------


def test_the_owner_of_the_machine_needs_no_token(api: Api) -> None:
    """Over the socket, and over it alone."""
    me = ask_socket(api, "GET", "/accounts/me")
    assert (me.status, me.json["type"], me.json["email"]) == (200, "ADMIN", "admin@localhost")


def test_over_the_socket_a_token_is_still_a_token(api: Api, researcher_token: str) -> None:
    """Whoever sends one is who it says; a broken one is not replaced by the owner."""
    me = ask_socket(api, "GET", "/accounts/me", headers={"Authorization": f"Bearer {researcher_token}"})
    assert me.json["type"] == "RESEARCHER"
    assert ask_socket(api, "GET", "/accounts/me", headers={"Authorization": "Bearer a.b.c"}).status == 401
    assert ask_socket(api, "GET", "/accounts/me", headers={"Authorization": "Basic YTpi"}).status == 401


def test_local_files_become_an_item(api: Api, tmp_path: Path) -> None:
    """CSV with null tokens; the spec is found by looking."""
    table = tmp_path / "nulls.csv"
    table.write_text("a,b\n1,NA\n,x\nNA,y\n")
    body = {"name": "local.nulls", "paths": [str(table)], "null_tokens": ["NA", ""], "description": "# Nulls", "profile": False}
    item = ask_socket(api, "POST", "/local/catalogue/items", body)
    assert item.status == 201, item.body
    assert item.json["@event"] == "CATALOGUEITEM_CREATED"
    assert [(c["name"], c["type"], c["is_nullable"]) for c in item.json["spec"]] == [("a", "INTEGER", True), ("b", "STRING", True)]
    assert (item.json["rows"], item.json["description"], item.json["executor_type"]) == (3, "# Nulls", "LOCAL")
    assert str(tmp_path) not in item.body.decode()  # where it lies is nobody's business
    assert ask_socket(api, "POST", "/local/catalogue/items", body).status == 409


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"paths": []}, "paths"),
        ({"paths": "x"}, "paths"),
        ({"paths": [1]}, "paths"),
        ({"paths": ["relative.csv"]}, "paths"),
        ({"paths": ["/a\0b"]}, "paths"),
        ({"paths": ["/there/is/nothing/here.csv"]}, "paths"),
        ({"null_tokens": "NA"}, "null_tokens"),
        ({"profile": "yes"}, "profile"),
        ({"executor_type": "ATHENA"}, "executor_type"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_wrong_local_files(api: Api, change: dict[str, Any], field: str) -> None:
    """400 that names the field."""
    answer = ask_socket(api, "POST", "/local/catalogue/items", {"name": "local.wrong", "paths": ["/etc/hostname"]} | change)
    assert answer.status == 400, answer.body
    assert answer.json["@event"] == "BODY_DID_NOT_VALIDATE"
    assert list(answer.json["errors"]) == [field]
