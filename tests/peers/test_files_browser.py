"""What strangers store never runs in our origin (F11), in a real browser: HTML, SVG, JavaScript, PDF, by every address of a file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest

from tests.e2e.files_api import raw
from tests.peers.chromium import Chromium
from tests.server_process import Server

# Tells a listener of ours that it ran, and where.
SCRIPT = "fetch('{listener}/ran?'+location.origin);document.title='ran';alert(1)"
FILES = {
    "page.html": "<!doctype html><title>quiet</title><script>{script}</script><img src=x onerror=\"{script}\">",
    "page.xhtml": '<html xmlns="http://www.w3.org/1999/xhtml"><script>{script}</script></html>',
    "picture.svg": '<svg xmlns="http://www.w3.org/2000/svg" onload="{script}"><script>{script}</script></svg>',
    "script.js": "{script}",
    "no ending": "<!doctype html><script>{script}</script>",
    "paper.pdf": "%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>endobj\ntrailer<</Root 1 0 R>>",
    'a";x="b.html': "<script>{script}</script>",
}


@pytest.fixture(scope="module")
def ran() -> Iterator[tuple[str, list[str]]]:
    """A listener: its address, and what scripts told it."""
    told: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.append(self.path)
            self.send_response(204)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", told
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """One for all."""
    with Chromium() as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Believes names: a page of another site may then post LiftBit's form."""
    with Server(tmp_path_factory.mktemp("browser") / "data", ["--liftbit-open"]) as running:
        yield running


@pytest.fixture(scope="module")
def token(server: Server, ran: tuple[str, list[str]]) -> str:
    """Alice's, who has stored all of it."""
    made = server.account("alice@example.com")
    for name, text in FILES.items():
        content = text.replace("{script}", SCRIPT.replace("{listener}", ran[0])).encode()
        assert raw(server, "PUT", f"/files/alice/{quote(name, safe='')}", content, made).status == 201, name
    return made


def quiet(browser: Chromium, told: list[str]) -> None:
    """No script has run."""
    assert told == []
    assert [error for error in browser.errors() if error.startswith("dialog")] == []


def form(server: Server, name: str) -> str:
    """A page with one button, which asks for the file as LiftBit's scripts do."""
    query = f"username=alice&amp;owner=alice&amp;filename={quote(name, safe='')}"
    return f'<form method="post" action="{server.address}/download_file?{query}"><button>go</button></form>'


@pytest.mark.parametrize("name", FILES)
def test_by_its_address(server: Server, browser: Chromium, ran: tuple[str, list[str]], token: str, name: str) -> None:
    """The browser saves it, under a name without tricks."""
    browser.fresh(extraHTTPHeaders={"Authorization": f"Bearer {token}"})
    saved = browser.download(f"{server.address}/files/alice/{quote(name, safe='')}")
    assert saved is not None and not set(saved) & set('"/\\\r\n'), saved
    quiet(browser, ran[1])


@pytest.mark.parametrize("name", FILES)
def test_inside_another_page(server: Server, browser: Chromium, ran: tuple[str, list[str]], token: str, name: str) -> None:
    """In a frame, as an object, as an image: nothing of it runs."""
    browser.fresh(extraHTTPHeaders={"Authorization": f"Bearer {token}"})
    browser.open(server.address + "/docs")
    address = f"{server.address}/files/alice/{quote(name, safe='')}"
    browser.html(f'<iframe src="{address}"></iframe><object data="{address}"></object><embed src="{address}"><img src="{address}"><p id="end">end</p>')
    browser.wait("#end")
    quiet(browser, ran[1])


@pytest.mark.parametrize("name", [name for name in FILES if '"' not in name])
def test_by_a_form_of_another_site(server: Server, browser: Chromium, ran: tuple[str, list[str]], token: str, name: str) -> None:
    """There a username is not believed, --liftbit-open or not."""
    browser.fresh()
    browser.html(form(server, name))
    browser.click("button")
    browser.wait("pre")
    assert browser.text() == '{"detail":"Access denied"}'
    quiet(browser, ran[1])


def test_it_would_be_noticed(browser: Chromium, ran: tuple[str, list[str]]) -> None:
    """The same script, where a browser may run it."""
    listener, told = ran
    browser.fresh()
    browser.html(f"<script>{SCRIPT.replace('{listener}', listener)}</script><p id=end>end</p>")
    browser.wait("#end")
    assert [error for error in browser.errors() if error.startswith("dialog")] != []
    for _ in range(100):
        if told:
            break
        browser.wait("#end")
    assert told[0].startswith("/ran?")
