"""Downloads straight from the storage: who is sent there, what it answers, and until when (docs/storage.md)."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.faults.files_client import World, address
from tests.peers.azurite import Azurite
from tests.peers.s3 import S3, storage_flags
from tests.server_process import Answer, Server, cli, must

CONTENT = b"a,b\n1,2\n" * 1000
SECONDS, FEW_SECONDS = 600, 3  # that an address is good for


@pytest.fixture(scope="module", params=["s3", "azure"])
def store(request: pytest.FixtureRequest) -> Iterator[S3 | Azurite]:
    running: S3 | Azurite = S3.of_this_run("direct") if request.param == "s3" else Azurite.of_this_run("direct")
    yield running
    running.remove()


def server_of(store: S3 | Azurite, data: Path, place: str, seconds: int) -> Server:
    """With its content at that place of the store."""
    flags = ["--direct-downloads", "--direct-download-seconds", str(seconds), "--trash-days", "0"]
    if isinstance(store, S3):
        flags += storage_flags(f"s3://lake/{place}", store.address)
    else:
        flags += ["--storage", f"azure://lake/{place}", "--azure-account", store.account, "--azure-endpoint", store.address]
    return Server(data, flags, store.credentials)


@pytest.fixture(scope="module")
def world(store: S3 | Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with server_of(store, tmp_path_factory.mktemp("direct") / "data", "long", SECONDS) as server:
        yield World.made(server)


@pytest.fixture
def brief(store: S3 | Azurite, tmp_path: Path) -> Iterator[World]:
    """Its addresses end soon."""
    with server_of(store, tmp_path / "data", "brief", FEW_SECONDS) as server:
        yield World.made(server)


def fetch(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Without a token: the address is the key."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {}, error.read()


def sent_to(answer: Answer) -> str:
    assert answer.status == 307, answer
    assert answer.headers["cache-control"] == "no-store"
    return answer.headers["location"]


def test_the_storage_answers_with_the_type_and_the_name(world: World) -> None:
    assert world.client().put("alice/Größe 1.csv", CONTENT).status == 201
    where = sent_to(world.client().get("alice/Größe 1.csv"))
    assert urlsplit(where).netloc != f"127.0.0.1:{world.server.port}"
    status, headers, body = fetch(where)
    assert (status, body) == (200, CONTENT)
    assert headers["content-type"].startswith("text/csv")
    assert headers["content-disposition"].startswith("attachment") and "Gr%C3%B6%C3%9Fe%201.csv" in headers["content-disposition"]
    status, headers, body = fetch(where, Range="bytes=4-7")
    assert (status, body) == (206, CONTENT[4:8])


@pytest.mark.parametrize(
    "headers",
    [{"Want-Repr-Digest": "sha-256=10"}, {"If-None-Match": '"x"'}, {"If-Range": '"x"', "Range": "bytes=0-1"}],
    ids=lambda headers: next(iter(headers)),
)
def test_what_a_storage_could_not_say_the_server_answers(world: World, headers: dict[str, str]) -> None:
    assert world.client().put("alice/a.csv", CONTENT).status in {200, 201}
    answer = world.client().call("GET", address("alice/a.csv"), headers=headers)
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.headers["repr-digest"].startswith("sha-256=:")


def test_head_and_empty_files_are_answered_by_the_server(world: World) -> None:
    client = world.client()
    assert client.put("alice/empty", b"").status in {200, 201}
    assert client.get("alice/empty").status == 200
    assert client.put("alice/a.csv", CONTENT).status in {200, 201}
    head = client.call("HEAD", address("alice/a.csv"))
    assert head.status == 200 and head.headers["content-length"] == str(len(CONTENT))


def test_our_clients_verify_and_so_read_through_the_server(world: World, tmp_path: Path) -> None:
    assert world.client().put("alice/b.csv", CONTENT).status in {200, 201}
    token = {"LAKELIFT_TOKEN": world.tokens["alice"]}
    must(cli("file", "get", ":b.csv", str(tmp_path / "b.csv"), "--server", world.server.address, env=token))
    assert (tmp_path / "b.csv").read_bytes() == CONTENT


def test_an_address_ends_by_its_time_and_a_right_with_the_answer(brief: World) -> None:
    """Threats U4: an address outlives a right by its time at most; no new one is given."""
    assert brief.client().put("alice/c.csv", CONTENT).status in {200, 201}
    assert brief.client().grant("alice/c.csv", "bob").status == 200
    asked = time.monotonic()
    where = sent_to(brief.client("bob").get("alice/c.csv"))
    given = time.monotonic()
    assert brief.client().revoke("alice/c.csv", "bob").status == 200
    assert brief.client("bob").get("alice/c.csv").status in {403, 404}
    while fetch(where)[0] == 200:
        assert time.monotonic() < given + FEW_SECONDS + 30, "the address is good for longer than it says"
        time.sleep(0.2)
    assert time.monotonic() - asked > FEW_SECONDS - 2
    assert fetch(where)[0] == 403


def test_a_changed_address_is_refused(world: World) -> None:
    assert world.client().put("alice/d.csv", CONTENT).status in {200, 201}
    where = sent_to(world.client().get("alice/d.csv"))
    query = parse_qs(urlsplit(where).query)
    signature = (query.get("X-Amz-Signature") or query["sig"])[0]
    changed = ("0" if signature[0] != "0" else "1") + signature[1:]
    other = where.replace(quote(signature, safe=""), quote(changed, safe=""))
    assert other != where
    status, _, body = fetch(other)
    assert status == 403 and CONTENT not in body
