"""The ``scale`` subresource: how many replicas, in one form for every kind that has them.

Source: Kubernetes API reference, "Scale v1 autoscaling".
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from fairway.apiserver import bodies, ownership, patching, write_options
from fairway.apiserver.admission import consulting
from fairway.apiserver.admission.attributes import UPDATE
from fairway.apiserver.call import Call
from fairway.apiserver.decode import check_type, undeterminable, unregistered
from fairway.apiserver.list_options import flag
from fairway.apiserver.negotiation import body_media
from fairway.apiserver.reply import Found, Made, Reply
from fairway.apiserver.stored import Stored
from fairway.apiserver.verbs.get import current
from fairway.kinds.kind import CustomVersion, Kind
from fairway.objects import Object, strict
from fairway.objects.errors import (
    StatusError,
    bad_request,
    conflict,
    internal,
    invalid,
    invalid_value,
    not_found,
)
from fairway.objects.labels import from_label_selector, from_map
from fairway.objects.meta import asked_version
from fairway.objects.patches import APPLY_PATCH

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_VERSION = "autoscaling/v1"
WantedFor = Callable[[Stored], Object]
"""The Scale that is asked for, given the present state."""
Owned = Callable[[Object, Stored], Object]
"""What is to be written, with its managers, given what was asked for and the present state."""


def scale_of(found: Object, kind: Kind | None = None) -> Object:
    """The Scale of an object with ``spec.replicas``, or whatever a custom kind has in its place."""
    if kind is not None and kind.custom is not None:
        return _custom_scale(found, kind.custom)
    spec, status = found.get("spec") or {}, found.get("status") or {}
    return _scale_with(found, spec.get("replicas", 0), status.get("replicas", 0), _selector_text(spec.get("selector")))


def _custom_scale(found: Object, custom: CustomVersion) -> Object:
    """Raises: ``StatusError`` 500 where there are no replicas."""
    paths = custom.scale or {}
    replicas = custom.at(found, paths["specReplicasPath"])
    if not isinstance(replicas, int):
        raise internal(f"the spec replicas field {_quoted(paths['specReplicasPath'])} does not exist")
    selector = custom.at(found, paths.get("labelSelectorPath") or "")
    return _scale_with(
        found, replicas, custom.at(found, paths["statusReplicasPath"]) or 0,
        selector if isinstance(selector, str) else "",
    )  # fmt: skip


def _quoted(path: str) -> str:
    return f'"{path}"'


def _scale_with(found: Object, wanted: int, present: int, selector: str) -> Object:
    metadata = found["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": _VERSION,
        "metadata": {field: metadata[field] for field in kept if field in metadata},
        "spec": {"replicas": wanted} if wanted else {},
        "status": {"replicas": present, **({"selector": selector} if selector else {})},
    }


def _selector_text(selector: Object | None) -> str:
    """A LabelSelector or, in ReplicationControllers, a plain map, as text."""
    if not selector:
        return ""
    if "matchLabels" in selector or "matchExpressions" in selector:
        return str(from_label_selector(selector))
    return str(from_map(selector))


def get_scale(call: Call, api: "Api") -> Reply:
    """Raises: ``StatusError`` 404 for what some kinds of upstream's have a name of their own for."""
    try:
        return Made(scale_of(current(call, api).object, call.kind))
    except StatusError as error:
        if error.reason != "NotFound" or call.kind.plural not in _NAMED_APART or call.kind.custom is not None:
            raise
        raise not_found(call.kind.group or "autoscaling", f"{call.kind.plural}/scale", call.name) from error


_NAMED_APART = frozenset({"deployments", "replicasets", "replicationcontrollers"})


async def update_scale(call: Call, api: "Api") -> Reply:
    """PUT.  Raises: ``StatusError`` 400, 404, 409, 422."""
    write_options.check(call.options, "UpdateOptions")
    body = check_type(call.body, call.raw, "Scale", _VERSION)
    validation = strict.mode(call.options.get("fieldValidation"))
    call.warnings.extend(strict.check(body, call.raw, api_version=_VERSION, kind="Scale", validation=validation))
    _check_name(call, body.get("metadata") or {})
    return await _scale(call, api, lambda _: body)


async def patch_scale(call: Call, api: "Api") -> Reply:
    """PATCH.  Raises: ``StatusError`` 400, 404, 409, 415, 422."""
    is_apply = body_media(call.content_type) == APPLY_PATCH
    write_options.check(call.options, "PatchOptions", is_apply=is_apply)
    if is_apply:
        return await _apply_scale(call, api)
    media, given = patching.read(call)
    notes = patching.notes(call, media, given)
    validation = strict.mode(call.options.get("fieldValidation"))

    def wanted_for(old: Stored) -> Object:
        wanted = patching.apply(scale_of(old.copy(), call.kind), media, given, _VERSION, "Scale")
        shown = given if media == patching.STRATEGIC else None
        if wanted.get("kind", "Scale") != "Scale":
            raise strict.refused_patch("Scale", wanted, shown, unregistered(str(wanted["kind"]), _VERSION))
        warnings = strict.check_patched(
            wanted, shown, api_version=_VERSION, kind="Scale", validation=validation, notes=notes
        )
        call.warnings.extend(warnings)
        return wanted

    return await _scale(call, api, wanted_for)


async def _apply_scale(call: Call, api: "Api") -> Reply:
    """Server-side apply: who applies a Scale owns spec.replicas of what is scaled."""
    config = bodies.read_applied(call)
    bodies.tell_doubled(call)
    validation = strict.mode(call.options.get("fieldValidation"))
    call.warnings.extend(strict.check(config, b"", api_version=_VERSION, kind="Scale", validation=validation))
    if (config.get("metadata") or {}).get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    force = flag(call.options.get("force"))

    def owned_by_applier(new: Object, old: Stored) -> Object:
        kept = {field: new["metadata"][field] for field in ("name", "namespace") if field in new["metadata"]}
        applied: Object = {"kind": new["kind"], "apiVersion": new["apiVersion"], "metadata": kept, "spec": {}}
        if "replicas" in (config.get("spec") or {}):
            _set_replicas(applied, call.kind, config["spec"]["replicas"] or 0)
        return ownership.apply(call, old.copy(), applied, api.clock(), force=force)

    return await _scale(call, api, lambda _: config, owned_by_applier)


async def _scale(call: Call, api: "Api", wanted_for: WantedFor, owned: Owned | None = None) -> Reply:
    """Write the replicas; ``owned`` says whose they are then, else they are the writer's if he changed them."""
    kind = call.kind
    for attempts_left in range(api.settings.limits.conflict_tries, 0, -1):
        old = current(call, api)
        wanted = wanted_for(old)
        replicas = _checked(call, wanted, old)
        if consulting.is_wanted(api):
            present = scale_of(old.object, kind)
            await consulting.consult(call, UPDATE, wanted, present, api, object_kind=("autoscaling", "v1", "Scale"))
            replicas = _checked(call, wanted, old)
        new = old.copy()
        _set_replicas(new, kind, replicas)
        if owned is not None:
            new = owned(new, old)
        else:
            ownership.track(call, new, old.object, api.clock())
        try:
            return _scaled(await api.write(_of_parent(call), new, old, is_applied=True), kind)
        except StatusError as error:
            named = asked_version(wanted.get("metadata") or {})
            if error.reason != "Conflict" or attempts_left == 1 or (named and call.verb == "update"):
                raise
        await api.cache.wait_newer(kind, call.namespace, call.name, old.revision)
    raise AssertionError("the last attempt returns or raises")


def _of_parent(call: Call) -> Call:
    """The write behind a scale is one of the whole object."""
    return Call(
        "update", call.kind, call.user, namespace=call.namespace, name=call.name,
        options=call.options, user_agent=call.user_agent, warnings=call.warnings, annotations=call.annotations,
        is_consulted=True,
    )  # fmt: skip


def _set_replicas(new: Object, kind: Kind, replicas: int) -> None:
    path = ".spec.replicas" if kind.custom is None else (kind.custom.scale or {})["specReplicasPath"]
    *above, last = path.split(".")[1:]
    found = new
    for name in above:
        found = found.setdefault(name, {})
    found[last] = replicas


def _scaled(reply: Reply, kind: Kind) -> Reply:
    match reply:
        case Found(stored):
            return Made(scale_of(stored.object, kind))
        case Made(made):
            return Made(scale_of(made, kind))
    raise TypeError("a write replies with an object")


def _check_name(call: Call, metadata: Object) -> None:
    """Who puts a Scale names it.  Raises: ``StatusError`` 400."""
    name = metadata.get("name") or ("" if call.verb == "update" else call.name)
    if not name:
        raise undeterminable(call)
    if name != call.name:
        raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({call.name})")


def _checked(call: Call, wanted: Object, old: Stored) -> int:
    """The replicas that ``wanted`` asks for.  Raises: ``StatusError`` 400, 409, 422."""
    check_type(wanted, call.raw, "Scale", _VERSION)
    metadata, spec = wanted.get("metadata") or {}, wanted.get("spec") or {}
    _check_name(call, metadata)
    if (metadata.get("namespace") or call.namespace) != call.namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    replicas: int = spec.get("replicas") or 0
    if replicas < 0 and call.kind.custom is None:
        problem = invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise invalid("autoscaling", "Scale", call.name, [problem])
    uid = old.object["metadata"]["uid"]
    if call.verb == "update" and (metadata.get("uid") or uid) != uid:
        why = f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {uid}"
        raise conflict(call.kind.group, call.kind.plural, call.name, why)
    asked = asked_version(metadata)
    if asked and asked != str(old.revision):
        raise conflict(call.kind.group, call.kind.plural, call.name)
    return replicas
