"""Filtering: which requests pass.  Pure.

Source: kubectl's rules: what is rejected is rejected first; then path and host must both be accepted.
"""

import re

from fairway.cli.failure import Failure


class Filter:
    """Each argument is a list of regular expressions with commas."""

    def __init__(self, accept_hosts: str, accept_paths: str, reject_methods: str, reject_paths: str) -> None:
        self._accept_hosts, self._accept_paths = _compiled(accept_hosts), _compiled(accept_paths)
        self._reject_methods, self._reject_paths = _compiled(reject_methods), _compiled(reject_paths)

    def passes(self, method: str, path: str, host: str) -> bool:
        """Whether a request may go on; ``host`` is the header as it came."""
        if _matches(self._reject_paths, path) or _matches(self._reject_methods, method):
            return False
        return _matches(self._accept_paths, path) and _matches(self._accept_hosts, without_port(host))


def without_port(host: str) -> str:
    """``localhost:8001`` is ``localhost``; an IPv6 address keeps its brackets."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() and (":" not in name or name.startswith("[")) else host


def _compiled(texts: str) -> "list[re.Pattern[str]]":
    try:
        return [re.compile(text) for text in texts.split(",")]
    except re.error as error:
        raise Failure(f'"{texts}" holds no regular expression: {error}') from None


def _matches(patterns: "list[re.Pattern[str]]", text: str) -> bool:
    return any(pattern.search(text) for pattern in patterns)
