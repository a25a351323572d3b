"""`lakelift file …` and `lakelift slice keep` against a real server: two people, their files, and what goes wrong."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import LAKELIFT, ROOT, Server, cli, must

OK, USAGE, NOT_FOUND, SIGN_IN, REFUSED = 0, 2, 3, 4, 6
MAY = b"day,cups\n1,3\n2,NA\n3,5\n"


@dataclass
class Person:
    server: Server
    name: str
    token: str

    @property
    def env(self) -> dict[str, str]:
        return {"LAKELIFT_TOKEN": self.token, "LAKELIFT_SERVER": self.server.address}

    def run(self, *arguments: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
        return cli(*arguments, env=self.env, **kwargs)

    def file(self, *arguments: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
        return self.run("file", *arguments, **kwargs)

    def names(self, *arguments: str) -> list[str]:
        return must(self.file("ls", *arguments, "--output", "id")).split("\n")


@pytest.fixture(scope="module")
def server(server_on: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server_on(tmp_path_factory.mktemp("files") / "data") as running:
        yield running


def person(server: Server, name: str) -> Person:
    must(cli("account", "create", f"{name}@example.com", "--username", name, data=server.data))
    return Person(server, name, must(cli("token", "create", f"{name}@example.com", data=server.data)))


@pytest.fixture(scope="module")
def alice(server: Server) -> Person:
    return person(server, "alice")


@pytest.fixture(scope="module")
def bob(server: Server) -> Person:
    return person(server, "bob")


@pytest.fixture
def may(tmp_path: Path) -> Path:
    path = tmp_path / "may.csv"
    path.write_bytes(MAY)
    return path


def make_tree(root: Path) -> dict[str, bytes]:
    """Files of all kinds of names and sizes; their bytes by path."""
    files = {
        "a.csv": b"a\n",
        "empty": b"",
        ".hidden": b"h",
        "deep/er/100% ä?#&+.txt": "ünï".encode(),
        "deep/colon:name": b":",
        "deep/big.bin": os.urandom(5 << 20),
        "n" * 255: b"long",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "no files").mkdir()
    return files


def read_tree(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_a_tree_goes_there_and_comes_back(alice: Person, tmp_path: Path) -> None:
    files = make_tree(tmp_path / "tree")
    done = alice.file("put", "-r", str(tmp_path / "tree"), "trees/one", "--output", "jsonl")
    records = [json.loads(line) for line in must(done).splitlines()]
    assert {r["result"] for r in records} == {"created", "folder"}
    assert f"{len(files) + 1} uploaded" in done.stderr, done.stderr  # the empty folder too
    for record in records:
        if record["result"] == "created":
            content = files[Path(record["local"]).relative_to(tmp_path / "tree").as_posix()]
            assert record["sha256"] == hashlib.sha256(content).hexdigest() and record["bytes"] == len(content)
    must(alice.file("get", "-r", "trees/one", str(tmp_path / "back"), "--transfers", "8"))
    assert read_tree(tmp_path / "back") == files
    assert (tmp_path / "back" / "no files").is_dir()
    # Once more: nothing moves in either direction.
    again = alice.file("put", "-r", f"{tmp_path}/tree/.", "trees/one")
    assert again.returncode == OK and f"{len(files)} unchanged" in again.stderr, again.stderr
    (tmp_path / "in").mkdir()
    for summary in (f"{len(files)} fetched", f"{len(files)} unchanged"):
        again = alice.file("get", "-r", "trees/one", str(tmp_path / "in"))
        assert again.returncode == OK and summary in again.stderr, again.stderr
    assert read_tree(tmp_path / "in" / "one") == files
    assert alice.names("-r", "trees/one/deep") == ["trees/one/deep/big.bin", "trees/one/deep/colon:name", "trees/one/deep/er",
                                                  "trees/one/deep/er/100% ä?#&+.txt"]


def test_stdin_and_stdout(alice: Person) -> None:
    must(alice.file("put", "-", "pipes/in.txt", input="from a pipe\n"))
    assert alice.file("get", "pipes/in.txt", "-o", "-").stdout == "from a pipe\n"
    refused = alice.file("put", "-", "pipes/in.txt", "--if-absent", input="other\n")
    assert refused.returncode == REFUSED and "there already" in refused.stderr
    assert alice.file("get", "pipes/in.txt", "-o", "-").stdout == "from a pipe\n"


def test_a_broken_download_goes_on(alice: Person, tmp_path: Path) -> None:
    content = os.urandom(3 << 20)
    (tmp_path / "big").write_bytes(content)
    must(alice.file("put", str(tmp_path / "big"), "resume/big"))
    etag8 = hashlib.sha256(content).hexdigest()[:8]
    (tmp_path / f"back.{etag8}.partial").write_bytes(content[: 1 << 20])
    must(alice.file("get", "resume/big", str(tmp_path / "back")))
    assert (tmp_path / "back").read_bytes() == content
    assert not list(tmp_path.glob("*.partial"))
    # A partial file with wrong bytes is found out.
    (tmp_path / f"other.{etag8}.partial").write_bytes(b"x" * 1000)
    must(alice.file("get", "resume/big", str(tmp_path / "other")))
    assert (tmp_path / "other").read_bytes() == content


def test_sharing_opens_and_closes_at_once(alice: Person, bob: Person, may: Path) -> None:
    must(alice.file("put", str(may), "shared/sub/may.csv"))
    assert bob.file("get", "alice:shared/sub/may.csv", "-o", "-").returncode == NOT_FOUND
    told = must(alice.file("share", "shared", "bob@example.com", "--output", "csv"))
    assert "bob,account,read,grant" in told
    assert bob.names("--shared") == ["alice:shared"]
    assert bob.file("get", "alice:shared/sub/may.csv", "-o", "-").stdout == MAY.decode()
    assert bob.file("put", str(may), "alice:shared/").returncode == REFUSED
    must(alice.file("share", "shared", "bob", "--write"))
    must(bob.file("put", str(may), "alice:shared/from-bob.csv"))
    assert alice.names("shared") == ["shared/from-bob.csv", "shared/sub"]
    must(bob.file("cp", "alice:shared/sub/may.csv", "mine.csv"))
    assert bob.file("access", "alice:shared").returncode == REFUSED
    must(alice.file("unshare", "shared", "bob"))
    assert bob.file("get", "alice:shared/sub/may.csv", "-o", "-").returncode == NOT_FOUND
    assert bob.file("get", "mine.csv", "-o", "-").stdout == MAY.decode()
    assert alice.file("share", "shared", "nobody@example.com").returncode == NOT_FOUND


def test_moves_and_the_trash(alice: Person, may: Path, tmp_path: Path) -> None:
    june = tmp_path / "june.csv"
    june.write_bytes(b"other bytes: the same ones again would leave nothing in the trash")
    must(alice.file("mkdir", "moves/in"))
    must(alice.file("put", str(may), "moves/a.csv"))
    must(alice.file("mv", "moves/a.csv", "moves/in"))
    must(alice.file("cp", "moves/in/a.csv", "moves/b.csv"))
    assert alice.names("-r", "moves") == ["moves/b.csv", "moves/in", "moves/in/a.csv"]
    assert alice.file("mv", "moves/b.csv", "moves/in/a.csv").returncode == REFUSED
    must(alice.file("put", str(june), "moves/b.csv"))
    must(alice.file("mv", "moves/b.csv", "moves/in/a.csv", "--overwrite"))
    assert alice.file("rm", "moves").returncode == REFUSED
    must(alice.file("rm", "-r", "moves"))
    assert alice.file("ls", "moves").returncode == NOT_FOUND
    trashed = [json.loads(line) for line in must(alice.file("trash", "--output", "jsonl")).splitlines()]
    assert [t["why"] for t in trashed if t["path"] == "moves/in/a.csv"] == ["deleted", "replaced"]
    must(alice.file("restore", "moves"))
    assert alice.file("get", "moves/in/a.csv", "-o", "-").stdout == june.read_text()
    assert alice.file("trash", "--empty").returncode == USAGE  # nobody to ask
    must(alice.file("trash", "--empty", "--yes"))
    assert must(alice.file("trash", "--output", "id")) == ""


def test_a_file_becomes_a_table_and_a_slice_a_file(alice: Person, bob: Person, may: Path, tmp_path: Path) -> None:
    must(alice.file("put", str(may), "tables/cups.csv"))
    must(alice.file("publish", "tables/cups.csv", "--name", "alice.cups", "--null", "NA", "--description", "Cups a day."))
    assert alice.file("publish", "tables/cups.csv").returncode == REFUSED
    assert bob.run("slice", "get", "alice.cups", "-o", "-", "--format", "csv").returncode == NOT_FOUND
    must(alice.file("share", "tables/cups.csv", "bob"))
    got = json.loads(must(bob.run("slice", "get", "alice.cups", "--where", "cups >= 4", "-o", str(tmp_path / "s.csv"), "--output", "json")))
    assert (tmp_path / "s.csv").read_text().splitlines() == ["cups,day", "5,3"]
    must(bob.run("slice", "keep", str(got["id"]), "slices/cups.csv"))
    assert bob.file("get", "slices/cups.csv", "-o", "-").stdout == (tmp_path / "s.csv").read_text()
    assert bob.run("slice", "keep", str(got["id"]), "slices/cups.csv").returncode == REFUSED
    must(bob.run("slice", "keep", str(got["id"]), "slices/", "--format", "jsonl", "--overwrite"))
    assert "slices/alice.cups.jsonl" in bob.names("slices")
    must(alice.file("unpublish", "tables/cups.csv"))
    assert bob.run("slice", "get", "alice.cups", "-o", "-", "--format", "csv").returncode == NOT_FOUND
    assert bob.file("get", "slices/cups.csv", "-o", "-").returncode == OK


def test_quotas_refuse_before_the_bytes(server: Server, tmp_path: Path) -> None:
    carol = person(server, "carol")
    assert carol.file("quota", "carol", "--bytes", "1TB").returncode == REFUSED
    must(cli("file", "quota", "carol", "--bytes", "1MiB", "--files", "3", data=server.data))
    usage = json.loads(must(carol.file("du", "--output", "json")))
    assert (usage["quota_bytes"], usage["quota_files"], usage["bytes"]) == (1 << 20, 3, 0)
    (tmp_path / "big").write_bytes(b"x" * (2 << 20))
    refused = carol.file("put", str(tmp_path / "big"), "big")
    assert refused.returncode == REFUSED, refused
    (tmp_path / "small").write_bytes(b"x" * 1000)
    must(carol.file("put", str(tmp_path / "small"), "small"))
    assert json.loads(must(carol.file("du", "--output", "json")))["bytes"] == 1000


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["get", "missing", "-o", "-"], NOT_FOUND),
        (["get", "nobody:x", "-o", "-"], NOT_FOUND),
        (["ls", "missing"], NOT_FOUND),
        (["ls", "../bob"], USAGE),
        (["rm", "missing"], NOT_FOUND),
        (["mkdir", "a\u202eb"], USAGE),
        (["mkdir", "x" * 256], USAGE),
        (["mv", "missing", "elsewhere"], NOT_FOUND),
        (["restore", "999999"], NOT_FOUND),
        (["publish", "missing.csv"], NOT_FOUND),
    ],
)
def test_mistakes_are_told(alice: Person, arguments: list[str], code: int) -> None:
    done = alice.file(*arguments)
    assert done.returncode == code and "error: " in done.stderr and done.stdout == "", done


def test_strangers_sign_in(server: Server) -> None:
    done = cli("file", "ls", env={"LAKELIFT_TOKEN": "no.such.token", "LAKELIFT_SERVER": server.address})
    assert done.returncode == SIGN_IN, done


def test_the_machines_owner_needs_no_server(tmp_path: Path, may: Path) -> None:
    """One process: the server lives as long as the command."""
    data = tmp_path / "data"
    must(cli("file", "put", str(may), "may.csv", data=data))
    assert cli("file", "get", "may.csv", "-o", "-", data=data).stdout == MAY.decode()


def test_the_script_of_liftbit(server: Server, alice: Person, bob: Person, may: Path) -> None:
    def upload(who: Person | None, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith("LAKELIFT_")} | {"LAKELIFT_URL": server.address}
        if who:
            env["LAKELIFT_TOKEN"] = who.token
        return subprocess.run([ROOT / "scripts/upload_file.sh", *arguments], env=env, capture_output=True, text=True, timeout=60)

    must(upload(alice, str(may), "alice", "from script/my may.csv"))
    assert alice.file("get", "from script/my may.csv", "-o", "-").stdout == MAY.decode()
    for who in (bob, None):
        refused = upload(who, str(may), "alice", "intruder.csv")
        assert refused.returncode in {SIGN_IN, REFUSED, NOT_FOUND} and "refused" in refused.stderr, refused
    assert upload(alice, str(may), "alice", "../bob/x").returncode == REFUSED
    assert upload(alice, "/no/such/file", "alice", "x").returncode == NOT_FOUND
    assert upload(alice).returncode == USAGE
    assert alice.file("ls", "intruder.csv").returncode == NOT_FOUND


def sha256_of(who: Person, name: str) -> str:
    return str(json.loads(must(who.file("ls", name, "--output", "json")))[0]["sha256"])


def test_ctrl_c_is_told_and_the_same_command_goes_on(alice: Person, tmp_path: Path) -> None:
    content = os.urandom(1 << 20)
    with subprocess.Popen(
        [LAKELIFT, "file", "put", "-", "interrupted.bin", "--server", alice.server.address],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | alice.env,
    ) as running:
        assert running.stdin is not None
        running.stdin.write(content)  # more than a pipe holds: the command is reading when this returns
        running.stdin.flush()
        running.send_signal(2)
        running.wait(30)  # its input is still open
        assert running.returncode == 130
    assert alice.file("ls", "interrupted.bin").returncode == NOT_FOUND
    (tmp_path / "interrupted.bin").write_bytes(content)
    must(alice.file("put", str(tmp_path / "interrupted.bin"), ":"))
    assert alice.names("interrupted.bin") == ["interrupted.bin"]
