"""`make bench`: figures that are measured side by side in one run. Quote the ratios; bare times depend on the machine."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

SCRIPTS = (
    ("The idle server", "server.py"),
    ("The catalogue: list, search and facets as it grows", "catalogue.py"),
    ("Files beside nginx", "files.py"),
    ("What recording a download costs", "transfers.py"),
    ("Files whose content lies in S3, through us and straight", "object_stores.py"),
    ("Windows of downloads and bytes", "windows.py"),
    ("Slices: our job beside DuckDB, Polars and pyarrow", "columnar/bench.py"),
)

for title, script in SCRIPTS:
    print(f"\n== {title}\n", flush=True)
    runpy.run_path(str(HERE / script), run_name="__main__")
