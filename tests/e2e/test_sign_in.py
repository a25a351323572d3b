"""Signing in against an issuer at the wire (threats A1–A6, A8, A9): auth requests, the way to the issuer and back, id_tokens."""

from __future__ import annotations

import base64
import html
import http.client
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.e2e.contract_api import Api
from tests.fake_issuer import FakeIssuer, ec_key
from tests.server_process import Answer, Server, cli

REFUSED = (409, "GOOGLE_OAUTH2_USER_INFO_ERROR_DETECTED")
ADA = "ada@example.com"


class Browser:
    """Keeps cookies and follows nothing by itself."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None) -> Answer:
        """One request, as a navigation of this browser."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        sent = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())} if self.cookies else {}
        if body is not None:
            sent |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.server.address}
        try:
            connection.request(method, path, body, sent | (headers or {}))
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                name, value = cookie.split(";")[0].split("=", 1)
                self.cookies[name] = value
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def button(self, page: Answer) -> str:
        """Where the page's button leads."""
        found = re.search(rb'href="(/accounts/oidc/start[^"]*)"', page.body)
        assert found, page.body
        return html.unescape(found.group(1).decode())


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    """Of the whole module."""
    with FakeIssuer() as running:
        yield running


Start = Callable[..., Server]


@pytest.fixture(scope="module")
def start(server_on: Callable[..., Server]) -> Start:
    """Makes a server with a configuration."""

    def make(tmp_path: Path, config: str, *flags: str) -> Server:
        tmp_path.mkdir(exist_ok=True)
        file = tmp_path / "lakelift.toml"
        file.write_text(config)
        return server_on(tmp_path / "data", "--config", str(file), *flags)

    return make


@pytest.fixture(scope="module")
def server(start: Start, issuer: FakeIssuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Takes accounts of example.com and example.org."""
    made = start(tmp_path_factory.mktemp("signin"), issuer.config("example.com", "example.org"), "--sign-ins-per-minute", "1000000")
    with made as running:
        yield running


@pytest.fixture(scope="module")
def api(server: Server) -> Api:
    """The server, asked with every answer checked."""
    return Api(server, server.ask("GET", "/openapi.json").json)


@pytest.fixture
def fresh(start: Start, issuer: FakeIssuer, tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own."""
    with start(tmp_path, issuer.config("example.com"), "--sign-ins-per-minute", "1000000") as running:
        yield running


def new_request(api: Api) -> str:
    """A request_uuid."""
    made = api.ask("POST", "/accounts/auth_requests/", expect=201).json
    assert (made["@event"], made["@type"]) == ("AUTH_REQUEST_CREATED", "auth_request")
    assert made["authenticate_ui_uri"] == f"/accounts/auth_requests/{made['request_uuid']}/authenticate/ui/"
    assert uuid.UUID(made["request_uuid"]).version == 4
    return made["request_uuid"]


def direct(api: Api, token: str, email: str = ADA) -> tuple[int, str]:
    """The direct form; status and event."""
    answer = api.ask("POST", "/accounts/auth_tokens/", {"oauth_token": token, "email": email})
    return answer.status, answer.json["@event"]


def accounts_of(server: Server) -> set[str]:
    """Every email, as the machine's owner sees it."""
    listed = cli("account", "list", "--output", "json", data=server.data)
    assert listed.returncode == 0, listed.stderr
    return {account["email"] for account in json.loads(listed.stdout)}


def test_the_contracts_way(api: Api, issuer: FakeIssuer) -> None:
    """Create, attach, redeem; on both paths, once."""
    for path in ("/accounts/auth_tokens/", "/accounts/auth_requests/auth_tokens/"):
        request = new_request(api)
        early = api.ask("POST", path, {"request_uuid": request}, expect=404).json
        assert early["@event"] == "COULD_NOT_FIND_AUTHREQUEST"
        body = {"request_uuid": request, "oauth_token": issuer.id_token(ADA), "email": ADA}
        attached = api.ask("POST", "/accounts/auth_requests/attach_account/", body, expect=200).json
        assert attached == {"@event": "ACCOUNT_TO_AUTH_REQUEST_ATTACHED", "@type": "empty"}
        made = api.ask("POST", path, {"request_uuid": request}, expect=201).json
        assert (made["@event"], made["@type"]) == ("AUTH_TOKEN_CREATED", "auth_token")
        me = api.ask("GET", "/accounts/me", token=made["token"], expect=200).json
        assert (me["email"], me["type"]) == (ADA, "RESEARCHER")
        again = api.ask("POST", path, {"request_uuid": request}, expect=404).json
        assert again["@event"] == "COULD_NOT_FIND_AUTHREQUEST"
    assert direct(api, issuer.id_token(ADA)) == (201, "AUTH_TOKEN_CREATED")


@pytest.mark.parametrize("path", ["/accounts/auth_tokens/", "/accounts/auth_requests/auth_tokens/", "/accounts/auth_requests/attach_account/"])
@pytest.mark.parametrize(("value", "text"), [
    (..., "This field is required."), (None, "This field may not be null."), ("", "Must be a valid UUID."),
    ("x", "Must be a valid UUID."), (7, "Must be a valid UUID."), (["a"], "Must be a valid UUID."),
    ("123e4567-e89b-12d3-a456-42661417400", "Must be a valid UUID."), ("123e4567-e89b-12d3-a456-426614174000x", "Must be a valid UUID."),
])
def test_a_request_uuid_that_is_none(api: Api, path: str, value: Any, text: str) -> None:
    """The contract's words."""
    body = {} if value is ... else {"request_uuid": value}
    answer = api.ask("POST", path, body, expect=400).json
    assert answer["@event"] == "BODY_DID_NOT_VALIDATE"
    assert answer["errors"]["request_uuid"] == [text]
    if path.endswith("attach_account/"):
        assert set(answer["errors"]) == {"request_uuid", "oauth_token", "email"}


def test_a_uuid_is_read_in_upper_case_too(api: Api, issuer: FakeIssuer) -> None:
    """As clients print it."""
    request = new_request(api).upper()
    api.ask("POST", "/accounts/auth_requests/attach_account/", {"request_uuid": request, "oauth_token": issuer.id_token(ADA), "email": ADA}, expect=200)
    api.ask("POST", "/accounts/auth_tokens/", {"request_uuid": request}, expect=201)


def test_unknown_requests(api: Api, issuer: FakeIssuer) -> None:
    """404 on each path."""
    unknown = str(uuid.uuid4())
    body = {"request_uuid": unknown, "oauth_token": issuer.id_token(ADA), "email": ADA}
    for path in ("/accounts/auth_tokens/", "/accounts/auth_requests/auth_tokens/"):
        assert api.ask("POST", path, {"request_uuid": unknown}, expect=404).json["@event"] == "COULD_NOT_FIND_AUTHREQUEST"
    assert api.ask("POST", "/accounts/auth_requests/attach_account/", body, expect=404).json["@event"] == "COULD_NOT_FIND_AUTHREQUEST"
    for part in (unknown, "x", "%00", "..%2f.."):
        assert api.server.ask("GET", f"/accounts/auth_requests/{part}/authenticate/ui/").status in (400, 404)


def test_the_direct_forms_fields(api: Api) -> None:
    """Told apart by the body."""
    assert set(api.ask("POST", "/accounts/auth_tokens/", {"oauth_token": "x"}, expect=400).json["errors"]) == {"email"}
    assert set(api.ask("POST", "/accounts/auth_tokens/", {"email": "x"}, expect=400).json["errors"]) == {"oauth_token"}
    assert api.ask("POST", "/accounts/auth_tokens/", {"oauth_token": 7, "email": 7}, expect=400).json["errors"] == {
        "oauth_token": ["Not a valid string."], "email": ["Not a valid string."]}


def forged(issuer: FakeIssuer) -> dict[str, tuple[str, str, tuple[int, str]]]:
    """name → token, email, what is answered."""
    now = issuer.claims(ADA)["iat"]
    changes: dict[str, dict[str, Any]] = {
        "iss": {"iss": "https://accounts.google.com"}, "iss slash": {"iss": issuer.address + "/"}, "no iss": {"iss": None}, "iss number": {"iss": 1},
        "aud": {"aud": "another"}, "no aud": {"aud": None}, "aud list": {"aud": ["another"]}, "aud empty": {"aud": []},
        "aud two, azp another": {"aud": [issuer.claims(ADA)["aud"], "x"], "azp": "x"}, "azp": {"azp": "another"},
        "aud two, no azp": {"aud": [issuer.claims(ADA)["aud"], "x"], "azp": None},
        "expired": {"iat": now - 7200, "exp": now - 3600}, "expired a minute ago": {"iat": now - 3600, "exp": now - 61}, "no exp": {"exp": None},
        "exp text": {"exp": str(now + 60)}, "exp 0": {"exp": 0}, "exp before iat": {"exp": now - 10}, "iat ahead": {"iat": now + 400, "exp": now + 4000},
        "no iat": {"iat": None}, "nbf ahead": {"nbf": now + 400}, "nbf text": {"nbf": "soon"}, "no sub": {"sub": None}, "sub empty": {"sub": ""},
        "sub long": {"sub": "s" * 256}, "no email": {"email": None}, "email number": {"email": 7}, "email no address": {"email": "ada"},
        "not verified": {"email_verified": False}, "verified text": {"email_verified": "true"}, "verified missing": {"email_verified": None},
    }
    out = {name: (issuer.id_token(ADA, **change), ADA, REFUSED) for name, change in changes.items()}
    good = issuer.id_token(ADA)
    head, payload, signature = good.split(".")
    rsa = issuer.id_token(ADA, key=issuer.keys[0])
    out |= {
        name: (token, ADA, REFUSED) for name, token in {
            "empty": "", "x": "x", "two parts": f"{head}.{payload}", "four parts": good + ".x", "no signature": f"{head}.{payload}.",
            "cut": good[:-3], "padded": good + "=", "newline": good + "\n", "swapped signature": f"{head}.{payload}.{rsa.split('.')[2]}",
            "swapped header": f"{rsa.split('.')[0]}.{payload}.{signature}", "stranger's key": issuer.id_token(ADA, key=ec_key("ec-1")),
            "unknown kid": issuer.id_token(ADA, key=ec_key("unknown")), "none": f"eyJhbGciOiJub25lIiwia2lkIjoiZWMtMSJ9.{payload}.",
            "none with signature": f"eyJhbGciOiJub25lIiwia2lkIjoiZWMtMSJ9.{payload}.{signature}", "huge": good + "A" * 20_000,
            "JSON": json.dumps({"payload": payload, "signature": signature}), "ours": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.AAAA",
            "PS": issuer.id_token(ADA, key=issuer.keys[0], algorithm="PS512"), "RS512": issuer.id_token(ADA, key=issuer.keys[0], algorithm="RS512"),
        }.items()
    }
    for position in (5, len(head) + 9, len(head) + len(payload) + 9):
        flipped = good[:position] + ("A" if good[position] != "A" else "B") + good[position + 1:]
        out[f"character {position}"] = (flipped, ADA, REFUSED)
    mismatch = (400, "EMAIL_MISMATCH_DETECTED")
    for email in ("eve@example.com", "ada@example.org", "", "ada@example.com.evil.example", "ada@example.com "):
        out[f"for {email}"] = (issuer.id_token(ADA), email, mismatch)
    wrong = (401, "WRONG_EMAIL_DOMAIN")
    for email in ("eve@evil.example", "eve@sub.example.com", "eve@example.com.evil.example", "eve@xexample.com"):
        out[f"domain {email}"] = (issuer.id_token(email), email, wrong)
    out["hd"] = (issuer.id_token(ADA, hd="evil.example"), ADA, wrong)
    return out


def test_forged_tokens(fresh: Server, issuer: FakeIssuer) -> None:
    """Threats A1–A3: each is refused by its name and makes no account."""
    api = Api(fresh, fresh.ask("GET", "/openapi.json").json)
    table = forged(issuer)
    assert len(table) >= 60
    for name, (token, email, expected) in table.items():
        assert direct(api, token, email) == expected, name
    request = new_request(api)
    for name, (token, email, expected) in table.items():
        answer = api.ask("POST", "/accounts/auth_requests/attach_account/", {"request_uuid": request, "oauth_token": token, "email": email})
        assert (answer.status, answer.json["@event"]) == expected, name
    assert accounts_of(fresh) <= {"admin@localhost"}
    assert direct(api, issuer.id_token(ADA)) == (201, "AUTH_TOKEN_CREATED")


def test_an_id_token_is_good_once(api: Api, issuer: FakeIssuer) -> None:
    """Replayed (threats A3)."""
    token = issuer.id_token(ADA)
    assert direct(api, token) == (201, "AUTH_TOKEN_CREATED")
    assert direct(api, token) == REFUSED


def test_of_fifty_who_redeem_one_gets_a_token(api: Api, issuer: FakeIssuer) -> None:
    """Threats A5."""
    request = new_request(api)
    api.ask("POST", "/accounts/auth_requests/attach_account/", {"request_uuid": request, "oauth_token": issuer.id_token(ADA), "email": ADA}, expect=200)
    ready = threading.Barrier(50)

    def redeem(number: int) -> int:
        ready.wait()
        path = "/accounts/auth_tokens/" if number % 2 else "/accounts/auth_requests/auth_tokens/"
        return api.server.ask("POST", path, {"request_uuid": request}).status

    with ThreadPoolExecutor(50) as pool:
        statuses = sorted(pool.map(redeem, range(50)))
    assert statuses == [201] + [404] * 49


def test_a_browser_signs_in_for_a_program(api: Api, issuer: FakeIssuer) -> None:
    """The page, the issuer, back; then the program has its token."""
    request = new_request(api)
    browser = Browser(api.server)
    page = browser.ask("GET", f"/accounts/auth_requests/{request}/authenticate/ui/")
    assert page.status == 200
    assert b"Sign in with Work &amp; Co &lt;b&gt;" in page.body
    gone = browser.ask("GET", browser.button(page))
    assert gone.status == 302
    assert gone.headers["location"].startswith(issuer.address + "/authorize?")
    query = issuer.sign_in_at(gone.headers["location"], ADA)
    back = browser.ask("GET", f"/accounts/oidc/callback?{query}")
    assert back.status == 200
    assert ADA.encode() in back.body
    assert "set-cookie" not in back.headers, "the browser itself is not signed in by it"
    token = api.ask("POST", "/accounts/auth_tokens/", {"request_uuid": request}, expect=201).json["token"]
    assert api.ask("GET", "/accounts/me", token=token, expect=200).json["email"] == ADA
    assert browser.ask("GET", f"/accounts/oidc/callback?{query}").status == 400, "used"


def test_what_another_site_could_try(api: Api, issuer: FakeIssuer) -> None:
    """Threats A9: a link without our page's ticket; another browser's answer; a state that is not its own."""
    request = new_request(api)
    ui = f"/accounts/auth_requests/{request}/authenticate/ui/"
    victim, attacker = Browser(api.server), Browser(api.server)
    for query in ({"auth_request": request, "issuer": "work"}, {"auth_request": request, "issuer": "work", "ticket": "0" * 64}):
        assert victim.ask("GET", "/accounts/oidc/start?" + urlencode(query)).status == 403
    stolen = attacker.button(attacker.ask("GET", ui))
    assert victim.ask("GET", stolen).status == 403
    victim.ask("GET", ui)
    assert victim.ask("GET", stolen).status == 403, "the ticket is of another browser"
    # The attacker signs in and has the victim's browser finish: the victim would work as the attacker.
    gone = attacker.ask("GET", "/accounts/oidc/start?issuer=work&return_to=/docs")
    query = issuer.sign_in_at(gone.headers["location"], "eve@example.com")
    assert victim.ask("GET", f"/accounts/oidc/callback?{query}").status == 400
    assert "lakey-auth-token" not in victim.cookies
    assert attacker.ask("GET", f"/accounts/oidc/callback?{query}").status == 302
    for query in ("", "state=x", "state=x&code=y", "code=y", "error=access_denied", "state=" + "x" * 4000):
        assert victim.ask("GET", f"/accounts/oidc/callback?{query}").status == 400


def test_a_browser_signs_in_for_itself_and_out(api: Api, issuer: FakeIssuer) -> None:
    """The cookie, and its end."""
    browser = Browser(api.server)
    gone = browser.ask("GET", "/accounts/oidc/start?return_to=/ui/catalogue/%3Fquery=a")
    query = issuer.sign_in_at(gone.headers["location"], ADA)
    back = browser.ask("GET", f"/accounts/oidc/callback?{query}")
    assert (back.status, back.headers["location"]) == (302, "/ui/catalogue/?query=a")
    assert re.fullmatch(r"lakey-auth-token=\S+; Path=/; Max-Age=\d+; HttpOnly; SameSite=Lax", back.headers["set-cookie"])
    token = browser.cookies["lakey-auth-token"]
    assert browser.ask("GET", "/accounts/me").json["email"] == ADA
    cross = browser.ask("POST", "/accounts/sign_out", headers={"Origin": "http://evil.example"})
    assert (cross.status, cross.json["@event"]) == (403, "CROSS_SITE_REQUEST_REFUSED")
    out = browser.ask("POST", "/accounts/sign_out", headers={"Origin": api.server.address})
    assert (out.status, out.json) == (200, {"@event": "SIGNED_OUT", "@type": "empty"})
    assert browser.cookies["lakey-auth-token"] == ""
    assert api.ask("GET", "/accounts/me", token=token, expect=401).json["@event"] == "AUTH_TOKEN_WAS_BROKEN"
    # A form of another site brings no cookie along, and must not take it away either.
    assert "set-cookie" not in api.ask("POST", "/accounts/sign_out", headers={"Origin": "http://evil.example"}, expect=200).headers


@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "http://evil.example", "javascript:alert(1)", "evil", "/a\nb", "/" + "x" * 2000, ""])
def test_it_leads_nowhere_else(api: Api, issuer: FakeIssuer, wanted: str) -> None:
    """No open redirect."""
    browser = Browser(api.server)
    gone = browser.ask("GET", "/accounts/oidc/start?" + urlencode({"return_to": wanted}))
    back = browser.ask("GET", "/accounts/oidc/callback?" + issuer.sign_in_at(gone.headers["location"], ADA))
    assert (back.status, back.headers["location"]) == (302, "/")


def test_what_the_issuer_gets_wrong(api: Api, issuer: FakeIssuer) -> None:
    """A page that says what to do; nobody is signed in."""
    browser = Browser(api.server)

    def come_back(status: int, who: str = ADA, **changes: Any) -> None:
        gone = browser.ask("GET", "/accounts/oidc/start")
        back = browser.ask("GET", "/accounts/oidc/callback?" + issuer.sign_in_at(gone.headers["location"], who, **changes))
        assert back.status == status, back.body
        assert "lakey-auth-token" not in browser.cookies

    come_back(409, nonce="another")
    come_back(409, aud="another")
    come_back(409, key=ec_key("ec-1"))
    come_back(401, "ada@evil.example")
    issuer.override["/token"] = (500, b"")
    come_back(503)
    issuer.override["/token"] = (200, b"<html>")
    come_back(409)
    del issuer.override["/token"]
    gone = browser.ask("GET", "/accounts/oidc/start")
    query = issuer.sign_in_at(gone.headers["location"], ADA)
    assert browser.ask("GET", f"/accounts/oidc/callback?{query}&iss=https://evil.example").status == 409
    gone = browser.ask("GET", "/accounts/oidc/start")
    query = issuer.sign_in_at(gone.headers["location"], ADA)
    assert browser.ask("GET", f"/accounts/oidc/callback?{query}&error=access_denied").status == 409


def test_pages_allow_nothing_from_elsewhere(api: Api) -> None:
    """Threats S10, T15: no script or style inside, a strict policy, no frame, not kept; a program's name is only text."""
    connection = http.client.HTTPConnection("127.0.0.1", api.server.port)
    connection.request("POST", "/accounts/auth_requests/", headers={"User-Agent": "<script>alert(1)</script>\"'&amp;"})
    request = json.loads(connection.getresponse().read())["request_uuid"]
    for path in (f"/accounts/auth_requests/{request}/authenticate/ui/", "/accounts/device/", "/accounts/device/?user_code=%3Cscript%3E%22%27",
                 "/accounts/oidc/callback?state=%3Cscript%3E", "/accounts/oidc/start?issuer=%3Cscript%3E"):
        page = api.server.ask("GET", path)
        text = page.body.decode()
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "same-origin"
        assert re.findall(r"<script(?! src=\"/accounts/assets/sign_in.js\")|<style| on[a-z]+=| style=|javascript:", text) == [], text
        for asset in re.findall(r'(?:src|href)="(/accounts/assets/[^"]+)"', text):
            api.ask("GET", asset, expect=200)


def test_the_log_has_no_secrets(api: Api, issuer: FakeIssuer) -> None:
    """Threats U5: what gets a token stands in no log."""
    request = new_request(api)
    browser = Browser(api.server)
    gone = browser.ask("GET", browser.button(browser.ask("GET", f"/accounts/auth_requests/{request}/authenticate/ui/")))
    query = issuer.sign_in_at(gone.headers["location"], ADA)
    browser.ask("GET", f"/accounts/oidc/callback?{query}")
    device = api.server.ask("POST", "/accounts/device/code").json
    api.server.ask("POST", "/accounts/device/token", {"grant_type": "x", "device_code": device["device_code"]})
    log = api.server.log.read_text()
    state, code = re.fullmatch("state=(.*)&code=(.*)", query).groups()  # type: ignore[union-attr]
    for secret in (request, state, code, browser.cookies["lakelift-browser"], device["device_code"]):
        assert secret not in log


def test_keys_rotate_under_load(start: Start, tmp_path: Path) -> None:
    """T12: 1,000 sign-ins while keys rotate 10 times, none refused; 10,000 unknown keys cost nothing."""
    with FakeIssuer() as issuer, start(tmp_path, issuer.config(refetch_seconds=1), "--sign-ins-per-minute", "1000000") as server:
        issuer.max_age = 1
        refused: list[tuple[int, str]] = []
        done = 0

        def sign_in(key: Any) -> None:
            email = f"user{done}@example.com"
            answer = server.ask("POST", "/accounts/auth_tokens/", {"oauth_token": issuer.id_token(email, key=key), "email": email})
            if answer.status != 201:
                refused.append((answer.status, answer.json["@event"]))

        for rotation in range(10):
            key = issuer.keys[-1]
            issuer.keys.append(ec_key(f"ec-{rotation + 2}"))  # published first, used from the next look on
            seen = issuer.count("/keys")
            before = done
            while issuer.count("/keys") == seen or done < before + 100:
                sign_in(key)
                done += 1
            issuer.keys.pop(0)
        assert done >= 1000
        assert refused == []


def test_a_flood_of_unknown_keys(fresh: Server, issuer: FakeIssuer) -> None:
    """T12: nothing is asked of the issuer for them."""
    api = Api(fresh, fresh.ask("GET", "/openapi.json").json)
    assert direct(api, issuer.id_token(ADA)) == (201, "AUTH_TOKEN_CREATED")
    seen = issuer.count("/keys")
    head = '{"alg":"ES256","kid":"bogus-%d"}'
    body = issuer.id_token(ADA).split(".", 1)[1]

    def flood(worker: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", fresh.port, timeout=60)
        for number in range(2_500):
            header = base64.urlsafe_b64encode((head % (worker * 10_000 + number)).encode()).decode().rstrip("=")
            connection.request("POST", "/accounts/auth_tokens/", json.dumps({"oauth_token": f"{header}.{body}", "email": ADA}),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert answer.status == 409, answer.read()
            answer.read()
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(flood, range(4)))
    assert issuer.count("/keys") <= seen + 1, "at most the one look a minute"


def test_an_issuer_that_is_away(start: Start, tmp_path: Path) -> None:
    """Threats A4: fails closed without keys, goes on with the last good ones, garbage replaces none."""
    with FakeIssuer() as issuer, start(tmp_path, issuer.config(refetch_seconds=1)) as server:
        api = Api(server, server.ask("GET", "/openapi.json").json)
        issuer.override["/keys"] = (500, b"")
        token = issuer.id_token(ADA)
        answer = api.ask("POST", "/accounts/auth_tokens/", {"oauth_token": token, "email": ADA}, expect=503)
        assert answer.json["@event"] == "ISSUER_UNREACHABLE"
        assert "retry-after" in answer.headers
    with FakeIssuer() as issuer, start(tmp_path / "second", issuer.config(refetch_seconds=1)) as server:
        issuer.max_age = 0
        api = Api(server, server.ask("GET", "/openapi.json").json)
        assert direct(api, issuer.id_token(ADA)) == (201, "AUTH_TOKEN_CREATED")
        for garbage in ((500, b""), (200, b"<html>"), (200, b'{"keys": []}'), (302, b"")):
            issuer.override["/keys"] = garbage
            assert direct(api, issuer.id_token(ADA)) == (201, "AUTH_TOKEN_CREATED"), garbage


def test_rates(start: Start, issuer: FakeIssuer, tmp_path: Path) -> None:
    """Threats A8: 429 with Retry-After, for each address alone."""
    with start(tmp_path, issuer.config(), "--sign-ins-per-minute", "5", "--trusted-proxies", "127.0.0.1") as server:
        body = {"request_uuid": str(uuid.uuid4())}

        def ask(address: str) -> Answer:
            return server.ask("POST", "/accounts/auth_tokens/", body, headers={"X-Forwarded-For": address})

        assert [ask("2001:db8::1").status for _ in range(5)] == [404] * 5
        limited = ask("2001:db8::2")
        assert (limited.status, limited.json["@event"]) == (429, "TOO_MANY_ATTEMPTS")
        assert 1 <= int(limited.headers["retry-after"]) <= 12
        assert ask("2001:db8:0:1::1").status == 404
        assert ask("192.0.2.1").status == 404
        page = server.ask("GET", f"/accounts/auth_requests/{uuid.uuid4()}/authenticate/ui/", headers={"X-Forwarded-For": "2001:db8::3"})
        assert page.status == 429 and page.headers["content-type"].startswith("text/html")


def test_dev_login(start: Start, tmp_path: Path) -> None:
    """Whoever types an email is believed; from our own page alone; never beyond loopback; the log says so."""
    with start(tmp_path, "", "--dev-login") as server:
        browser = Browser(server)
        form = urlencode({"email": ADA, "return_to": "/docs"})
        assert b"/accounts/dev_login" in browser.ask("GET", "/accounts/oidc/start").body
        for origin in ("null", "http://evil.example"):
            assert browser.ask("POST", "/accounts/dev_login", form, {"Origin": origin}).status == 403
        done = browser.ask("POST", "/accounts/dev_login", form)
        assert (done.status, done.headers["location"]) == (302, "/docs")
        assert browser.ask("GET", "/accounts/me").json["email"] == ADA
        assert browser.ask("POST", "/accounts/dev_login", urlencode({"email": "admin@localhost"})).status == 409
        assert "dev-login" in server.log.read_text()
    for flags in (["--listen", "0.0.0.0", "--public-url", "https://lake.example"], ["--public-url", "https://lake.example"],
                  ["--trusted-proxies", "127.0.0.1"]):
        refused = cli("serve", "--dev-login", "--port", "0", *flags, data=tmp_path / "data")
        assert refused.returncode == 1
        assert "dev-login" in refused.stderr
    with start(tmp_path / "without", "") as server:
        assert Browser(server).ask("POST", "/accounts/dev_login", form).status == 404
