"""What those who run the server ask, and the API's own pages."""

from __future__ import annotations

import re

import pytest

from tests.e2e.contract_api import Api

PAGES = ["/docs", "/docs/assets/start.js", "/docs/assets/swagger-ui.css", "/docs/assets/swagger-ui-bundle.js", "/openapi.json"]


def test_alive_and_ready(api: Api) -> None:
    """The status is the answer."""
    assert api.ask("GET", "/livez", expect=200).body == b"ok\n"
    assert api.ask("GET", "/readyz", expect=200).body == b"ok\n"
    for query in ("?verbose", "?verbose=", "?verbose=1"):
        assert b"ready ok" in api.ask("GET", "/readyz" + query, expect=200).body
    assert api.ask("HEAD", "/livez", expect=200).body == b""


def test_metrics(api: Api) -> None:
    """Prometheus' text; labels are route templates, never ids, names or people (conventions 38)."""
    api.ask("GET", "/catalogue/items/123456789", expect=401)
    answer = api.ask("GET", "/metrics", expect=200)
    text = answer.body.decode()
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE lakelift_http_request_duration_seconds histogram" in text
    assert 'route="/catalogue/items/{id}"' in text
    assert "123456789" not in text and "@contract.test" not in text and "lake.people" not in text
    for line in text.splitlines():
        assert not line or line.startswith("#") or re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? \S+", line), line


def test_the_root_leads_to_the_docs(api: Api) -> None:
    """302."""
    assert api.ask("GET", "/", expect=302).headers["location"] == "/docs"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_revalidated(api: Api, path: str) -> None:
    """A strong ETag; 304 when it fits."""
    first = api.ask("GET", path, expect=200)
    assert first.headers["cache-control"] == "no-cache"
    assert api.ask("GET", path, headers={"If-None-Match": first.headers["etag"]}, expect=304).body == b""


def test_the_page_allows_nothing_from_elsewhere(api: Api) -> None:
    """No script inside the page, no address of another host, a policy that allows only ourselves."""
    answer = api.ask("GET", "/docs", expect=200)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert (policy["script-src"], policy["style-src"], policy["connect-src"]) == ("'self'",) * 3
    assert "unsafe" not in answer.headers["content-security-policy"]
    page = answer.body.decode()
    assert "://" not in page
    assert re.findall(r"<script(?! src=\"/docs/assets/)", page) == []
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', page):
        api.ask("GET", path, expect=200)


def test_every_operation_was_held_against_the_document(api: Api) -> None:
    """The document is JSON, says which version it is of, and has an id and an answer for each operation."""
    ids = [operation.document["operationId"] for operation in api.operations]
    assert len(ids) == len(set(ids)) > 20
    assert api.document["openapi"].startswith("3.1")
    for operation in api.operations:
        assert any(code[0] in "23" for code in operation.document["responses"]), operation.name


@pytest.mark.parametrize("path", [*PAGES, "/livez", "/readyz", "/metrics", "/", "/accounts/me", "/nowhere"])
def test_every_answer_has_its_safety_headers(api: Api, path: str) -> None:
    """Threats T15: nosniff, no referrer, a policy, an id."""
    headers = api.server.ask("GET", path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert re.fullmatch("[0-9a-f]{16}", headers["x-request-id"])
