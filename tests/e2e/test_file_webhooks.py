"""The owner of files is told by webhook who sent and took them: once, from then on, and nobody else is."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.e2e.contract_api import Api
from tests.e2e.files_api import Person
from tests.e2e.receiver import Receiver
from tests.server_process import Server, cli, must


def test_an_owner_hears_of_uploads_to_the_own_place(server_on: Callable[..., Server], tmp_path: Path) -> None:
    with server_on(tmp_path / "data", "--webhook-loopback") as server, Receiver() as receiver:
        api = Api(server, server.ask("GET", "/openapi.json").json)
        ada, bob = (Person(api, name, server.account(f"{name}@example.com"), f"{name}@example.com") for name in ("ada", "bob"))
        ada.put("before.csv", b"not told", expect=201)
        api.ask("POST", "/webhooks/", {"url": receiver.url, "events": []}, ada.token, expect=400)
        api.ask("POST", "/webhooks/", {"url": receiver.url, "events": ["everything"]}, ada.token, expect=400)
        webhook = api.ask("POST", "/webhooks/", {"url": receiver.url, "events": ["transfers"]}, ada.token, expect=201).json
        assert webhook["events"] == ["transfers"]
        bobs = api.ask("POST", "/webhooks/", {"url": receiver.url + "/bob", "events": ["requests", "transfers"]}, bob.token, expect=201).json
        ada.put("box/a.csv", b"12345", expect=201)
        ada.act("grant", "box", {"account": "bob", "right": "write"}, expect=200)
        bob.put("box/b.csv", b"1234567", owner="ada", expect=201)
        calls = receiver.wait(2)
        assert all(call.is_signed(webhook["secret"]) and call.path == "/" for call in calls)
        told = sorted((call.json["type"], call.json["detail"]["path"], call.json["detail"]["size_bytes"], call.json["detail"]["person"]) for call in calls)
        assert told == [("file.uploaded", "box/a.csv", 5, "ada"), ("file.uploaded", "box/b.csv", 7, "bob")]
        assert all(call.json["detail"]["owner"] == "ada" for call in calls)
        # What a crash sends again has the same id, so that it is told once to who looks at ids.
        server.kill()
        server.start()
        ada.put("box/c.csv", b"1", expect=201)
        end = time.monotonic() + 120  # on PostgreSQL the dead server's lease of a delivery ends first: a minute
        while "box/c.csv" not in {call.json["detail"]["path"] for call in receiver.got}:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert len({call.id for call in receiver.got}) == 3
        assert api.ask("GET", f"/webhooks/{bobs['id']}/deliveries/", token=bob.token, expect=200).json["deliveries"] == []


def test_the_command_line_says_what_to_hear(server_on: Callable[..., Server], tmp_path: Path) -> None:
    with server_on(tmp_path / "data", "--webhook-loopback") as server:
        token = server.account("ada@example.com")
        env = {"LAKELIFT_SERVER": server.address, "LAKELIFT_TOKEN": token}
        must(cli("webhook", "add", "http://127.0.0.1:9/x", "--events", "transfers", env=env))
        must(cli("webhook", "add", "http://127.0.0.1:9/y", env=env))
        wrong = cli("webhook", "add", "http://127.0.0.1:9/z", "--events", "all", env=env)
        assert wrong.returncode == 2
        webhooks = server.ask("GET", "/webhooks/", token=token).json["webhooks"]
        assert [one["events"] for one in webhooks] == [["transfers"], ["requests"]]
