"""Go JSON: JSON whose bytes are those that Go's encoder writes: some letters are escaped, for the sake of web pages.

Pure.  Source: Go's package encoding/json, ``HTMLEscape``.
"""

from typing import Any

import orjson


def dumps(value: Any) -> bytes:
    """A value as JSON."""
    return escaped(orjson.dumps(value))


def escaped(json: bytes) -> bytes:
    """The same JSON; nearly always these very bytes.  What is escaped stands in texts alone."""
    if b"<" in json or b">" in json or b"&" in json:
        json = json.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")
    if not json.isascii() and b"\xe2\x80" in json:
        json = json.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return json
