"""Target: the request target taken apart into a decoded path and query.

Shape: pure functions on text; ``ValueError`` where an escape of a path is malformed or is not UTF-8.
Source: RFC 9112 section 3.2 (origin, absolute and asterisk form), RFC 3986 section 2.1, the WHATWG form encoding.
"""

from contextlib import suppress
from urllib.parse import unquote_to_bytes


def _unescape(text: str) -> str:
    if "%" not in text:
        return text
    for escape in text.split("%")[1:]:
        int(escape[:2] if len(escape) > 1 and escape[:2].isalnum() else "malformed", 16)
    return unquote_to_bytes(text).decode()


def split_target(target: str) -> tuple[str, str]:
    """The undecoded path and query of ``target``; scheme and authority of the absolute form are dropped."""
    path, _, query = target.partition("#")[0].partition("?")
    if not path.startswith("/") and "://" in path:
        _, _, rest = path.partition("://")[2].partition("/")
        path = f"/{rest}"
    return path, query


def decode_path(path: str) -> str:
    """``path`` without escapes.  Raises: ``ValueError``."""
    return _unescape(path)


def decode_query(query: str) -> list[tuple[str, str]]:
    """Name and value of every parameter, in order, repeats kept; what is malformed is left out, as Go's servers do."""
    found = []
    for parameter in query.split("&") if query else ():
        if parameter and ";" not in parameter:
            name, _, value = parameter.replace("+", " ").partition("=")
            with suppress(ValueError):
                found.append((_unescape(name), _unescape(value)))
    return found
