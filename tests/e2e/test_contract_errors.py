"""Bodies that are no JSON or of the wrong shape (threats H10), and the envelope of what reaches no route."""

from __future__ import annotations

import http.client
import json

import pytest

from tests.e2e.contract_api import Api
from tests.server_process import Answer

DEEP = 100_000


def post(api: Api, token: str, body: bytes, content_type: str = "application/json") -> Answer:
    """POST /downloader/requests/render_ui_data/ with exactly these bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", api.server.port, timeout=30)
    try:
        connection.request("POST", "/downloader/requests/render_ui_data/", body,
                           {"Authorization": f"Bearer {token}", "Content-Type": content_type})
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("body", "event"),
    [
        (b"", "BODY_JSON_DID_NOT_PARSE"),
        (b"{", "BODY_JSON_DID_NOT_PARSE"),
        (b"{}x", "BODY_JSON_DID_NOT_PARSE"),
        (b"{'a':1}", "BODY_JSON_DID_NOT_PARSE"),
        (b'{"a":1,}', "BODY_JSON_DID_NOT_PARSE"),
        (b'{"a":01}', "BODY_JSON_DID_NOT_PARSE"),
        (b'{"a":NaN}', "BODY_JSON_DID_NOT_PARSE"),
        (b'{"a":Infinity}', "BODY_JSON_DID_NOT_PARSE"),
        (b'{"a":1e400}', "BODY_JSON_DID_NOT_PARSE"),
        (b'{"a":1} {"b":2}', "BODY_JSON_DID_NOT_PARSE"),
        (b'// x\n{"a":1}', "BODY_JSON_DID_NOT_PARSE"),
        (b'{"catalogue_item_id":1,"catalogue_item_id":2}', "BODY_JSON_DID_NOT_PARSE"),
        (b'{"a":{"b":1,"\\u0062":2}}', "BODY_JSON_DID_NOT_PARSE"),
        (b'{"a":"\xff"}', "BODY_JSON_DID_NOT_PARSE"),
        (b'{"a":"\xed\xa0\x80"}', "BODY_JSON_DID_NOT_PARSE"),
        (b'{"a":"\xc0\xaf"}', "BODY_JSON_DID_NOT_PARSE"),
        (b'{"a":"\\ud800"}', "BODY_JSON_DID_NOT_PARSE"),
        (b'{"a":"\x00"}', "BODY_JSON_DID_NOT_PARSE"),
        (b'\xef\xbb\xbf{"a":1}', "BODY_JSON_DID_NOT_PARSE"),
        (b"[" * DEEP + b"]" * DEEP, "BODY_JSON_DID_NOT_PARSE"),
        (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "BODY_JSON_DID_NOT_PARSE"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "BODY_JSON_DID_NOT_PARSE"),
        (b"[]", "BODY_DID_NOT_VALIDATE"),
        (b"1", "BODY_DID_NOT_VALIDATE"),
        (b"null", "BODY_DID_NOT_VALIDATE"),
        (b'"text"', "BODY_DID_NOT_VALIDATE"),
        (b"{}", "BODY_DID_NOT_VALIDATE"),
        (b'{"catalogue_item_id":null}', "BODY_DID_NOT_VALIDATE"),
        (b'{"catalogue_item_id":"1"}', "BODY_DID_NOT_VALIDATE"),
        (b'{"catalogue_item_id":1.5}', "BODY_DID_NOT_VALIDATE"),
        (b'{"catalogue_item_id":[1]}', "BODY_DID_NOT_VALIDATE"),
        (b'{"catalogue_item_id":true}', "BODY_DID_NOT_VALIDATE"),
        (b'{"catalogue_item_id":9223372036854775808}', "BODY_DID_NOT_VALIDATE"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_broken_body(api: Api, researcher_token: str, body: bytes, event: str) -> None:
    """400, the event, and errors that name what is wrong."""
    answer = post(api, researcher_token, body)
    assert (answer.status, answer.json["@event"], answer.json["@type"]) == (400, event, "error")
    assert answer.json["errors"]
    api.check("POST", "/downloader/requests/render_ui_data/", answer)


def test_a_million_keys(api: Api, researcher_token: str) -> None:
    """Read or refused, never a fault."""
    answer = post(api, researcher_token, json.dumps({str(i): 1 for i in range(300_000)}).encode())
    assert answer.status in (400, 413)


def test_a_body_above_its_limit(api: Api, researcher_token: str) -> None:
    """413."""
    assert post(api, researcher_token, b'{"a":"' + b"x" * (5 << 20) + b'"}').status == 413


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_that_says_it_is_something_else(api: Api, researcher_token: str, content_type: str) -> None:
    """415: what a page of another site can send without being asked is never read as JSON (threats A9)."""
    assert post(api, researcher_token, b'{"catalogue_item_id":1}', content_type).status == 415


def test_the_contracts_words(api: Api, researcher_token: str) -> None:
    """Texts that existing clients know."""
    missing = api.ask("POST", "/downloader/requests/", {}, researcher_token, expect=400).json
    assert missing["errors"] == {"catalogue_item_id": ["This field is required."], "spec": ["This field is required."]}
    wrong = api.ask("POST", "/downloader/requests/", {"spec": {"columns": ["x"]}, "catalogue_item_id": "TEXT"}, researcher_token, expect=400).json
    assert wrong["errors"] == {"catalogue_item_id": ["A valid integer is required."]}
    none = api.ask("POST", "/downloader/requests/", {"spec": {"columns": ["x"]}, "catalogue_item_id": 58495}, researcher_token, expect=400).json
    assert none["@event"] == "BODY_JSON_DID_NOT_PARSE"
    assert none["errors"] == {"catalogue_item": ["catalogue item instance with id 58495 does not exist."]}
    assert none["@authorizer"] == {"account_id": api.ask("GET", "/accounts/me", token=researcher_token).json["id"]}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/catalogue/items", 404),  # paths end as written
        ("GET", "/catalogue/items/1/", 404),
        ("GET", "/livez/", 404),
        ("GET", "//livez", 404),
        ("GET", "/LIVEZ", 404),
        ("PATCH", "/catalogue/items/1", 405),
        ("DELETE", "/catalogue/items/", 405),
        ("POST", "/livez", 405),
    ],
)
def test_what_is_not_there(api: Api, researcher_token: str, method: str, path: str, status: int) -> None:
    """The same envelope; 405 says what is allowed."""
    answer = api.server.ask(method, path, token=researcher_token)
    assert answer.status == status
    assert answer.json["@type"] == "error"
    assert answer.json["request_id"] == answer.headers["x-request-id"]
    assert (status == 405) == ("allow" in answer.headers)


def test_every_error_has_an_id_that_the_log_has(api: Api) -> None:
    """request_id is X-Request-Id, and new for each request."""
    ids = set()
    for _ in range(3):
        answer = api.ask("GET", "/accounts/me", expect=401)
        assert answer.json["request_id"] == answer.headers["x-request-id"]
        ids.add(answer.json["request_id"])
    assert len(ids) == 3
