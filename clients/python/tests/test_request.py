from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fake_lakelift import ITEM, FakeLakelift, Seen, json_answer

import lakelift

KEY = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
RECEIPT = {"version": 1, "request_id": 12, "item": {"id": 7, "name": "t.flights é"}, "rows": 3, "spec": '{"ratio":1E0}'}


@pytest.fixture
def client(fake: FakeLakelift):
    with lakelift.Client(fake.url, "secret") as client:
        yield client


def request_body(**more: object) -> dict:
    return {"id": 12, "state": "DONE", "catalogue_item": ITEM, "name": None, "note": None, "is_stale": False} | more


@pytest.fixture
def request_(fake: FakeLakelift, client: lakelift.Client) -> lakelift.Request:
    fake.handlers["POST /downloader/requests/"] = lambda _: json_answer(request_body(state="QUEUED"), 201)
    return client.request("t.flights", columns=["carrier"], where="dep_delay >= 15")


def test_asks_and_does_not_wait(fake: FakeLakelift, request_: lakelift.Request) -> None:
    assert (request_.id, request_.state, request_.item_name) == (12, "QUEUED", "t.flights")
    assert repr(request_) == "<lakelift.Request 12 of t.flights: QUEUED>"
    assert fake.asked("POST", "/downloader/requests/")[0].body["spec"]["columns"] == ["carrier"]
    assert not fake.asked("GET", "/downloader/requests/12")


def test_is_named_and_noted(fake: FakeLakelift, request_: lakelift.Request) -> None:
    fake.handlers["PATCH /downloader/requests/12"] = lambda seen: json_answer(request_body(**seen.body))
    assert request_.rename("figure 3").name == "figure 3"
    assert request_.annotate("only May").note == "only May"
    assert request_.rename(None).name is None
    bodies = [seen.body for seen in fake.asked("PATCH", "/")]
    assert bodies == [{"name": "figure 3"}, {"note": "only May"}, {"name": None}]


def test_lists_by_name_and_age(fake: FakeLakelift, client: lakelift.Client) -> None:
    stale = request_body(name="a", is_stale=True)
    fake.handlers["GET /downloader/requests/"] = lambda _: json_answer({"requests": [stale]})
    (one,) = client.requests("figure", stale=True)
    assert (one.name, one.is_stale, repr(one)) == ("a", True, "<lakelift.Request 12 'a' of t.flights: DONE, stale>")
    client.requests()
    queries = [seen.query for seen in fake.asked("GET", "/downloader/requests/")]
    assert queries == [{"name": ["figure"], "stale": ["true"]}, {}]


def test_repeats(fake: FakeLakelift, request_: lakelift.Request) -> None:
    fake.handlers["POST /downloader/requests/12/repeat"] = lambda _: json_answer(request_body(id=13), 201)
    assert request_.repeat().id == 13
    assert request_.id == 12


def test_downloads(fake: FakeLakelift, request_: lakelift.Request, tmp_path: Path) -> None:
    assert request_.download(to=tmp_path / "x.csv") == tmp_path / "x.csv"
    assert (tmp_path / "x.csv").read_bytes() == fake.data


def test_its_receipt_can_be_checked_from_the_file(
    fake: FakeLakelift, request_: lakelift.Request, tmp_path: Path
) -> None:
    text = json.dumps(RECEIPT, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    signature = {"algorithm": "Ed25519", "key_id": "beef", "value": base64.b64encode(KEY.sign(text)).decode()}

    def receipt(_: Seen):
        return json_answer({"@event": "RECEIPT_READ", "@type": "receipt", "receipt": RECEIPT, "signature": signature})

    fake.handlers["GET /downloader/requests/12/receipt"] = receipt
    target = tmp_path / "late.receipt.json"
    assert request_.receipt(to=target) == {"receipt": RECEIPT, "signature": signature}
    written = target.read_bytes()
    signed = written[len(b'{"receipt":') : written.rindex(b',"signature":')]
    KEY.public_key().verify(base64.b64decode(signature["value"]), signed)


def test_waits_no_more(fake: FakeLakelift, request_: lakelift.Request) -> None:
    fake.handlers["DELETE /downloader/requests/12"] = lambda _: json_answer({})
    request_.leave()
    assert fake.asked("DELETE", "/downloader/requests/12")
