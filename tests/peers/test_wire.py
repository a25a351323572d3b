"""The wire's faults are what they are called, seen by a client that believes everything."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest

from tests.peers.s3 import S3
from tests.peers.wire import Changed, Cut, Fault, Instead, OtherEtag, Stale, Wire

CONTENT = bytes(range(256)) * 4_000


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    """One for all."""
    store = S3.of_this_run("wire")
    yield store
    store.remove()


@pytest.fixture
def wire(s3: S3) -> Iterator[Wire]:
    with Wire(("127.0.0.1", s3.port)) as made:
        yield made


def ask(s3: S3, wire: Wire, method: str, key: str, body: bytes | None = None) -> tuple[int, bytes, str]:
    """Signed for the store, sent to the wire."""
    target = s3.presigned(method, f"/lake/{key}").removeprefix(s3.address)
    connection = http.client.HTTPConnection("127.0.0.1", wire.port, timeout=20)
    try:
        connection.request(method, target, body, {"Host": s3.address.removeprefix("http://")})
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheader("ETag", "")
    finally:
        connection.close()


def test_what_no_fault_touches_passes(s3: S3, wire: Wire) -> None:
    assert ask(s3, wire, "PUT", "plain", CONTENT)[0] == 200
    assert ask(s3, wire, "GET", "plain")[:2] == (200, CONTENT)
    assert ask(s3, wire, "HEAD", "plain")[:2] == (200, b"")
    assert ask(s3, wire, "DELETE", "plain")[0] == 204
    assert ask(s3, wire, "GET", "plain")[0] == 404
    assert wire.calls == {"put": 1, "get": 2, "look": 1, "remove": 1} and wire.struck == 0


@pytest.mark.parametrize("fault", [Cut(), Cut(reset=False), Cut(upwards=True)], ids=str)
def test_a_cut_is_seen(s3: S3, wire: Wire, fault: Cut) -> None:
    ask(s3, wire, "PUT", f"cut{fault}", CONTENT)
    wire.break_with(fault)
    call = ("PUT", "half") if fault.upwards else ("GET", f"cut{fault}")
    with pytest.raises(OSError if fault.reset else http.client.IncompleteRead):
        ask(s3, wire, *call, body=CONTENT if fault.upwards else None)
    wire.mend()
    if fault.upwards:
        # versitygw may keep what came of a body that nobody signed; no more than the half has come.
        status, body, _ = ask(s3, wire, "GET", "half")
        assert status == 404 or body == CONTENT[: len(CONTENT) // 2]


def test_bytes_and_etags_are_changed_on_their_way(s3: S3, wire: Wire) -> None:
    etag = ask(s3, wire, "PUT", "changed", CONTENT)[2]
    wire.break_with(Changed(), when=lambda call: call.method == "GET")
    got = ask(s3, wire, "GET", "changed")[1]
    assert len(got) == len(CONTENT) and sum(a != b for a, b in zip(got, CONTENT, strict=True)) == 1
    wire.mend()
    wire.break_with(Changed(upwards=True))
    assert ask(s3, wire, "PUT", "changed too", CONTENT)[2] != etag
    wire.mend()
    wire.break_with(OtherEtag())
    assert ask(s3, wire, "GET", "changed")[1:] == (CONTENT, '"00000000000000000000000000000000"')


def test_the_nth_call_of_some_is_answered_instead(s3: S3, wire: Wire) -> None:
    wire.break_with(Instead(503, "SlowDown"), nth=2, when=lambda call: call.operation == "put")
    assert [ask(s3, wire, "PUT", f"nth{n}", b"x")[0] for n in range(3)] == [200, 503, 200]
    assert ask(s3, wire, "GET", "nth1")[0] == 404
    assert wire.struck == 1


def test_a_stale_list_is_an_earlier_one(s3: S3, wire: Wire) -> None:
    target = s3.presigned("GET", "/lake", {"list-type": "2", "prefix": "stale"}).removeprefix(s3.address)

    def listed() -> int:
        connection = http.client.HTTPConnection("127.0.0.1", wire.port, timeout=20)
        connection.request("GET", target, headers={"Host": s3.address.removeprefix("http://")})
        body = connection.getresponse().read()
        connection.close()
        return body.count(b"<Key>")

    before = listed()
    ask(s3, wire, "PUT", "stale1", b"x")
    wire.break_with(Stale(wire.lists))
    assert (before, listed()) == (0, 0)
    wire.mend()
    assert listed() == 1


def test_it_refuses_and_comes_back(s3: S3, wire: Wire) -> None:
    wire.break_with(Fault())
    wire.refuse()
    with pytest.raises(ConnectionRefusedError):
        ask(s3, wire, "GET", "any")
    wire.mend()
    assert ask(s3, wire, "GET", "any")[0] == 404
