"""JSON as Go writes it: compact, with the characters that HTML minds escaped.

The annotation of ``apply`` and the hash in a name are made of such text, so every character counts.
Source: Go's package encoding/json, ``HTMLEscape``.
"""

import json
from typing import Any

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def compact(value: Any, *, is_sorted: bool = True) -> str:
    """``value`` on one line; maps in order of their keys unless ``is_sorted`` is false."""
    return escaped(json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=is_sorted))


def escaped(text: str) -> str:
    """JSON with the characters escaped that Go escapes."""
    for character, escape in _ESCAPES.items():
        if character in text:
            text = text.replace(character, escape)
    return text
