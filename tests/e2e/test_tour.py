"""The README's five-minute tour, run as a reader would: each shell block of the part headed 'Tour', in order, in one shell."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.server_process import BIN, ROOT, Server


def tour_blocks() -> list[str]:
    text = (ROOT / "README.md").read_text()
    tour = text[text.index("\n## Tour"):]
    tour = tour[: tour.index("\n## ", 4)]
    return re.findall(r"^```sh\n(.*?)^```", tour, re.M | re.S)


def test_the_tour_of_the_readme(tmp_path: Path) -> None:
    blocks = tour_blocks()
    assert len(blocks) >= 5
    data = tmp_path / "data"
    with Server(data) as server:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "load_only=1 scripts/run-demo.sh"], cwd=ROOT, capture_output=True, text=True, timeout=180,
            env=os.environ | {"LAKELIFT_DATA": str(data), "LAKELIFT_BIN_DIR": str(BIN)},
        )
        assert done.returncode == 0, done.stderr
        script = "\n".join(blocks)
        # A reader stands in the checkout with the defaults; the test has a folder, a port and a place for files of its own.
        prelude = f"export LAKELIFT_DATA={data}\n"
        script = script.replace("http://127.0.0.1:3000", server.address).replace("build/release/bin/", f"{BIN}/")
        script = script.replace("build/venv/bin/python", f"{ROOT}/build/venv/bin/python")
        work = tmp_path / "work"
        work.mkdir()
        done = subprocess.run(["bash", "-euxo", "pipefail", "-c", prelude + script], cwd=work, capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, done.stdout + done.stderr
        for name in ("late.parquet", "late.csv", "late.jsonl"):
            assert (work / name).stat().st_size > 0
