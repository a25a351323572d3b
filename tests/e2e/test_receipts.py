"""Receipts: what anybody can check of a slice, by hand and with the command."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.e2e.contract_api import Api, people_csv
from tests.server_process import Server, cli, must


class Place:
    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.api = Api(server, server.ask("GET", "/openapi.json").json)
        self.table = folder / "people.csv"
        self.table.write_text(people_csv())
        self.item = server.add_item("lake.people", self.table)
        self.token = server.account("cites@example.com")

    def done(self, columns: list[str], below: int) -> dict[str, Any]:
        asked = self.server.request(self.token, self.item, columns, [{"name": "id", "operator": "<", "value": below}])
        done = self.server.wait_done(self.token, asked.json["id"])
        assert done["state"] == "DONE", done
        return done

    def receipt(self, request: int) -> dict[str, Any]:
        return self.api.ask("GET", f"/downloader/requests/{request}/receipt", token=self.token, expect=200).json

    def keys(self) -> dict[str, str]:
        return {key["id"]: key["public_key"] for key in self.api.ask("GET", "/receipts/key", expect=200).json["keys"]}

    def run(self, *words: str, server: bool = True) -> Any:
        more = ["--server", self.server.address] if server else ["--server", "http://127.0.0.1:1"]
        return cli(*words, *more, env={"LAKELIFT_TOKEN": self.token})


def signed_text(receipt: dict[str, Any]) -> bytes:
    """As docs/slices.md says."""
    return json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def check(answer: dict[str, Any], keys: dict[str, str]) -> None:
    signature = answer["signature"]
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(keys[signature["key_id"]]))
    key.verify(base64.b64decode(signature["value"]), signed_text(answer["receipt"]))


@pytest.fixture(scope="module")
def place(server_on: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("receipts")
    with server_on(folder / "data") as server:
        yield Place(server, folder)


def test_a_receipt_says_what_came_and_is_signed(place: Place) -> None:
    request = place.done(["id", "name"], 20)
    answer = place.receipt(request["id"])
    check(answer, place.keys())
    receipt = answer["receipt"]
    data = place.server.ask("GET", request["download_uri"] + "?format=parquet").body
    assert receipt["sha256"] == hashlib.sha256(data).hexdigest()
    assert (receipt["bytes"], receipt["rows"], receipt["request_id"]) == (len(data), 20, request["id"])
    assert receipt["item"] == {"id": place.item, "name": "lake.people"}
    assert receipt["spec_sha256"] == hashlib.sha256(receipt["spec"].encode()).hexdigest()
    assert json.loads(receipt["spec"])[0] == ["id", "name"]
    assert receipt["answered_from"]["kind"] == "run" and receipt["answered_from"]["engine"] == "LOCAL"
    assert receipt["server"] == place.server.address
    assert f"Slice {request['id']} of lake.people (2 columns, 1 filter; 20 rows)" in receipt["citation"]
    assert place.receipt(request["id"]) == answer


def test_nothing_of_it_can_be_changed(place: Place) -> None:
    answer = place.receipt(place.done(["id", "name"], 21)["id"])
    for field, value in (("rows", 1), ("sha256", "0" * 64), ("citation", "mine")):
        with pytest.raises(InvalidSignature):
            check({**answer, "receipt": answer["receipt"] | {field: value}}, place.keys())


def test_what_was_taken_from_another_slice_says_so(place: Place) -> None:
    first = place.done(["active", "born", "id", "name", "score"], 90)
    second = place.done(["id", "score"], 40)
    origin = place.receipt(first["id"])["receipt"]
    derived = place.receipt(second["id"])["receipt"]
    assert derived["answered_from"] == {"kind": "derived", "request": first["id"], "run_id": second["executor_job_id"]}
    assert derived["source"] == origin["source"]
    check(place.receipt(second["id"]), place.keys())


def test_formats_that_were_made_are_in_it(place: Place) -> None:
    request = place.done(["id", "born"], 25)
    assert [f["format"] for f in place.receipt(request["id"])["receipt"]["formats"]] == ["parquet"]
    csv = place.server.ask("GET", request["download_uri"] + "?format=csv").body
    formats = {f["format"]: f for f in place.receipt(request["id"])["receipt"]["formats"]}
    assert formats["csv"] == {"format": "csv", "bytes": len(csv), "sha256": hashlib.sha256(csv).hexdigest()}


def test_the_command_checks_offline(place: Place, tmp_path: Path) -> None:
    request = place.done(["id", "active"], 30)
    data = tmp_path / "slice.parquet"
    data.write_bytes(place.server.ask("GET", request["download_uri"] + "?format=parquet").body)
    file = tmp_path / "slice.receipt.json"
    must(place.run("slice", "receipt", str(request["id"]), "-o", str(file)))
    content = json.loads(file.read_text())
    check(content, place.keys())
    text = file.read_bytes()
    assert signed_text(content["receipt"]) == text[len(b'{"receipt":') : text.rindex(b',"signature":')]
    assert must(place.run("slice", "receipt", str(request["id"]))) == file.read_text().strip()
    key = place.keys()[content["signature"]["key_id"]]
    verified = json.loads(must(place.run("receipt", "verify", str(file), "--slice", str(data), "--key", key, "--output", "json", server=False)))
    assert (verified["verified"], verified["data"], verified["rows"]) == (True, "parquet", 30)
    must(place.run("receipt", "verify", str(file), "--slice", str(data)))

    other = tmp_path / "other.parquet"
    other.write_bytes(data.read_bytes() + b"x")
    wrong = place.run("receipt", "verify", str(file), "--slice", str(other), "--key", key)
    assert wrong.returncode != 0 and "not what the receipt speaks of" in wrong.stderr
    stranger = base64.b64encode(b"k" * 32).decode()
    wrong = place.run("receipt", "verify", str(file), "--key", stranger)
    assert wrong.returncode != 0 and "don't trust it" in wrong.stderr
    file.write_text(file.read_text().replace('"rows":30', '"rows":31'))
    wrong = place.run("receipt", "verify", str(file), "--key", key)
    assert wrong.returncode != 0 and "don't trust it" in wrong.stderr
    for broken in ("", "[]", "{}", '{"receipt":{},"signature":{}}', "x"):
        file.write_text(broken)
        wrong = place.run("receipt", "verify", str(file), "--key", key)
        assert wrong.returncode != 0 and "is no receipt" in wrong.stderr, broken
    wrong = place.run("receipt", "verify", str(tmp_path / "missing.json"), "--key", key)
    assert wrong.returncode != 0


def test_receipts_outlive_their_key(place: Place, tmp_path: Path) -> None:
    """Rotated keys stay; one that was retired is gone, and whoever printed it can still check."""
    request = place.done(["id", "name"], 33)
    old = place.receipt(request["id"])
    file = tmp_path / "old.json"
    must(place.run("slice", "receipt", str(request["id"]), "-o", str(file)))
    printed = place.keys()[old["signature"]["key_id"]]
    must(cli("key", "rotate", "receipt", data=place.server.data))
    new = place.receipt(request["id"])
    assert new["signature"]["key_id"] != old["signature"]["key_id"]
    assert new["receipt"] == old["receipt"]
    for answer in (old, new):
        check(answer, place.keys())
    must(place.run("receipt", "verify", str(file)))
    must(cli("key", "rotate", "receipt", "--now", data=place.server.data))
    gone = place.run("receipt", "verify", str(file))
    assert gone.returncode != 0 and "the key was retired" in gone.stderr
    must(place.run("receipt", "verify", str(file), "--key", printed, server=False))


def test_receipts_are_for_who_waits(place: Place) -> None:
    request = place.done(["id", "name"], 35)
    stranger = place.server.account("stranger@example.com")
    answer = place.api.ask("GET", f"/downloader/requests/{request['id']}/receipt", token=stranger, expect=404).json
    assert answer["@event"] == "COULD_NOT_FIND_DOWNLOADREQUEST"
