"""Pretty: JSON for human eyes, lists of it piece by piece.  Pure."""

import orjson

from fairway.apiserver import go_json
from fairway.apiserver.shapes import Parts
from fairway.apiserver.stored import Stored

_INDENT = b"\n    "


def spread(json: bytes) -> bytes:
    """JSON with a line for each member."""
    return go_json.escaped(orjson.dumps(orjson.loads(json), option=orjson.OPT_INDENT_2))


def spread_list(parts: Parts) -> Parts:
    """A list with a line for each member, taken apart."""
    empty = orjson.loads(parts.joined(()))
    name = b'"items": [' if "items" in empty else b'"rows": ['
    head, _, tail = orjson.dumps(empty, option=orjson.OPT_INDENT_2).rpartition(name + b"]")

    def one(stored: Stored) -> bytes:
        return _INDENT + spread(b"".join((parts.opening, parts.one(stored)))).replace(b"\n", _INDENT)

    return Parts(head + name, one, b"\n  ]" + tail)
