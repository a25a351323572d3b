"""Many large uploads and downloads at once, some of them slow, go through little memory (threats D13, T22)."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.faults.files_client import World
from tests.faults.files_streams import Streams
from tests.server_process import FULL_DOSE, Server

STREAMS, FILE_BYTES = (64, 200_000_000) if FULL_DOSE else (16, 50_000_000)
SERVER_MIB = 256


def test_large_files_go_through_little_memory(tmp_path: Path) -> None:
    try:
        with Server(tmp_path / "data") as server:
            streams = Streams(World.made(server), STREAMS, FILE_BYTES)
            free = shutil.disk_usage(tmp_path).free
            print(f"\n{free / 1e9:.0f} GB are free, {streams.needed_bytes / 1e9:.1f} GB are needed")
            assert free > streams.needed_bytes
            assert streams.run() <= SERVER_MIB
    finally:
        shutil.rmtree(tmp_path, ignore_errors=True)
