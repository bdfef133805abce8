"""Events: what the audit log says of one stage of one request, as a line of JSON.

Pure.  Source: Kubernetes API reference, "Event (audit.k8s.io/v1)".
"""

import gzip
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from fairway.apiserver.audit.policy import REQUEST, REQUEST_RESPONSE
from fairway.apiserver.call import User
from fairway.apiserver.routes import media_version
from fairway.objects import Object
from fairway.transport.interface import Response

if TYPE_CHECKING:
    from fairway.apiserver.audit import Record

CLEAR = frozenset({
    ("", "secrets"), ("", "serviceaccounts/token"), ("authentication.k8s.io", "tokenreviews"),
})  # fmt: skip
"""What holds secrets: never written with bodies."""
_PATCHES = "patch.webhook.admission.k8s.io/"
_PACKED = "Content-Encoding"
_PROTOBUF = b"k8s\x00"
_HEAD_BYTES = 64
"""Within these an answer says of which kind it is."""


def event(record: "Record", stage: str, now_s: float, answer: Response | None, code: int) -> bytes:
    """The line."""
    request = record.request
    made: Object = {
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": record.level, "auditID": record.id, "stage": stage,
        "requestURI": request.target or request.path, "verb": record.asked.verb, "user": _user(record.user),
    }  # fmt: skip
    if record.impersonated is not None:
        made["impersonatedUser"] = _user(record.impersonated)
    if record.constraint:
        made["authenticationMetadata"] = {"impersonationConstraint": record.constraint}
    made["sourceIPs"] = [request.peer.address]
    if agent := request.headers.get("user-agent"):
        made["userAgent"] = agent
    has_bodies = record.level in (REQUEST, REQUEST_RESPONSE)
    body = _json(record.call.raw) if record.call is not None and (has_bodies or not record.asked.name) else None
    if not record.asked.path:
        made["objectRef"] = _reference(record, body)
    if stage != "RequestReceived":
        raw = b"" if answer is None else answer.body
        made["responseStatus"] = _status(_json(raw) if _is_status(raw) else None, code)
        if has_bodies and body is not None:
            made["requestObject"] = _shown(record, _named(record, body))
        if record.level == REQUEST_RESPONSE and answer is not None:
            shown = _response(record, _unpacked(answer))
            if shown is not None:
                made["responseObject"] = shown
    made["requestReceivedTimestamp"] = _moment(record.received_s)
    made["stageTimestamp"] = _moment(now_s)
    if stage != "RequestReceived" and code != 401:
        is_refused = code == 403 and record.call is None
        made["annotations"] = {
            "authorization.k8s.io/decision": "forbid" if is_refused else "allow",
            "authorization.k8s.io/reason": record.reason,
            **record.notes,
            **_annotations(record, has_bodies=has_bodies),
        }  # fmt: skip
    return orjson.dumps(made) + b"\n"


def _annotations(record: "Record", *, has_bodies: bool) -> Object:
    """What admission noted; patches, which say what bodies do, only where bodies are told."""
    found = record.call.annotations if record.call is not None else {}
    return {key: value for key, value in found.items() if has_bodies or not key.startswith(_PATCHES)}


def _user(user: User) -> Object:
    found: Object = {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": dict(user.extra)}
    return {field: value for field, value in found.items() if value}


def _reference(record: "Record", body: Any) -> Object:
    asked = record.asked
    made: Object = {"resource": asked.plural, "namespace": asked.namespace, "name": asked.name}
    metadata = body.get("metadata") if isinstance(body, dict) else None
    if isinstance(metadata, dict):
        made["name"] = asked.name or metadata.get("name")
        made["uid"] = metadata.get("uid")
    made |= {"apiGroup": asked.group, "apiVersion": record.version}
    if isinstance(metadata, dict):
        made["resourceVersion"] = metadata.get("resourceVersion")
    made["subresource"] = asked.subresource
    return {field: value for field, value in made.items() if value}


def _status(shown: Any, code: int) -> Object:
    made: Object = {"metadata": {}}
    if isinstance(shown, dict) and shown.get("kind") == "Status":
        made |= {field: shown[field] for field in ("status", "message", "reason", "details") if field in shown}
    return {**made, "code": code}


def _named(record: "Record", body: Any) -> Any:
    """A body with what it is: upstream tells of the object that it has read."""
    call = record.call
    if call is None or call.subresource or not isinstance(body, dict):
        return body
    if call.verb in ("delete", "deletecollection"):
        return {"kind": "DeleteOptions", "apiVersion": "v1", **body}
    if call.verb in ("create", "update"):
        return {"kind": call.kind.name, "apiVersion": media_version(call.kind, call.served), **body}
    return body


def _is_status(raw: bytes) -> bool:
    """Whether an answer may be a Status, which is never packed."""
    return b"Status" in raw[:_HEAD_BYTES]


def _response(record: "Record", raw: bytes) -> Any:
    """An answer as it is written down: its own bytes, if nothing is taken out of it and they are one line."""
    if raw[:1] == b"{" and not record.rule.omits_managed_fields:
        line = raw.removesuffix(b"\n")
        if b"\n" not in line:
            return orjson.Fragment(line)
    found = _json(raw)
    return None if found is None else _shown(record, found)


def _shown(record: "Record", found: Any) -> Any:
    return _without_managers(found) if record.rule.omits_managed_fields else found


def _without_managers(found: Any) -> Any:
    if not isinstance(found, dict):
        return found
    kept = dict(found)
    if isinstance(kept.get("metadata"), dict):
        kept["metadata"] = {field: value for field, value in kept["metadata"].items() if field != "managedFields"}
    if isinstance(kept.get("items"), list):
        kept["items"] = [_without_managers(item) for item in kept["items"]]
    return kept


def _unpacked(answer: Response) -> bytes:
    return gzip.decompress(answer.body) if any(name == _PACKED for name, _ in answer.headers) else answer.body


def _json(raw: bytes) -> Any:
    """What JSON or protobuf says; nothing of what is neither."""
    if raw.startswith(_PROTOBUF):
        from fairway.apiserver import protobuf  # only where somebody speaks it

        try:
            return protobuf.decode(raw)
        except protobuf.Malformed:
            return None
    if raw[:1] not in (b"{", b"["):
        return None
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
