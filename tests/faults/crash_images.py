"""What a disk may hold after the power went: built from the calls that disk_hook.c wrote down.

The strict reading of POSIX: the bytes of a file are there when the file was synced after them, a name when its folder was
(a rename when either of its folders was); of all else anything may be there or not, in any order, and a write by parts.
SQLite's -shm files are rebuilt at the start and are not among it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.disk_hook import Kind, Record

SECTOR = 512
Keep = Callable[[], bool]  # whether the next thing that was not synced is there


def parent(path: str) -> str:
    return path.rpartition("/")[0]


@dataclass(eq=False)
class Inode:
    """A file, whatever it is called."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[Kind, int, bytes]] = field(default_factory=list)

    @staticmethod
    def apply(content: bytearray, change: tuple[Kind, int, bytes]) -> None:
        kind, offset, data = change
        length = offset if kind == Kind.TRUNCATE else max(len(content), offset + len(data))
        content.extend(bytes(max(0, length - len(content))))
        if kind == Kind.TRUNCATE:
            del content[length:]
        else:
            content[offset : offset + len(data)] = data

    def sync(self) -> None:
        for change in self.pending:
            self.apply(self.durable, change)
        self.pending.clear()

    def after_crash(self, keep: Keep, dice: random.Random | None) -> bytes:
        """With dice a write may be there in part."""
        content = bytearray(self.durable)
        for kind, offset, data in self.pending:
            if keep():
                if dice and kind == Kind.WRITE and len(data) > SECTOR and dice.random() < 0.5:
                    data = data[: SECTOR * dice.randrange(1, (len(data) + SECTOR - 1) // SECTOR)]
                self.apply(content, (kind, offset, data))
        return bytes(content)


@dataclass(frozen=True, eq=False)
class NameChange:
    """That `path` names this (None: nothing), and, of a rename, that `source` no longer does."""

    path: str
    target: Inode | None
    source: str | None = None
    is_folder: bool = False

    @property
    def folders(self) -> set[str]:
        return {parent(self.path)} | ({parent(self.source)} if self.source is not None else set())


@dataclass
class Names:
    """Files by path, and folders."""

    files: dict[str, Inode] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)

    def apply(self, change: NameChange) -> None:
        if change.is_folder:
            self.folders.add(change.path) if change.target else self.folders.discard(change.path)
            return
        if change.target:
            self.files[change.path] = change.target
        else:
            self.files.pop(change.path, None)
        if change.source is not None and self.files.get(change.source) is change.target:
            del self.files[change.source]

    def copied(self) -> Names:
        return Names(dict(self.files), set(self.folders))


class Disk:
    """Begins with what lies in a folder, all of it synced; then call after call."""

    def __init__(self, folder: Path) -> None:
        """`folder`: as it was when the recording began."""
        self.durable = Names()
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_dir():
                self.durable.folders.add(name)
            elif not name.endswith("-shm"):
                self.durable.files[name] = Inode(bytearray(path.read_bytes()))
        self.live = self.durable.copied()
        self.pending: list[NameChange] = []

    def happen(self, record: Record) -> None:
        """The next call."""
        path = record.path
        match record.kind:
            case Kind.CREATE:
                self.change(NameChange(path, Inode()))
            case Kind.WRITE:
                self.live.files[path].pending.append((Kind.WRITE, record.offset, record.content))
            case Kind.TRUNCATE:
                self.live.files[path].pending.append((Kind.TRUNCATE, record.offset, b""))
            case Kind.SYNC:
                self.sync(record)
            case Kind.RENAME:
                self.change(NameChange(record.path2, self.live.files[path], path))
            case Kind.LINK:
                self.change(NameChange(record.path2, self.live.files[path]))
            case Kind.UNLINK:
                self.change(NameChange(path, None))
            case Kind.MKDIR:
                self.change(NameChange(path, Inode(), is_folder=True))
            case Kind.RMDIR:
                self.change(NameChange(path, None, is_folder=True))
            case Kind.MARK:
                pass

    def change(self, change: NameChange) -> None:
        self.live.apply(change)
        self.pending.append(change)

    def sync(self, record: Record) -> None:
        file = self.live.files.get(record.path)
        if file is None:  # a folder
            self.sync_folder(record.path)
            return
        if record.offset == 1:  # staged: another process may have written it
            file.pending = [(Kind.TRUNCATE, 0, b""), (Kind.WRITE, 0, record.content)]
        file.sync()

    def sync_folder(self, path: str) -> None:
        later = []
        for change in self.pending:
            if path in change.folders:
                self.durable.apply(change)
                # What was said of these names before is over.
                later = [c for c in later if c.path not in {change.path, change.source}]
            else:
                later.append(change)
        self.pending = later

    def image(self, keep: Keep, dice: random.Random | None = None) -> dict[str, bytes]:
        """Content by path."""
        names = self.durable.copied()
        for change in self.pending:
            if keep():
                names.apply(change)
        return {path: inode.after_crash(keep, dice) for path, inode in names.files.items() if parent(path) in names.folders or "/" not in path}

    def images(self, seed: int) -> dict[str, dict[str, bytes]]:
        """Nothing that was not synced; all of it; a random half of it."""
        dice = random.Random(seed)
        return {"none": self.image(lambda: False), "all": self.image(lambda: True), "half": self.image(lambda: dice.random() < 0.5, dice)}


def write_image(image: dict[str, bytes], folder: Path) -> None:
    for path, content in image.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
