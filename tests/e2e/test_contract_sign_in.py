"""Tokens, cookies and other sites (threats A9, A10)."""

from __future__ import annotations

import pytest

from tests.e2e.contract_api import Api


def test_no_token_bad_scheme_and_two_headers(api: Api, researcher_token: str) -> None:
    """401 with the contract's events."""
    answer = api.ask("GET", "/accounts/me", expect=401)
    assert answer.json["@event"] == "COULD_NOT_FIND_AUTH_TOKEN"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "@authorizer" not in answer.json
    basic = api.ask("GET", "/accounts/me", headers={"Authorization": "Basic YTpi"}, expect=401)
    assert basic.json["@event"] == "COULD_NOT_FIND_AUTH_TOKEN"
    for token in ("x", "a.b", "a.b.c", researcher_token + "x", researcher_token[:-1], "e30.e30."):
        broken = api.ask("GET", "/accounts/me", token=token, expect=401)
        assert broken.json["@event"] == "AUTH_TOKEN_WAS_BROKEN", token
        assert "invalid_token" in broken.headers["www-authenticate"]


def test_the_scheme_has_no_case(api: Api, researcher_token: str) -> None:
    """RFC 9110, 11.1."""
    for scheme in ("bearer", "BEARER", "Bearer"):
        api.ask("GET", "/accounts/me", headers={"Authorization": f"{scheme} {researcher_token}"}, expect=200)


def test_a_cookie_reads(api: Api, researcher_token: str) -> None:
    """Pages carry the token in a cookie."""
    answer = api.ask("GET", "/accounts/me", headers={"Cookie": f"a=b; lakey-auth-token={researcher_token}"}, expect=200)
    assert answer.json["type"] == "RESEARCHER"
    api.ask("GET", "/accounts/me", headers={"Cookie": f"other={researcher_token}"}, expect=401)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "{own}"}, 200),
        ({"Origin": "{own}", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "{own}", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "{own}.evil.example"}, 403),
        ({"Origin": "{own}1"}, 403),
        ({"Origin": "http://evil.example/{own}"}, 403),
        ({"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Referer": "{own}/docs"}, 403),
    ],
)
def test_a_cookie_changes_something_only_from_our_own_pages(api: Api, researcher_token: str, people: int,
                                                            headers: dict[str, str], status: int) -> None:
    """Threats A9. The bearer header needs none of this: no other site can send it."""
    sent = {name: value.replace("{own}", api.server.address) for name, value in headers.items()}
    body = {"catalogue_item_id": people}
    path = "/downloader/requests/render_ui_data/"
    answer = api.ask("POST", path, body, headers=sent | {"Cookie": f"lakey-auth-token={researcher_token}"}, expect=status)
    if status == 403:
        assert answer.json["@event"] == "CROSS_SITE_REQUEST_REFUSED"
    api.ask("POST", path, body, researcher_token, headers=sent, expect=200)


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "https://127.0.0.1", "{own}", "{own}.evil.example", "*"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_no_other_site_may_read(api: Api, researcher_token: str, origin: str, method: str) -> None:
    """Threats A10: no list of other origins is offered, so nobody is let in."""
    sent = {"Origin": origin.replace("{own}", api.server.address), "Access-Control-Request-Method": "POST"}
    answer = api.server.ask(method, "/accounts/me", token=researcher_token, headers=sent)
    assert answer.status in (200, 204)
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_get_changes_nothing(api: Api, researcher_token: str, people: int) -> None:
    """Threats A9: looking at everything leaves the lists as they were."""
    request = api.ask_slice(researcher_token, people, ["id"], [{"name": "id", "operator": "=", "value": 5}], expect=None)
    api.done(researcher_token, request["id"])
    before = api.waited_for(researcher_token)
    assert before
    for path in ("/catalogue/items/", f"/catalogue/items/{people}", "/accounts/me", "/downloader/requests/", request["uri"],
                 f"/downloader/requests/{request['id']}"):
        api.ask("GET", path, token=researcher_token, expect=200)
    assert api.waited_for(researcher_token) == before


def test_an_account_is_what_it_is(api: Api, admin_token: str) -> None:
    """Threats F4: what a caller may not set is not set."""
    body = {"email": "MASS@contract.test", "type": "RESEARCHER", "id": 1, "created_at": "1970-01-01", "@type": "x"}
    made = api.ask("POST", "/accounts/", body, admin_token, expect=201).json
    assert (made["email"], made["type"], made["@type"], made["@event"]) == ("mass@contract.test", "RESEARCHER", "account", "ACCOUNT_CREATED")
    assert made["id"] != 1
    again = api.ask("POST", "/accounts/", {"email": "mass@contract.test"}, admin_token, expect=409)
    assert again.json["@event"] == "ACCOUNT_EXISTS_ALREADY"


@pytest.mark.parametrize("email", ["", "a", "a@", "@b", "a@@b", "a b@c", "x" * 255 + "@b", 7, None, ["a@b"]])
def test_what_is_no_email(api: Api, admin_token: str, email: object) -> None:
    """400 with the field's name."""
    answer = api.ask("POST", "/accounts/", {"email": email}, admin_token, expect=400)
    assert answer.json["@event"] == "BODY_DID_NOT_VALIDATE"
    assert list(answer.json["errors"]) == ["email"]


def test_an_unknown_type_of_account(api: Api, admin_token: str) -> None:
    """400 with the field's name."""
    answer = api.ask("POST", "/accounts/", {"email": "typed@contract.test", "type": "ROOT"}, admin_token, expect=400)
    assert list(answer.json["errors"]) == ["type"]


def test_accounts_are_listed_page_by_page(api: Api, admin_token: str, new_researcher: object) -> None:
    """Following next_url to its end finds everybody once."""
    for _ in range(3):
        new_researcher()  # type: ignore[operator]
    whole = api.ask("GET", "/accounts/?limit=1000", token=admin_token, expect=200).json
    assert whole["next"] is None and whole["next_url"] is None
    found: list[int] = []
    address = "/accounts/?limit=2"
    for _ in range(len(whole["accounts"]) + 1):
        page = api.ask("GET", address, token=admin_token, expect=200).json
        found += [account["id"] for account in page["accounts"]]
        if page["next_url"] is None:
            break
        assert page["next_url"].startswith(api.server.address)
        address = page["next_url"]
    assert found == [account["id"] for account in whole["accounts"]]
    assert found == sorted(set(found))


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=0", "limit=1001", "limit=1.5", "limit=99999999999999999999"])
def test_a_broken_page(api: Api, admin_token: str, query: str) -> None:
    """400 QUERY_DID_NOT_VALIDATE with the parameter's name."""
    answer = api.ask("GET", f"/accounts/?{query}", token=admin_token, expect=400)
    assert answer.json["@event"] == "QUERY_DID_NOT_VALIDATE"
    assert list(answer.json["errors"]) == [query.split("=")[0]]
