"""Who waits is told: event streams, notices, webhooks that no crash loses; names, notes, repeats."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.contract_api import Api, people_csv
from tests.e2e.receiver import Receiver
from tests.server_process import Server, cli, must

LOOPBACK = "--webhook-loopback"


class Place:
    """A server with a table, and one who waits."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.api = Api(server, server.ask("GET", "/openapi.json").json)
        self.table = folder / "people.csv"
        self.table.write_text(people_csv())
        self.item = server.add_item("lake.people", self.table)
        self.token = server.account("waits@example.com")

    def add_webhook(self, url: str, token: str | None = None) -> dict[str, Any]:
        return self.api.ask("POST", "/webhooks/", {"url": url}, token or self.token, expect=201).json

    def deliveries(self, webhook: int) -> list[dict[str, Any]]:
        return self.api.ask("GET", f"/webhooks/{webhook}/deliveries/", token=self.token, expect=200).json["deliveries"]

    def ask(self, below: int, token: str | None = None) -> dict[str, Any]:
        answer = self.server.request(token or self.token, self.item, ["id"], [{"name": "id", "operator": "<", "value": below}])
        assert answer.status in (200, 201), answer.body
        return answer.json

    def notices(self, token: str | None = None) -> list[dict[str, Any]]:
        return self.api.ask("GET", "/notices/", token=token or self.token, expect=200).json["notices"]


@pytest.fixture(scope="module")
def place(server_on: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("waiting")
    with server_on(folder / "data", LOOPBACK) as server:
        yield Place(server, folder)


def test_a_notice_and_a_webhook_tell_that_it_is_ready(place: Place) -> None:
    with Receiver() as receiver:
        webhook = place.add_webhook(receiver.url + "/in?a=b")
        assert webhook["secret"].startswith("whsec_")
        request = place.ask(3)
        (got,) = receiver.wait(1)
        place.server.wait_done(place.token, request["id"])
        assert got.path == "/in?a=b"
        assert got.is_signed(webhook["secret"])
        assert not got.is_signed("whsec_" + "A" * 43 + "=")
        told = got.json
        assert told["type"] == "request.done"
        assert (told["detail"]["request_id"], told["detail"]["item"], told["detail"]["rows"]) == (request["id"], "lake.people", 3)
        assert told["request"]["state"] == "DONE"
        assert set(told["request"]["catalogue_item"]) == {"@type", "id", "name"}
        data = place.server.ask("GET", told["request"]["download_uri"] + "?format=csv")
        assert (data.status, data.body.decode().split()) == (200, ["id", "0", "1", "2"])
        listed = place.api.ask("GET", "/webhooks/", token=place.token, expect=200).json["webhooks"]
        assert [(w["id"], w["last_error"]) for w in listed] == [(webhook["id"], None)]
        assert "whsec" not in json.dumps(listed)
        place.api.ask("DELETE", f"/webhooks/{webhook['id']}", token=place.token, expect=200)
    notice = place.notices()[0]
    assert (notice["kind"], notice["subject_kind"], notice["subject_id"]) == ("request.done", "download_request", str(request["id"]))
    assert notice["detail"] == told["detail"]
    shown = must(cli("notice", "list", "--limit", "1", "--server", place.server.address, env={"LAKELIFT_TOKEN": place.token}))
    assert f"your slice {request['id']} of lake.people is ready: 3 rows" in shown


def test_an_accounts_event_stream_tells_it(place: Place) -> None:
    """GET /notices/events: of whatever the account waits for."""
    token = place.server.account("listens@example.com")
    connection = http.client.HTTPConnection("127.0.0.1", place.server.port, timeout=60)
    connection.request("GET", "/notices/events", headers={"Authorization": f"Bearer {token}"})
    stream = connection.getresponse()
    request = place.ask(5, token)
    while True:
        line = stream.readline()
        assert line, "the stream ended"
        if not line.startswith(b"data:"):
            continue
        newest = json.loads(line[5:])["newest"]
        if newest is not None:
            break
    connection.close()
    assert (newest["kind"], newest["detail"]["request_id"], newest["detail"]["rows"]) == ("request.done", request["id"], 5)


def test_each_waiter_is_told_and_nobody_else(place: Place) -> None:
    first, second, third = (place.server.account(f"{name}@example.com") for name in ("first", "second", "third"))
    request = place.ask(7, first)
    place.ask(7, second)
    place.server.wait_done(first, request["id"])
    told = [[n["kind"] for n in place.notices(token)] for token in (first, second, third)]
    assert told[0] == ["request.done"]
    assert told[1] in (["request.done"], [])  # nothing, where it was there already when the second one asked
    assert told[2] == []


def test_a_receiver_that_fails_is_tried_again(place: Place) -> None:
    with Receiver(lambda number: 500 if number < 3 else 200) as receiver:
        webhook = place.add_webhook(receiver.url)
        place.ask(9)
        calls = receiver.wait(3)
        assert len({call.id for call in calls}) == 1
        assert all(call.is_signed(webhook["secret"]) for call in calls)
        end = time.monotonic() + 30
        while place.deliveries(webhook["id"])[0]["state"] != "DELIVERED":
            assert time.monotonic() < end
            time.sleep(0.05)
        (delivery,) = place.deliveries(webhook["id"])
        assert (delivery["id"], delivery["attempts"], delivery["status"], delivery["error"]) == (calls[0].id, 3, 200, None)
        place.api.ask("DELETE", f"/webhooks/{webhook['id']}", token=place.token, expect=200)


def test_redirects_are_not_followed_and_what_went_wrong_is_said(place: Place) -> None:
    with Receiver(lambda _: 302) as receiver:
        webhook = place.add_webhook(receiver.url + "/secret-path")
        tested = place.api.ask("POST", f"/webhooks/{webhook['id']}/test", token=place.token, expect=200).json
        assert (tested["state"], tested["status"], tested["type"]) == ("FAILED", 302, "webhook.test")
        assert "redirects are not followed" in tested["error"]
        assert [got.path for got in receiver.got] == ["/secret-path"]
        said = cli("webhook", "test", str(webhook["id"]), "--server", place.server.address, env={"LAKELIFT_TOKEN": place.token})
        assert said.returncode != 0 and "redirects are not followed" in said.stderr
    tested = place.api.ask("POST", f"/webhooks/{webhook['id']}/test", token=place.token, expect=200).json
    assert tested["state"] == "FAILED" and "can't be reached" in tested["error"]
    assert "secret-path" not in tested["error"]
    assert "secret-path" not in place.server.log.read_text()
    place.api.ask("DELETE", f"/webhooks/{webhook['id']}", token=place.token, expect=200)


@pytest.mark.parametrize("url", [
    "", "not an address", "http://example.com/", "https://example.com/", "https://10.0.0.1/", "https://169.254.169.254/latest/",
    "http://169.254.169.254/", "https://user:pass@localhost/", "ftp://localhost/", "http://127.0.0.1.example.com/",
    "http://2130706433/", "http://localhost#x", "http://[::ffff:127.0.0.1]/", "https://localhost.example.com/",
])
def test_what_may_not_be_called(place: Place, url: str) -> None:
    """Threats S11."""
    answer = place.api.ask("POST", "/webhooks/", {"url": url}, place.token, expect=400).json
    assert answer["@event"] == "BODY_DID_NOT_VALIDATE"
    assert "url" in answer["errors"]


def test_a_name_of_a_private_address_is_not_called(server_on: Callable[..., Server], tmp_path: Path) -> None:
    """Threats S11: the host is allowed, what it stands for is not, and that is seen when it is called."""
    with Receiver() as receiver, server_on(tmp_path / "data", "--webhook-host", "localhost.localdomain", "--webhook-host", "10.1.2.3") as server:
        token = server.account("a@example.com")
        port = receiver.url.rsplit(":", 1)[1]
        made = server.ask("POST", "/webhooks/", {"url": "https://10.1.2.3/"}, token)
        assert made.status == 201, made.body
        tested = server.ask("POST", f"/webhooks/{made.json['id']}/test", {}, token).json
        assert tested["state"] == "FAILED" and "never called" in tested["error"], tested
        refused = server.ask("POST", "/webhooks/", {"url": f"http://127.0.0.1:{port}/"}, token)
        assert (refused.status, receiver.got) == (400, [])


def test_without_a_host_there_are_none(server_on: Callable[..., Server], tmp_path: Path) -> None:
    with server_on(tmp_path / "data") as server:
        token = server.account("a@example.com")
        answer = server.ask("POST", "/webhooks/", {"url": "https://example.com/"}, token)
        assert (answer.status, answer.json["@event"]) == (409, "WEBHOOKS_NOT_CONFIGURED")
        assert "--webhook-host" in answer.json["message"]


def test_a_crash_between_the_end_and_the_telling_loses_nothing(server_on: Callable[..., Server], tmp_path: Path) -> None:
    """kill -9 while the event is on its way: told after the restart, under the same id, and the notice is there once."""
    with Receiver(lambda _: 503) as receiver:
        with server_on(tmp_path / "data", LOOPBACK) as server:
            place = Place(server, tmp_path)
            webhook = place.add_webhook(receiver.url)
            request = place.ask(11)
            first = receiver.wait(1)[0]
            server.kill()
            receiver.answer = lambda _: 200
            before = len(receiver.got)
            server.start()
            calls = receiver.wait(before + 1, 90)
            assert {call.id for call in calls} == {first.id}
            assert calls[-1].is_signed(webhook["secret"])
            assert calls[-1].json["request"]["id"] == request["id"]
            assert server.address in calls[-1].json["request"]["uri"]
            assert [n["kind"] for n in place.notices()] == ["request.done"]


def test_a_crash_while_the_receiver_holds_the_call(server_on: Callable[..., Server], tmp_path: Path) -> None:
    """Leased by a process that is gone: at least once."""
    with Receiver() as receiver:
        with server_on(tmp_path / "data", LOOPBACK) as server:
            place = Place(server, tmp_path)
            place.add_webhook(receiver.url)

            def killed(number: int) -> int:
                if number == 1:
                    server.kill()
                return 200

            receiver.answer = killed
            place.ask(13)
            receiver.wait(1)
            while server.process is not None:
                time.sleep(0.01)
            server.start()
            calls = receiver.wait(2, 120)
            assert calls[0].id == calls[1].id


def test_links_are_renewed_by_asking_again(place: Place) -> None:
    """Each answer has an address of its own, good for an hour from then on."""
    request = place.ask(15)
    place.server.wait_done(place.token, request["id"])

    def link() -> str:
        return place.api.ask("GET", f"/downloader/requests/{request['id']}", token=place.token, expect=200).json["download_uri"]

    first = link()
    end = time.monotonic() + 10
    while (second := link()) == first:
        assert time.monotonic() < end
        time.sleep(0.1)
    for address in (first, second):
        assert place.server.ask("GET", address + "?format=csv").status == 200
    assert int(second.split("/")[-3]) > int(first.split("/")[-3])


def test_names_and_notes_are_for_oneself(place: Place) -> None:
    other = place.server.account("names@example.com")
    request = place.ask(17)
    place.ask(17, other)
    path = f"/downloader/requests/{request['id']}"
    named = place.api.ask("PATCH", path, {"name": "Thesis, figure 3", "note": "only the first"}, place.token, expect=200).json
    assert (named["@event"], named["name"], named["note"]) == ("DOWNLOADREQUEST_UPDATED", "Thesis, figure 3", "only the first")
    assert place.api.ask("GET", path, token=other, expect=200).json["name"] is None
    found = place.api.ask("GET", "/downloader/requests/?name=FIGURE", token=place.token, expect=200).json["requests"]
    assert [one["id"] for one in found] == [request["id"]]
    assert place.api.ask("GET", "/downloader/requests/?name=figure", token=other, expect=200).json["requests"] == []
    gone = place.api.ask("PATCH", path, {"note": None}, place.token, expect=200).json
    assert (gone["name"], gone["note"]) == ("Thesis, figure 3", None)
    for body in ({"name": ""}, {"name": "x" * 257}, {"name": 5}, {"note": "x" * 5_000}, {"name": "a\u0000b"}):
        place.api.ask("PATCH", path, body, place.token, expect=400)
    env = {"LAKELIFT_TOKEN": place.token}
    must(cli("slice", "name", str(request["id"]), "figure 4", "--server", place.server.address, env=env))
    must(cli("slice", "note", str(request["id"]), "all of it", "--server", place.server.address, env=env))
    listed = json.loads(must(cli("slice", "list", "--name", "figure 4", "--output", "json", "--server", place.server.address, env=env)))
    assert [(one["id"], one["note"]) for one in listed] == [(request["id"], "all of it")]
    shown = json.loads(must(cli("slice", "show", str(request["id"]), "--output", "json", "--server", place.server.address, env=env)))
    assert shown["name"] == "figure 4"


def test_the_commands_of_webhooks(place: Place) -> None:
    env = {"LAKELIFT_TOKEN": place.server.account("commands@example.com")}

    def run(*words: str) -> Any:
        return json.loads(must(cli("webhook", *words, "--output", "json", "--server", place.server.address, env=env)))

    with Receiver() as receiver:
        made = run("add", receiver.url)
        assert made["secret"].startswith("whsec_")
        assert run("test", str(made["id"]))["state"] == "DELIVERED"
        assert receiver.wait(1)[0].is_signed(made["secret"])
        assert [one["type"] for one in run("log", str(made["id"]))] == ["webhook.test"]
        assert [one["id"] for one in run("list")] == [made["id"]]
        must(cli("webhook", "rm", str(made["id"]), "--server", place.server.address, env=env))
        assert run("list") == []
