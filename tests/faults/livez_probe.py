"""Asks /livez on a new connection again and again until its input ends, and prints the seconds that each took, as JSON.

A process of its own: threads of the test that load the server would hold the interpreter while the clock goes.

    python livez_probe.py PORT PAUSE
"""

from __future__ import annotations

import http.client
import json
import select
import sys
import time


def main(port: int, pause: float) -> None:
    times: list[float] = []
    while not select.select([sys.stdin], [], [], pause)[0]:
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/livez")
        assert connection.getresponse().status == 200
        connection.close()
        times.append(time.perf_counter() - began)
    print(json.dumps(times))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
