"""Text functions: regular expressions and URLs."""

import re
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from fairway.objects.expressions.lists import Function

_URL = "url"


def _find(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    return found[0] if found else ""


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = [one[0] for one in re.finditer(pattern, text)]
    return found if limit < 0 else found[:limit]


def _split(text: str) -> SplitResult:
    """Raises: ``ValueError`` for what is neither absolute nor an absolute path."""
    parts = urlsplit(text)
    if not parts.scheme and not text.startswith("/"):
        raise ValueError(f'URL parse error during conversion from string: parse "{text}": invalid URI for request')
    _ = parts.port
    return parts


def _url(text: str) -> dict[str, Any]:
    _split(text)
    return {_URL: text}


def is_url(text: str) -> bool:
    """Whether a text is a URL, or an absolute path."""
    try:
        _split(text)
    except ValueError:
        return False
    return True


def _host(url: dict[str, Any]) -> str:
    return _split(url[_URL]).netloc.rpartition("@")[2]


def _hostname(url: dict[str, Any]) -> str:
    return (_split(url[_URL]).hostname or "").strip("[]")


def _port(url: dict[str, Any]) -> str:
    port = _split(url[_URL]).port
    return "" if port is None else str(port)


FUNCTIONS: tuple[Function, ...] = (
    ("jsonpatch.escapeKey", False, ("string",), "string", lambda key: key.replace("~", "~0").replace("/", "~1")),
    ("find", True, ("string", "string"), "string", _find),
    ("findAll", True, ("string", "string"), "list", _find_all),
    ("findAll", True, ("string", "string", "int"), "list", _find_all),
    ("url", False, ("string",), "dyn", _url),
    ("isURL", False, ("string",), "bool", is_url),
    ("getScheme", True, ("dyn",), "string", lambda url: _split(url[_URL]).scheme),
    ("getHost", True, ("dyn",), "string", _host),
    ("getHostname", True, ("dyn",), "string", _hostname),
    ("getPort", True, ("dyn",), "string", _port),
    ("getEscapedPath", True, ("dyn",), "string", lambda url: _split(url[_URL]).path),
    ("getQuery", True, ("dyn",), "dyn", lambda url: parse_qs(_split(url[_URL]).query, keep_blank_values=True)),
)
