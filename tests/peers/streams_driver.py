"""A real Spark that stays and runs streaming jobs, as they are asked for on stdin: jobs/spark/count_downloads.py, and LiftBit's.

Runs in Spark's own environment (build/deps/spark), so it imports nothing of the tests. A line of JSON in, one out: {"start": NAME, "job": "count" |
"liftbit", "arguments": […]}; {"process": NAME} waits until all that is there is counted; {"stop": NAME}. Out: {"total": the report's} or {"error"}.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "jobs/spark"))


def main() -> None:
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what jobs print, the virtual machine too, goes to the log
    import count_downloads
    import liftbit_windows

    spark = count_downloads.session(count_downloads.read_arguments(["--brokers", "nowhere:1", "--shuffle-partitions", "1"]))
    running: dict[str, tuple[list[Any], Any]] = {}

    def start(name: str, job: str, arguments: list[str]) -> None:
        late = None
        if job == "liftbit":
            queries = [liftbit_windows.start(spark, *arguments)]
        else:
            settings = count_downloads.read_arguments(arguments)
            queries = count_downloads.start(spark, settings, count_downloads.window_writer(settings))
            late = count_downloads.late_writer(spark, settings)
        running[name] = queries, count_downloads.Report(sys.stderr, late)

    def total(name: str) -> dict[str, Any]:
        queries, report = running[name]
        report.take(json.loads(one.json) for one in queries[0].recentProgress)
        return report.total

    def process(name: str) -> None:
        for query in running[name][0]:
            query.processAllAvailable()

    def answer(task: dict[str, Any]) -> dict[str, Any]:
        if "start" in task:
            start(task["start"], task["job"], task["arguments"])
            return {"total": {}}
        name = task.get("process") or task["stop"]
        if "process" in task:
            process(name)
        else:
            for query in running[name][0]:
                query.stop()
        return {"total": total(name)}

    def say(what: dict[str, Any]) -> None:
        out.write(json.dumps(what) + "\n")
        out.flush()

    say({"ready": True})
    for line in sys.stdin:
        try:
            say(answer(json.loads(line)))
        except (Exception, SystemExit) as e:
            say({"error": f"{type(e).__name__}: {e}"[:5_000]})
    spark.stop()


if __name__ == "__main__":
    main()
