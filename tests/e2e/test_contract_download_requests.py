"""Download requests: asking, joining, looking, watching, leaving."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.e2e.contract_api import PEOPLE_COLUMNS, PEOPLE_ROWS, Api, people_csv


def test_a_requests_life(api: Api, new_researcher: Callable[[], str], people: int) -> None:
    """Asked (201), asked again in other words (200, the same), read, listed, left, gone."""
    token = new_researcher()
    me = api.ask("GET", "/accounts/me", token=token).json
    filters = [{"name": "score", "operator": ">=", "value": 10}, {"name": "active", "operator": "=", "value": True}]
    made = api.ask_slice(token, people, ["name", "id"], filters, expect=201)
    assert (made["@event"], made["@type"]) == ("DOWNLOADREQUEST_CREATED", "download_request")
    assert made["created_by"]["id"] == me["id"]
    assert made["catalogue_item"]["id"] == people
    assert made["spec"]["columns"] == ["id", "name"]
    assert made["spec"]["randomize_ratio"] == 1
    assert made["is_cancelled"] is False
    assert made["uri"].startswith(api.server.address + "/downloader/data/")

    again = api.ask_slice(token, people, ["id", "name"], filters[::-1], expect=200)
    assert (again["@event"], again["id"]) == ("DOWNLOADREQUEST_READ", made["id"])

    done = api.done(token, made["id"])
    assert done["@event"] == "DOWNLOADREQUEST_READ"
    assert done["download_uri"].startswith(api.server.address + "/downloader/data/")
    assert done["real_size"] > 0 and done["blob_name"] and done["executor_job_id"] and len(done["sha256"]) == 64
    expected = [i for i in range(PEOPLE_ROWS) if i % 10 and i / 4 >= 10 and i % 2]
    assert done["rows"] == len(expected)

    listed = api.ask("GET", "/downloader/requests/", token=token, expect=200).json
    assert (listed["@event"], listed["@type"]) == ("DOWNLOADREQUESTS_BULK_READ", "download_requests_list")
    assert [request["id"] for request in listed["requests"]] == [made["id"]]

    left = api.ask("DELETE", f"/downloader/requests/{made['id']}", token=token, expect=200).json
    assert left == {"@event": "DOWNLOADREQUEST_DELETED", "@type": "empty"}
    assert api.ask("GET", "/downloader/requests/", token=token).json["requests"] == []
    missing = api.ask("GET", f"/downloader/requests/{made['id']}", token=token, expect=404).json
    assert missing["@event"] == "COULD_NOT_FIND_DOWNLOADREQUEST"


def test_two_wait_for_one_run(api: Api, new_researcher: Callable[[], str], people: int) -> None:
    """Equal requests are one; who leaves does not cancel for who stays; each has an address of its own."""
    first, second = new_researcher(), new_researcher()
    spec = [{"name": "id", "operator": "<", "value": 17}]
    a = api.ask_slice(first, people, ["id"], spec, expect=201)
    b = api.ask_slice(second, people, ["id"], spec, expect=200)
    assert a["id"] == b["id"] and a["uri"] != b["uri"]
    assert b["created_by"] == a["created_by"]
    api.ask("DELETE", f"/downloader/requests/{a['id']}", token=first, expect=200)
    assert api.done(second, b["id"])["is_cancelled"] is False
    assert api.ask("GET", a["uri"], expect=403).json["@event"] == "LINK_NOT_VALID"
    assert api.ask("GET", b["uri"], expect=200).body.count(b"\n") == 18
    api.ask("DELETE", f"/downloader/requests/{b['id']}", token=second, expect=200)
    assert api.ask("GET", b["uri"]).status in (403, 410)


def test_the_last_to_leave_cancels_and_asking_again_begins_anew(api: Api, new_researcher: Callable[[], str], people: int) -> None:
    """A cancelled request is gone (410); the same question is a new request."""
    token = new_researcher()
    spec = [{"name": "id", "operator": "<", "value": 23}]
    made = api.ask_slice(token, people, ["id"], spec)
    api.ask("DELETE", f"/downloader/requests/{made['id']}", token=token, expect=200)
    gone = api.ask("GET", made["uri"])
    assert (gone.status, gone.json["@event"]) in ((410, "DOWNLOADREQUEST_CANCELLED"), (403, "LINK_NOT_VALID"))
    again = api.ask_slice(token, people, ["id"], spec)
    assert again["id"] != made["id"]
    assert api.done(token, again["id"])["rows"] == 23


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({}, "columns"),
        ([], ""),
        ("x", ""),
        ({"columns": []}, "columns"),
        ({"columns": "id"}, "columns"),
        ({"columns": ["id", "id"]}, "columns"),
        ({"columns": ["nothing"]}, "columns"),
        ({"columns": [1]}, "columns"),
        ({"columns": ["id"], "filters": {}}, "filters"),
        ({"columns": ["id"], "filters": [{"name": "nothing", "operator": "=", "value": 1}]}, "filters.0"),
        ({"columns": ["id"], "filters": [{"name": "id", "operator": "==", "value": 1}]}, "filters.0"),
        ({"columns": ["id"], "filters": [{"name": "id", "operator": "=", "value": "1"}]}, "filters.0"),
        ({"columns": ["id"], "filters": [{"name": "id", "operator": "=", "value": 1.5}]}, "filters.0"),
        ({"columns": ["id"], "filters": [{"name": "id", "operator": "=", "value": None}]}, "filters.0"),
        ({"columns": ["id"], "filters": [{"name": "id", "operator": "="}]}, "filters.0"),
        ({"columns": ["id"], "filters": [{"name": "active", "operator": ">", "value": True}]}, "filters.0"),
        ({"columns": ["id"], "filters": [{"name": "active", "operator": "=", "value": 1}]}, "filters.0"),
        ({"columns": ["id"], "filters": [{"name": "born", "operator": "=", "value": "yesterday"}]}, "filters.0"),
        ({"columns": ["id"], "filters": [{"name": "born", "operator": "=", "value": "2013-02-30"}]}, "filters.0"),
        ({"columns": ["id"], "randomize_ratio": 1.1}, "randomize_ratio"),
        ({"columns": ["id"], "randomize_ratio": -0.1}, "randomize_ratio"),
        ({"columns": ["id"], "randomize_ratio": "1"}, "randomize_ratio"),
    ],
    ids=lambda value: repr(value)[:60],
)
@pytest.mark.parametrize("operation", ["", "estimate/"])
def test_a_wrong_spec(api: Api, researcher_token: str, people: int, operation: str, spec: Any, path: str) -> None:
    """400 with the place in the contract's words (threats S2)."""
    body = {"spec": spec, "catalogue_item_id": people}
    answer = api.ask("POST", f"/downloader/requests/{operation}", body, researcher_token, expect=400).json
    assert answer["@event"] == "BODY_DID_NOT_VALIDATE"
    assert list(answer["errors"]) == ["spec"]
    text = answer["errors"]["spec"][0]
    assert text.startswith(f"JSON did not validate. PATH: '{path}"), text
    assert " REASON: " in text


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([{"name": "id", "operator": "=", "value": 0}], 1),  # 0 and false are values
        ([{"name": "active", "operator": "=", "value": False}], 100),
        ([{"name": "active", "operator": "!=", "value": False}], 100),
        ([{"name": "score", "operator": "!=", "value": 0.25}], 179),  # null passes nothing
        ([{"name": "score", "operator": "<=", "value": 1}], 4),
        ([{"name": "name", "operator": "=", "value": "name 3"}], 29),
        ([{"name": "name", "operator": "=", "value": "'; DROP TABLE slices_requests; --"}], 0),
        ([{"name": "born", "operator": "<", "value": "2013-01-02"}], 8),
        ([{"name": "id", "operator": ">", "value": 10}, {"name": "id", "operator": "<", "value": 12}], 1),
        ([], PEOPLE_ROWS),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_what_filters_keep(api: Api, researcher_token: str, people: int, filters: list[dict[str, Any]], expected: int) -> None:
    """Exactly the rows for which all hold."""
    request = api.ask_slice(researcher_token, people, ["id", "name"], filters, expect=None)
    assert api.done(researcher_token, request["id"])["rows"] == expected


def test_what_a_caller_may_not_set(api: Api, new_researcher: Callable[[], str], people: int) -> None:
    """Threats F4."""
    spec = {"columns": ["id"], "filters": [{"name": "id", "operator": "<", "value": 31}]}
    more = {"id": 1, "download_uri": "http://evil.example/", "uri": "http://evil.example/", "real_size": 1, "created_by": 1,
            "is_cancelled": True, "state": "DONE", "blob_name": "x"}
    made = api.ask("POST", "/downloader/requests/", {"spec": spec, "catalogue_item_id": people} | more, new_researcher(), expect=201)
    assert b"evil" not in made.body
    assert made.json["is_cancelled"] is False and made.json["real_size"] != 1


def test_an_estimate(api: Api, researcher_token: str, people: int) -> None:
    """Bytes; more columns and more rows are not less; nothing is asked for by estimating."""
    before = [request["id"] for request in api.waited_for(researcher_token)]

    def estimate(spec: dict[str, Any]) -> int:
        body = {"spec": spec, "catalogue_item_id": people}
        answer = api.ask("POST", "/downloader/requests/estimate/", body, researcher_token, expect=200).json
        assert (answer["@event"], answer["@type"]) == ("SIZE_OF_DOWNLOAD_REQUEST_ESTIMATED", "download_request_estimated_size")
        return answer["estimated_size"]

    one, all_of = estimate({"columns": ["id"]}), estimate({"columns": PEOPLE_COLUMNS})
    assert 0 < one < all_of
    assert estimate({"columns": PEOPLE_COLUMNS, "randomize_ratio": 0.1}) < all_of
    assert [request["id"] for request in api.waited_for(researcher_token)] == before


def test_what_a_form_offers(api: Api, researcher_token: str, people: int) -> None:
    """Every column with the operators of its type."""
    answer = api.ask("POST", "/downloader/requests/render_ui_data/", {"catalogue_item_id": people}, researcher_token, expect=200).json
    assert (answer["@event"], answer["@type"]) == ("DOWNLOAD_REQUEST_UI_DATA_RENDERED", "download_request_render")
    offered = {c["name"]: c for c in answer["columns_operators"]}
    assert sorted(offered) == PEOPLE_COLUMNS
    assert offered["active"]["operators"] == ["=", "!="]
    for name in ("id", "score", "name", "born"):
        assert offered[name]["operators"] == [">", ">=", "<", "<=", "=", "!="]
    assert offered["born"] == {"@type": "column_operators", "name": "born", "type": "DATETIME", "operators": [">", ">=", "<", "<=", "=", "!="]}


def events_of(api: Api, token: str, number: int) -> list[dict[str, Any]]:
    """All events of the stream, to its end."""
    connection = http.client.HTTPConnection("127.0.0.1", api.server.port, timeout=60)
    try:
        connection.request("GET", f"/downloader/requests/{number}/events", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.getheader("content-type", "").startswith("text/event-stream")
        lines = answer.read().decode().split("\n")
    finally:
        connection.close()
    return [json.loads(line.removeprefix("data:")) for line in lines if line.startswith("data:")]


def test_watching(api: Api, new_researcher: Callable[[], str], people: int) -> None:
    """The present state first, the final one last, then the stream ends; who comes late gets the final one."""
    token = new_researcher()
    made = api.ask_slice(token, people, ["id"], [{"name": "id", "operator": "<", "value": 41}])
    seen = events_of(api, token, made["id"])
    assert [event["id"] for event in seen] == [made["id"]] * len(seen)
    states = [event["state"] for event in seen]
    assert states[-1] == "DONE" and set(states) <= {"QUEUED", "RUNNING", "DONE"}
    assert sorted(states, key=["QUEUED", "RUNNING", "DONE"].index) == states
    assert (seen[-1]["rows"], seen[-1]["failure"]) == (41, None) and seen[-1]["bytes"] > 0
    late = events_of(api, token, made["id"])
    assert late == [seen[-1]]


def test_a_run_that_fails(api: Api, new_researcher: Callable[[], str], tmp_path: Path) -> None:
    """FAILED with a reason; `uri` is 409 with it; asking again runs again; no path of the machine is told."""
    folder = tmp_path / "secret_place"
    folder.mkdir()
    table = folder / "table.parquet"
    pq.write_table(pa.table({"id": [1, 2, 3]}), table)
    item = api.server.add_item("failing.table", folder)
    table.write_bytes(b"PAR1 this is no Parquet file PAR1")
    token = new_researcher()
    made = api.ask_slice(token, item, ["id"])
    request = api.server.wait_done(token, made["id"])
    assert request["state"] == "FAILED" and request["is_cancelled"] is False
    assert request["failure"]["message"] and request["download_uri"] is None
    assert "secret_place" not in json.dumps(request)
    answer = api.ask("GET", made["uri"], expect=409)
    assert answer.json["@event"] == "DOWNLOADREQUEST_FAILED"
    assert answer.json["message"] == request["failure"]["message"]
    assert events_of(api, token, made["id"])[-1]["state"] == "FAILED"

    pq.write_table(pa.table({"id": [1, 2, 3]}), table)
    again = api.ask_slice(token, item, ["id"], expect=None)
    assert api.done(token, again["id"])["rows"] == 3


def test_people_csv_is_what_the_numbers_above_say() -> None:
    """The expectations of this file come from the table itself."""
    rows = [line.split(",") for line in people_csv().splitlines()[1:]]
    assert len(rows) == PEOPLE_ROWS
    assert sum(row[2] != "" and float(row[2]) != 0.25 for row in rows) == 179
    assert sum(row[2] != "" and float(row[2]) <= 1 for row in rows) == 4
    assert sum(row[1] == "name 3" for row in rows) == 29
    assert sum(row[4] < "2013-01-02" for row in rows) == 8
