"""Asks /livez of each port at once, on new connections, again and again until its input ends, and prints the seconds that they took, as JSON.

A process of its own: threads of the test that load the server would hold the interpreter while the clock goes.

    python livez_probe.py PAUSE PORT...
"""

from __future__ import annotations

import http.client
import json
import select
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def ask(port: int) -> float:
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/livez")
    assert connection.getresponse().status == 200
    connection.close()
    return time.perf_counter() - began


def main(pause: float, ports: list[int]) -> None:
    times: list[list[float]] = []
    with ThreadPoolExecutor(len(ports)) as pool:
        while not select.select([sys.stdin], [], [], pause)[0]:
            times.append(list(pool.map(ask, ports)))
    print(json.dumps(times))


if __name__ == "__main__":
    main(float(sys.argv[1]), [int(port) for port in sys.argv[2:]])
