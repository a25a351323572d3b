"""disk_hook.c for Python: builds it, tells it what to do while the server runs, reads what it has written down."""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

SOURCE = Path(__file__).with_name("disk_hook.c")
CONTROL = struct.Struct("=IIIIQQQ256s")  # struct control
RECORD = struct.Struct("=IIqQII")  # struct record
MAGIC = 0x4B534944


class Kind(IntEnum):
    """Of calls; MARK is the test's own."""

    CREATE = 1
    WRITE = 2
    SYNC = 3
    RENAME = 4
    LINK = 5
    UNLINK = 6
    TRUNCATE = 7
    MKDIR = 8
    RMDIR = 9
    MARK = 100


class Mode(IntEnum):
    """What becomes of the n-th call. KILL_WITHIN: a write is done by half, all else is done, before the process dies."""

    OFF = 0
    COUNT = 1
    KILL_BEFORE = 2
    KILL_WITHIN = 3
    ERROR = 4
    SHORT = 5


ALL_KINDS = tuple(kind for kind in Kind if kind != Kind.MARK)


@dataclass(frozen=True)
class Record:
    """One call that succeeded; paths relative to the data folder. `offset`: see struct record."""

    kind: Kind
    path: str
    path2: str
    offset: int
    content: bytes


class DiskHook:
    """For one server on `data`; whatever process of it has the page sees what is armed."""

    def __init__(self, folder: Path, data: Path, log: bool = False) -> None:
        """Files of its own go to `folder`, which is not the data folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.library = folder / "disk_hook.so"
        if not self.library.exists():
            subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", self.library, SOURCE, "-ldl"], check=True, timeout=120)
        self.data = data.resolve()
        self.page = folder / f"{data.name}.control"
        self.page.write_bytes(bytes(4096))
        self.log = folder / f"{data.name}.calls" if log else None
        with open(self.page, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 4096)

    @property
    def env(self) -> dict[str, str]:
        """For the server."""
        found = {"LD_PRELOAD": str(self.library), "DISK_HOOK_ROOT": str(self.data), "DISK_HOOK_CONTROL": str(self.page)}
        return found | ({"DISK_HOOK_LOG": str(self.log)} if self.log else {})

    def arm(self, mode: Mode, target: int = 0, kinds: tuple[Kind, ...] = ALL_KINDS, error: int = 0, ever: bool = False) -> None:
        """Counting begins anew. The mode is written last: the server looks at it first."""
        mask = sum(1 << kind for kind in kinds)
        self.memory[:4] = struct.pack("=I", Mode.OFF)
        self.memory[4:CONTROL.size] = CONTROL.pack(mode, mask, error, ever, target, 0, 0, b"")[4:]
        self.memory[:4] = struct.pack("=I", mode)

    def off(self) -> None:
        self.arm(Mode.OFF)

    @property
    def counted(self) -> int:
        return CONTROL.unpack(self.memory[: CONTROL.size])[5]

    @property
    def fired(self) -> int:
        return CONTROL.unpack(self.memory[: CONTROL.size])[6]

    @property
    def path(self) -> str:
        """Of the last call that was met."""
        return CONTROL.unpack(self.memory[: CONTROL.size])[7].rstrip(b"\0").decode()

    def mark(self, number: int) -> None:
        """Says in the log that the test knows something now; it stands behind all calls that happened before."""
        assert self.log
        with open(self.log, "ab", buffering=0) as file:
            file.write(RECORD.pack(MAGIC, Kind.MARK, number, 0, 0, 0))

    def records(self) -> Iterator[Record]:
        assert self.log
        with open(self.log, "rb") as file:
            while head := file.read(RECORD.size):
                magic, kind, offset, length, path, path2 = RECORD.unpack(head)
                assert magic == MAGIC
                names = file.read(path).decode(), file.read(path2).decode()
                yield Record(Kind(kind), *names, offset, file.read(length))

    def close(self) -> None:
        self.memory.close()
        os.unlink(self.page)
