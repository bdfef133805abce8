"""JSONPath as kubectl understands it: templates of text and ``{...}`` with fields, slices, filters, range and end.

Shape: ``Template(text)`` is parsed once; ``render(object)`` gives text, ``find(object)`` the values; ``relaxed``
makes a template of the short forms of ``--sort-by`` and ``custom-columns``.  Pure.  Raises: ``JsonPathError``. No
library does: this dialect has range and end, text between braces, and its own filters and messages.
Source: Kubernetes docs, "JSONPath Support".
"""

from fairway.cli.printers.json_path.evaluate import Template
from fairway.cli.printers.json_path.parse import JsonPathError

__all__ = ["JsonPathError", "Template", "relaxed"]


def relaxed(text: str) -> str:
    """``x.y``, ``.x.y``, ``{x.y}`` and ``{.x.y}`` as ``{.x.y}``.  Raises: ``JsonPathError``."""
    if not text:
        return ""
    inner = text
    if text[0] == "{" or text[-1] == "}":
        if text[0] != "{" or text[-1] != "}" or "{" in text[1:-1] or "}" in text[1:-1]:
            raise JsonPathError(
                "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or "
                "'{.name1.name2}'"
            )
        inner = text[1:-1]
    return "{." + inner.removeprefix(".") + "}"
