"""A real Spark that stays: carries out orders by jobs/spark/run_slice.py, one after another, as they come on stdin.

Runs in Spark's own environment (build/deps/spark), so it imports nothing of the tests. Lines of JSON: {"id", "order"} or {"cancel": true} in,
{"ready": true} and {"id", "code"} out.
"""

import json
import queue
import sys
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "jobs/spark"))


def main() -> None:
    import run_slice
    from pyspark import cloudpickle
    from pyspark.sql import SparkSession

    cloudpickle.register_pickle_by_value(run_slice)  # as it is where the script is the main program
    out, sys.stdout = sys.stdout, sys.stderr
    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.log.level", "ERROR").getOrCreate()
    orders: queue.Queue[dict[str, Any]] = queue.Queue()

    def say(what: dict[str, Any]) -> None:
        out.write(json.dumps(what) + "\n")
        out.flush()

    def work() -> None:
        while True:
            task = orders.get()
            try:
                code = run_slice.run(spark, run_slice.read_order(task["order"]))
            except Exception as e:
                print(f"spark_driver: {type(e).__name__}: {e}", file=sys.stderr)
                code = 2
            say({"id": task["id"], "code": code})

    threading.Thread(target=work, daemon=True).start()
    say({"ready": True})
    for line in sys.stdin:
        task = json.loads(line)
        if task.get("cancel"):
            spark.sparkContext.cancelAllJobs()
        else:
            orders.put(task)
    spark.stop()


if __name__ == "__main__":
    main()
