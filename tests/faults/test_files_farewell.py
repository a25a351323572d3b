"""An account with very many files is deleted while they are downloaded and the server crashes: gone at once, cleared away in the end (threats F7)."""

from __future__ import annotations

import hashlib
import random
import socket
import sqlite3
import time
from pathlib import Path

from tests.faults.files_client import World, objects_on_disk, sha256
from tests.faults.test_files_crash import keys_of_sqlite
from tests.server_process import FULL_DOSE, Server

FOLDERS, EACH = (100, 100) if FULL_DOSE else (40, 50)  # files: the product
CRASHES = 6
BIG = random.Random(1).randbytes(40_000_000)
CLEARED_SECONDS = 120


def fill(world: World) -> None:
    """One folder by uploads, the others as copies of it; shared with bob."""
    alice, dice = world.client("alice"), random.Random(2)
    for number in range(EACH):
        assert alice.put(f"alice/d0/f{number}", dice.randbytes(5_000)).status == 201
    for number in range(1, FOLDERS):
        assert alice.copy("alice/d0", f"alice/d{number}").status == 201
    assert alice.put("alice/big", BIG).status == 201
    assert alice.put("alice/d0/f0", b"replaced").status == 200
    assert alice.delete("alice/d1/f1").status == 200
    for name in ("alice/d0", "alice/d2/f3", "alice/big"):
        assert alice.grant(name, "bob").status == 200
    assert world.client("bob").get("alice/d0/f3").status == 200


def begin_download(world: World, name: str, who: str) -> socket.socket:
    """Has its head and a little more."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    sock.settimeout(60)
    sock.connect(("127.0.0.1", world.server.port))
    sock.sendall(f"GET /files/{name} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer {world.tokens[who]}\r\n\r\n".encode())
    head = sock.recv(1, socket.MSG_PEEK)
    assert head
    return sock


def rest_of(sock: socket.socket) -> str:
    """The digest of its body."""
    got = bytearray()
    with sock:
        while more := sock.recv(1 << 20):
            got += more
    head, _, body = bytes(got).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    return hashlib.sha256(body).hexdigest()


def assert_hidden(world: World) -> None:
    bob, boss = world.client("bob"), world.client("boss")
    for client in (bob, boss):
        for path in ("/files/alice/", "/files/alice/big", "/files/alice/d0/", "/files/alice/d2/f3", "/trash/alice/", "/usage/alice"):
            assert client.call("GET", path).status == 404, path
    assert [o["owner"] for o in bob.pages("/files/")] == ["bob"]
    assert list(bob.pages("/shared-with-me/")) == []
    assert world.client("alice").call("GET", "/files/alice/big").status == 401


def rows_left(server: Server) -> int:
    with sqlite3.connect(f"file:{server.data / 'lakelift.db'}?mode=ro", uri=True) as database:
        tables = ("files_nodes", "files_trash", "files_grants")
        return sum(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)


def test_deleting_an_account_with_many_files(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        world = World.made(server)
        fill(world)
        bob, boss = world.client("bob"), world.client("boss")
        assert bob.put("bob/own", b"bob's own").status == 201
        before = rows_left(server)
        assert before > FOLDERS * EACH
        alice = next(a["id"] for a in boss.ask("GET", "/accounts/?name=alice").json["accounts"])
        downloads = [begin_download(world, "alice/big", who) for who in ("alice", "bob", "boss")]

        began = time.monotonic()
        assert boss.call("DELETE", f"/accounts/{alice}").status == 200
        answered = time.monotonic() - began
        assert_hidden(world)
        assert [rest_of(sock) for sock in downloads] == [sha256(BIG)] * 3, "what has begun goes on"

        dice = random.Random(7)
        left = [rows_left(server)]
        for _ in range(CRASHES):
            time.sleep(dice.uniform(0, 0.1))
            server.kill()
            left.append(rows_left(server))
            server.start()
            assert_hidden(world)
        # An account of that name is another one, at every moment of the clearing.
        world.tokens["alice"] = server.account("alice@example.com")
        again = world.client("alice")
        assert again.tree("alice") == [] and again.trash("alice") == []
        assert again.put("alice/d0/f3", b"hers").status == 201
        assert world.client("bob").get("alice/d0/f3").status == 404, "no grant came back"

        end = time.monotonic() + CLEARED_SECONDS
        while rows_left(server) > 2 + 1:  # bob's own, and hers with its folder
            assert time.monotonic() < end, f"{rows_left(server)} rows are left"
            time.sleep(0.1)
        cleared = time.monotonic() - began
        assert world.client("boss").call("POST", "/storage/sweep").status == 200
        assert sum(objects_on_disk(server.data).values()) == len(b"bob's own" + b"hers"), "the space came back"
        assert world.client("alice").get("alice/d0/f3").body == b"hers" and world.client("bob").get("bob/own").body == b"bob's own"
        assert server.stop() == 0
    database = sqlite3.connect(server.data / "lakelift.db")
    assert set(keys_of_sqlite(database)) == set(objects_on_disk(server.data))
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    print(f"\n{before:,} rows of files, trash and grants: hidden after {answered * 1e3:.0f} ms, rows left at each crash {left}, cleared after {cleared:.1f} s")
