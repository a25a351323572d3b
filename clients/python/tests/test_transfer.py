from __future__ import annotations

import fcntl
from dataclasses import replace
from pathlib import Path

import pytest
from fake_lakelift import Answer, FakeLakelift, Seen

import lakelift
from lakelift.transfer import partial_path, sha256_of_repr_digest


@pytest.fixture
def target(fake: FakeLakelift, tmp_path: Path) -> Path:
    fake.data = b"d" * 300_000 + b"end"
    fake.state_when_asked = "DONE"
    return tmp_path / "t.csv"


def fetch(fake: FakeLakelift, target: Path) -> None:
    with lakelift.Client(fake.url) as client:
        client.download("t.flights", to=target)


def gets(fake: FakeLakelift) -> list[Seen]:
    return fake.asked("GET", "/data/")


def test_goes_on_where_the_connection_broke(fake: FakeLakelift, target: Path, waits: list[float]) -> None:
    def handler(seen: Seen) -> Answer:
        return replace(fake.data_answer(seen), cut_after=70_000 if len(gets(fake)) <= 3 else None)

    fake.handlers["GET data"] = handler
    fetch(fake, target)
    assert target.read_bytes() == fake.data
    assert list(target.parent.iterdir()) == [target]
    ranges = [seen.headers.get("range") for seen in gets(fake)]
    assert ranges == [None, "bytes=70000-", "bytes=140000-", "bytes=210000-"]
    assert {seen.headers.get("if-range") for seen in gets(fake)} == {None, fake.etag}
    assert len(waits) == 3


def test_takes_up_a_partial_file(fake: FakeLakelift, target: Path) -> None:
    partial_path(target, fake.etag).write_bytes(fake.data[:1000])
    fetch(fake, target)
    assert gets(fake)[0].headers["range"] == "bytes=1000-"
    assert target.read_bytes() == fake.data


def test_starts_over_where_a_range_is_answered_with_the_whole(fake: FakeLakelift, target: Path) -> None:
    partial_path(target, fake.etag).write_bytes(b"something else")
    fake.handlers["GET data"] = lambda seen: fake.data_answer(replace(seen, headers={}))
    fetch(fake, target)
    assert target.read_bytes() == fake.data


def test_a_partial_file_with_wrong_bytes_is_fetched_again(fake: FakeLakelift, target: Path) -> None:
    partial_path(target, fake.etag).write_bytes(b"x" * 1000)
    fetch(fake, target)
    assert target.read_bytes() == fake.data
    assert len(gets(fake)) == 2


def test_bytes_that_never_match_are_not_kept(fake: FakeLakelift, target: Path) -> None:
    target.write_bytes(b"before")
    fake.handlers["GET data"] = lambda seen: replace(fake.data_answer(seen), body=b"X" + fake.data[1:])
    with pytest.raises(lakelift.DigestMismatch):
        fetch(fake, target)
    assert target.read_bytes() == b"before"
    assert list(target.parent.iterdir()) == [target]
    assert len(gets(fake)) == 3


def test_asks_for_a_fresh_address_when_the_old_one_expired(
    fake: FakeLakelift, target: Path, waits: list[float]
) -> None:
    fake.link_uses = 1
    fetch(fake, target)
    assert target.read_bytes() == fake.data
    assert len(fake.asked("GET", "/downloader/requests/12")) == 2
    assert waits == []


def test_addresses_that_are_all_refused_end_it(fake: FakeLakelift, target: Path) -> None:
    fake.link_uses = 0
    with pytest.raises(lakelift.LakeliftError, match="refuses") as caught:
        fetch(fake, target)
    assert caught.value.event == "LINK_NOT_VALID"
    assert list(target.parent.iterdir()) == []


def test_honours_retry_after(fake: FakeLakelift, target: Path, waits: list[float]) -> None:
    def handler(seen: Seen) -> Answer:
        return Answer(503, b"", {"Retry-After": "7"}) if len(gets(fake)) == 1 else fake.data_answer(seen)

    fake.handlers["GET data"] = handler
    fetch(fake, target)
    assert waits == [7.0]


def test_gives_up_after_ten_requests_that_bring_nothing(fake: FakeLakelift, target: Path) -> None:
    fake.handlers["GET data"] = lambda _: Answer(503)
    with pytest.raises(lakelift.Unavailable):
        fetch(fake, target)
    assert len(gets(fake)) == 10


def test_content_that_changed_meanwhile_is_fetched_anew(fake: FakeLakelift, target: Path) -> None:
    def handler(seen: Seen) -> Answer:
        fake.data = b"the new data"
        return fake.data_answer(seen)

    fake.handlers["GET data"] = handler
    fetch(fake, target)
    assert target.read_bytes() == b"the new data"
    assert list(target.parent.iterdir()) == [target]


def test_answers_that_cant_be_verified_are_refused(fake: FakeLakelift, target: Path) -> None:
    def handler(seen: Seen) -> Answer:
        answer = fake.data_answer(seen)
        del answer.headers["Repr-Digest"]
        return answer

    fake.handlers["HEAD data"] = handler
    with pytest.raises(lakelift.LakeliftError, match="could not be verified"):
        fetch(fake, target)


def test_two_processes_do_not_write_the_same_file(fake: FakeLakelift, target: Path) -> None:
    with partial_path(target, fake.etag).open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(lakelift.LakeliftError, match="another process"):
            fetch(fake, target)


def test_a_partial_file_that_is_a_link_is_not_followed(fake: FakeLakelift, target: Path) -> None:
    precious = target.with_name("precious")
    precious.write_bytes(b"precious")
    partial_path(target, fake.etag).symlink_to(precious)
    with pytest.raises(OSError, match="symbolic"):
        fetch(fake, target)
    assert precious.read_bytes() == b"precious"


def test_an_empty_file_is_a_file(fake: FakeLakelift, target: Path) -> None:
    fake.data = b""
    fetch(fake, target)
    assert target.read_bytes() == b""


def test_repr_digest() -> None:
    text = "sha-512=:AAAA:, sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
    assert sha256_of_repr_digest(text) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert [sha256_of_repr_digest(wrong) for wrong in ("", "sha-256=:AAAA:", "sha-256=:!:", "md5=:AAAA:")] == [None] * 4
