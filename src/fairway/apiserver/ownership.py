"""Ownership: ``metadata.managedFields`` kept up to date by every write, and server-side apply.

Shape: ``track(call, new, old, now)`` writes into ``new``; ``apply(call, live, config, now)`` gives the object to write.
Source: Kubernetes docs, "Server-Side Apply"; KEP-555.
"""

from collections.abc import Sequence
from functools import lru_cache

from fairway.apiserver.call import Call
from fairway.apiserver.decode import described_version
from fairway.apiserver.routes import media_version
from fairway.kinds.kind import STATUS, CustomVersion, Kind
from fairway.objects import Object, schema
from fairway.objects.errors import StatusError
from fairway.objects.meta import timestamp
from fairway.objects.ownership import applying, managers, shape, structural, tracking, typed_structural
from fairway.objects.ownership.doubles import doubles
from fairway.objects.ownership.managers import APPLY, UPDATE, Manager, Managers
from fairway.objects.ownership.typed import faults
from fairway.objects.strict import REDACTED

# Through these a writer speaks for fields; what others write (bindings, proxies) is the server's own doing.
_TRACKED = frozenset({"", "status", "scale", "ephemeralcontainers", "resize", "finalize", "approval"})
_UNKNOWN = "unknown"


def writer(call: Call, operation: str = UPDATE) -> Manager:
    """The manager that a request writes as: the option ``fieldManager``, or what the client calls itself."""
    name = call.options.get("fieldManager") or call.user_agent.partition("/")[0] or _UNKNOWN
    return Manager(name[:128], operation, media_version(call.kind, call.served), call.subresource)


def track(call: Call, new: Object, old: Object | None, now_s: float) -> None:
    """Say in ``new`` who owns which of its fields after this write."""
    if call.subresource not in _TRACKED:
        return
    metadata = new["metadata"]
    # Through a subresource nobody speaks of managers.
    sent: Sequence[Object] = metadata.pop("managedFields", None) or ()
    given, kept = () if call.subresource else sent, entries(old)
    if managers.is_reset(given) if given else (old is not None and not kept):
        return
    known = _of_versions(call.kind, _known(given or kept, kept))
    try:
        after = tracking.updated(
            old, new, known, writer(call), form_of(call, new), now=timestamp(now_s), without=_not_for(call)
        )
    except shape.KeyMissing:
        after = known
    if after is known and kept:
        metadata["managedFields"] = kept if not given or given == kept else managers.written(known)
    elif after:
        metadata["managedFields"] = managers.written(after)


def form_of(call: Call, found: Object) -> shape.Shape:
    """How the objects of a request's kind are taken apart by those who share them."""
    custom = call.kind.custom
    return shape.identity(found) if custom is None else _form_of_custom(custom)


@lru_cache(256)
def _form_of_custom(custom: CustomVersion) -> shape.Shape:
    return structural.of_schema(custom.schema, is_object=True)


def entries(found: Object | None) -> Sequence[Object]:
    """The managedFields of an object."""
    return (found["metadata"].get("managedFields") or ()) if found else ()


def forget_no_change(new: Object, old: Object) -> None:
    """Leave the managers as they were where nothing else differs: what the server puts right is nobody's change."""
    if (kept := entries(old)) and _unmanaged(new) == _unmanaged(old):
        new["metadata"]["managedFields"] = kept


def _unmanaged(found: Object) -> Object:
    return {**found, "metadata": {**found["metadata"], "managedFields": None}}


def _known(given: Sequence[Object], kept: Sequence[Object]) -> Managers:
    """What the writer sent, where it knows of managers; else what is stored."""
    own = None if given == kept else managers.read(given)
    return own or managers.read(kept, is_stored=True) or {}


def _of_versions(kind: Kind, known: Managers) -> Managers:
    """Without those who speak of a version that nobody knows: nobody could say what they own."""
    if kind.custom is not None:
        return known
    versions = {f"{group}/{version}" if group else version for group, version in kind.served}
    if all(manager.api_version in versions for manager in known):
        return known
    return {manager: owned for manager, owned in known.items() if manager.api_version in versions}


def _not_for(call: Call) -> str:
    """The member that a writer through this path cannot speak of."""
    return "" if call.subresource else _set_elsewhere(call.kind)


@lru_cache(1024)
def _set_elsewhere(kind: Kind) -> str:
    return STATUS.name if kind.subresource(STATUS.name) is not None else ""


def apply(call: Call, live: Object | None, config: Object, now_s: float, *, force: bool) -> Object:
    """The object that ``config`` makes of ``live``, managers and all.  Raises: ``StatusError`` 409, 422 or 500."""
    applier, now, form = writer(call, APPLY), timestamp(now_s), form_of(call, config)
    without = _not_for(call)
    base = live if live is not None else {**config, "metadata": _identity(config)}
    if live is None:
        base = {member: base[member] for member in ("apiVersion", "kind", "metadata")}
    stored = managers.read(base["metadata"].get("managedFields") or (), is_stored=True) or {}
    known = _of_versions(call.kind, stored)
    if live is not None and not known:
        known = applying.adopted(live, form, applier.api_version, now=now, without=without)
    wanted = _status_only(call.kind, config) if call.subresource == STATUS.name else config
    try:
        new, after = applying.applied(base, wanted, known, applier, form, now=now, force=force, without=without)
    except applying.Conflicts as error:
        raise _conflict(error) from error
    except shape.KeyMissing as error:
        why = f"failed to create typed live object ({_named(base)}; {_about(config)}): {error}"
        raise StatusError(500, "", why) from error
    new["metadata"].pop("managedFields", None)
    if after:
        new["metadata"]["managedFields"] = managers.written(after)
    if applier.name == applying.KUBECTL and not call.subresource:
        applying.renew_last_applied(new, config)
    return new


def _identity(config: Object) -> Object:
    return {field: config["metadata"][field] for field in ("name", "namespace") if field in config["metadata"]}


def _status_only(kind: Kind, config: Object) -> Object:
    """What who applies a status can speak of: that, and of the metadata what a write of the status does not leave."""
    wanted = {member: value for member, value in config.items() if member in ("apiVersion", "kind", "status")}
    if kind.custom is None:
        metadata = config["metadata"].items()
        wanted["metadata"] = {field: value for field, value in metadata if field not in kind.status_leaves}
    return wanted


def _conflict(error: applying.Conflicts) -> StatusError:
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {each.owner}", "field": each.field}
        for each in error.found
    ]
    return StatusError(409, "Conflict", str(error), {"causes": causes})


_GOT = ", got "


def check_kind(call: Call, config: Object) -> None:
    """A config is of the kind that it is applied to.  Raises: ``StatusError`` 500, as upstream's typed values do."""
    said = config.get("kind") or ""
    if said == call.kind.name:
        return
    about = _about(config)
    if call.kind.custom is not None or schema.place_of(config["apiVersion"], said) is None:
        raise _not_typed(call, config, f"no corresponding type for {about}")
    raise StatusError(
        500, "", f"failed to merge config: expected objects of the same type, but got {call.kind.name} and {said}"
    )


def check_declared(call: Call, config: Object) -> None:
    """Who applies may only speak of fields that the schema knows, in its types.  Raises: ``StatusError`` 500."""
    custom = call.kind.custom
    if custom is None:
        wrong = faults(config, described_version(call), call.kind.name)
    else:
        wrong = typed_structural.faults(config, custom.schema)
    wrong += doubles(config, form_of(call, config))
    if call.kind.resource == "secrets":
        wrong = [text.partition(_GOT)[0] + (f"{_GOT}{REDACTED}" if _GOT in text else "") for text in wrong]
    if wrong:
        raise _not_typed(call, config, _errors(wrong))


def _errors(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else "errors:\n  " + "\n  ".join(texts)


def _not_typed(call: Call, config: Object, why: str) -> StatusError:
    return StatusError(500, "", f"failed to create typed patch object ({_named(config)}; {_about(config)}): {why}")


def not_converted(config: Object, why: str) -> StatusError:
    """500: what is applied fits the schema, but not the kind's own type."""
    about = _about(config)
    return StatusError(
        500, "", f"failed to convert new object ({_named(config)}; {about}) to proper version: "
        f"unable to convert unstructured object to {about}: {why}",
    )  # fmt: skip


def _named(found: Object) -> str:
    metadata = found.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    return f"{metadata.get('namespace') or ''}/{metadata.get('name') or ''}"


def _about(config: Object) -> str:
    version = config["apiVersion"]
    return f"{version if '/' in version else f'/{version}'}, Kind={config.get('kind') or ''}"
