"""Expansion of ``$(NAME)`` in commands, arguments and environment values.  Pure.

``$(NAME)`` of a known name is replaced, of an unknown one left as it is; ``$$`` is a plain dollar.
Source: Kubernetes API reference, "Container v1 core", command, args and env.
"""

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$(?:\$|\(([^)]*)\))")


def expanded(text: str, *variables: Mapping[str, str]) -> str:
    """``text`` with its references replaced; the first mapping that knows a name decides."""
    if "$" not in text:
        return text

    def replacement(match: re.Match[str]) -> str:
        name = match.group(1)
        if name is None:
            return "$"
        for known in variables:
            if name in known:
                return known[name]
        return match.group(0)

    return _REFERENCE.sub(replacement, text)
