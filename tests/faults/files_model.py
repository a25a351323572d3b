"""What a folder of files must hold after what was done in it, and how that is done and looked at over HTTP.

A worker has a folder of its own in alice's place and does one thing after another there, so what it was told suffices to
know what must be there: exactly what was acknowledged, and of what got no answer all or nothing.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.files_client import FilesClient, LineBroke, World, address, sha256
from tests.server_process import FLIGHTS_CSV, Answer

OWNER = "alice"
READERS = ("bob", "carol")
DONE = {200, 201}
WHATS = (["put"] * 5 + ["delete"] * 2 + ["grant"] * 2
         + ["move", "copy", "revoke", "restore", "drop", "keep", "move folder", "delete folder"])


def parents(path: str) -> list[str]:
    """a/b/c: a, a/b."""
    parts = path.split("/")
    return ["/".join(parts[:i]) for i in range(1, len(parts))]


@dataclass
class Tree:
    """Paths begin with the worker's folder. `trash`: (path, digest), as often as it lies there."""

    files: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)  # digest, who may read besides the owner
    folders: set[str] = field(default_factory=set)
    trash: Counter[tuple[str, str]] = field(default_factory=Counter)

    def copied(self) -> Tree:
        return Tree(dict(self.files), set(self.folders), Counter(self.trash))

    def beneath(self, path: str) -> list[str]:
        return [p for p in self.files if p == path or p.startswith(path + "/")]

    def folders_beneath(self, path: str) -> list[str]:
        return [p for p in self.folders if p == path or p.startswith(path + "/")]

    def place(self, path: str, digest: str, readers: Iterable[str] = ()) -> None:
        self.files[path] = (digest, frozenset(readers))
        self.folders.update(parents(path))


@dataclass(frozen=True)
class Action:
    """put, delete, move, copy, grant, revoke, restore, drop, keep. `who`: of a grant; `digest`: of what is in the trash, or kept."""

    what: str
    path: str
    to: str = ""
    content: bytes = field(default=b"", repr=False)
    who: str = ""
    digest: str = ""


def applied(tree: Tree, action: Action) -> Tree:
    """What is there after it."""
    after = tree.copied()
    path, to = action.path, action.to
    match action.what:
        case "put":
            readers: frozenset[str] = frozenset()
            if path in after.files:
                old, readers = after.files[path]
                if old != sha256(action.content):
                    after.trash[path, old] += 1
            after.place(path, sha256(action.content), readers)
        case "delete":
            for each in tree.beneath(path):
                after.trash[each, after.files.pop(each)[0]] += 1
            after.folders -= set(tree.folders_beneath(path))
        case "move" | "copy":
            for each in tree.beneath(path):
                digest, readers = tree.files[each]
                after.place(to + each[len(path):], digest, readers if action.what == "move" else ())
                if action.what == "move":
                    del after.files[each]
            for each in tree.folders_beneath(path):
                after.folders.update([to + each[len(path):], *parents(to)])
                if action.what == "move":
                    after.folders.discard(each)
        case "grant" | "revoke":
            digest, readers = after.files[path]
            after.files[path] = (digest, readers | {action.who} if action.what == "grant" else readers - {action.who})
        case "restore":
            after.trash[path, action.digest] -= 1
            after.place(path, action.digest)
        case "drop":
            after.trash[path, action.digest] -= 1
        case "keep":
            after.place(path, action.digest)
        case other:
            raise AssertionError(other)
    after.trash = +after.trash
    return after


@dataclass(frozen=True)
class Slice:
    """A finished slice of alice's."""

    request: int
    digest: str


def finished_slice(world: World) -> Slice:
    """Something to keep as a file."""
    item = world.server.add_item("flights", FLIGHTS_CSV, null_tokens=("NA", ""), profile=False)
    asked = world.server.request(world.tokens[OWNER], item, ["carrier", "distance"], [{"name": "distance", "operator": ">=", "value": 4_000}])
    assert asked.status in DONE, asked
    state = world.server.wait_done(world.tokens[OWNER], asked.json["id"])
    assert state["state"] == "DONE", state
    return Slice(asked.json["id"], state["sha256"])


def trash_id(client: FilesClient, action: Action) -> int:
    return next(t["id"] for t in client.trash(OWNER) if (t["path"], t["sha256"]) == (action.path, action.digest))


def perform(client: FilesClient, action: Action, kept: Slice | None = None) -> Answer:
    """Asks the server for it."""
    at, to = f"{OWNER}/{action.path}", f"{OWNER}/{action.to}"
    match action.what:
        case "put":
            return client.put(at, action.content)
        case "delete":
            return client.delete(at, recursive=True)
        case "move":
            return client.move(at, to)
        case "copy":
            return client.copy(at, to)
        case "grant":
            return client.grant(at, action.who)
        case "revoke":
            return client.revoke(at, action.who)
        case "restore":
            return client.restore(OWNER, trash_id(client, action))
        case "drop":
            return client.drop(OWNER, trash_id(client, action))
        case _:
            assert kept is not None
            return client.ask("POST", f"/downloader/requests/{kept.request}/keep", {"to": address(at), "format": "parquet", "overwrite": False})


class Observer:
    """What is there, told by the calls alone; each file is read whole, by its owner and by those who may."""

    def __init__(self, world: World) -> None:
        """Asks whatever server runs then."""
        self.world = world

    def folders(self) -> dict[str, Tree]:
        """By the first part of the path."""
        owner, readers = self.world.client(OWNER), {name: self.world.client(name) for name in READERS}
        trees: dict[str, Tree] = {}
        for entry in owner.tree(OWNER):
            path = entry["path"]
            tree = trees.setdefault(path.split("/")[0], Tree())
            if entry["kind"] == "folder":
                tree.folders.add(path)
            else:
                tree.files[path] = (self.whole(owner, entry), self.who_reads(entry, readers))
        for entry in owner.trash(OWNER):
            trees.setdefault(entry["path"].split("/")[0], Tree()).trash[entry["path"], entry["sha256"]] += 1
        return trees

    @staticmethod
    def whole(owner: FilesClient, entry: dict[str, Any]) -> str:
        answer = owner.get(f"{OWNER}/{entry['path']}")
        digest = sha256(answer.body)
        assert answer.status == 200 and digest == entry["sha256"], f"{entry['path']}: {answer.status}, {len(answer.body)} bytes are {digest}: {entry}"
        assert len(answer.body) == entry["size_bytes"] and answer.headers["etag"] == f'"{digest}"', entry
        return digest

    @staticmethod
    def who_reads(entry: dict[str, Any], readers: dict[str, FilesClient]) -> frozenset[str]:
        may = set()
        for name, client in readers.items():
            status = client.get(f"{OWNER}/{entry['path']}").status
            assert status in {200, 404}, f"{name}, {entry}: {status}"
            if status == 200:
                may.add(name)
        assert bool(may) == entry["is_shared"], f"read by {may}: {entry}"
        return frozenset(may)


class Worker:
    """Does one thing after another in its folder, and knows what must be there."""

    def __init__(self, folder: str, seed: int, kept: Slice | None = None, sizes: tuple[int, ...] = (1, 700, 65_536, 300_000, 2_000_000)) -> None:
        """`sizes`: the largest of what it uploads, from which it picks one; a content may be smaller."""
        self.folder, self.kept, self.sizes = folder, kept, sizes
        self.dice = random.Random(f"{seed} {folder}")
        self.tree = Tree()
        self.pending: Action | None = None
        self.acknowledged: Counter[str] = Counter()

    def content(self) -> bytes:
        most = self.dice.choice(self.sizes)
        return self.dice.randbytes(self.dice.randint(max(1, most // 2), most))

    def fresh_name(self) -> str | None:
        """A name that nobody has; None: all are taken."""
        names = [f"{self.folder}/d{d}/f{f}" for d in range(3) for f in range(3)]
        free = [n for n in names if n not in self.tree.files]
        return self.dice.choice(free) if free else None

    def choose(self) -> Action:
        dice, tree = self.dice, self.tree
        files = sorted(tree.files)
        for _ in range(100):
            what = dice.choice(WHATS)
            fresh = self.fresh_name()
            path = dice.choice(files) if files else ""
            if what == "put":
                return Action("put", fresh if fresh and (not files or dice.random() < 0.6) else path, content=self.content())
            if what == "keep" and self.kept and fresh:
                return Action("keep", fresh, digest=self.kept.digest)
            if what in {"restore", "drop"} and tree.trash:
                old, digest = dice.choice(sorted(tree.trash))
                if what == "drop" or (old not in tree.files and old not in tree.folders):
                    return Action(what, old, digest=digest)
            if what.endswith("folder") and len(files) > 2:
                folders = [f for f in sorted(tree.folders) if f != self.folder]
                free = [f for f in (f"{self.folder}/d{d}" for d in range(4)) if f not in tree.folders]
                if what == "move folder" and folders and free:
                    return Action("move", dice.choice(folders), to=dice.choice(free))
                if what == "delete folder" and folders and dice.random() < 0.4:
                    return Action("delete", dice.choice(folders))
            if path and what == "delete":
                return Action(what, path)
            if path and what in {"move", "copy"} and fresh:
                return Action(what, path, to=fresh)
            if path and what in {"grant", "revoke"}:
                return Action(what, path, who=dice.choice(READERS))
        raise AssertionError("nothing to do")

    def once(self, client: FilesClient) -> None:
        """One action; LineBroke leaves it in doubt."""
        self.pending = action = self.choose()
        answer = perform(client, action, self.kept)
        assert answer.status in DONE, f"{action}: {answer}"
        if action.what == "keep":
            assert answer.json["sha256"] == action.digest
        self.acknowledge()

    def acknowledge(self) -> None:
        assert self.pending is not None
        self.tree = applied(self.tree, self.pending)
        self.acknowledged[self.pending.what] += 1
        self.pending = None

    def work(self, client: FilesClient) -> None:
        """Until the line breaks."""
        try:
            while True:
                self.once(client)
        except LineBroke:
            return

    def judge(self, found: Tree) -> None:
        """All that was acknowledged is there, of what is in doubt all or nothing, and nothing else."""
        allowed = [self.tree] + ([applied(self.tree, self.pending)] if self.pending else [])
        assert found in allowed, difference(found, self.tree, self.pending)
        self.tree, self.pending = found, None


def difference(found: Tree, known: Tree, pending: Action | None) -> str:
    lines = [f"found is neither what was acknowledged nor that and {pending}"]
    for name in ("files", "folders", "trash"):
        mine, theirs = getattr(known, name), getattr(found, name)
        if mine != theirs:
            both = (set(mine.items()), set(theirs.items())) if isinstance(mine, dict) else (mine, theirs)
            lines.append(f"{name}: acknowledged and missing {sorted(both[0] - both[1], key=str)}, found besides {sorted(both[1] - both[0], key=str)}")
    return "\n".join(lines)


def judge_all(world: World, workers: Iterable[Worker]) -> None:
    found = Observer(world).folders()
    for worker in workers:
        worker.judge(found.get(worker.folder, Tree()))
