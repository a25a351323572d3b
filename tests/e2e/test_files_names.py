"""Names that are meant to lead elsewhere (T14): every file route, with a log of what the server's process opened."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.e2e.contract_api import Api
from tests.e2e.files_api import Person, raw
from tests.e2e.test_naughty_strings import STRINGS
from tests.server_process import Server

UP = ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "%2E%2E%2F", ".%2e/", "%2e./", "..%5c", "..\\", "%2e%2e%5c", "%252e%252e%252f", "..%252f",
      "%25252e%25252e%25252f", "..%c0%af", "%c0%ae%c0%ae/", "%c0%ae%c0%ae%c0%af", "..%e0%80%af", "..%c1%9c", "..%f0%80%80%af", "..;/", "....//",
      "..././", "./../", "..//", "//../", "..%00/", "..%0a/", "..%0d%0a/", "..%20/", "%20../", "..%09/", "%ef%bc%8e%ef%bc%8e/", "..%ef%bc%8f",
      "..%e2%88%95", "..%e2%81%84", "%e2%80%a5/", "x/../../", "a%2f..%2f..%2f", "%u002e%u002e/", "..%u2215"]
TARGETS = ["etc/passwd", "lakelift.db", "outside.txt"]
FORMS = [up * depth + target for up in UP for depth, target in ((1, TARGETS[1]), (3, TARGETS[2]), (9, TARGETS[0]))]
FORMS += ["/etc/passwd", "%2fetc%2fpasswd", "//etc/passwd", "file:///etc/passwd", "file:%2f%2f%2fetc%2fpasswd", "~root/.bashrc", "C:\\windows\\win.ini",
          "%5c%5cserver%5cshare", "/proc/self/environ", "%2fproc%2fself%2fenviron", "/dev/zero", "CON", "con.txt", "NUL", "a%00.txt", "a%00/../b", "."]
# What a server of ours opens besides its data: libraries, the machine's settings of locale and time, its own numbers.
KNOWN = re.compile(r"/(proc/(self|\d+|sys)|sys/(fs/cgroup|devices/system)|lib|lib64|usr/(lib|lib64|share)|etc/(ld\.so\.cache|localtime)|"
                   r"dev/(null|urandom))(/|$)")


@dataclass
class Watched:
    """A server, one person in it, and the log of what it opens."""

    server: Server
    person: Person
    log: Path
    tracer: subprocess.Popen[bytes]

    def opened(self) -> list[str]:
        """Whole paths, after the tracer has written its last line."""
        self.tracer.send_signal(signal.SIGINT)
        self.tracer.wait(30)
        return [path for line in self.log.read_text(errors="replace").splitlines() if (path := whole_path(line))]


def whole_path(line: str) -> str | None:
    """Of `openat(5</data/objects>, "ab/cd", …) = 7</data/objects/ab/cd>`; nothing where no file is named."""
    found = re.search(r'\bopen(?:at2?)?\((?:AT_FDCWD<(?P<cwd>[^>]*)>, |\d+<(?P<folder>[^>]*)>, )?"(?P<path>(?:[^"\\]|\\.)*)"', line)
    if not found:
        return None
    path = found["path"].encode().decode("unicode_escape")
    if not path.startswith("/"):
        path = f"{found['folder'] or found['cwd']}/{path}"
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Its own server, watched from after its start."""
    folder = tmp_path_factory.mktemp("names")
    (folder / "outside.txt").write_text("outside")
    with Server(folder / "data", ["--liftbit-open"]) as server:
        api = Api(server, server.ask("GET", "/openapi.json").json)
        person = Person(api, "alice", server.account("alice@example.com"), "alice@example.com")
        log = folder / "strace.log"
        said = folder / "strace.err"
        with said.open("wb") as stderr:
            tracer = subprocess.Popen(["strace", "-f", "-y", "-e", "trace=open,openat,openat2", "-o", log, "-p", str(server.pid)], stderr=stderr)
        end = time.monotonic() + 30
        while b"attached" not in said.read_bytes():
            assert tracer.poll() is None and time.monotonic() < end, said.read_text()
        yield Watched(server, person, log, tracer)
        if tracer.poll() is None:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(30)


def addresses(form: str) -> Iterator[tuple[str, str, bytes | None, str]]:
    """Every file route with the form where a name goes: method, address, body, content type."""
    plain = quote(form, safe="%/\\;:~.")  # as it stands; what no address may hold is escaped
    again = quote(form, safe="")
    action = json.dumps({"to": f"/files/alice/{form}", "overwrite": True}).encode()
    yield "GET", f"/files/alice/{plain}", None, ""
    yield "GET", f"/files/{plain}", None, ""
    yield "GET", f"/files/alice/{again}?view=info", None, ""
    yield "PUT", f"/files/alice/{plain}", b"x", "text/plain"
    yield "PUT", f"/files/{again}/x", b"x", "text/plain"
    yield "DELETE", f"/files/alice/{plain}?recursive=true", None, ""
    yield "POST", f"/files/alice/{plain}?action=grant", b'{"account": "alice", "right": "read"}', "application/json"
    yield "POST", "/files/alice/seed?action=copy", action, "application/json"
    yield "POST", "/files/alice/seed?action=publish", json.dumps({"name": form}).encode(), "application/json"
    yield "POST", "/downloader/requests/1/keep", action, "application/json"
    yield "GET", f"/trash/{again}/", None, ""
    yield "GET", f"/usage/{again}", None, ""
    yield "GET", f"/files/alice/?next={again}", None, ""
    form_body = (b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + form.encode().replace(b'"', b"") + b'"\r\n\r\nx\r\n--b--\r\n')
    for call in ("upload_file", "download_file", "delete_file", "give_permission"):
        query = f"/{call}?username=alice&owner=alice&other_username=alice&filename={again}"
        yield "POST", query, form_body, "multipart/form-data; boundary=b"
    for call in ("list_files", "delete_user", "create_user"):
        yield "POST", f"/{call}?username={again}", None, ""


def test_forms_that_go_up_reach_nothing(watched: Watched) -> None:
    """No answer of ours has a fault in it; nothing is there that has such a name."""
    assert len(FORMS) > 120
    alice = watched.person
    alice.put("seed", b"seed", expect=201)
    for form in FORMS:
        for method, address, body, content_type in addresses(form):
            headers = {"Content-Type": content_type} if content_type else {}
            answer = raw(watched.server, method, address, body, alice.token, headers)
            assert answer.status < 500, (form, method, address, answer.status, answer.body[:300])
            assert b"root:" not in answer.body and answer.body != b"outside", (form, method, address)
    check_names(alice)


def test_naughty_strings(watched: Watched) -> None:
    """The Big List: stored under exactly that name (in normal form), or refused by what is wrong."""
    alice = watched.person
    stored = 0
    for text in filter(None, STRINGS):
        address = f"/files/alice/naughty/{quote(text, safe='')}"
        answer = raw(watched.server, "PUT", address, text.encode(), alice.token)
        if answer.status in (200, 201):
            stored += 1
            assert alice.call("GET", address, expect=200).body == text.encode()
            name = alice.call("GET", address + "?view=info", expect=200).json["name"]
            assert name == name.strip() and "/" not in name and not any(ord(c) < 32 for c in name)
        else:
            assert answer.status in (400, 409), (text, answer.status, answer.body[:300])
        for method, other, body, content_type in addresses(text):
            headers = {"Content-Type": content_type} if content_type else {}
            got = raw(watched.server, method, other, body, alice.token, headers)
            assert got.status < 500, (text, method, other, got.body[:300])
    assert stored > 200
    check_names(alice)


def check_names(alice: Person) -> None:
    """What is there now has only good names, and its address leads to it."""
    address = "/files/alice/?recursive=true&limit=1000"
    while address:
        page = alice.call("GET", address, expect=200).json
        for file in page["data"]:
            parts = file["path"].split("/")
            assert not {"", ".", ".."} & set(parts) and "\\" not in file["path"], file["path"]
            assert alice.call("GET", file["href"].removeprefix(alice.api.server.address) + "?view=info", expect=200).json["path"] == file["path"]
        address = (page["next_url"] or "").removeprefix(alice.api.server.address)


def test_z_nothing_outside_was_opened(watched: Watched) -> None:
    """What the server's process opened through all of that lies in its data folder, or is the machine's own."""
    data = str(watched.server.data.resolve())
    opened = watched.opened()
    inside = [path for path in opened if path.startswith(data + "/") or path == data]
    assert len(inside) > 100, "the log has what was stored"
    outside = sorted({path for path in opened if path not in set(inside) and not KNOWN.match(path)})
    assert outside == []
    assert (watched.server.data.parent / "outside.txt").read_text() == "outside"
    assert watched.server.ask("GET", "/readyz").status == 200
