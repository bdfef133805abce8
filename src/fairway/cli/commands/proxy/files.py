"""Files: those of ``--www``, and lists of its folders."""

import html
import mimetypes
import os
from urllib.parse import quote, unquote

_TEXT = "text/plain; charset=utf-8"


def answer(folder: str, path: str, asked: str) -> bytes:
    """The whole answer to a GET of ``path`` within ``folder``; ``asked`` is the path as it came."""
    root = os.path.realpath(folder)
    place = os.path.realpath(os.path.join(root, unquote(path).lstrip("/")))
    if place != root and not place.startswith(root + os.sep):
        return _made(404, b"404 page not found\n", _TEXT)
    try:
        if os.path.isdir(place):
            if not asked.endswith("/"):
                return _made(301, b"", "", f"Location: {os.path.basename(asked)}/\r\n")
            index = os.path.join(place, "index.html")
            if not os.path.isfile(index):
                return _made(200, _listed(place), "text/html; charset=utf-8")
            place = index
        with open(place, "rb") as file:
            content = file.read()
            return _made(200, content, _type_of(place, content))
    except PermissionError:
        return _made(403, b"403 Forbidden\n", _TEXT)
    except OSError:
        return _made(404, b"404 page not found\n", _TEXT)


def _type_of(place: str, content: bytes) -> str:
    kind = mimetypes.guess_type(place)[0]
    if kind is None:
        kind = "application/octet-stream" if b"\0" in content[:512] else "text/plain"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _listed(folder: str) -> bytes:
    names = [f"{each.name}/" if each.is_dir() else each.name for each in os.scandir(folder)]
    lines = [f'<a href="{quote(name)}">{html.escape(name)}</a>' for name in sorted(names)]
    return "\n".join(
        ["<!doctype html>", '<meta name="viewport" content="width=device-width">', "<pre>", *lines, "</pre>", ""]
    ).encode()


def _made(status: int, body: bytes, kind: str, more: str = "") -> bytes:
    reason = {200: "OK", 301: "Moved Permanently", 403: "Forbidden", 404: "Not Found"}[status]
    typed = f"Content-Type: {kind}\r\n" if kind else ""
    head = f"HTTP/1.1 {status} {reason}\r\n{typed}Content-Length: {len(body)}\r\n{more}"
    return f"{head}Connection: close\r\n\r\n".encode() + body
