"""Scripts that were written for LiftBit: their eight calls, with a token, and with --liftbit-open as they always were."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.e2e.files_api import raw
from tests.server_process import Answer, Server, cli, must

ServerOn = Callable[..., Server]
NULL = b"null"
# As it is handed round: upload_file.sh LOCAL_PATH USERNAME SAVE_PATH.
UPLOAD_FILE_SH = """\
#!/bin/sh
curl --silent --show-error --fail-with-body -X POST "$ADDRESS/upload_file?username=$2&path=$3" -F "file=@$1" ${TOKEN:+-H "Authorization: Bearer $TOKEN"}
"""


@dataclass
class LiftBit:
    """A client from the contract alone; `token`, where the server wants one."""

    server: Server
    token: str | None = None

    def call(self, name: str, **parameters: str) -> Answer:
        """POST with query parameters."""
        return raw(self.server, "POST", f"/{name}?{urlencode(parameters)}", None, self.token)

    def upload(self, username: str, filename: str, content: bytes, field: str = "file", name: str = "filename") -> Answer:
        """As a browser's form sends it."""
        body = (f'--x1\r\nContent-Disposition: form-data; name="{field}"; filename="local"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n").encode() + content + b"\r\n--x1--\r\n"
        query = urlencode({"username": username, name: filename})
        return raw(self.server, "POST", f"/upload_file?{query}", body, self.token,
                   {"Content-Type": "multipart/form-data; boundary=x1"})

    def download(self, username: str, filename: str, owner: str) -> Answer:
        """The bytes, or why not."""
        return self.call("download_file", username=username, filename=filename, owner=owner)


@dataclass
class People:
    """Two users, and what each calls with."""

    server: Server
    alice: LiftBit
    bob: LiftBit
    is_open: bool


@pytest.fixture(scope="module", params=["open", "tokens"])
def people(request: pytest.FixtureRequest, server_on: ServerOn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """alice and bob, made as the server lets."""
    is_open = request.param == "open"
    with server_on(tmp_path_factory.mktemp("liftbit") / "data", *(["--liftbit-open"] if is_open else [])) as server:
        if is_open:
            script = LiftBit(server)
            for name in ("alice", "bob"):
                assert script.call("create_user", username=name).status == 200
            yield People(server, script, script, True)
        else:
            tokens = {name: server.account(f"{name}@example.com") for name in ("alice", "bob")}
            yield People(server, LiftBit(server, tokens["alice"]), LiftBit(server, tokens["bob"]), False)


def test_the_whole_story(people: People) -> None:
    """Two users, a file, a permission, given and taken back, and the end of it all."""
    alice, bob = people.alice, people.bob
    stored = alice.upload("alice", "notes.txt", b"hello")
    assert (stored.status, stored.body, stored.headers["content-type"].split(";")[0]) == (200, NULL, "application/json")
    assert alice.upload("alice", "in a folder/b-2.png", b"\x89PNG", name="path").status == 200
    listed = alice.call("list_files", username="alice")
    assert (listed.status, listed.body) == (200, b"in a folder/b-2.png\nnotes.txt\n")
    assert listed.headers["content-type"].split(";")[0] == "text/plain"
    assert alice.download("alice", "notes.txt", "alice").body == b"hello"
    denied = bob.download("bob", "notes.txt", "alice")
    assert (denied.status, denied.json) == (403, {"detail": "Access denied"})
    for _ in range(2):
        assert alice.call("give_permission", username="alice", filename="notes.txt", other_username="bob").body == NULL
    assert bob.download("bob", "notes.txt", "alice").body == b"hello"
    assert alice.upload("alice", "notes.txt", b"hello again").status == 200
    assert bob.download("bob", "notes.txt", "alice").body == b"hello again"
    for _ in range(2):
        assert alice.call("remove_permission", username="alice", filename="notes.txt", other_username="bob").body == NULL
    assert bob.download("bob", "notes.txt", "alice").status == 403
    alice.call("give_permission", username="alice", filename="notes.txt", other_username="bob")
    assert alice.call("delete_file", username="alice", filename="notes.txt").status == 200
    assert bob.download("bob", "notes.txt", "alice").json == {"detail": "Access denied"}
    missing = alice.download("alice", "notes.txt", "alice")
    assert (missing.status, missing.json) == (404, {"detail": "File not found"})
    alice.upload("alice", "notes.txt", b"another")
    assert bob.download("bob", "notes.txt", "alice").status == 403, "a new file of that name is not shared"
    assert alice.call("list_files", username="alice").body == b"in a folder/b-2.png\nnotes.txt\n"
    assert bob.call("list_files", username="bob").body == b""


def test_the_old_upload_script(people: People, tmp_path: Path) -> None:
    """With curl, as it stands in people's folders."""
    script = tmp_path / "upload_file.sh"
    script.write_text(UPLOAD_FILE_SH)
    local = tmp_path / "local file.bin"
    local.write_bytes(bytes(range(256)) * 4096)
    env = {"ADDRESS": people.server.address, "TOKEN": people.alice.token or "", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["sh", script, local, "alice", "by/script.bin"], env=env, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, NULL), done.stderr
    assert people.alice.download("alice", "by/script.bin", "alice").body == local.read_bytes()
    people.alice.call("delete_file", username="alice", filename="by/script.bin")


def test_a_page_of_another_site_is_not_believed(people: People) -> None:
    """A form that some page sends carries no token; a script says nothing of where it comes from."""
    refused = 403 if people.is_open else 401
    for header in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        for call in ("create_user?username=mallory", "delete_user?username=alice", "list_files?username=alice"):
            assert raw(people.server, "POST", f"/{call}", None, None, header).status == refused, (call, header)
    assert people.alice.call("list_files", username="alice").status == 200
    own = {"Origin": people.server.address, "Sec-Fetch-Site": "same-origin"}
    assert raw(people.server, "POST", "/create_user?username=alice", None, people.alice.token, own).status == 200


@pytest.mark.parametrize(("name", "media"), [("a.png", "image/png"), ("a.jpg", "image/jpeg"), ("a.txt", "text/plain"),
                                             ("a.html", "text/html"), ("a.csv", "text/plain"), ("a", "text/plain")])
def test_content_types(people: People, name: str, media: str) -> None:
    """By extension, and never run in our origin."""
    people.alice.upload("alice", name, b"<script>alert(1)</script>")
    got = people.alice.download("alice", name, "alice")
    assert got.headers["content-type"].split(";")[0] == media
    assert got.headers["content-disposition"].startswith("attachment")
    assert got.headers["content-security-policy"].startswith("sandbox") and got.headers["x-content-type-options"] == "nosniff"
    people.alice.call("delete_file", username="alice", filename=name)


NEEDED = {"create_user": ["username"], "delete_user": ["username"], "upload_file": ["username", "filename"],
          "download_file": ["username", "filename", "owner"], "delete_file": ["username", "filename"],
          "list_files": ["username"], "give_permission": ["username", "filename", "other_username"],
          "remove_permission": ["username", "filename", "other_username"]}


@pytest.mark.parametrize("call", NEEDED)
def test_a_missing_parameter(people: People, call: str) -> None:
    """422, each with its place, as FastAPI says it; GET is not offered."""
    values = {"username": "alice", "filename": "a", "owner": "alice", "other_username": "bob"}

    def missing(*names: str) -> dict[str, object]:
        return {"detail": [{"loc": ["query", n], "msg": "field required", "type": "value_error.missing"} for n in names]}

    nothing = people.alice.call(call)
    assert (nothing.status, nothing.json) == (422, missing(*NEEDED[call]))
    for name in NEEDED[call]:
        answer = people.alice.call(call, **{n: values[n] for n in NEEDED[call] if n != name})
        assert (answer.status, answer.json) == (422, missing(name))
    assert raw(people.server, "GET", f"/{call}?username=alice", None, people.alice.token).status == 405


def test_a_missing_file(people: People) -> None:
    """What is no form, or one without the field; a form that is cut off stores nothing."""
    detail = {"detail": [{"loc": ["body", "file"], "msg": "field required", "type": "value_error.missing"}]}
    path = "/upload_file?username=alice&filename=never"
    for body, content_type in ((b"raw", "application/octet-stream"), (b"", "text/plain"), (b"a=b", "application/x-www-form-urlencoded"),
                               (b"x", "multipart/form-data")):
        answer = raw(people.server, "POST", path, body, people.alice.token, {"Content-Type": content_type})
        assert (answer.status, answer.json) == (422, detail), content_type
    other = people.alice.upload("alice", "never", b"x", field="other")
    assert (other.status, other.json) == (422, detail)
    cut = b'--x1\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhel'
    answer = raw(people.server, "POST", path, cut, people.alice.token, {"Content-Type": "multipart/form-data; boundary=x1"})
    assert answer.status == 400 and list(answer.json) == ["detail"]
    assert b"never" not in people.alice.call("list_files", username="alice").body


BAD_NAMES = ["", ".", "..", "a/../b", "/a", "a/", "a//b", "a\\b", "a\0b", "a\x01b", "a\nb", "ä", "a:b", "a%2e", "<a>", "x" * 256, "a/..", "../../etc/passwd"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_file_names(people: People, name: str) -> None:
    """400 with a detail, and nothing is there afterwards."""
    before = people.alice.call("list_files", username="alice").body
    for answer in (people.alice.upload("alice", name, b"x"), people.alice.download("alice", name, "alice"),
                   people.alice.call("delete_file", username="alice", filename=name),
                   people.alice.call("give_permission", username="alice", filename=name, other_username="bob")):
        assert answer.status == 400 and list(answer.json) == ["detail"] and isinstance(answer.json["detail"], str)
    assert people.alice.call("list_files", username="alice").body == before


@pytest.mark.parametrize("name", ["", "x" * 33, "a/b", "..", " a", "a ", "ä", "a@b", "a\nb", "a\0b", "a\x7fb"])
def test_bad_usernames(people: People, name: str) -> None:
    """On every call."""
    others = {"filename": "a", "owner": "alice", "other_username": "bob"}
    for call in NEEDED:
        answer = people.alice.call(call, username=name, **others)
        assert answer.status == 400 and list(answer.json) == ["detail"], call
    assert people.alice.call("download_file", username="alice", filename="a", owner=name).status == 400
    assert people.alice.call("give_permission", username="alice", filename="a", other_username=name).status == 400


def test_who_is_not_there(people: People) -> None:
    """User not found, File not found; of another's, nothing is told."""
    people.alice.upload("alice", "there", b"x")
    grant = {"username": "alice", "other_username": "bob"}
    assert people.alice.call("give_permission", filename="no", **grant).json == {"detail": "File not found"}
    unknown = people.alice.call("give_permission", username="alice", filename="there", other_username="nobody")
    assert (unknown.status, unknown.json) == (404, {"detail": "User not found"})
    assert people.alice.call("delete_file", username="alice", filename="no").json == {"detail": "File not found"}
    assert people.bob.download("bob", "no", "alice").json == people.bob.download("bob", "a", "nobody").json == {"detail": "Access denied"}
    stranger = people.alice.call("list_files", username="nobody")
    assert (stranger.status, stranger.json) == ((404, {"detail": "User not found"}) if people.is_open else (403, {"detail": "Access denied"}))


def test_tokens(server_on: ServerOn, tmp_path: Path) -> None:
    """By default nobody is anyone: 401 without a token, 403 for another's name; an administrator may all."""
    with server_on(tmp_path / "data") as server:
        admin = LiftBit(server, server.account("boss@example.com", "ADMIN"))
        alice = LiftBit(server, server.account("alice@example.com"))
        for token, status in ((None, 401), ("a.b.c", 401)):
            for call in NEEDED:
                answer = LiftBit(server, token).call(call, username="alice", filename="a", owner="alice", other_username="alice")
                assert (answer.status, answer.json) == (status, {"detail": "Not authenticated"})
                assert answer.headers["www-authenticate"].startswith("Bearer")
        assert alice.call("create_user", username="carol").json == {"detail": "Access denied"}
        assert alice.call("create_user", username="alice").body == NULL
        for _ in range(2):
            assert admin.call("create_user", username="carol").body == NULL
        assert admin.upload("carol", "hers", b"x").status == 200
        assert admin.call("list_files", username="carol").body == b"hers\n"
        for answer in (alice.upload("carol", "x", b"x"), alice.call("list_files", username="carol"),
                       alice.call("list_files", username="nobody"), alice.call("delete_user", username="carol")):
            assert (answer.status, answer.json) == (403, {"detail": "Access denied"})
        assert admin.call("delete_user", username="carol").body == NULL
        assert admin.call("list_files", username="carol").json == {"detail": "User not found"}
        assert alice.call("delete_user", username="alice").body == NULL
        assert alice.call("list_files", username="alice").status == 401, "its token opens nothing any more"


def test_names_that_are_believed(server_on: ServerOn, tmp_path: Path) -> None:
    """--liftbit-open: not the machine's owner, not who is disabled; an administrator only as anybody."""
    with server_on(tmp_path / "data", "--liftbit-open") as server:
        script = LiftBit(server)
        boss = server.account("boss@example.com", "ADMIN")
        for call in NEEDED:
            answer = script.call(call, username="admin", filename="a", owner="alice", other_username="alice")
            if call != "upload_file":
                assert (answer.status, answer.json) == (403, {"detail": "Access denied"}), call
        assert script.upload("admin", "a", b"x").json == {"detail": "Access denied"}
        for _ in range(2):
            assert script.call("create_user", username="alice").body == NULL
        script.upload("alice", "secret", b"x")
        assert script.download("boss", "secret", "alice").json == {"detail": "Access denied"}
        assert script.call("delete_user", username="boss").json == {"detail": "Access denied"}
        must(cli("account", "disable", "alice", data=server.data))
        assert script.call("list_files", username="alice").json == {"detail": "Access denied"}
        must(cli("account", "enable", "alice", data=server.data))
        # Who was made by name alone can sign in once an administrator says how.
        assert cli("token", "create", "alice@example.com", data=server.data).returncode != 0
        must(cli("account", "update", "alice", "--email", "alice@example.com", data=server.data))
        token = must(cli("token", "create", "alice@example.com", data=server.data))
        assert raw(server, "GET", "/files/alice/secret", None, token).body == b"x"
        assert raw(server, "GET", "/files/alice/secret", None, boss).status == 200
        assert script.call("delete_user", username="alice").body == NULL
        assert script.download("boss", "secret", "alice").status == 403
        script.call("create_user", username="alice")
        assert script.call("list_files", username="alice").body == b"", "a new account of that name has nothing"
