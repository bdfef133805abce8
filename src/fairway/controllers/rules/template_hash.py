"""TemplateHash: the short text by which pods of one template are told from those of another.  Pure.

Source: Kubernetes docs, "Deployments", "Pod-template-hash label".
"""

import orjson

from fairway.objects import Object

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_FNV_OFFSET, _FNV_PRIME = 0x811C9DC5, 0x01000193


def template_hash(template: Object, collision_count: int | None) -> str:
    """A short text that differs between templates; ``collision_count`` changes it where two agree."""
    text = orjson.dumps(template, option=orjson.OPT_SORT_KEYS)
    if collision_count:
        text += collision_count.to_bytes(8, "little")
    found = _FNV_OFFSET
    for byte in text:
        found = ((found ^ byte) * _FNV_PRIME) & 0xFFFFFFFF
    return "".join(_LETTERS[ord(digit) % len(_LETTERS)] for digit in str(found))
