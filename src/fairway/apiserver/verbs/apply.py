"""Server-side apply: a PATCH that says all that one manager wants of an object, and nothing else.

Source: Kubernetes docs, "Server-Side Apply"; KEP-555.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fairway.apiserver import bodies, ownership
from fairway.apiserver.call import Call
from fairway.apiserver.decode import (
    check_name,
    copy,
    described_version,
    schema_of,
    to_stored_version,
    undeterminable,
)
from fairway.apiserver.list_options import flag
from fairway.apiserver.reply import Reply
from fairway.apiserver.routes import media_version
from fairway.apiserver.stored import Stored
from fairway.apiserver.verbs.create import as_creation
from fairway.objects import Object, strict
from fairway.objects.errors import StatusError, bad_request, conflict, not_found
from fairway.objects.meta import asked_version
from fairway.objects.plain import leave_out

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


async def apply(call: Call, api: "Api") -> Reply:
    """Raises: ``StatusError`` 400, 409 in conflict with other managers, 422."""
    kind, config = call.kind, _config(call)
    force = flag(call.options.get("force"))
    for attempts_left in range(api.settings.limits.conflict_tries, 0, -1):
        old = api.cache.get(kind, call.namespace, call.name)
        if old is None and call.subresource:
            raise not_found(kind.group, kind.plural, call.name)
        _check_identity(call, config, old)
        new = ownership.apply(call, old.copy() if old else None, copy(config), api.clock(), force=force)
        if kind.namespaced:
            new["metadata"]["namespace"] = call.namespace
        if uid := config["metadata"].get("uid"):
            new["metadata"]["uid"] = uid
        if kind.custom is None:
            leave_out(new, kind.api_version, kind.name)
        try:
            return await api.write(call if old else as_creation(call, api), new, old, is_applied=True)
        except StatusError as error:
            lost_race = error.reason in ("Conflict", "AlreadyExists") and not asked_version(config["metadata"])
            if not lost_race or attempts_left == 1:
                raise
        if old is not None:
            await api.cache.wait_newer(kind, call.namespace, call.name, old.revision)
    raise AssertionError("the last attempt returns or raises")


def _config(call: Call) -> Object:
    """What is applied, in the stored version.  Raises: ``StatusError`` 400, or 500 for what is of another type."""
    kind, given = call.kind, bodies.read_applied(call)
    version = media_version(kind, call.served)
    said = given.get("apiVersion") or ""
    if said != version:
        raise bad_request(
            f"Incorrect version specified in apply patch. Specified patch version: {said}, expected: {version}"
        )
    if isinstance(given.get("metadata"), dict) and given["metadata"].get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    ownership.check_kind(call, given)
    ownership.check_declared(call, given)
    bodies.tell_doubled(call)
    call.warnings.extend(_checked(call, given))
    to_stored_version(call, given)
    metadata = given.setdefault("metadata", {})
    metadata.pop("managedFields", None)
    if metadata.get("name"):
        check_name(call, given)
    if kind.namespaced and (metadata.get("namespace") or call.namespace) != call.namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if not kind.namespaced:
        metadata.pop("namespace", None)
    return given


_STRICT = "strict decoding error"
_UNREADABLE = " cannot be handled as a "


def _checked(call: Call, given: Object) -> Sequence[str]:
    """Warnings about fields.  Raises: ``StatusError`` 400, or 500 for a value that its type cannot hold."""
    kind = call.kind
    try:
        return strict.check(
            given, b"", api_version=described_version(call), kind=kind.name,
            validation=strict.mode(call.options.get("fieldValidation")), custom=schema_of(kind), is_whole=False,
        )  # fmt: skip
    except StatusError as error:
        _, is_unreadable, why = error.message.partition(f"{_UNREADABLE}{kind.name}: ")
        if not is_unreadable or why.startswith(_STRICT):
            raise
        why = why.replace("illegal base64", "error decoding from json: illegal base64", 1)
        raise ownership.not_converted(given, why) from error


def _check_identity(call: Call, config: Object, live: Stored | None) -> None:
    """A config that names a uid or a resourceVersion means that object and no other; what is new needs its name.

    Raises: ``StatusError`` 400, 409.
    """
    kind, wanted = call.kind, config["metadata"]
    asked = asked_version(wanted)
    if live is None:
        if not wanted.get("name"):
            raise undeterminable(call)
        if uid := wanted.get("uid"):
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise conflict(kind.group, kind.plural, call.name, why)
    if asked and (live is None or asked != str(live.revision)):
        raise conflict(kind.group, kind.plural, call.name)
