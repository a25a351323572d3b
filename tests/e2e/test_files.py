"""The tree of files by plain HTTP: bytes, conditions, folders, lists, moving, sharing, trash, quota."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import pytest

from tests.e2e.contract_api import Api
from tests.e2e.files_api import Person, error_of, raw, sha256

ABC = b"abcdefghijklmnopqrstuvwxyz"
New = Callable[[], Person]


def digest(content: bytes) -> str:
    """Of Content-Digest and Repr-Digest."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def test_a_file_comes_and_goes(new_person: New) -> None:
    """With all that stands beside its bytes."""
    alice = new_person()
    made = alice.put("notes/may 1.txt", ABC, expect=201)
    assert made.json["@event"] == "FILE_CREATED" and made.headers["etag"] == f'"{sha256(ABC)}"'
    file = {"@type": "file", "owner": alice.name, "path": "notes/may 1.txt", "name": "may 1.txt", "kind": "file",
            "size_bytes": 26, "sha256": sha256(ABC), "content_type": "text/plain", "changed_by": alice.name, "right": "owner",
            "is_shared": False, "catalogue_item_id": None, "href": alice.api.server.address + alice.at("notes/may 1.txt")}
    assert {k: made.json[k] for k in file} == file
    got = alice.get("notes/may 1.txt", expect=200)
    assert got.body == ABC
    assert got.headers["content-type"].split(";")[0] == "text/plain"
    assert got.headers["content-disposition"].startswith("attachment")
    assert got.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["cache-control"] == "private, no-cache"
    assert got.headers["repr-digest"] == digest(ABC) and got.headers["last-modified"].endswith("GMT")
    head = alice.call("HEAD", alice.at("notes/may 1.txt"), expect=200)
    assert (head.body, head.headers["content-length"], head.headers["etag"]) == (b"", "26", f'"{sha256(ABC)}"')
    assert alice.get("notes/may 1.txt", "?view=info", expect=200).json["@event"] == "FILE_READ"
    replaced = alice.put("notes/may 1.txt", b"new", expect=200)
    assert replaced.json["@event"] == "FILE_REPLACED" and alice.content("notes/may 1.txt") == b"new"
    assert alice.delete("notes/may 1.txt", expect=200).json["@event"] == "FILE_DELETED"
    assert error_of(alice.get("notes/may 1.txt", expect=404)) == "COULD_NOT_FIND_FILE"
    assert error_of(alice.delete("notes/may 1.txt", expect=404)) == "COULD_NOT_FIND_FILE"
    assert alice.names() == ["notes"], "a folder stays when it is empty"


def test_an_empty_and_a_large_one(new_person: New) -> None:
    """Nothing, and more than any buffer."""
    alice = new_person()
    alice.put("empty", b"", expect=201)
    assert alice.content("empty") == b""
    large = bytes(range(256)) * 40_000
    alice.put("large.bin", large, expect=201)
    assert alice.content("large.bin") == large


def test_ranges(new_person: New) -> None:
    """One, the end, several, none that fits; If-Range."""
    alice = new_person()
    alice.put("abc", ABC, expect=201)
    one = alice.get("abc", Range="bytes=2-4", expect=206)
    assert one.body == b"cde" and one.headers["content-range"] == "bytes 2-4/26"
    assert alice.get("abc", Range="bytes=-3", expect=206).body == b"xyz"
    several = alice.get("abc", Range="bytes=0-1,24-25", expect=206)
    assert several.headers["content-type"].startswith("multipart/byteranges") and b"ab" in several.body and b"yz" in several.body
    assert alice.get("abc", Range="bytes=26-", expect=416).headers["content-range"] == "bytes */26"
    assert alice.get("abc", Range="bytes=" + ",".join(f"{i}-{i}" for i in range(17))).status == 416
    assert alice.get("abc", Range="bytes=0-1", If_Range=f'"{sha256(ABC)}"', expect=206).body == b"ab"
    assert alice.get("abc", Range="bytes=0-1", If_Range='"other"', expect=200).body == ABC


def test_conditions(new_person: New) -> None:
    """What does not hold changes nothing."""
    alice = new_person()
    tag = f'"{sha256(ABC)}"'
    assert error_of(alice.put("a", ABC, If_Match="*", expect=412)) == "PRECONDITION_FAILED"
    alice.put("a", ABC, If_None_Match="*", expect=201)
    alice.put("a", b"2", If_None_Match="*", expect=412)
    alice.put("a", b"2", If_Match='"' + "0" * 64 + '"', expect=412)
    alice.put("a", b"2", If_Match=f"W/{tag}", expect=412)
    assert alice.get("a", If_None_Match=tag, expect=304).body == b""
    assert alice.get("a", If_Match='"x"', expect=412).body == b""
    assert alice.content("a") == ABC
    alice.put("a", b"2", If_Match=f'"x", {tag}', expect=200)
    alice.delete("a", If_Match=tag, expect=412)
    alice.delete("a", If_Match="*", expect=200)
    alice.put("b", ABC, If_Match="x", expect=412)
    for header in ({"If_None_Match": '"x"'}, {"Content_Range": "bytes 0-1/2"}):
        answer = alice.put("b", ABC, expect=400, **header)
        assert error_of(answer) == "HEADER_DID_NOT_VALIDATE"
        assert list(answer.json["errors"]) == [next(iter(header)).replace("_", "-")]
    assert alice.names() == []


@pytest.mark.parametrize("header", ["Content_Digest", "Repr_Digest"])
def test_digests(new_person: New, header: str) -> None:
    """Bytes that are not what was announced are not stored."""
    alice = new_person()
    assert error_of(alice.put("a", ABC, expect=400, **{header: digest(b"other")})) == "DIGEST_DID_NOT_MATCH"
    assert alice.names() == []
    alice.put("a", ABC, expect=201, **{header: digest(ABC)})
    assert alice.content("a") == ABC


def test_folders(new_person: New) -> None:
    """Made by themselves, or with what is in them; a name is one or the other."""
    alice = new_person()
    assert alice.put("in/deep/", b"", expect=201).json["@event"] == "FOLDER_CREATED"
    again = alice.put("in/deep/", b"", expect=200).json
    assert (again["kind"], again["path"]) == ("folder", "in/deep") and again["href"].endswith("/in/deep/")
    assert "sha256" not in again and "size_bytes" not in again
    alice.put("in/deep/", b"", If_None_Match="*", expect=412)
    assert list(alice.put("in/other/", b"x", expect=400).json["errors"]) == ["_"]
    alice.put("in/deep/file", ABC, expect=201)
    assert error_of(alice.put("in/deep", ABC, expect=409)) == "FILE_IS_A_FOLDER"
    assert error_of(alice.put("in/deep/file/x", ABC, expect=409)) == "FILE_IS_NO_FOLDER"
    for call in (alice.get, alice.delete):
        assert error_of(call("in/deep/file/", expect=409)) == "FILE_IS_NO_FOLDER"
    assert alice.names("in") == alice.names("in/") == ["in/deep"]
    assert error_of(alice.delete("in", expect=409)) == "FOLDER_IS_NOT_EMPTY"
    alice.delete("in/", "?recursive=true", expect=200)
    assert alice.names() == []
    redirect = alice.call("GET", alice.at("").removesuffix("/") + "?limit=3", expect=308)
    assert redirect.headers["location"] == alice.at("") + "?limit=3"


def test_lists(new_person: New) -> None:
    """Page by page, sorted; what is wrong is named."""
    alice = new_person()
    for number in range(25):
        alice.put(f"{number % 5}/{number:02d}.bin", b"x" * number, expect=201)
    alice.put("top", b"x" * 100, expect=201)
    every = [f"{i}" for i in range(5)] + ["top"]
    assert alice.names() == every
    pages, address = [], alice.at("") + "?recursive=true&limit=10"
    while address:
        page = alice.call("GET", address, expect=200).json
        pages.append([file["path"] for file in page["data"]])
        address = (page["next_url"] or "").removeprefix(alice.api.server.address)
    paths = sum(pages, [])
    assert [len(page) for page in pages] == [10, 10, 10, 1] and paths == sorted(paths) and len(set(paths)) == 31
    assert alice.names("0/", "?sort=size_bytes&order=desc") == ["0/20.bin", "0/15.bin", "0/10.bin", "0/05.bin", "0/00.bin"]
    assert alice.names("0/", "?sort=changed_at&limit=2") == ["0/00.bin", "0/05.bin"]
    for query, field in (("view=x", "view"), ("sort=x", "sort"), ("order=up", "order"), ("limit=0", "limit"), ("limit=1001", "limit"),
                         ("next=garbage", "next"), ("recursive=2", "recursive"), ("recursive=true&sort=size_bytes", "sort")):
        answer = alice.get("", "?" + query, expect=400)
        assert error_of(answer) == "QUERY_DID_NOT_VALIDATE" and list(answer.json["errors"]) == [field], query


def test_moving_and_copying(new_person: New) -> None:
    """No byte is sent twice; the target decides."""
    alice = new_person()
    alice.put("a.csv", ABC, expect=201)
    alice.put("b.csv", b"b", expect=201)
    to_b = {"to": f"/files/{alice.name}/b.csv"}
    for action in ("move", "copy"):
        assert error_of(alice.act(action, "a.csv", to_b, expect=409)) == "FILE_EXISTS_ALREADY"
        assert list(alice.act(action, "a.csv", {}, expect=400).json["errors"]) == ["to"]
        assert error_of(alice.act(action, "a.csv", {"to": f"/files/{alice.name}/../x"}, expect=400)) == "FILE_NAME_DID_NOT_VALIDATE"
        assert error_of(alice.act(action, "none", to_b, expect=404)) == "COULD_NOT_FIND_FILE"
    assert alice.act("copy", "a.csv", to_b | {"overwrite": True}, expect=201).json["@event"] == "FILE_COPIED"
    assert alice.content("a.csv") == alice.content("b.csv") == ABC
    moved = alice.act("move", "a.csv", {"to": f"/files/{alice.name}/new folder/ä.csv"}, expect=200).json
    assert moved["@event"] == "FILE_MOVED" and moved["path"] == "new folder/ä.csv"
    assert alice.names() == ["b.csv", "new folder"] and alice.content("new folder/ä.csv") == ABC
    into_itself = alice.act("move", "new folder", {"to": f"/files/{alice.name}/new folder/in"}, expect=409)
    assert error_of(into_itself) == "FILE_MOVED_INTO_ITSELF"


@pytest.mark.parametrize("query", ["", "?action=", "?action=rename", "?action=MOVE"])
def test_what_is_no_action(new_person: New, query: str) -> None:
    """Its field is named."""
    alice = new_person()
    alice.put("a", ABC, expect=201)
    answer = alice.call("POST", alice.at("a") + query, b"{}", expect=400, Content_Type="application/json")
    assert error_of(answer) == "QUERY_DID_NOT_VALIDATE" and list(answer.json["errors"]) == ["action"]


def test_grants_are_effective_at_once(new_person: New, file_admin: Person) -> None:
    """From the next call on, both ways; the file's, and a folder's."""
    alice, bob, eve = new_person(), new_person(), new_person()
    alice.put("shared/a", ABC, expect=201)

    def bobs(expect: int, path: str = "shared/a") -> None:
        bob.get(path, owner=alice.name, expect=expect)

    for _ in range(5):
        bobs(404)
        granted = alice.act("grant", "shared/a", {"account": bob.email, "right": "read"}, expect=200).json
        assert granted["@event"] == "FILE_GRANTED" and granted["is_shared"] is True
        bobs(200)
        alice.act("revoke", "shared/a", {"account": bob.name}, expect=200)
    bobs(404)
    alice.act("grant", "shared", {"account": bob.name, "right": "read"}, expect=200)
    alice.put("shared/later", b"later", expect=201)
    bobs(200, "shared/later")
    assert bob.get("shared/later", "?view=info", owner=alice.name, expect=200).json["right"] == "read"
    for refused in (bob.put("shared/a", b"x", owner=alice.name), bob.delete("shared/a", owner=alice.name),
                    bob.act("grant", "shared/a", {"account": eve.name, "right": "read"}, owner=alice.name),
                    bob.get("shared/a", "?view=access", owner=alice.name)):
        assert (refused.status, error_of(refused)) == (403, "ACCESS_DENIED")
    bob.act("copy", "shared/a", {"to": f"/files/{bob.name}/mine"}, owner=alice.name, expect=201)
    alice.act("grant", "shared", {"account": bob.name, "right": "write"}, expect=200)
    assert bob.put("shared/bobs", b"b", owner=alice.name, expect=201).json["changed_by"] == bob.name
    who = alice.get("shared/a", "?view=access", expect=200).json["data"]
    assert {(a["account"], a["right"], a["why"]) for a in who} >= {(alice.name, "owner", "owner"), (bob.name, "write", "grant")}
    listed = bob.call("GET", "/shared-with-me/", expect=200).json["data"]
    assert [(f["owner"], f["path"], f["granted_by"]) for f in listed] == [(alice.name, "shared", alice.name)]
    owners = [o["owner"] for o in bob.call("GET", "/files/", expect=200).json["data"]]
    assert owners == [bob.name, alice.name]
    assert eve.get("shared/a", owner=alice.name).status == eve.get("none", owner=alice.name).status == 404
    assert file_admin.get("shared/a", owner=alice.name, expect=200).body == ABC
    alice.act("revoke", "shared", {"account": bob.name}, expect=200)
    bobs(404)
    assert bob.content("mine") == ABC, "a copy is the copier's"


def test_a_group_and_who_is_not_there(api: Api, new_person: New, admin_token: str) -> None:
    """Membership counts at the moment of the call; unknown names are told."""
    alice, bob = new_person(), new_person()
    group = f"team of {alice.name}"
    number = api.ask("POST", "/accounts/groups/", {"name": group}, admin_token, expect=201).json["id"]
    bob_id = api.ask("GET", "/accounts/me", token=bob.token, expect=200).json["id"]
    alice.put("a", ABC, expect=201)
    alice.act("grant", "a", {"group": group, "right": "read"}, expect=200)
    bob.get("a", owner=alice.name, expect=404)
    api.ask("PUT", f"/accounts/groups/{number}/members/{bob_id}", token=admin_token, expect=200)
    bob.get("a", owner=alice.name, expect=200)
    api.ask("DELETE", f"/accounts/groups/{number}/members/{bob_id}", token=admin_token, expect=200)
    bob.get("a", owner=alice.name, expect=404)
    assert error_of(alice.act("grant", "a", {"account": "nobody", "right": "read"}, expect=404)) == "COULD_NOT_FIND_ACCOUNT"
    assert error_of(alice.act("grant", "a", {"group": "nobody", "right": "read"}, expect=404)) == "COULD_NOT_FIND_GROUP"
    for body, field in (({"right": "read"}, "account"), ({"account": "x", "group": "y", "right": "read"}, "account"),
                        ({"account": bob.name}, "right"), ({"account": bob.name, "right": "owner"}, "right"),
                        ({"account": 7, "right": "read"}, "account")):
        assert list(alice.act("grant", "a", body, expect=400).json["errors"]) == [field]


def test_a_new_file_of_that_name_is_not_shared(new_person: New) -> None:
    """LiftBit's fault that we must not have; nor what comes back out of the trash."""
    alice, bob = new_person(), new_person()
    alice.put("a", ABC, expect=201)
    alice.act("grant", "a", {"account": bob.name, "right": "read"}, expect=200)
    alice.put("a", b"2", expect=200)
    bob.get("a", owner=alice.name, expect=200)
    alice.delete("a", expect=200)
    alice.put("a", b"3", expect=201)
    bob.get("a", owner=alice.name, expect=404)
    alice.delete("a", expect=200)
    newest = alice.call("GET", f"/trash/{alice.name.replace(' ', '%20')}/", expect=200).json["data"][0]
    alice.call("POST", f"/trash/{alice.name.replace(' ', '%20')}/{newest['id']}/restore", expect=200)
    assert alice.content("a") == b"3"
    bob.get("a", owner=alice.name, expect=404)


def test_the_trash(new_person: New, file_admin: Person) -> None:
    """What was deleted or replaced comes back, or goes for ever; it is nobody else's."""
    alice, bob = new_person(), new_person()
    trash = f"/trash/{alice.name.replace(' ', '%20')}/"
    alice.put("a", b"1", expect=201)
    alice.put("a", b"2", expect=200)
    alice.delete("a", expect=200)
    listed = alice.call("GET", trash, expect=200).json["data"]
    assert [(t["path"], t["why"], t["sha256"]) for t in listed] == [("a", "deleted", sha256(b"2")), ("a", "replaced", sha256(b"1"))]
    assert bob.call("GET", trash, expect=404).json["@event"] == "COULD_NOT_FIND_ACCOUNT"
    assert len(file_admin.call("GET", trash + "?limit=1", expect=200).json["data"]) == 1
    restored = alice.call("POST", f"{trash}{listed[1]['id']}/restore", expect=200).json
    assert restored["@event"] == "FILE_RESTORED" and alice.content("a") == b"1"
    alice.call("POST", f"{trash}{listed[0]['id']}/restore", expect=200)
    assert alice.content("a") == b"2", "what was there went into the trash"
    [left] = alice.call("GET", trash, expect=200).json["data"]
    assert alice.call("DELETE", f"{trash}{left['id']}", expect=200).json["files"] == 1
    assert error_of(alice.call("DELETE", f"{trash}{left['id']}", expect=404)) == "COULD_NOT_FIND_TRASHED_FILE"
    alice.delete("a", expect=200)
    assert alice.call("DELETE", trash, expect=200).json["files"] == 1
    assert alice.call("GET", trash, expect=200).json["data"] == []


def test_quota(api: Api, new_person: New, admin_token: str) -> None:
    """What would go over stores nothing; what others upload counts too, and so does the trash."""
    alice, bob = new_person(), new_person()
    usage = f"/usage/{alice.name.replace(' ', '%20')}"
    api.ask("PUT", usage, {"quota_bytes": 100, "quota_files": 3}, admin_token, expect=200)
    for body, field in (({"quota_bytes": 1}, "quota_files"), ({"quota_bytes": -1, "quota_files": 1}, "quota_bytes"),
                        ({"quota_bytes": "x", "quota_files": 1}, "quota_bytes")):
        assert list(api.ask("PUT", usage, body, admin_token, expect=400).json["errors"]) == [field]
    alice.put("a", b"x" * 60, expect=201)
    assert error_of(alice.put("b", b"x" * 41, expect=413)) == "QUOTA_EXCEEDED"
    chunked = raw(api.server, "PUT", alice.at("b"), iter([b"x" * 30, b"x" * 30]), alice.token)  # type: ignore[arg-type]
    assert (chunked.status, error_of(chunked)) == (413, "QUOTA_EXCEEDED")
    alice.put("b", b"x" * 40, expect=201)
    alice.delete("b", expect=200)
    told = api.ask("GET", usage, token=alice.token, expect=200).json
    assert (told["bytes"], told["files"], told["trash_bytes"], told["trash_files"], told["quota_bytes"]) == (60, 1, 40, 1, 100)
    alice.act("grant", "a", {"account": bob.name, "right": "write"}, expect=200)
    assert error_of(bob.put("a", b"x" * 70, owner=alice.name, expect=413)) == "QUOTA_EXCEEDED"
    alice.put("c", b"", expect=201)
    assert error_of(alice.put("d", b"", expect=413)) == "QUOTA_EXCEEDED"
    api.ask("PUT", usage, {"quota_bytes": None, "quota_files": None}, admin_token, expect=200)
    alice.put("d", b"x" * 1000, expect=201)
    assert sorted(alice.names()) == ["a", "c", "d"]


def test_names_are_in_normal_form(new_person: New) -> None:
    """NFD and NFC are one; a slash in an escape is none."""
    alice = new_person()
    assert alice.put("a\u0308.txt", ABC, expect=201).json["path"] == "ä.txt"
    assert alice.content("ä.txt") == ABC
    assert alice.call("PUT", alice.at("") + "a%2Fb", ABC).status == 400
    assert error_of(alice.put("a//b", ABC, expect=400)) == "FILE_NAME_DID_NOT_VALIDATE"
    assert alice.names() == ["ä.txt"]
