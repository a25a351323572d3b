"""Signing in with a real browser at a real OpenID Connect provider: a notebook's request, a device, the browser itself."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.peers.chromium import Chromium
from tests.peers.oidc_provider import OidcProvider
from tests.server_process import Server

ADA = "ada@example.com"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """One for all; each test begins with a fresh one."""
    with Chromium() as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Takes accounts of example.com, of the provider."""
    folder = tmp_path_factory.mktemp("oidc")
    with OidcProvider() as provider:
        (folder / "lakelift.toml").write_text(provider.config("example.com"))
        with Server(folder / "data", ["--config", str(folder / "lakelift.toml")]) as running:
            provider.serve(running.address + "/accounts/oidc/callback")
            yield running


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: LAKELIFT_PICTURES, to look at them."""
    folder = Path(os.environ.get("LAKELIFT_PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def sign_in_at_the_provider(browser: Chromium, email: str) -> None:
    """Its own pages: login, then consent."""
    browser.fill("input[name=login]", email)
    browser.fill("input[name=password]", "any")
    browser.click("button[type=submit]")
    browser.wait("text=Authorize")
    browser.click("button[type=submit]")


def test_a_notebook_asks(server: Server, browser: Chromium, pictures: Path) -> None:
    """The program's page, the provider's, back: the program has its token."""
    made = server.ask("POST", "/accounts/auth_requests/", headers={"User-Agent": "python-requests/2.32 <script>"}).json
    browser.fresh()
    assert browser.open(server.address + made["authenticate_ui_uri"]) == 200
    assert "python-requests" in browser.text() and "127.0.0.1" in browser.text()
    browser.screenshot(pictures / "ask.png")
    browser.click("text=Sign in with Example Inc.")
    sign_in_at_the_provider(browser, ADA)
    browser.wait("#done")
    assert browser.text("#done") == f"Signed in as {ADA}."
    assert browser.address() == server.address + "/accounts/oidc/callback", "the code is gone from the address"
    browser.screenshot(pictures / "done.png")
    token = server.ask("POST", "/accounts/auth_tokens/", {"request_uuid": made["request_uuid"]})
    assert token.status == 201
    assert server.ask("GET", "/accounts/me", token=token.json["token"]).json["email"] == ADA
    assert browser.open(server.address + made["authenticate_ui_uri"]) == 404
    browser.screenshot(pictures / "gone.png")
    # The provider's own pages ask for a font from elsewhere, which is out of reach; ours may load nothing from elsewhere.
    assert [error for error in browser.errors() if "404" not in error and "ERR_NAME_NOT_RESOLVED" not in error] == []


def test_a_device_shows_a_code(server: Server, browser: Chromium, pictures: Path) -> None:
    """Typed in by hand; the device goes on."""
    codes = server.ask("POST", "/accounts/device/code", {"client_id": "lakelift auth login"}).json
    browser.fresh(colorScheme="dark")
    assert browser.open(codes["verification_uri"]) == 200
    browser.type("#user_code", "aaaabbbb")
    assert browser.value("#user_code") == "AAAA-BBBB"
    browser.click("text=Go on")
    browser.wait(".problem")
    browser.screenshot(pictures / "device-wrong.png")
    browser.fill("#user_code", "")
    browser.type("#user_code", codes["user_code"].lower().replace("-", ""))
    browser.click("text=Go on")
    assert codes["user_code"] in browser.text("p.code")
    browser.screenshot(pictures / "device.png")
    browser.click("text=Sign in with Example Inc.")
    sign_in_at_the_provider(browser, ADA)
    browser.wait("#done")
    assert "Your device goes on" in browser.text()
    asked = {"grant_type": GRANT, "device_code": codes["device_code"]}
    token = server.ask("POST", "/accounts/device/token", asked)
    assert token.status == 200, token.body
    assert server.ask("GET", "/accounts/me", token=token.json["access_token"]).json["email"] == ADA


def test_a_person_refuses_a_device(server: Server, browser: Chromium, pictures: Path) -> None:
    """The form of our own page says where it comes from."""
    codes = server.ask("POST", "/accounts/device/code", {}).json
    browser.fresh()
    browser.open(codes["verification_uri_complete"])
    browser.click("button.plain")
    browser.wait("text=The device gets nothing")
    browser.screenshot(pictures / "refused.png")
    answer = server.ask("POST", "/accounts/device/token", {"grant_type": GRANT, "device_code": codes["device_code"]})
    assert answer.json["error"] == "access_denied"


def test_the_browser_itself(server: Server, browser: Chromium) -> None:
    """Goes on where it wanted to, with its cookie."""
    browser.fresh()
    browser.open(server.address + "/accounts/oidc/start?" + urlencode({"return_to": "/accounts/me"}))
    sign_in_at_the_provider(browser, ADA)
    browser.wait("pre")
    assert browser.address() == server.address + "/accounts/me"
    assert json.loads(browser.text("pre"))["email"] == ADA


@pytest.mark.parametrize(("email", "event"), [("eve@evil.example", "WRONG_EMAIL_DOMAIN"),
                                              ("unverified@example.com", "GOOGLE_OAUTH2_USER_INFO_ERROR_DETECTED")])
def test_who_may_not(server: Server, browser: Chromium, pictures: Path, email: str, event: str) -> None:
    """A page that says what to do."""
    browser.fresh()
    browser.open(server.address + "/accounts/oidc/start")
    sign_in_at_the_provider(browser, email)
    browser.wait(".problem")
    assert event in browser.text()
    browser.screenshot(pictures / f"{event.lower()}.png")


def test_who_goes_back_at_the_provider(server: Server, browser: Chromium) -> None:
    """Its link to cancel sends the browser back with an error."""
    browser.fresh()
    browser.open(server.address + "/accounts/oidc/start")
    browser.click("a[href*=abort]")
    browser.wait(".problem")
    assert "SIGN_IN_WAS_REFUSED" in browser.text()


def test_dev_login(browser: Chromium, tmp_path: Path, pictures: Path) -> None:
    """The form, with a real browser's Origin."""
    with Server(tmp_path / "data", ["--dev-login"]) as server:
        made = server.ask("POST", "/accounts/auth_requests/").json
        browser.fresh()
        browser.open(server.address + made["authenticate_ui_uri"])
        browser.fill("#email", ADA)
        browser.screenshot(pictures / "dev-login.png")
        browser.click("form.dev button")
        browser.wait("#done")
        assert server.ask("POST", "/accounts/auth_tokens/", {"request_uuid": made["request_uuid"]}).status == 201
        assert browser.errors() == []
