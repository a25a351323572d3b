"""Signed addresses and the data behind them (threats U1, U3, U4, U5)."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet
import pytest

from tests.e2e.contract_api import Api

ROWS = 150
MEDIA = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
    "jsonl": "application/x-ndjson",
}


@pytest.fixture(scope="module")
def request_body(api: Api, new_researcher: Callable[[], str], people: int) -> dict:
    """A DONE request of 150 rows, with its waiter's token under "token"."""
    token = new_researcher()
    made = api.ask_slice(token, people, ["id", "name", "score", "active", "born"], [{"name": "id", "operator": "<", "value": ROWS}])
    return api.done(token, made["id"]) | {"token": token}


def read(body: bytes, fmt: str) -> pa.Table:
    """The rows."""
    source = io.BytesIO(body)
    if fmt == "csv":
        return pa.csv.read_csv(source)
    if fmt == "parquet":
        return pa.parquet.read_table(source)
    if fmt == "arrow":
        return pa.ipc.open_file(source).read_all()
    return pa.json.read_json(source)


def test_a_notebook_of_today(api: Api, new_researcher: Callable[[], str], people: int) -> None:
    """`uri` from the POST's answer, GET at once, without a token, as CSV."""
    made = api.ask_slice(new_researcher(), people, ["id", "name"], [{"name": "id", "operator": ">", "value": 190}])
    answer = api.ask("GET", made["uri"], expect=200)
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.body.decode().splitlines()[:2] == ["id,name", "191,name 2"]


@pytest.mark.parametrize("fmt", MEDIA)
@pytest.mark.parametrize("address", ["uri", "download_uri"])
def test_formats(api: Api, request_body: dict, fmt: str, address: str) -> None:
    """By ?format= and by Accept: the same bytes, their digest, their length."""
    answer = api.ask("GET", request_body[address] + f"?format={fmt}", expect=200)
    assert answer.headers["content-type"].split(";")[0] == MEDIA[fmt]
    table = read(answer.body, fmt)
    assert table.column_names == sorted(request_body["spec"]["columns"])
    assert table.column("id").to_pylist() == list(range(ROWS))
    digest = hashlib.sha256(answer.body)
    assert answer.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert answer.headers["etag"].strip('"') and not answer.headers["etag"].startswith("W/")
    assert int(answer.headers["content-length"]) == len(answer.body)
    if fmt == "parquet":
        assert digest.hexdigest() == request_body["sha256"] and len(answer.body) == request_body["real_size"]
    accepted = api.ask("GET", request_body[address], headers={"Accept": f"{MEDIA[fmt]}, */*;q=0.1"}, expect=200)
    assert accepted.body == answer.body and accepted.headers["etag"] == answer.headers["etag"]
    assert "accept" in accepted.headers["vary"].lower()


@pytest.mark.parametrize("accept", [None, "*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "image/png", "text/csv"])
def test_csv_unless_said(api: Api, request_body: dict, accept: str | None) -> None:
    """What a browser or pandas sends means CSV."""
    answer = api.ask("GET", request_body["uri"], headers={"Accept": accept} if accept else None, expect=200)
    assert answer.headers["content-type"].startswith("text/csv")


def test_an_unknown_format(api: Api, request_body: dict) -> None:
    """400 that names the parameter."""
    answer = api.ask("GET", request_body["uri"] + "?format=xlsx", expect=400)
    assert answer.json["@event"] == "QUERY_DID_NOT_VALIDATE" and list(answer.json["errors"]) == ["format"]


def test_head_then_get(api: Api, request_body: dict) -> None:
    """What a progress bar does."""
    for address in (request_body["uri"], request_body["download_uri"]):
        head = api.ask("HEAD", address, expect=200)
        whole = api.ask("GET", address, expect=200)
        assert head.body == b"" and head.headers["content-length"] == str(len(whole.body))
        assert {k: head.headers[k] for k in ("etag", "repr-digest", "content-type", "accept-ranges")} == {
            k: whole.headers[k] for k in ("etag", "repr-digest", "content-type", "accept-ranges")}


def test_ranges_and_conditions(api: Api, request_body: dict) -> None:
    """Resuming: Range, If-Range; asking again: If-None-Match; insisting: If-Match."""
    uri = request_body["uri"]
    whole = api.ask("GET", uri, expect=200)
    etag, size = whole.headers["etag"], len(whole.body)
    part = api.ask("GET", uri, headers={"Range": f"bytes={size // 2}-", "If-Range": etag}, expect=206)
    assert whole.body[: size // 2] + part.body == whole.body
    assert part.headers["content-range"] == f"bytes {size // 2}-{size - 1}/{size}"
    assert api.ask("GET", uri, headers={"Range": "bytes=-7"}, expect=206).body == whole.body[-7:]
    assert api.ask("GET", uri, headers={"Range": "bytes=5-", "If-Range": '"other"'}, expect=200).body == whole.body
    assert api.ask("GET", uri, headers={"Range": f"bytes={size}-"}, expect=416).headers["content-range"] == f"bytes */{size}"
    assert api.ask("GET", uri, headers={"If-None-Match": etag}, expect=304).body == b""
    api.ask("GET", uri, headers={"If-Match": '"other"'}, expect=412)
    api.ask("GET", uri, headers={"If-Match": etag}, expect=200)


def test_a_file_is_a_file(api: Api, request_body: dict) -> None:
    """Saved, never shown; kept by no proxy; told to no next page (threats F11, U5)."""
    for fmt in MEDIA:
        answer = api.ask("GET", request_body["uri"] + f"?format={fmt}", expect=200)
        assert answer.headers["content-disposition"].startswith("attachment")
        assert f"lake.people-{request_body['id']}.{fmt}" in answer.headers["content-disposition"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "private" in answer.headers["cache-control"]


def mutations(path: str) -> list[str]:
    """Threats U1: every byte changed, and what one may add, double, reorder or write in another way."""
    out = []
    for i, char in enumerate(path):
        if i == 0:
            continue
        other = "0" if char != "0" else "1"
        out.append(path[:i] + other + path[i + 1:])
        out.append(path[:i] + path[i + 1:])
    out += [path + tail for tail in (
        "/", "?", "?a=b", "?format=csv&format=csv", "?format=csv&a=b", "?a=b&format=csv", "?format=", "?format", "?Format=csv",
        "?%66ormat=csv", "?format=%63sv", "?format=csv&", "?format=csv;x", "0", "00", ".", "%20", "?format=csv?")]
    parts = path.split("/")
    out.append("/".join([*parts[:3], *parts[4:2:-1], *parts[5:]]))  # request and account exchanged
    out.append(path.replace("/get/", "/wait/") if "/get/" in path else path.replace("/wait/", "/get/"))
    out.append(path.replace("/get/", "/GET/").replace("/wait/", "/WAIT/"))
    out.append(path.replace("/downloader/data/", "/downloader/./data/"))
    out.append(path.replace("/downloader/", "//downloader/"))
    out.append(path[:-64] + path[-64:].upper())
    out.append(path.replace("/", "%2F", 3))
    out += [path[:i] + f"%{ord(path[i]):02X}" + path[i + 1:] for i in range(18, len(path), 5)]
    return [mutation for mutation in out if mutation != path]


@pytest.mark.parametrize("address", ["uri", "download_uri"])
def test_a_changed_address_opens_nothing(api: Api, request_body: dict, address: str) -> None:
    """403, or 404 and 400 where it is no address of this kind at all; never data."""
    path = request_body[address].removeprefix(api.server.address)
    api.ask("GET", path, expect=200)
    tried = mutations(path)
    assert len(tried) > 200
    for changed in tried:
        answer = api.server.ask("GET", changed)
        assert answer.status in (403, 404, 400), f"{changed}: {answer.status}"
        assert answer.json["@type"] == "error", changed
        bare = changed.split("?")[0]
        own_shape = bare.startswith("/downloader/data/") and all(bare.split("/")[1:]) and bare.count("/") == path.count("/")
        if own_shape and "%" not in changed:
            assert (answer.status, answer.json["@event"]) == (403, "LINK_NOT_VALID"), f"{changed}: {answer.body!r}"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_an_address_only_reads(api: Api, request_body: dict, method: str) -> None:
    """405."""
    assert api.server.ask(method, request_body["uri"].removeprefix(api.server.address)).status == 405


def test_a_link_is_no_token_and_a_token_no_link(api: Api, request_body: dict) -> None:
    """Threats A2: keys have one purpose each."""
    path = request_body["download_uri"].removeprefix(api.server.address)
    mac = path.rsplit("/", 1)[1]
    for token in (path, mac, f"e30.e30.{mac}"):
        api.ask("GET", "/accounts/me", token=token, expect=401)
    changed = path.removesuffix(mac) + request_body["token"].rsplit(".", 1)[1]
    assert api.server.ask("GET", changed).status == 403


def test_whose_address_it_was(api: Api, new_researcher: Callable[[], str], people: int) -> None:
    """Threats U4: who stops waiting has no address any more, at once; others keep theirs."""
    first, second = new_researcher(), new_researcher()
    spec = [{"name": "id", "operator": "<", "value": 77}]
    a = api.ask_slice(first, people, ["id"], spec)
    b = api.ask_slice(second, people, ["id"], spec, expect=200)
    done = {token: api.done(token, a["id"]) for token in (first, second)}
    api.ask("GET", done[first]["download_uri"], expect=200)
    api.ask("DELETE", f"/downloader/requests/{a['id']}", token=first, expect=200)
    for address in (a["uri"], done[first]["download_uri"]):
        for method in ("GET", "HEAD"):
            api.ask(method, address, expect=403)
    for address in (b["uri"], done[second]["download_uri"]):
        api.ask("GET", address, expect=200)


def test_the_log_has_no_signature(api: Api, request_body: dict) -> None:
    """Threats U5."""
    path = request_body["uri"].removeprefix(api.server.address)
    api.ask("GET", path, expect=200)
    mac = path.rsplit("/", 1)[1]
    log = api.server.log.read_text()
    assert mac not in log and mac[:32] not in log
    assert request_body["token"] not in log
