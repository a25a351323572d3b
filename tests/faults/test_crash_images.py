"""The images of a disk after a crash, by hand."""

from __future__ import annotations

from pathlib import Path

from tests.faults.crash_images import SECTOR, Disk
from tests.faults.disk_hook import Kind, Record


def call(kind: Kind, path: str, path2: str = "", offset: int = 0, content: bytes = b"") -> Record:
    return Record(kind, path, path2, offset, content)


def disk_after(tmp_path: Path, *records: Record) -> Disk:
    """Begins with a folder `staging`, a folder `objects`, and a file `old` in the root."""
    for name in ("staging", "objects"):
        (tmp_path / name).mkdir(exist_ok=True)
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "db-shm").write_bytes(b"not of it")
    disk = Disk(tmp_path)
    for record in records:
        disk.happen(record)
    return disk


PUBLISH = [
    call(Kind.CREATE, "staging/x"),
    call(Kind.WRITE, "staging/x", content=b"hello"),
    call(Kind.SYNC, "staging/x"),
    call(Kind.RENAME, "staging/x", "objects/x"),
    call(Kind.SYNC, "objects"),
]


def test_what_was_synced_is_in_every_image(tmp_path: Path) -> None:
    for image in disk_after(tmp_path, *PUBLISH).images(1).values():
        assert image == {"old": b"old", "objects/x": b"hello"}


def test_a_name_needs_its_folder_synced(tmp_path: Path) -> None:
    images = disk_after(tmp_path, *PUBLISH[:-1]).images(1)
    assert images["none"] == {"old": b"old"}
    assert images["all"] == {"old": b"old", "objects/x": b"hello"}


def test_bytes_need_their_file_synced(tmp_path: Path) -> None:
    images = disk_after(tmp_path, *(r for r in PUBLISH if r.kind != Kind.SYNC or r.path == "objects")).images(1)
    assert images["none"] == {"old": b"old", "objects/x": b""}


def test_overwriting_and_cutting(tmp_path: Path) -> None:
    disk = disk_after(tmp_path, call(Kind.WRITE, "old", offset=2, content=b"XY"), call(Kind.SYNC, "old"), call(Kind.TRUNCATE, "old", offset=1))
    assert disk.images(1)["none"] == {"old": b"olXY"}
    assert disk.images(1)["all"] == {"old": b"o"}


def test_removing_is_pending_too(tmp_path: Path) -> None:
    disk = disk_after(tmp_path, *PUBLISH, call(Kind.UNLINK, "objects/x"))
    assert "objects/x" in disk.images(1)["none"] and "objects/x" not in disk.images(1)["all"]
    disk.happen(call(Kind.SYNC, "objects"))
    assert "objects/x" not in disk.images(1)["none"]


def test_a_file_goes_with_its_folder(tmp_path: Path) -> None:
    disk = disk_after(tmp_path, call(Kind.MKDIR, "objects/ab"), call(Kind.CREATE, "objects/ab/x"), call(Kind.SYNC, "objects/ab"))
    assert disk.images(1)["none"] == {"old": b"old"}
    disk.happen(call(Kind.SYNC, "objects"))
    assert disk.images(1)["none"] == {"old": b"old", "objects/ab/x": b""}


def test_halves_differ_and_writes_are_torn(tmp_path: Path) -> None:
    records = [call(Kind.WRITE, "old", offset=4 * SECTOR * i, content=b"z" * 4 * SECTOR) for i in range(8)]
    disk = disk_after(tmp_path, *records)
    halves = {disk.images(seed)["half"]["old"] for seed in range(20)}
    assert len(halves) > 10
    assert any(half.count(b"z") % (4 * SECTOR) for half in halves), "a write is there in part"
    assert disk.images(3) == disk.images(3)


def test_what_another_process_staged_is_in_the_record_of_its_sync(tmp_path: Path) -> None:
    disk = disk_after(tmp_path, call(Kind.CREATE, "staging/y"), call(Kind.SYNC, "staging/y", offset=1, content=b"theirs"),
                      call(Kind.RENAME, "staging/y", "objects/y"), call(Kind.SYNC, "objects"))
    assert disk.images(1)["none"]["objects/y"] == b"theirs"
