"""Image functions: the parts of an image's name.

Source: the OCI distribution specification, "Pulling manifests"; defaults are those that Docker made usual.
"""

import re
from typing import Any

from fairway.objects.expressions.lists import Function

_IMAGE = "image"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_shape = re.compile(
    rf"(?:(?P<registry>[A-Za-z0-9.-]+(?::[0-9]+)?)/)?(?P<name>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
).fullmatch
_HOME = "index.docker.io"
_PARTS = ("registry", "repository", "tag", "digest", "identifier")


def _parts(text: str) -> dict[str, str]:
    """Registry, repository, tag and digest.  Raises: ``ValueError``."""
    found = _shape(text)
    if found is None:
        raise ValueError(f"could not parse reference: {text}")
    registry, name = found["registry"] or "", found["name"]
    if registry and not ("." in registry or ":" in registry or registry == "localhost"):
        registry, name = "", f"{registry}/{name}"
    if registry in ("", "docker.io", _HOME):
        registry = _HOME
        name = name if "/" in name else f"library/{name}"
    digest = found["digest"] or ""
    tag = "" if digest else found["tag"] or "latest"
    return {"registry": registry, "repository": name, "tag": tag, "digest": digest, "identifier": digest or tag}


def _image(text: str) -> dict[str, Any]:
    _parts(text)
    return {_IMAGE: text}


def _is_image(text: str) -> bool:
    try:
        _parts(text)
    except ValueError:
        return False
    return True


def _part(name: str) -> Any:
    return lambda found: _parts(found[_IMAGE])[name]


FUNCTIONS: tuple[Function, ...] = (
    ("image", False, ("string",), "dyn", _image),
    ("isImage", False, ("string",), "bool", _is_image),
    ("containsDigest", True, ("dyn",), "bool", lambda found: bool(_parts(found[_IMAGE])["digest"])),
    *(
        (name, True, ("dyn",), "string", _part(name))
        for name in ("registry", "repository", "tag", "digest", "identifier")
    ),
)
