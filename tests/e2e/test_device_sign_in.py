"""Signing in on a device (RFC 8628): the device's two calls, the person's page."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest

from tests.e2e.contract_api import Api
from tests.e2e.test_sign_in import ADA, Browser
from tests.fake_issuer import FakeIssuer
from tests.server_process import Answer, Server, until

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    """Of the whole module."""
    with FakeIssuer() as running:
        yield running


@pytest.fixture(scope="module")
def server(
    server_on: Callable[..., Server], issuer: FakeIssuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """With one issuer."""
    folder = tmp_path_factory.mktemp("device")
    config = folder / "lakelift.toml"
    config.write_text(issuer.config("example.com"))
    with server_on(folder / "data", "--config", str(config), "--trusted-proxies", "127.0.0.1") as running:
        yield running


@pytest.fixture(scope="module")
def api(server: Server) -> Api:
    """The server, asked with every answer checked."""
    return Api(server, server.ask("GET", "/openapi.json").json)


def post(api: Api, path: str, form: dict[str, str] | str, content_type: str = "application/x-www-form-urlencoded") -> Answer:
    """As a device sends it."""
    connection = http.client.HTTPConnection("127.0.0.1", api.server.port, timeout=60)
    try:
        body = form if isinstance(form, str) else urlencode(form)
        connection.request("POST", path, body, {"Content-Type": content_type})
        got = connection.getresponse()
        answer = Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
    finally:
        connection.close()
    api.check("POST", path, answer)
    return answer


def codes(api: Api) -> dict:
    """Fresh ones."""
    answer = post(api, "/accounts/device/code", {"client_id": "lakelift <cli>"})
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    return answer.json


def poll(api: Api, device_code: str) -> Answer:
    """The device asks."""
    return post(api, "/accounts/device/token", {"grant_type": GRANT, "device_code": device_code, "client_id": "lakelift"})


def test_the_whole_way(api: Api, issuer: FakeIssuer) -> None:
    """Codes, the page, the issuer, the token; once."""
    made = codes(api)
    assert made["verification_uri"] == api.server.address + "/accounts/device/"
    assert made["verification_uri_complete"] == made["verification_uri"] + "?user_code=" + made["user_code"]
    assert (made["interval"], made["expires_in"]) == (5, 600)
    first = poll(api, made["device_code"])
    assert (first.status, first.json["error"]) == (400, "authorization_pending")
    # The next one comes too soon, unless the machine stood still for as long.
    until(lambda: poll(api, made["device_code"]).json["error"] == "slow_down", "no poll comes too soon")
    browser = Browser(api.server)
    assert b"<form" in browser.ask("GET", "/accounts/device/").body
    typed = made["user_code"].lower().replace("-", " ")
    page = browser.ask("GET", "/accounts/device/?" + urlencode({"user_code": typed}))
    assert page.status == 200
    assert made["user_code"].encode() in page.body and b"lakelift &lt;cli&gt;" in page.body
    gone = browser.ask("GET", browser.button(page))
    done = browser.ask("GET", "/accounts/oidc/callback?" + issuer.sign_in_at(gone.headers["location"], ADA))
    assert done.status == 200 and b"Your device goes on" in done.body
    token = poll(api, made["device_code"])
    assert token.status == 200
    assert token.json["token_type"] == "Bearer" and token.json["expires_in"] > 0
    assert api.ask("GET", "/accounts/me", token=token.json["access_token"], expect=200).json["email"] == ADA
    assert poll(api, made["device_code"]).json["error"] == "invalid_grant"
    assert browser.ask("GET", "/accounts/device/?user_code=" + made["user_code"]).status == 404


def test_json_will_do(api: Api) -> None:
    """For clients that speak nothing else."""
    made = post(api, "/accounts/device/code", json.dumps({"client_id": "x"}), "application/json").json
    asked = post(api, "/accounts/device/token", json.dumps({"grant_type": GRANT, "device_code": made["device_code"]}), "application/json; charset=utf-8")
    assert (asked.status, asked.json["error"]) == (400, "authorization_pending")


@pytest.mark.parametrize(("form", "error"), [
    ("", "invalid_request"), ("grant_type=" + GRANT, "invalid_request"), ("device_code=x", "invalid_request"),
    ("grant_type=password&device_code=x", "unsupported_grant_type"), (f"grant_type={GRANT}&device_code=x", "invalid_grant"),
    (f"grant_type={GRANT}&device_code=x&device_code=y", "invalid_request"), ("grant_type=%zz", "invalid_request"),
    ("device_code=%ff&grant_type=" + GRANT, "invalid_request"), ("&".join(f"a{i}=1" for i in range(300)), "invalid_request"),
])
def test_what_a_device_gets_wrong(api: Api, form: str, error: str) -> None:
    """RFC 6749, section 5.2."""
    answer = post(api, "/accounts/device/token", form)
    assert (answer.status, answer.json["error"]) == (400, error)


@pytest.mark.parametrize(("body", "kind"), [
    ("x=1", "text/plain"), ("[]", "application/json"), ('{"grant_type": 1}', "application/json"), ("{", "application/json"),
])
def test_bodies_of_other_kinds(api: Api, body: str, kind: str) -> None:
    """Refused in OAuth's words."""
    answer = post(api, "/accounts/device/token", body, kind)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_a_person_refuses(api: Api) -> None:
    """The device is told; only our own page can do it."""
    made = codes(api)
    browser = Browser(api.server)
    page = browser.ask("GET", "/accounts/device/?user_code=" + made["user_code"]).body.decode()
    ticket = page.split('name="ticket" value="')[1].split('"')[0]
    form = {"user_code": made["user_code"].replace("-", ""), "ticket": ticket}
    assert browser.ask("POST", "/accounts/device/", urlencode(form), {"Origin": "http://evil.example"}).status == 403
    assert browser.ask("POST", "/accounts/device/", urlencode(form | {"ticket": "0" * 64})).status == 403
    assert Browser(api.server).ask("POST", "/accounts/device/", urlencode(form)).status == 403
    assert poll(api, made["device_code"]).json["error"] == "authorization_pending"
    assert browser.ask("POST", "/accounts/device/", urlencode(form)).status == 200
    assert poll(api, made["device_code"]).json["error"] == "access_denied"


def test_guesses_are_limited(api: Api) -> None:
    """Of one address; RFC 8628, section 5.1."""
    def guess(address: str) -> int:
        return api.server.ask("GET", "/accounts/device/?user_code=BCDF-GHJK", headers={"X-Forwarded-For": address}).status

    statuses = [guess("192.0.2.50") for _ in range(25)]
    assert statuses[:20] == [404] * 20 and 429 in statuses
    assert guess("192.0.2.51") == 404
