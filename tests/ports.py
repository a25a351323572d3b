"""A port of 127.0.0.1 for a server that binds it a moment later, and again after each restart.

Not one of those that the kernel gives to whoever asks for any (port 0, an outgoing connection): such a port may be somebody's
before it is bound.

    python ports.py [KEPT]    prints KEPT where nobody has it, else another one
"""

from __future__ import annotations

import random
import socket
import sys
from pathlib import Path

LOWEST = 10_000
TRIES = 1_000


def first_of_the_kernels() -> int:
    return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])


def is_free(port: int) -> bool:
    """Whether a server could listen there; what is left of connections that were closed does not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
    return True


def free_port() -> int:
    end = first_of_the_kernels()
    assert end > LOWEST, "net.ipv4.ip_local_port_range leaves no ports for servers: let it begin at 32768"
    for _ in range(TRIES):
        port = random.SystemRandom().randrange(LOWEST, end)
        if is_free(port):
            return port
    raise AssertionError(f"no port between {LOWEST} and {end} is free")


if __name__ == "__main__":
    kept = int("".join(sys.argv[1:]) or 0)
    print(kept if kept and is_free(kept) else free_port())
