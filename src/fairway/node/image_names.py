"""Image names: when an image is pulled and what container statuses call it.  Pure.

Source: Kubernetes docs, "Images".
"""

import re

from fairway.node.images.reference import InvalidReference, parse_reference
from fairway.node.runtimes.interface import Image
from fairway.objects import Object

_IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}")


def name_problem(reference: str) -> str:
    """Why ``reference`` names no image, or empty."""
    if _IMAGE_ID.fullmatch(reference):
        return ""
    try:
        parse_reference(reference)
    except InvalidReference as error:
        return str(error)
    return ""


def pull_policy(container: Object) -> str:
    """``Always``, ``IfNotPresent`` or ``Never``; where nothing is said, ``Always`` for ``:latest`` and no tag."""
    if given := container.get("imagePullPolicy"):
        return str(given)
    try:
        found = parse_reference(container.get("image") or "")
    except InvalidReference:
        return "IfNotPresent"
    return "Always" if found.tag == "latest" and not found.digest else "IfNotPresent"


def shown_names(image: Image, reference: str) -> tuple[str, str]:
    """(image, imageID) as container statuses carry them: the full name and the digest, or the id without one."""
    name = _full_name(image, reference)
    if not image.digests:
        return name, image.id
    digest = image.digests[0]
    return name, digest if "@" in digest else f"{name.partition('@')[0].rpartition(':')[0] or name}@{digest}"


def _full_name(image: Image, reference: str) -> str:
    try:
        wanted = str(parse_reference(reference))
    except InvalidReference:
        wanted = reference
    if wanted in image.names or not image.names:
        return wanted
    return image.names[0]
