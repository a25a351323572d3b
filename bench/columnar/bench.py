"""Our slice job beside DuckDB, Polars and pyarrow: the same files, the same question, Parquet out, two threads each.

Each engine runs in a process of its own, so that everybody pays for starting. Prints seconds (the best of a few runs) and
the ratio to the fastest other; quote the ratios, the seconds depend on the machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.e2e.oracle_worker import Worker, program  # noqa: E402

DATA = Path(os.environ.get("LAKELIFT_WEATHER", ROOT.parent / "shared/data/weather"))
RUNS = int(os.environ.get("LAKELIFT_BENCH_RUNS", "3"))
ALL = None
FEW = ["obs_name", "temp", "timestamp"]
# name, columns, (column, operator, value) or None
CASES: list[tuple[str, list[str] | None, tuple[str, str, object] | None]] = [
    ("half of the rows", ALL, ("temp", ">", 5)),
    ("selective", ALL, ("temp", ">", 18)),
    ("string filter", ALL, ("obs_name", "=", "Dresden")),
    ("columns only", FEW, None),
    ("everything", ALL, None),
]

PRELUDE = "import sys, glob\nfiles = sorted(glob.glob(sys.argv[1] + '/**/*.parquet', recursive=True))\nout = sys.argv[2]\n"


def duckdb_script(columns: list[str] | None, condition: tuple[str, str, object] | None) -> str:
    where = f" WHERE {condition[0]} {condition[1]} {condition[2]!r}" if condition else ""
    names = ", ".join(columns) if columns else "*"
    return PRELUDE + f"""
import duckdb
con = duckdb.connect(config={{'threads': 2}})
con.execute("SET enable_progress_bar = false")
con.execute(f"COPY (SELECT {names} FROM read_parquet({{files}}, hive_partitioning=true){where}) TO '{{out}}' (FORMAT parquet)")
"""


def polars_script(columns: list[str] | None, condition: tuple[str, str, object] | None) -> str:
    operator = {"=": "=="}.get(condition[1], condition[1]) if condition else ""
    steps = f".filter(pl.col({condition[0]!r}) {operator} {condition[2]!r})" if condition else ""
    steps += f".select({columns!r})" if columns else ""
    return PRELUDE + f"""
import polars as pl
pl.scan_parquet(files, hive_partitioning=True, glob=False){steps}.sink_parquet(out)
"""


def pyarrow_script(columns: list[str] | None, condition: tuple[str, str, object] | None) -> str:
    operator = {"=": "=="}.get(condition[1], condition[1]) if condition else ""
    where = f"ds.field({condition[0]!r}) {operator} {condition[2]!r}" if condition else "None"
    return PRELUDE + f"""
import pyarrow as pa, pyarrow.dataset as ds, pyarrow.parquet as pq
pa.set_cpu_count(2)
scanner = ds.dataset(files, partitioning='hive', partition_base_dir=sys.argv[1]).scanner(columns={columns!r}, filter={where})
with pq.ParquetWriter(out, scanner.projected_schema) as writer:
    for batch in scanner.to_batches():
        if batch.num_rows:
            writer.write_batch(batch)
"""


def ours(inputs: list[tuple[str, Path]], names: list[str], condition: tuple[str, str, object] | None, out: Path) -> int:
    kind = "STRING" if condition and isinstance(condition[2], str) else "INTEGER"
    filters = [{"name": condition[0], "operator": condition[1], "type": kind, "value": condition[2]}] if condition else []
    spec = {"columns": sorted(names), "filters": filters, "ratio": "1"}
    return Worker(inputs).run({"kind": "slice", "spec": spec, "sampling_seed": "bench"}, out)["rows"]


def timed(run: object) -> float:
    best = float("inf")
    for _ in range(RUNS):
        start = time.perf_counter()
        run()  # type: ignore[operator]
        best = min(best, time.perf_counter() - start)
    return best


def script(text: str, out: Path) -> None:
    environment = dict(os.environ, POLARS_MAX_THREADS="2")
    subprocess.run([sys.executable, "-c", text, str(DATA), str(out)], check=True, env=environment)


def main() -> None:
    import pyarrow.parquet as pq

    if not DATA.is_dir():
        print("the weather data are missing: set LAKELIFT_WEATHER")
        return
    inputs = sorted(((p.relative_to(DATA).as_posix(), p) for p in DATA.rglob("*.parquet")), key=lambda e: e[0].encode())
    every = [column["name"] for column in Worker(inputs).run({"kind": "inspect"})["columns"]]
    print(f"{Path(program()).relative_to(ROOT) if Path(program()).is_relative_to(ROOT) else program()}, "
          f"{len(inputs)} files, {sum(f.stat().st_size for _, f in inputs) / 1e6:.0f} MB, best of {RUNS}, load {os.getloadavg()[0]:.1f}\n")
    print(f"{'seconds':18}{'lakelift':>10}{'duckdb':>10}{'polars':>10}{'pyarrow':>10}{'ours / best':>13}{'MB ours':>9}{'MB duckdb':>11}")
    with tempfile.TemporaryDirectory() as folder:
        for name, columns, condition in CASES:
            outs = {engine: Path(folder) / f"{engine}.parquet" for engine in ("lakelift", "duckdb", "polars", "pyarrow")}
            times = {"lakelift": timed(lambda: ours(inputs, columns or every, condition, outs["lakelift"]))}
            for engine, make in (("duckdb", duckdb_script), ("polars", polars_script), ("pyarrow", pyarrow_script)):
                times[engine] = timed(lambda: script(make(columns, condition), outs[engine]))
            rows = {pq.read_metadata(out).num_rows for out in outs.values()}
            assert len(rows) == 1, (name, rows)
            others = min(value for engine, value in times.items() if engine != "lakelift")
            print(f"{name:18}" + "".join(f"{times[e]:10.2f}" for e in outs) + f"{times['lakelift'] / others:13.2f}"
                  f"{outs['lakelift'].stat().st_size / 1e6:9.1f}{outs['duckdb'].stat().st_size / 1e6:11.1f}", flush=True)


if __name__ == "__main__":
    main()
