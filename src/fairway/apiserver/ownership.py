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
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.objects.meta import timestamp
from fairway.objects.ownership import applying, managers, shape, structural, tracking
from fairway.objects.ownership.doubles import doubles
from fairway.objects.ownership.managers import APPLY, UPDATE, Manager, Managers
from fairway.objects.ownership.typed import faults
from fairway.objects.strict import REDACTED, unknown_of_custom

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
    known = _known(given or kept, kept)
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
    known: Managers = managers.read(base["metadata"].get("managedFields") or (), is_stored=True) or {}
    if live is not None and not known:
        known = applying.adopted(live, form, applier.api_version, now=now, without=without)
    wanted = _status_only(config) if call.subresource == STATUS.name else config
    try:
        if found := list(doubles(wanted, form)):
            raise _not_typed(call, config, _errors(found))
        new, after = applying.applied(base, wanted, known, applier, form, now=now, force=force, without=without)
    except applying.Conflicts as error:
        raise _conflict(error) from error
    except shape.KeyMissing as error:
        raise _untyped(call, config, str(error)) from error
    new["metadata"].pop("managedFields", None)
    if after:
        new["metadata"]["managedFields"] = managers.written(after)
    if applier.name == applying.KUBECTL and not call.subresource:
        applying.renew_last_applied(new, config)
    return new


def _identity(config: Object) -> Object:
    return {field: config["metadata"][field] for field in ("name", "namespace") if field in config["metadata"]}


def _status_only(config: Object) -> Object:
    return {member: value for member, value in config.items() if member in ("apiVersion", "kind", "status")}


def _conflict(error: applying.Conflicts) -> StatusError:
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {each.owner}", "field": each.field}
        for each in error.found
    ]
    return StatusError(409, "Conflict", str(error), {"causes": causes})


_GOT = ", got "


def check_declared(call: Call, config: Object) -> None:
    """Who applies may only speak of fields that the schema knows, in its types.  Raises: ``StatusError`` 500."""
    custom = call.kind.custom
    if custom is None:
        wrong = faults(config, described_version(call), call.kind.name)
    else:
        wrong = [f".{path}: field not declared in schema" for path in unknown_of_custom(config, custom.schema)]
    if call.kind.resource == "secrets":
        wrong = [text.partition(_GOT)[0] + (f"{_GOT}{REDACTED}" if _GOT in text else "") for text in wrong]
    if wrong:
        raise _not_typed(call, config, _errors(wrong))


def _errors(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else "errors:\n  " + "\n  ".join(texts)


def _untyped(call: Call, config: Object, key: str) -> StatusError:
    why = f'associative list with keys has an element that omits key field "{key}" (and doesn\'t have default value)'
    return _not_typed(call, config, why)


def _not_typed(call: Call, config: Object, why: str) -> StatusError:
    where = f"{call.namespace or ''}/{call.name}"
    version = config["apiVersion"] if "/" in config["apiVersion"] else f"/{config['apiVersion']}"
    about = f"{version}, Kind={config['kind']}"
    return StatusError(500, "", f"failed to create typed patch object ({where}; {about}): {why}")
