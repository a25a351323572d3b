"""When to try again: full jitter below a bound that doubles, or what Retry-After says."""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Mapping

REQUEST_ATTEMPTS = 10
WHOLE_ATTEMPTS = 3
BASE_S = 0.2
MOST_S = 20.0
RETRY_AFTER_MOST_S = 120.0
TEMPORARY = frozenset({429, 502, 503, 504})


class Backoff:
    """Counts what failed in a row."""

    def __init__(self, attempts: int = REQUEST_ATTEMPTS) -> None:
        self._attempts = attempts
        self._failed = 0

    def wait(self, retry_after_s: float | None = None) -> bool:
        """Sleeps; False when there were enough attempts."""
        self._failed += 1
        if self._failed >= self._attempts:
            return False
        bound = min(MOST_S, BASE_S * 2 ** min(self._failed - 1, 10))
        time.sleep(random.uniform(0, bound) if retry_after_s is None else retry_after_s)  # noqa: S311
        return True

    def reset(self) -> None:
        self._failed = 0


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds or an HTTP date, bounded."""
    text = headers.get("retry-after", "")
    try:
        seconds = float(int(text))
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(seconds, 0.0), RETRY_AFTER_MOST_S)
