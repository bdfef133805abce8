"""The ``patch`` verb: change part of an object, on top of whatever its state is.

Source: Kubernetes API concepts, "Patch"; Kubernetes docs, "Update API Objects in Place Using kubectl patch".
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fairway.apiserver import patching, write_options
from fairway.apiserver.call import Call
from fairway.apiserver.decode import (
    check_name,
    described_version,
    schema_of,
    to_stored_version,
    undeterminable,
    unregistered,
)
from fairway.apiserver.metadata import keep_reset, without_doubled_owners
from fairway.apiserver.negotiation import body_media
from fairway.apiserver.reply import Reply
from fairway.apiserver.routes import media_version
from fairway.apiserver.stored import Stored
from fairway.apiserver.verbs.apply import apply
from fairway.apiserver.verbs.get import current
from fairway.objects import Object, strict
from fairway.objects.errors import StatusError, bad_request, conflict
from fairway.objects.meta import asked_version
from fairway.objects.patches import APPLY_PATCH
from fairway.objects.patches.json_patch import rejected

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


async def patch(call: Call, api: "Api") -> Reply:
    """Raises: ``StatusError`` 415, 400, 409 with a stale resourceVersion in the patch, 422."""
    is_apply = body_media(call.content_type) == APPLY_PATCH
    write_options.check(call.options, "PatchOptions", is_apply=is_apply)
    if is_apply:
        return await apply(call, api)
    kind = call.kind
    media, given = patching.read(call)
    notes = patching.notes(call, media, given)
    for attempts_left in range(api.settings.limits.conflict_tries, 0, -1):
        old = current(call, api)
        new = patched(call, old, media, given, notes)
        _check_revision(call, new, old)
        try:
            return await api.write(call, new, old)
        except StatusError as error:
            if error.reason != "Conflict" or attempts_left == 1:
                raise
        await api.cache.wait_newer(kind, call.namespace, call.name, old.revision)
    raise AssertionError("the last attempt returns or raises")


def patched(call: Call, old: Stored, media: str, given: Any, notes: Sequence[str] = ()) -> Object:
    """The object as the patch makes it, in the stored version.  Raises: ``StatusError`` 400, 422."""
    kind, served = call.kind, call.served
    version = media_version(kind, served)
    document = old.copy()
    document["apiVersion"] = version
    if served is not None and served.from_storage is not None:
        served.from_storage(document)
    new = patching.apply(document, media, given, described_version(call), kind.name)
    _check_type(call, new, version)
    keep_reset(new)
    shown = given if media == patching.STRATEGIC else None
    call.warnings.extend(
        strict.check_patched(
            new, shown, api_version=described_version(call), kind=kind.name,
            validation=strict.mode(call.options.get("fieldValidation")), custom=schema_of(kind),
            notes=notes,
        )
    )  # fmt: skip
    to_stored_version(call, new)
    metadata = new.get("metadata")
    if metadata is None:
        metadata = new["metadata"] = {}
    if len(metadata.get("ownerReferences") or ()) > 1:
        call.warnings.extend(without_doubled_owners(metadata))
    check_name(call, new)
    if kind.namespaced and (metadata.get("namespace") or call.namespace) != call.namespace:
        raise bad_request(
            f"the namespace of the object ({metadata['namespace']}) does not match the namespace on the request "
            f"({call.namespace})"
        )
    if kind.namespaced:
        metadata["namespace"] = call.namespace
    else:
        metadata.pop("namespace", None)
    return new


def _check_type(call: Call, new: Object, version: str) -> None:
    """The patch left kind and version alone.  Raises: ``StatusError`` 422, 400.

    As upstream, whose decoder fills in a kind that is missing, but of no version reads nothing, not even the name.
    """
    kind = call.kind
    name, named = new.get("kind"), new.get("apiVersion")
    if (name, named) == (kind.name, version):
        return
    if kind.custom is not None or not isinstance(name, str | None) or not isinstance(named, str | None):
        raise rejected()
    if not named:
        raise undeterminable(call)
    new["kind"] = name or kind.name
    if (new["kind"], named) != (kind.name, version):
        raise strict.refused_patch(kind.name, new, None, unregistered(new["kind"], named))


def _check_revision(call: Call, new: Object, old: Stored) -> None:
    """A patch that names a resourceVersion wants that state and no other."""
    asked = asked_version(new["metadata"])
    if asked and asked != str(old.revision):
        raise conflict(call.kind.group, call.kind.plural, call.name)
