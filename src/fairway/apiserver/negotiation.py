"""Negotiation: in which form an answer goes out, and in which a body came in.

Pure.  Source: Kubernetes API concepts, "Alternate representations of resources", "Receiving resources as Tables".
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError, not_acceptable

JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
_META_GROUP = "meta.k8s.io"
TABLE, METADATA, METADATA_LIST = "Table", "PartialObjectMetadata", "PartialObjectMetadataList"
_VERSIONS = ("v1", "v1beta1")


ANY_SHAPE, NO_TABLE, AS_IT_IS = ("", TABLE, METADATA, METADATA_LIST), ("", METADATA, METADATA_LIST), ("",)


class Form(NamedTuple):
    """How an object is shown: its media type, and what it is turned into: itself (""), a Table, or metadata."""

    media: str = JSON
    shape: str = ""
    version: str = ""


AS_JSON = Form()


def accepted(header: str, *, has_protobuf: bool = True, shapes: Sequence[str] = ANY_SHAPE) -> Form:
    """The first form in ``Accept`` that can be served; not everything has a message, or all ``shapes``.

    Raises: ``StatusError`` 406.
    """
    if not header:
        return AS_JSON
    return (_remembered if len(header) <= _REMEMBERED_LENGTH else _accepted)(header, has_protobuf, shapes)


def _accepted(header: str, has_protobuf: bool, shapes: Sequence[str]) -> Form:
    for media, parameters in preferred(header):
        form = _form(media, parameters)
        if form is not None and (has_protobuf or form.media != PROTOBUF) and form.shape in shapes:
            return form
    raise not_acceptable((JSON, YAML, PROTOBUF) if has_protobuf else (JSON, YAML))


def preferred(header: str) -> list[tuple[str, dict[str, str]]]:
    """The media types of an ``Accept`` with their parameters, the most wanted first."""
    clauses = [_clause(text) for text in header.split(",")]
    return [clause[1:] for clause in sorted(clauses, key=lambda clause: -clause[0])]


def check_number(form: Form, kind: Kind, *, is_list: bool) -> None:
    """Metadata of one object is no list, and the other way round.  Raises: ``StatusError`` 406."""
    if form.shape not in (METADATA, METADATA_LIST) or is_list == (form.shape == METADATA_LIST):
        return
    package = kind.group.partition(".")[0] or "core"
    what = f"{'unstructured.Unstructured' if kind.custom else f'{package}.{kind.name}'}{'List' if is_list else ''}"
    which = f"is {'' if is_list else 'not '}a list (*{what})"
    raise StatusError(406, "NotAcceptable", f"you requested {form.shape}, but the requested object {which}")


ROUTED = (JSON, YAML, PROTOBUF)
STREAMED = (*ROUTED, f"{JSON};stream=watch", f"{PROTOBUF};stream=watch")


class Unroutable(StatusError):
    """406 of upstream's router, which looks at ``Accept`` before anybody else does, and knows no ``application/*``."""

    def __init__(self, media: Sequence[str]) -> None:
        text = f"406: Not Acceptable\n\nAvailable representations: {', '.join(media)}"
        super().__init__(406, "NotAcceptable", text)

    def status(self) -> Object:
        """With details that say nothing."""
        found = super().status()
        code = found.pop("code")
        return {**found, "details": {}, "code": code}


def check_routed(header: str, media: Sequence[str] = ROUTED) -> None:
    """Raises: ``StatusError`` 406 if ``Accept`` names none of the ``media`` that a path produces."""
    is_routed = _is_remembered if len(header) <= _REMEMBERED_LENGTH else _is_routed
    if header and not is_routed(header, media):
        raise Unroutable(media)


def _is_routed(header: str, media: Sequence[str]) -> bool:
    names = {clause.partition(";")[0].strip(" ") for clause in header.split(",")}
    return not names.isdisjoint(("*/*", *media))


_REMEMBERED_LENGTH = 1024
_remembered = lru_cache(256)(_accepted)
_is_remembered = lru_cache(256)(_is_routed)


def _clause(text: str) -> tuple[float, str, dict[str, str]]:
    media, *rest = (part.strip() for part in text.split(";"))
    parameters = {name.strip().lower(): value.strip().strip('"') for name, _, value in (p.partition("=") for p in rest)}
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        quality = 0.0
    return quality, media.lower(), parameters


def _form(media: str, parameters: dict[str, str]) -> Form | None:
    if media in ("*/*", "application/*", JSON):
        media = JSON
    elif media == PROTOBUF:
        # A Table has no message.
        if parameters.get("as") == TABLE or parameters.get("v", "v1") != "v1":
            return None
    elif media not in (YAML, "text/yaml", "application/x-yaml"):
        return None
    else:
        media = YAML
    shape = parameters.get("as", "")
    if not shape:
        return Form(media)
    if parameters.get("g") != _META_GROUP or parameters.get("v") not in _VERSIONS:
        return None
    return Form(media, shape, parameters["v"]) if shape in ANY_SHAPE else None


def takes_gzip(header: str) -> bool:
    """Whether an ``Accept-Encoding`` allows for gzip."""
    return "gzip" in header and any(
        coding in ("gzip", "x-gzip") and quality > 0 for quality, coding, _ in map(_clause, header.split(","))
    )


def body_media(header: str) -> str:
    """The media type of a body, without parameters."""
    return header.partition(";")[0].strip().lower() or JSON


_YES, _NO = ("1", "t", "T", "TRUE", "true", "True"), ("0", "f", "F", "FALSE", "false", "False")


def wants_pretty(pretty: str, agent: str) -> bool:
    """Whether the answer is for human eyes: asked for, in a word that is a truth value, or else a browser or curl."""
    if pretty in _YES or pretty in _NO:
        return pretty in _YES
    return agent.startswith(("curl", "Wget", "Mozilla/5.0"))
