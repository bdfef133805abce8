"""Decode: what a body must be before a verb looks at it: an object of the right kind, version, name and namespace.

Pure.  Source: the texts of Kubernetes' own create and update handlers, which clients show to their users.
"""

from fairway.apiserver.call import Call
from fairway.objects import Object
from fairway.objects.errors import StatusError, bad_request

_SHOWN_BYTES = 30
_SCHEME = "pkg/api/legacyscheme/scheme.go:30"


def unrecognized(wanted: str, why: str, raw: bytes) -> StatusError:
    """400: the body cannot be read at all; its start is shown as text if it looks like JSON, else in hexadecimal."""
    head = raw[:_SHOWN_BYTES]
    shown = head.decode(errors="replace") if raw[:1] == b"{" else head.hex()
    if len(raw) > _SHOWN_BYTES:
        shown += " ..."
    return bad_request(f"the object provided is unrecognized (must be of type {wanted}): {why} ({shown or '<empty>'})")


def unparsable(wanted: str, error: Exception, raw: bytes) -> StatusError:
    """400: the body is not JSON."""
    return unrecognized(wanted, f"couldn't get version/kind; json parse error: {error}", raw)


def _asked_version(call: Call) -> str:
    if call.served is None:
        return call.kind.api_version
    return f"{call.served.group}/{call.served.version}" if call.served.group else call.served.version


def take_object(call: Call) -> Object:
    """The body as an object of the call's kind in the stored version.  Raises: ``StatusError`` 400.

    Steps: 1 it is an object; 2 of the kind; 3 of the version that the URL names; 4 converted to the stored version;
    5 with metadata; 6 in the namespace that the URL names.
    """
    kind, body = call.kind, call.body
    if not isinstance(body, dict):
        why = (
            f"json: cannot unmarshal {_go_type(body)} into Go value of type struct {{ APIVersion string; Kind string }}"
        )
        raise unrecognized(kind.name, f"couldn't get version/kind; json parse error: {why}", call.raw)
    _check_type(call, body)
    body["kind"], body["apiVersion"] = kind.name, kind.api_version
    if call.served is not None and call.served.to_storage is not None:
        call.served.to_storage(body)
    _check_metadata(call, body)
    return body


def _check_type(call: Call, body: Object) -> None:
    asked = _asked_version(call)
    name, version = body.get("kind") or call.kind.name, body.get("apiVersion") or asked
    if not isinstance(name, str) or not isinstance(version, str):
        raise unrecognized(
            call.kind.name, "couldn't get version/kind; json parse error: kind and apiVersion must be strings", call.raw
        )
    if name != call.kind.name:
        short = version.rpartition("/")[2]
        raise bad_request(
            f'{name} in version "{short}" cannot be handled as a {call.kind.name}: '
            f'no kind "{name}" is registered for version "{version}" in scheme "{_SCHEME}"'
        )
    if version != asked:
        raise bad_request(f"the API version in the data ({version}) does not match the expected API version ({asked})")


def _check_metadata(call: Call, body: Object) -> None:
    metadata = body.get("metadata")
    if metadata is None:
        metadata = body["metadata"] = {}
    if not isinstance(metadata, dict):
        raise _wrong_type(call, "ObjectMeta", "metadata", metadata)
    for field in ("name", "generateName", "namespace", "uid", "resourceVersion"):
        if not isinstance(metadata.get(field, ""), str) and metadata[field] is not None:
            raise _wrong_type(call, "string", f"metadata.{field}", metadata[field])
    namespace = metadata.get("namespace") or ""
    if call.kind.namespaced and namespace and namespace != call.namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if call.kind.namespaced:
        metadata["namespace"] = call.namespace
    else:
        metadata.pop("namespace", None)


def _wrong_type(call: Call, wanted: str, field: str, value: object) -> StatusError:
    kind = call.kind
    return bad_request(
        f'{kind.name} in version "{kind.version}" cannot be handled as a {kind.name}: '
        f"json: cannot unmarshal {_go_type(value)} into Go struct field {kind.name}.{field} of type {wanted}"
    )


def _go_type(value: object) -> str:
    """What Go's JSON decoder calls a value."""
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list():
            return "array"
        case dict():
            return "object"
    return "null"


def check_name(call: Call, new: Object) -> None:
    """On update the object must bear the name that the URL gives.  Raises: ``StatusError`` 400."""
    name = new["metadata"].get("name") or ""
    if not name:
        raise bad_request(
            f"the name of the object ({call.name} based on URL) was undeterminable: name must be provided"
        )
    if name != call.name:
        raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({call.name})")
