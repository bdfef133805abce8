"""Times as they stand in Kubernetes objects.  Pure.

Source: RFC 3339; Kubernetes API conventions, "Primitive types".
"""

from datetime import UTC, datetime
from functools import lru_cache


def rfc3339(seconds: float) -> str:
    """Unix seconds as metav1.Time, cut to whole seconds: ``2026-01-02T03:04:05Z``."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(4096)
def parse_rfc3339(text: str) -> float:
    """Unix seconds of any RFC 3339 time; digits beyond microseconds are dropped.  Raises: ``ValueError``."""
    head, dot, tail = text.partition(".")
    if dot:
        digits = next((place for place, letter in enumerate(tail) if not letter.isdigit()), len(tail))
        text = f"{head}.{tail[:digits][:6]}{tail[digits:]}"
    return datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00")).timestamp()
