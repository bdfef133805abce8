"""Bodies: JSON, YAML or protobuf in, plain values out, within bounds.

Pure.  Source: Kubernetes API concepts, "Resource encodings"; YAML 1.1 as kubectl's own parser reads it.
"""

from typing import Any

import orjson

from fairway.apiserver.call import Call
from fairway.apiserver.decode import unparsable, unrecognized
from fairway.apiserver.negotiation import JSON, PROTOBUF, YAML, body_media
from fairway.objects import Object, strict
from fairway.objects.errors import StatusError, bad_request
from fairway.objects.strict.duplicates import has_duplicates
from fairway.objects.strict.go_syntax import syntax_error
from fairway.objects.strict.go_text import value_name

_YAML = frozenset({YAML, "text/yaml", "application/x-yaml"})


def read(call: Call) -> Any:
    """The body of a POST or PUT.  Raises: ``StatusError`` 400 or 415."""
    media = body_media(call.content_type) if call.content_type else JSON
    if media == JSON:
        found = _read_marked(call)
        # As upstream: null says nothing, and so does an empty object.
        return {} if found is None else found
    if media in _YAML:
        try:
            found = read_yaml(call.raw, call.doubled)
        except ValueError as error:
            raise unrecognized(call.kind.name, str(error), call.raw) from error
    elif media == PROTOBUF:
        found = read_protobuf(call.kind.name, call.raw)
    else:
        raise Unsupported
    # What follows compares the body with its bytes: let them be the same again.
    try:
        call.raw = orjson.dumps(found, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise bad_request(f"error decoding from json: {error}") from error
    return orjson.loads(call.raw)


def _read_marked(call: Call) -> Any:
    """JSON, with a mark in the place of what is no UTF-8, as Go's decoder puts one.  Raises: ``StatusError`` 400."""
    try:
        return read_json(call.kind.name, call.raw)
    except StatusError:
        marked = call.raw.decode(errors="replace").encode()
        if marked == call.raw:
            raise
        try:
            found = orjson.loads(marked)
        except orjson.JSONDecodeError:
            found = None
        if found is None:
            raise
        call.raw = marked
        return found


class Unsupported(StatusError):
    """415 for a body that POST or PUT cannot read; without details, unlike PATCH's (seen on 1.36.2)."""

    def __init__(self) -> None:
        text = "the body of the request was in an unknown format - accepted media types include: "
        super().__init__(415, "UnsupportedMediaType", f"{text}{JSON}, {YAML}, {PROTOBUF}")

    def status(self) -> Object:
        """Bare."""
        found = super().status()
        del found["details"]
        return found


def read_json(wanted: str, raw: bytes) -> Any:
    """What JSON says.  Raises: ``StatusError`` 400 that names the kind ``wanted``."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise unparsable(wanted, syntax_error(raw) or error, raw) from error


def read_protobuf(wanted: str, raw: bytes) -> Any:
    """What protobuf says.  Raises: ``StatusError`` 400."""
    # Not at module level: only some clients send it, and its table is large.
    from fairway.apiserver import protobuf

    try:
        return protobuf.decode(raw)
    except protobuf.Malformed as error:
        raise unrecognized(wanted, str(error), raw) from error


def read_yaml(raw: bytes, doubled: list[str]) -> Any:
    """What YAML says, without its own types (dates) or aliases that blow up; keys that stand twice go to ``doubled``.

    Raises: ``ValueError``.
    """
    # Not at module level: clients rarely send YAML, and the parser costs start-up time.
    from fairway.apiserver import yaml_form

    return yaml_form.load(raw, doubled)


def read_applied(call: Call) -> Object:
    """What is applied, which is YAML; see ``tell_doubled``.  Raises: ``StatusError`` 400."""
    found: Any = _plain_json(call.raw)
    if found is None:
        try:
            found = read_yaml(call.raw, call.doubled)
        except ValueError as error:
            raise bad_request(f"error decoding YAML: error converting YAML to JSON: {error}") from error
    if found is not None and not isinstance(found, dict):
        why = f"cannot unmarshal {value_name(found)} into Go value of type map[string]interface {{}}"
        raise bad_request(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: json: {why}")
    return found or {}


def _plain_json(raw: bytes) -> Object | None:
    """A body that is JSON, as programs send it, at a tenth of the cost; ``None`` where YAML may see more in it."""
    if raw[:1] != b"{" or b"<<" in raw:
        return None
    try:
        found: Object = orjson.loads(raw)
        return None if has_duplicates(raw, found) else found
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None


def tell_doubled(call: Call) -> None:
    """Say of what is applied which keys stand twice: after what else is wrong with it.  Raises: ``StatusError`` 400."""
    validation = strict.mode(call.options.get("fieldValidation"))
    if call.doubled and validation == "Strict":
        why = f"error converting YAML to JSON: {strict.yaml_error(call.doubled)}"
        raise bad_request(f"error strict decoding YAML: {why}")
    if validation == "Warn":
        call.warnings.extend(call.doubled)
